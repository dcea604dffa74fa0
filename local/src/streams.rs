//! All streams of an events table, one after the other: no more than one of them is held at once.

use std::collections::BTreeMap;

use photovote_domain::{ElectionId, Shard};
use photovote_dynamodb::StorageError;
use photovote_event_store::{Commit, EventReader, Part, Stream, Unreadable};

/// How many commits are read at once.
const PAGE: u16 = 200;

/// The partitions of a table in the order of their keys, and what is no commit.
#[derive(Debug)]
pub(crate) struct Partitions {
    partitions: BTreeMap<String, (ElectionId, Option<Shard>)>,
    pub(crate) unreadable: Vec<Unreadable>,
}

impl Partitions {
    /// Looks through the whole table.
    pub(crate) async fn of(events: &EventReader) -> Result<Self, StorageError> {
        let mut found = Self { partitions: BTreeMap::new(), unreadable: Vec::new() };
        let mut next = None;
        loop {
            let page = events.sweep(Part::Segment { number: 0, of: 1 }, next.as_ref(), PAGE).await?;
            for commit in page.commits {
                let shard = match commit.stream {
                    Stream::Election(_) => None,
                    Stream::Voter(_, shard, _) | Stream::Ballot(_, shard, _) => Some(shard),
                };
                found.partitions.insert(commit.stream.partition(), (commit.stream.election(), shard));
            }
            found.unreadable.extend(page.unreadable);
            next = page.next;
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    /// Lets `each` have every stream, whole. Answers what is no commit and was not seen before.
    pub(crate) async fn streams<E: From<StorageError>>(
        &self,
        events: &EventReader,
        mut each: impl FnMut(&[Commit]) -> Result<(), E>,
    ) -> Result<Vec<Unreadable>, E> {
        let mut unreadable = Vec::new();
        for (election, shard) in self.partitions.values() {
            let (mut stream, mut next) = (Vec::<Commit>::new(), None);
            loop {
                let page = events.sweep(Part::Partition(*election, *shard), next.as_ref(), PAGE).await?;
                unreadable.extend(page.unreadable.into_iter().filter(|item| !self.unreadable.contains(item)));
                for commit in page.commits {
                    if stream.last().is_some_and(|last| last.stream != commit.stream) {
                        each(&stream)?;
                        stream.clear();
                    }
                    stream.push(commit);
                }
                next = page.next;
                if next.is_none() {
                    break;
                }
            }
            if !stream.is_empty() {
                each(&stream)?;
            }
        }
        Ok(unreadable)
    }
}
