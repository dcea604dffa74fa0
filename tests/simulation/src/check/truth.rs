//! The events, as they stand in the table, and as they were written: chains, versions, folds.

use std::collections::BTreeMap;

use photovote_domain::{
    Aggregate, Ballot, Digest, Election, ElectionId, Ratings, Receipt, Shard, Timestamp, Version, Voter,
    ballot::BallotEvent, election::ElectionEvent,
};
use photovote_events::{CommandId, Commit, History, PrivatePart, Stream, verify};

use super::Verdict;
use crate::{
    cloud::Cloud,
    engine::{EVENTS, Written},
};

/// A commit, and when it was written.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    pub(crate) commit: Commit,
    pub(crate) private: PrivatePart,
}

/// A ballot that was cast.
#[derive(Debug, Clone)]
pub(crate) struct Cast {
    pub(crate) stream: Stream,
    pub(crate) at: Timestamp,
    pub(crate) version: Version,
    pub(crate) ratings: Ratings,
    pub(crate) receipt: Receipt,
}

/// All that has happened.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    pub(crate) streams: BTreeMap<Stream, Vec<Entry>>,
    elections: BTreeMap<ElectionId, Election>,
    casts: BTreeMap<Stream, Vec<Cast>>,
}

impl Truth {
    pub(crate) fn read(cloud: &Cloud, verdict: &mut Verdict<'_>) -> Result<Self, String> {
        let overwritten = cloud.engine.overwritten();
        verdict.holds(overwritten.is_empty(), || format!("history was overwritten: {overwritten:?}"));
        let written = cloud.engine.commits_from(0);
        let standing = cloud.engine.scan(EVENTS).len();
        verdict
            .holds(standing == written.len(), || format!("{} commits were written, {standing} stand", written.len()));

        let mut truth = Self::default();
        for written in written {
            let entry = entry(&written)?;
            truth.streams.entry(entry.commit.stream).or_default().push(entry);
        }
        for (stream, entries) in &mut truth.streams {
            let in_order = entries.is_sorted_by_key(|entry| entry.commit.first);
            verdict.holds(in_order, || format!("{stream}: commits were not written in the order of their versions"));
            entries.sort_by_key(|entry| entry.commit.first);
            let commits: Vec<_> = entries.iter().map(|entry| entry.commit.clone()).collect();
            verdict.holds(verify(&commits).is_ok(), || format!("{stream}: {:?}", verify(&commits)));
            let mut ids: Vec<CommandId> = entries.iter().map(|entry| entry.private.id).collect();
            ids.sort_by_key(ToString::to_string);
            ids.dedup();
            verdict.holds(ids.len() == entries.len(), || format!("{stream}: a command was carried out twice"));
        }
        truth.find_casts()?;
        let elections = truth.streams.iter().filter_map(|(stream, entries)| match stream {
            Stream::Election(id) => Some((*id, fold(entries))),
            _ => None,
        });
        truth.elections = elections.collect();
        Ok(truth)
    }

    fn find_casts(&mut self) -> Result<(), String> {
        for (stream, entries) in &self.streams {
            let Stream::Ballot(election, shard, _) = *stream else { continue };
            for entry in entries {
                for event in entry.commit.decode::<Ballot>().map_err(|error| error.to_string())? {
                    if let BallotEvent::BallotCast { nonce, ratings } = event {
                        let receipt = Receipt::of(election, shard, &ratings, &nonce);
                        let (at, version) = (entry.at, entry.commit.last());
                        let cast = Cast { stream: *stream, at, version, ratings, receipt };
                        self.casts.entry(*stream).or_default().push(cast);
                    }
                }
            }
        }
        Ok(())
    }

    pub(crate) fn commits(&self) -> u64 {
        self.streams.values().map(|entries| entries.len() as u64).sum()
    }

    /// Every `BallotCast` there is.
    pub(crate) fn casts(&self) -> impl Iterator<Item = &Cast> {
        self.casts.values().flatten()
    }

    /// Those of an election.
    pub(crate) fn casts_of(&self, election: ElectionId) -> impl Iterator<Item = &Cast> {
        self.casts().filter(move |cast| cast.stream.election() == election)
    }

    /// Those of a ballot: one, or none.
    pub(crate) fn casts_in(&self, ballot: Stream) -> &[Cast] {
        self.casts.get(&ballot).map(Vec::as_slice).unwrap_or_default()
    }

    /// The elections there are, and what has become of them.
    pub(crate) fn elections(&self) -> impl Iterator<Item = (ElectionId, &Election)> {
        self.elections.iter().map(|(id, election)| (*id, election))
    }

    /// What has become of an election.
    pub(crate) fn election(&self, id: ElectionId) -> Option<&Election> {
        self.elections.get(&id)
    }

    /// Who created each election.
    pub(crate) fn creators(&self) -> impl Iterator<Item = String> {
        let streams = self.streams.iter().filter(|(stream, _)| matches!(stream, Stream::Election(_)));
        let first = streams.filter_map(|(_, entries)| entries.first()?.commit.decode::<Election>().ok());
        first.flatten().filter_map(|event| match event {
            ElectionEvent::ElectionCreated { owner, .. } => Some(owner),
            _ => None,
        })
    }

    /// The secret of an election's stream.
    pub(crate) fn secret(&self, id: ElectionId) -> Option<Digest> {
        let stream = Stream::Election(id);
        let mut history = History::<Election>::empty(stream);
        history.push(self.streams.get(&stream)?.first()?.commit.clone()).ok()?;
        history.secret()
    }

    /// The voters of an election.
    pub(crate) fn voters(&self, election: ElectionId) -> impl Iterator<Item = (Stream, Voter)> {
        let streams = self.streams.iter().filter(move |(stream, _)| stream.election() == election);
        streams.filter_map(|(stream, entries)| match stream {
            Stream::Voter(..) => Some((*stream, fold(entries))),
            _ => None,
        })
    }

    /// When the voters of an election came and went.
    pub(crate) fn registrations(&self, election: ElectionId) -> impl Iterator<Item = (Stream, Timestamp)> {
        let of = move |stream: &Stream| matches!(stream, Stream::Voter(home, ..) if *home == election);
        let streams = self.streams.iter().filter(move |(stream, _)| of(stream));
        let comes_or_goes = |event_type: &str| matches!(event_type, "VoterRegistered" | "VoterRemoved");
        let moves = move |entry: &&Entry| entry.commit.events.iter().any(|event| comes_or_goes(&event.event_type));
        streams.flat_map(move |(stream, entries)| entries.iter().filter(moves).map(|entry| (*stream, entry.at)))
    }

    /// The ballots of an election, each with its shard.
    pub(crate) fn ballots(&self, election: ElectionId) -> impl Iterator<Item = (Shard, Ballot)> {
        let streams = self.streams.iter().filter(move |(stream, _)| stream.election() == election);
        streams.filter_map(|(stream, entries)| match stream {
            Stream::Ballot(_, shard, _) => Some((*shard, fold(entries))),
            _ => None,
        })
    }

    /// When an election's first event of this type was written.
    pub(crate) fn moment(&self, election: ElectionId, event_type: &str) -> Option<Timestamp> {
        let entries = self.streams.get(&Stream::Election(election))?;
        let of_type = |entry: &&Entry| entry.commit.events.iter().any(|event| event.event_type == event_type);
        entries.iter().find(of_type).map(|entry| entry.at)
    }
}

/// What commits lead to.
pub(crate) fn fold<A: Aggregate>(entries: &[Entry]) -> A {
    let events = entries.iter().flat_map(|entry| entry.commit.decode::<A>().expect("what was written can be read"));
    events.fold(A::default(), |state, event| A::evolve(state, &event))
}

fn entry(written: &Written) -> Result<Entry, String> {
    let item: serde_dynamo::Item = serde_json::from_value(written.item.clone()).map_err(|error| error.to_string())?;
    let commit = Commit::from_item(item.into()).map_err(|error| format!("{}: {error}", written.sk))?;
    let private = commit.private_part().map_err(|error| format!("{}: {error}", written.sk))?;
    Ok(Entry { at: written.at, commit, private })
}
