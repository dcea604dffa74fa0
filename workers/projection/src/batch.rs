//! A batch of stream records, taken apart into what can be worked on independently.

use std::collections::BTreeMap;

use aws_lambda_events::dynamodb::EventRecord;
use photovote_domain::{ElectionId, PhotographId, Shard, VoterId};
use photovote_dynamodb::Item;
use photovote_events::{Commit, Stream};

use crate::repair::CommitKeys;

/// What the sort keys of commits to ballots begin with.
const BALLOT: &str = "ballot#";

/// A stream record, understood as far as it can be.
#[derive(Debug)]
pub(crate) enum Record {
    /// A commit was written.
    Commit(Box<Commit>),
    /// Something was written that is no commit.
    Poison(CommitKeys, String),
    /// A commit to a ballot was written. No document says anything about it.
    Ballot,
    /// A commit was changed or removed. It was applied when it was written, and is not applied now.
    Touched,
    /// It does not even say what it is about.
    Nameless,
}

impl Record {
    pub(crate) fn of(record: EventRecord) -> Self {
        let keys = CommitKeys::of(&Item::from(record.change.keys));
        if record.event_name != "INSERT" {
            let (pk, sk) = keys.as_ref().map_or(("?", "?"), |keys| (&keys.pk, &keys.sk));
            let sequence_number = record.change.sequence_number.unwrap_or_default();
            let change = record.event_name;
            metrics::counter!("HistoryTouched").increment(1);
            tracing::error!(event = "history_touched", pk, sk, change, sequence_number, "somebody touched history");
            return Self::Touched;
        }
        if keys.as_ref().is_some_and(|keys| keys.sk.starts_with(BALLOT)) {
            return Self::Ballot;
        }
        match (Commit::from_item(Item::from(record.change.new_image)), keys) {
            (Ok(commit), _) => Self::Commit(Box::new(commit)),
            (Err(error), Some(keys)) => Self::Poison(keys, error.to_string()),
            (Err(error), None) => {
                tracing::error!(event = "projection_failed", %error, "a record has no keys");
                Self::Nameless
            }
        }
    }
}

/// A commit and its place in the batch.
#[derive(Debug)]
pub(crate) struct Delivered {
    pub(crate) index: usize,
    pub(crate) commit: Commit,
}

impl Delivered {
    /// What is sent to the repair queue if it cannot be applied.
    pub(crate) fn poison(&self, reason: &str) -> (usize, CommitKeys, String) {
        (self.index, CommitKeys::of_commit(&self.commit), reason.to_owned())
    }
}

/// What is worked on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unit {
    /// An election's stream.
    Election(ElectionId),
    /// A voter's stream.
    Voter(ElectionId, Shard, VoterId),
    /// A photograph's stream.
    Photograph(ElectionId, PhotographId),
}

impl Unit {
    /// The election that it is of.
    pub(crate) const fn election(&self) -> ElectionId {
        match self {
            Self::Election(id) | Self::Voter(id, ..) | Self::Photograph(id, _) => *id,
        }
    }
}

impl Unit {
    /// What is made of a stream: nothing of a ballot's, an import's or a mailing's.
    pub(crate) const fn of(stream: Stream) -> Option<Self> {
        match stream {
            Stream::Election(id) => Some(Self::Election(id)),
            Stream::Voter(election, shard, id) => Some(Self::Voter(election, shard, id)),
            Stream::Photograph(election, id) => Some(Self::Photograph(election, id)),
            Stream::Ballot(..) | Stream::Import(..) | Stream::Mailing(..) => None,
        }
    }
}

/// The records of a batch.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The commits of each unit, in the order of their versions.
    pub(crate) units: BTreeMap<Unit, Vec<Delivered>>,
    pub(crate) poisoned: Vec<(usize, CommitKeys, String)>,
    pub(crate) failed: Option<usize>,
}

impl Batch {
    pub(crate) fn of(records: impl Iterator<Item = Record>) -> Self {
        let mut batch = Self::default();
        for (index, record) in records.enumerate() {
            match record {
                Record::Commit(commit) => {
                    if let Some(unit) = Unit::of(commit.stream) {
                        batch.units.entry(unit).or_default().push(Delivered { index, commit: *commit });
                    }
                }
                Record::Poison(keys, reason) => batch.poisoned.push((index, keys, reason)),
                Record::Ballot | Record::Touched => {}
                Record::Nameless => batch.failed = batch.failed.or(Some(index)),
            }
        }
        for delivered in batch.units.values_mut() {
            delivered.sort_by_key(|delivered| delivered.commit.first);
        }
        batch
    }
}
