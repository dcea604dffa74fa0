//! What the events say, stream by stream.

use std::collections::{BTreeMap, HashMap};

use photovote_domain::{
    Aggregate, Ballot, Election, ElectionId, Import, Mailing, Photograph, PhotographId, Timestamp, Version, Voter,
    VoterId, ballot, photograph, voter,
};
use photovote_events::{Commit, EventReader, Stream};

use super::{EventsStatus, StatusError};
use crate::{host::engine::EVENTS, host::streams::Partitions, operate::data_copy::DataCopy};

/// All streams, as far as they matter.
#[derive(Default)]
pub(super) struct Events {
    pub(super) amount: EventsStatus,
    pub(super) elections: BTreeMap<ElectionId, StreamOf<Election>>,
    voters: HashMap<ElectionId, Vec<(VoterId, StreamOf<Voter>)>>,
    photographs: HashMap<ElectionId, Vec<(PhotographId, StreamOf<Photograph>)>>,
    pub(super) ballots: HashMap<ElectionId, Counted>,
    pub(super) damaged: Vec<String>,
}

/// A stream, folded, with the time of each commit.
#[derive(Default)]
pub(super) struct StreamOf<A> {
    pub(super) state: A,
    times: Vec<(Version, Timestamp)>,
}

/// The ballots of an election.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    pub(super) cast: u64,
}

impl<A> StreamOf<A> {
    /// Since when a document at this version is behind, if it is.
    pub(super) fn since(&self, version: Version) -> Option<Timestamp> {
        self.times.iter().find(|(last, _)| *last > version).map(|(_, time)| *time)
    }
}

/// Something that a list shows until it is removed.
pub(super) trait Listed {
    /// Is it in the list?
    fn is_listed(&self) -> bool;
}

impl Listed for Voter {
    fn is_listed(&self) -> bool {
        !matches!(self.status, voter::Status::Removed | voter::Status::Absent)
    }
}

impl Listed for Photograph {
    fn is_listed(&self) -> bool {
        !matches!(self.status, photograph::Status::Removed | photograph::Status::Absent)
    }
}

impl<A: Listed> StreamOf<A> {
    /// Since when a list is behind that shows it at this version, or does not show it.
    pub(super) fn since_shown(&self, shown: Option<Version>) -> Option<Timestamp> {
        match shown {
            None if !self.state.is_listed() => None,
            shown => self.since(shown.unwrap_or(Version::NONE)),
        }
    }
}

impl Events {
    /// Reads the whole table.
    pub(super) async fn read(copy: &DataCopy) -> Result<Self, StatusError> {
        let reader = EventReader::new(copy.client(), EVENTS);
        let partitions = Partitions::of(&reader).await?;
        let mut events = Self::default();
        let take = |commits: &[Commit]| {
            events.take(commits);
            Ok::<_, StatusError>(())
        };
        let unreadable = partitions.streams(&reader, take).await?;
        let unreadable = partitions.unreadable.into_iter().chain(unreadable);
        events.damaged.extend(unreadable.map(|no_commit| no_commit.error.to_string()));
        Ok(events)
    }

    pub(super) fn voters_of(&self, election: ElectionId) -> impl Iterator<Item = (VoterId, &StreamOf<Voter>)> {
        self.voters.get(&election).into_iter().flatten().map(|(id, stream)| (*id, stream))
    }

    pub(super) fn photographs_of(
        &self,
        election: ElectionId,
    ) -> impl Iterator<Item = (PhotographId, &StreamOf<Photograph>)> {
        self.photographs.get(&election).into_iter().flatten().map(|(id, stream)| (*id, stream))
    }

    fn take(&mut self, commits: &[Commit]) {
        let Some(first) = commits.first() else { return };
        self.amount.commits += commits.len() as u64;
        self.amount.events += commits.iter().map(|commit| commit.events.len() as u64).sum::<u64>();
        match first.stream {
            Stream::Election(id) => {
                let stream = self.folded(commits);
                self.elections.insert(id, stream);
            }
            Stream::Voter(election, _, id) => {
                let stream: StreamOf<Voter> = self.folded(commits);
                self.amount.voters += u64::from(stream.state.is_listed());
                self.voters.entry(election).or_default().push((id, stream));
            }
            Stream::Photograph(election, id) => {
                let stream: StreamOf<Photograph> = self.folded(commits);
                let amount = &mut self.amount.photographs;
                match stream.state.status {
                    photograph::Status::Requested | photograph::Status::Processing => amount.waiting += 1,
                    photograph::Status::Ready => amount.ready += 1,
                    photograph::Status::Refused => amount.refused += 1,
                    photograph::Status::Absent | photograph::Status::Removed => {}
                }
                self.photographs.entry(election).or_default().push((id, stream));
            }
            Stream::Import(..) => drop(self.folded::<Import>(commits)),
            Stream::Ballot(election, ..) => {
                let status = self.folded::<Ballot>(commits).state.status;
                self.amount.ballots += u64::from(status != ballot::Status::Voided);
                if status == ballot::Status::Cast {
                    self.amount.cast += 1;
                    self.ballots.entry(election).or_default().cast += 1;
                }
            }
            Stream::Mailing(..) => drop(self.folded::<Mailing>(commits)),
        }
    }

    fn folded<A: Aggregate>(&mut self, commits: &[Commit]) -> StreamOf<A> {
        let mut stream = StreamOf { state: A::default(), times: Vec::with_capacity(commits.len()) };
        for commit in commits {
            match commit.decode::<A>() {
                Ok(events) => stream.state = events.iter().fold(stream.state, A::evolve),
                Err(error) => self.damaged.push(format!("{} at version {}: {error}", commit.stream, commit.first)),
            }
            // A commit that does not say when it was made is as old as can be.
            let time = commit.private_part().map_or(Timestamp::from_millis(0), |private| private.time);
            stream.times.push((commit.last(), time));
        }
        stream
    }
}
