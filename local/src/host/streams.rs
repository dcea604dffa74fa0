//! All streams of an events table, one after the other: no more than one of them is held at once.

use std::collections::BTreeMap;

use photovote_domain::ElectionId;
use photovote_dynamodb::StorageError;
use photovote_events::{Commit, EventReader, Part, Partition, Unreadable};

/// How many commits are read at once.
const PAGE: u16 = 200;

/// The partitions of a table in the order of their keys, and what is no commit.
#[derive(Debug)]
pub(crate) struct Partitions {
    partitions: BTreeMap<String, (ElectionId, Partition)>,
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
                let place = (commit.stream.election(), commit.stream.lies_in());
                found.partitions.insert(commit.stream.partition(), place);
            }
            found.unreadable.extend(page.unreadable);
            next = page.next;
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    /// Leaves out the partitions of other elections than these.
    pub(crate) fn retain(&mut self, of: impl Fn(ElectionId) -> bool) {
        self.partitions.retain(|_, (election, _)| of(*election));
    }

    /// Lets `each` have every stream, whole. Answers what is no commit and was not seen before.
    pub(crate) async fn streams<E: From<StorageError>>(
        &self,
        events: &EventReader,
        mut each: impl FnMut(&[Commit]) -> Result<(), E>,
    ) -> Result<Vec<Unreadable>, E> {
        let mut unreadable = Vec::new();
        for (election, partition) in self.partitions.values() {
            let (mut stream, mut next) = (Vec::<Commit>::new(), None);
            loop {
                let page = events.sweep(Part::Partition(*election, *partition), next.as_ref(), PAGE).await?;
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

#[cfg(test)]
mod tests {
    use photovote_domain::{BallotId, CandidateId, Digest, ShardCount, Timestamp, ballot::BallotEvent};
    use photovote_events::Stream;
    use photovote_test_support::{Engine, election, history, voter};

    use super::*;

    /// A ballot with more commits than are read at once, beside others in its partition.
    fn ballot(election: ElectionId, n: u128, changes: u8) -> Vec<Commit> {
        let stream = Stream::ballot(election, ShardCount::try_from(1).unwrap(), BallotId::from_bits(n));
        let created = BallotEvent::BallotCreated { token: Digest::from_bytes([0; 32]) };
        let candidate = CandidateId::from_bits(1);
        let rated = (0..changes).map(|n| BallotEvent::BallotCandidateRated { candidate, rating: n % 5 + 1 });
        history(stream, Timestamp::from_millis(0), std::iter::once(created).chain(rated).map(|event| vec![event]))
    }

    #[tokio::test]
    async fn every_stream_is_whole_however_many_pages_it_takes() {
        let engine = Engine::start().await;
        let [one, other] = [1, 2].map(ElectionId::from_bits);
        let streams = [
            election(one, 1, None),
            voter(one, 1, 1, false),
            ballot(one, 1, 250),
            ballot(one, 2, 3),
            ballot(one, 3, 200),
            election(other, 1, Some(0)),
            ballot(other, 4, 1),
        ];
        for commits in &streams {
            engine.write(commits).await;
        }
        let events = EventReader::new(engine.client(), engine.tables().events);
        let partitions = Partitions::of(&events).await.unwrap();
        let mut seen = Vec::new();
        let take = |commits: &[Commit]| {
            seen.push(commits.to_vec());
            Ok::<_, StorageError>(())
        };
        assert!(partitions.streams(&events, take).await.unwrap().is_empty());
        let by_name = |commits: &Vec<Commit>| commits.first().map(|commit| commit.stream.to_string());
        let mut expected = streams.to_vec();
        expected.sort_by_key(by_name);
        seen.sort_by_key(by_name);
        assert_eq!(seen, expected);
    }
}
