//! PhotoVote's event store beside others from crates.io, and beside the least that an event needs: one conditional
//! `PutItem` to append it, one consistent `Query` for each megabyte to load it.
//!
//! All have a client with the same settings and the same endpoint, and take turns: on an engine inside this process and, if
//! `PEERS_MINISTACK` names its endpoint, on ministack. `ROUNDS` says how many rounds count (otherwise 5), `MILLISECONDS` for
//! how long each works in a round (otherwise 500). `ONLY` restricts all of it to work whose name has that in it, as `append
//! 200`. Where `UPDATE` is set, docs/operate/performance.md gets the figures, if they are those of all work.
#![allow(clippy::expect_used, reason = "a measurement that cannot go on has failed")]

mod adapter;
mod bare;
mod cost;
mod cqrs;
#[path = "../../src/document.rs"]
mod document;
mod embedded;
mod event;
mod measure;
mod peer;
mod photovote;
mod report;
mod suite;

use std::{env, time::Duration};

use crate::suite::{Place, Plan, WORKS};

#[tokio::main]
async fn main() {
    let number = |name, otherwise| env::var(name).map_or(otherwise, |text| text.parse().expect("a number"));
    let (rounds, milliseconds) = (number("ROUNDS", 5), number("MILLISECONDS", 500));
    let only = env::var("ONLY").unwrap_or_default();
    let works: Vec<_> = WORKS.into_iter().filter(|work| work.to_string().contains(&only)).collect();
    let plan = Plan {
        rounds: usize::try_from(rounds).expect("nobody has so much time"),
        time: Duration::from_millis(milliseconds),
    };
    let mut report = format!(
        "{}; medians of {rounds} rounds of {milliseconds} ms, after one that does not count.\n\nCalls and request units of one \
         piece of work:\n\n{}",
        document::where_and_when(),
        report::costs(&cost::costs(&works).await)
    );
    let mut places = vec![("The embedded engine, in memory", Place::Embedded)];
    places.extend(env::var("PEERS_MINISTACK").map(|url| ("ministack", Place::Url(url))));
    for (name, place) in &places {
        eprintln!("\n{name}");
        let rows = suite::measure(place, &works, plan).await;
        let aims = report::aims(&rows, matches!(place, Place::Url(_)));
        report.extend(["\n\n### ", name, "\n\n", &report::measured(&rows), "\n\n", &aims]);
    }
    println!("\n{report}");
    if env::var_os("UPDATE").is_some() && works == WORKS {
        document::update("make bench-peers", &report).expect("docs/operate/performance.md is written");
    }
}
