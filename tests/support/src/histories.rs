//! Histories, written down without anybody deciding on them: streams as a test wants them.

use photovote_domain::{
    BallotId, CandidateId, CompetitionId, Digest, ElectionId, Nonce, Ratings, Scale, ShardCount, Timestamp, Version,
    VoterId, ballot::BallotEvent, election::ElectionEvent, voter::VoterEvent,
};
use photovote_events::{Actor, CommandRecord, Commit, Stream, first_link};
use serde::Serialize;

/// The commits that a stream with these events consists of, all made at this time.
pub fn history<E: Serialize>(
    stream: Stream,
    time: Timestamp,
    commits: impl IntoIterator<Item = Vec<E>>,
) -> Vec<Commit> {
    let record = record(time);
    let (mut version, mut prev) = (Version::NONE, first_link(&stream));
    let next = |events: Vec<E>| {
        let commit = Commit::new(stream, version, prev, &events, &record, [0; 32]).expect("events have JSON");
        (version, prev) = (commit.last(), commit.hash);
        commit
    };
    commits.into_iter().map(next).collect()
}

fn record(time: Timestamp) -> CommandRecord {
    let digest = Digest::from_bytes([0; 32]);
    CommandRecord::new("Test", Actor::Voter, digest, time)
}

/// One more commit with these events after the last of a stream.
pub fn following<E: Serialize>(stream: &[Commit], events: &[E]) -> Commit {
    let last = stream.last().expect("a stream has commits");
    let record = record(Timestamp::from_millis(0));
    Commit::new(last.stream, last.last(), last.hash, events, &record, [0; 32]).expect("events have JSON")
}

/// An election of Ada's, created long ago with two candidates, opened, and closed with so many casts if it is.
pub fn election(id: ElectionId, shards: u8, casts: Option<u64>) -> Vec<Commit> {
    let shards = ShardCount::try_from(shards).expect("a number of shards");
    let (name, owner) = (format!("Election {id}"), "ada".into());
    let scale = Scale::default();
    let created = ElectionEvent::ElectionCreated { description: None, name, owner, scale, shards };
    let competition = CompetitionId::from_bits(1);
    let added = ElectionEvent::CompetitionAdded { competition, description: None, name: "Nature".into() };
    let candidate = |n: u128| {
        let (candidate, name) = (CandidateId::from_bits(n), format!("candidate {n}"));
        ElectionEvent::CandidateAdded { candidate, competition, description: None, image: None, name }
    };
    let opened = ElectionEvent::ElectionOpened { closes_at: None };
    let closed = casts.map(|casts| {
        [
            vec![ElectionEvent::ElectionClosing {}],
            vec![ElectionEvent::ElectionClosed { casts, digest_follows: true, registered: Some(casts) }],
        ]
    });
    let commits = [vec![created], vec![added, candidate(1)], vec![candidate(2)], vec![opened]];
    let commits = commits.into_iter().chain(closed.into_iter().flatten());
    history(Stream::Election(id), Timestamp::from_millis(0), commits)
}

/// A voter of an election with so many shards who registered and, if so said, was removed.
pub fn voter(election: ElectionId, shards: u8, n: u128, removed: bool) -> Vec<Commit> {
    let shards = ShardCount::try_from(shards).expect("a number of shards");
    let (ballot, id) = (BallotId::from_bits(n), VoterId::from_bits(n));
    let (email, name) = (format!("{n}@example.org"), format!("voter {n}"));
    let registered = vec![VoterEvent::VoterRegistered { ballot, email, name }];
    let removal = removed.then(|| vec![VoterEvent::VoterRemoved {}]);
    history(Stream::voter(election, shards, id), Timestamp::from_millis(0), [registered].into_iter().chain(removal))
}

/// A ballot that was created, filled in and, if so said, cast.
pub fn ballot(election: ElectionId, shards: u8, n: u32, cast: bool) -> Vec<Commit> {
    let shards = ShardCount::try_from(shards).expect("a number of shards");
    let stream = Stream::ballot(election, shards, BallotId::from_bits(n.into()));
    let candidate = CandidateId::from_bits(u128::from(n % 2 + 1));
    let rating = u8::try_from(n % 5).unwrap_or_default() + 1;
    let mut nonce = [0; 32];
    nonce[..4].copy_from_slice(&n.to_be_bytes());
    let ratings = Ratings::from([(candidate, rating)]);
    let cast = cast.then(|| vec![BallotEvent::BallotCast { nonce: Nonce::from_bytes(nonce), ratings }]);
    let created = vec![BallotEvent::BallotCreated { token: Digest::from_bytes([1; 32]) }];
    let rated = vec![BallotEvent::BallotCandidateRated { candidate, rating }];
    history(stream, Timestamp::from_millis(0), [created, rated].into_iter().chain(cast))
}
