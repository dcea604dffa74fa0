//! How things stand: `photovote status`. Everything is compared within one moment.

mod events;
mod followers;
mod report;

use std::{collections::BTreeMap, io, path::Path};

use photovote_coordination::ControlReader;
use photovote_documents::StreamDocument;
use photovote_documents_read::{DocumentError, DocumentReader, Page};
use photovote_domain::{ElectionId, Timestamp, Version, election};
use photovote_dynamodb::StorageError;
use serde::Serialize;
use thiserror::Error;
use tokio::task::JoinError;

use self::events::{Counted, Events};
use crate::{
    data_dir::{DataDir, DataDirError, Location},
    host::checkpoint,
    host::engine::{CONTROL, DOCUMENTS},
    host::functions::QUEUES,
    host::stream::StreamError,
    operate::data_copy::{CopyError, DataCopy, Source},
    sqlite::{self, FileError},
};

pub use followers::FollowerLag;
pub use report::write;

/// How many voters are read at once.
const PAGE: usize = 100;

/// Why there is no status.
#[derive(Debug, Error)]
pub enum StatusError {
    /// The data cannot be looked at.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// A table has no answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The documents have no answer.
    #[error(transparent)]
    Documents(#[from] DocumentError),
    /// The queues or the followers' places cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is no stream of events.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The work was cut off.
    #[error("the look broke off: {0}")]
    BrokenOff(#[from] JoinError),
    /// It cannot be printed.
    #[error("the status cannot be printed: {0}")]
    Print(#[from] io::Error),
}

/// How things stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Is a server running on the data?
    pub running: bool,
    /// What the events table holds.
    pub events: EventsStatus,
    /// How many elections are at each status.
    pub elections: BTreeMap<&'static str, u64>,
    /// How many items the documents table holds.
    pub documents: u64,
    /// How far the documents are behind the events.
    pub lag: Lag,
    /// How far each follower is behind the events, by name.
    pub followers: BTreeMap<&'static str, FollowerLag>,
    /// The queues, by name.
    pub queues: BTreeMap<&'static str, u64>,
    /// Elections whose counts do not agree: they are still being counted, or something is wrong.
    pub unsettled: Vec<Unsettled>,
    /// What could not be read.
    pub damaged: Vec<String>,
}

/// What the events table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct EventsStatus {
    /// Commits.
    pub commits: u64,
    /// Events in them.
    pub events: u64,
    /// Voters who are registered.
    pub voters: u64,
    /// Their ballots.
    pub ballots: u64,
    /// Ballots that were cast.
    pub cast: u64,
    /// Photographs.
    pub photographs: PhotographsStatus,
}

/// Where photographs are that were not removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct PhotographsStatus {
    /// They can be used.
    pub ready: u64,
    /// They cannot be shown.
    pub refused: u64,
    /// Their upload is awaited, or being processed.
    pub waiting: u64,
}

/// How far the documents are behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Lag {
    /// Elections, voters and photographs whose document is not at the version of its stream.
    pub streams: u64,
    /// Ballots that were cast and are not counted.
    pub ballots: u64,
    /// How long ago the oldest commit was made that is not in its document, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_ms: Option<i64>,
}

/// An election whose counts do not agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unsettled {
    /// The election.
    pub election: ElectionId,
    /// Where it is in its life.
    pub status: &'static str,
    /// Ballots that were cast, by the events.
    pub cast: u64,
    /// Ballots that the tally holds.
    pub counted: u64,
    /// Ballots that the gates let through; nothing if a gate is missing.
    pub gates: Option<u64>,
    /// Ballots that the election was closed with, once it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_with: Option<u64>,
}

/// Looks at the data in a directory, whether or not a server is running on it.
pub async fn look(source: &Source, now: Timestamp) -> Result<Status, StatusError> {
    let copy = DataCopy::take(source).await?;
    let status = compare(&copy, &source.data_dir, now).await;
    copy.end().await;
    status
}

async fn compare(copy: &DataCopy, data_dir: &Location, now: Timestamp) -> Result<Status, StatusError> {
    let events = Events::read(copy).await?;
    let documents = DocumentReader::new(copy.client(), DOCUMENTS);
    let control = ControlReader::new(copy.client(), CONTROL);
    let mut items = 0;
    copy.scan(DOCUMENTS, |_| items += 1).await?;

    let mut lag = Lag::default();
    let mut oldest: Option<Timestamp> = None;
    let mut behind = |streams: &mut u64, since: Option<Timestamp>| {
        if let Some(since) = since {
            *streams += 1;
            oldest = Some(oldest.map_or(since, |oldest| oldest.min(since)));
        }
    };
    let mut elections = BTreeMap::new();
    let mut unsettled = Vec::new();
    for (&id, election) in &events.elections {
        let name = status_name(election.state.status);
        *elections.entry(name).or_default() += 1;
        let found = documents.results_input(id, true).await?;
        let (version, tally) = found.map_or_else(Default::default, |(document, tally)| (document.version, tally));
        let counted = tally.map_or(0, |tally| tally.ballots);
        behind(&mut lag.streams, election.since(version));
        let Counted { cast, .. } = *events.ballots.get(&id).unwrap_or(&Counted::default());
        // Ballots are counted once the election is closed, and as long as it is there.
        let counts = matches!(election.state.status, election::Status::Closed | election::Status::Released);
        lag.ballots += if counts { cast.saturating_sub(counted) } else { 0 };
        let shards = election.state.shards;
        let standing = control.standing(id, shards).await?;
        let gates = (standing.len() == shards.shards().count()).then(|| standing.values().map(|gate| gate.casts).sum());
        let closed_with = election.state.casts;
        if counts && counted != cast || gates != Some(cast) || closed_with.is_some_and(|closed| closed != cast) {
            unsettled.push(Unsettled { election: id, status: name, cast, counted, gates, closed_with });
        }
        if election.state.status == election::Status::Deleted {
            // Its voters are not shown any more.
            continue;
        }
        let voters = shown(async |after| documents.voters(id, after, PAGE).await).await?;
        for (voter, stream) in events.voters_of(id) {
            behind(&mut lag.streams, stream.since_shown(voters.get(&voter).copied()));
        }
        let photographs = shown(async |after| documents.photographs(id, after, PAGE).await).await?;
        for (photograph, stream) in events.photographs_of(id) {
            behind(&mut lag.streams, stream.since_shown(photographs.get(&photograph).copied()));
        }
    }
    lag.oldest_ms = oldest.map(|oldest| now.millis().saturating_sub(oldest.millis()).max(0));
    let followers = tokio::task::block_in_place(|| followers::look(copy, data_dir.path(), now))?;
    let local = data_dir.path().join(checkpoint::FILE);
    let queues = tokio::task::spawn_blocking(move || depths(&local)).await??;
    let running = match DataDir::open(data_dir)?.claim() {
        Ok(_nobody_has_it) => false,
        Err(DataDirError::InUse { .. }) => true,
        Err(error) => return Err(error.into()),
    };
    Ok(Status {
        running,
        events: events.amount,
        elections,
        documents: items,
        lag,
        followers,
        queues,
        unsettled,
        damaged: events.damaged,
    })
}

/// What a list shows, and at which version: all its pages.
async fn shown<D: StreamDocument>(
    page: impl AsyncFn(Option<D::Id>) -> Result<Page<D>, DocumentError>,
) -> Result<BTreeMap<D::Id, Version>, DocumentError>
where
    D::Id: Ord + Copy,
{
    let (mut shown, mut after) = (BTreeMap::new(), None);
    loop {
        let found = page(after).await?;
        after = found.items.last().map(StreamDocument::id);
        shown.extend(found.items.iter().map(|document| (document.id(), document.version())));
        if !found.more {
            return Ok(shown);
        }
    }
}

/// How many messages each queue holds, hidden ones included.
fn depths(file: &Path) -> Result<BTreeMap<&'static str, u64>, FileError> {
    let mut depths = BTreeMap::from(QUEUES.map(|queue| (queue, 0)));
    // Whoever has only imported has no queues yet.
    if file.is_file() {
        let failed = |error| sqlite::failure(file, error);
        let connection = sqlite::open_existing(file)?;
        let sql = "SELECT count(*) FROM messages WHERE queue = ?1";
        for (queue, depth) in &mut depths {
            *depth = connection.query_row(sql, [queue], |row| row.get(0)).map_err(failed)?;
        }
    }
    Ok(depths)
}

const fn status_name(status: election::Status) -> &'static str {
    match status {
        election::Status::Absent => "absent",
        election::Status::Draft => "draft",
        election::Status::Open => "open",
        election::Status::Closing => "closing",
        election::Status::Closed => "closed",
        election::Status::Released => "released",
        election::Status::Deleted => "deleted",
    }
}
