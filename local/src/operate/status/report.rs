//! The status, for people.

use std::io::{self, Write};

use super::{FollowerLag, Lag, PhotographsStatus, Status, Unsettled};

/// Prints it.
pub fn write(status: &Status, out: &mut impl Write) -> io::Result<()> {
    let Status { running, events, elections, documents, lag, followers, queues, unsettled, damaged } = status;
    writeln!(out, "Server      {}", if *running { "running" } else { "not running" })?;
    writeln!(out, "Events      {} in {} commits", events.events, events.commits)?;
    let by_status: Vec<_> = elections.iter().map(|(status, count)| format!("{count} {status}")).collect();
    writeln!(out, "Elections   {}", if by_status.is_empty() { "none".to_owned() } else { by_status.join(", ") })?;
    writeln!(out, "Voters      {}", events.voters)?;
    writeln!(out, "Ballots     {}, {} of them cast", events.ballots, events.cast)?;
    let PhotographsStatus { ready, refused, waiting } = events.photographs;
    writeln!(out, "Photographs {ready} ready, {refused} refused, {waiting} waiting")?;
    writeln!(out, "Documents   {documents} items, {}", behind(*lag))?;
    let followers: Vec<_> =
        followers.iter().map(|(follower, lag)| format!("{follower} {}", not_followed(*lag))).collect();
    writeln!(out, "Followers   {}", followers.join(", "))?;
    let depths: Vec<_> = queues.iter().map(|(queue, depth)| format!("{queue} {depth}")).collect();
    writeln!(out, "Queues      {}", depths.join(", "))?;
    for Unsettled { election, status, cast, counted, gates, closed_with } in unsettled {
        let gates = gates.map_or_else(|| "a gate is missing".to_owned(), |gates| format!("gates say {gates}"));
        let closed = closed_with.map_or_else(String::new, |casts| format!(", closed with {casts}"));
        writeln!(out, "Unsettled   {election} ({status}): {cast} cast, {counted} counted, {gates}{closed}")?;
    }
    for what in damaged {
        writeln!(out, "Damaged     {what}")?;
    }
    Ok(())
}

fn behind(lag: Lag) -> String {
    let Lag { streams, ballots, oldest_ms } = lag;
    if (streams, ballots) == (0, 0) {
        return "up to date".to_owned();
    }
    format!("{streams} streams and {ballots} ballots behind{}", since(oldest_ms))
}

fn not_followed(lag: FollowerLag) -> String {
    match lag {
        FollowerLag { commits: 0, .. } => "up to date".to_owned(),
        FollowerLag { commits, oldest_ms } => format!("{commits} commits behind{}", since(oldest_ms)),
    }
}

fn since(oldest_ms: Option<i64>) -> String {
    oldest_ms.map_or_else(String::new, |millis| format!(", for {} s", millis / 1_000))
}
