//! A small election of photographs, and the words to tell its story.

use std::{collections::BTreeMap, fmt::Debug, str::FromStr};

use photovote_domain::{
    BallotId, CandidateId, CompetitionId, Digest, Election, ElectionId, Nonce, Rating, Scale, Shard, ShardCount,
    Subject, Timestamp, ballot, ballot::BallotEvent, election, election::ElectionCommand, election::ElectionEvent,
    election::NewElection, fold, voter::VoterEvent,
};

/// The present moment of these stories.
pub(crate) const NOW: Timestamp = at(1_000);
/// The election's context at that moment, when it does not matter who asks.
pub(crate) const TODAY: election::Context<'_> = context(NOW);

/// The same at another moment.
pub(crate) const fn context(now: Timestamp) -> election::Context<'static> {
    election::Context { now, by: None }
}

/// A moment.
pub(crate) const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A value of this spelling.
#[track_caller]
pub(crate) fn text<T: FromStr<Err: Debug>>(spelling: &str) -> T {
    spelling.parse().unwrap()
}

pub(crate) const fn competition(number: u128) -> CompetitionId {
    CompetitionId::from_bits(number)
}

pub(crate) const fn candidate(number: u128) -> CandidateId {
    CandidateId::from_bits(number)
}

pub(crate) const fn ballot_id(number: u128) -> BallotId {
    BallotId::from_bits(number)
}

pub(crate) fn token(number: u8) -> Digest {
    Digest::of(&[number])
}

pub(crate) const fn election_id() -> ElectionId {
    ElectionId::from_bits(1)
}

pub(crate) fn shard() -> Shard {
    Shard::new(7).unwrap()
}

pub(crate) fn nonce() -> Nonce {
    Nonce::from_bytes([7; 32])
}

pub(crate) fn scale(min: i64, max: i64) -> Scale {
    Scale::new(min, max).unwrap()
}

/// Grades for candidates, as a request gives them.
pub(crate) fn grades<const N: usize>(grades: [(u128, i64); N]) -> BTreeMap<CandidateId, Rating> {
    grades.map(|(number, grade)| (candidate(number), Rating::try_from(grade).unwrap())).into()
}

/// Grades of candidates, as a ballot keeps them.
pub(crate) fn ratings<const N: usize>(ratings: [(u128, u8); N]) -> BTreeMap<CandidateId, u8> {
    ratings.map(|(number, grade)| (candidate(number), grade)).into()
}

pub(crate) fn create() -> ElectionCommand {
    ElectionCommand::Create(NewElection::new(text::<Subject>("ada"), text("Photo of the year")))
}

pub(crate) fn created() -> ElectionEvent {
    ElectionEvent::ElectionCreated {
        description: None,
        name: "Photo of the year".into(),
        owner: "ada".into(),
        scale: Scale::default(),
        shards: ShardCount::default(),
    }
}

pub(crate) fn competition_added(number: u128) -> ElectionEvent {
    ElectionEvent::CompetitionAdded { competition: competition(number), description: None, name: "Nature".into() }
}

pub(crate) fn candidate_added(to: u128, number: u128) -> ElectionEvent {
    ElectionEvent::CandidateAdded {
        candidate: candidate(number),
        competition: competition(to),
        description: None,
        image: None,
        name: "Moon".into(),
    }
}

pub(crate) fn opened_until(closes_at: Option<Timestamp>) -> ElectionEvent {
    ElectionEvent::ElectionOpened { closes_at }
}

/// A draft with competition 1, which has the candidates 1 and 2.
pub(crate) fn draft() -> Vec<ElectionEvent> {
    vec![created(), competition_added(1), candidate_added(1, 1), candidate_added(1, 2)]
}

/// The digest of the results of the same election.
pub(crate) fn results_digest() -> Digest {
    Digest::of(b"results")
}

pub(crate) fn counted() -> ElectionEvent {
    ElectionEvent::ResultsCounted { digest: results_digest() }
}

/// What has happened to the same election at the latest when it has this status.
pub(crate) fn history(status: election::Status) -> Vec<ElectionEvent> {
    use election::Status as S;
    let (before, event) = match status {
        S::Absent => return Vec::new(),
        S::Draft => return draft(),
        S::Open => (S::Draft, opened_until(None)),
        S::Closing => (S::Open, ElectionEvent::ElectionClosing {}),
        S::Closed => {
            let closed = ElectionEvent::ElectionClosed { casts: 3, digest_follows: true, registered: Some(3) };
            return [history(S::Closing), vec![closed, counted()]].concat();
        }
        S::Released => (S::Closed, ElectionEvent::ResultsReleased { digest: Some(results_digest()) }),
        S::Deleted => (S::Released, ElectionEvent::ElectionDeleted {}),
    };
    let mut events = history(before);
    events.push(event);
    events
}

/// The same election, as far as it is then.
pub(crate) fn election(status: election::Status) -> Election {
    fold(&history(status))
}

/// Every status there is, in the order of a life.
pub(crate) const STATUSES: [election::Status; 7] = {
    use election::Status as S;
    [S::Absent, S::Draft, S::Open, S::Closing, S::Closed, S::Released, S::Deleted]
};

pub(crate) fn ballot_created() -> BallotEvent {
    BallotEvent::BallotCreated { token: token(1) }
}

/// What is not written any more.
pub(crate) fn rated(number: u128, rating: u8) -> BallotEvent {
    BallotEvent::BallotCandidateRated { candidate: candidate(number), rating }
}

/// The draft was saved for this time, and says this of candidates 1 and 2.
pub(crate) fn saved(saves: usize, draft: &str) -> BallotEvent {
    BallotEvent::BallotSaved { draft: text(draft), saves, token: token(1) }
}

pub(crate) fn cast<const N: usize>(grades: [(u128, u8); N]) -> BallotEvent {
    BallotEvent::BallotCast { nonce: nonce(), ratings: ratings(grades) }
}

/// What has happened to a ballot that has this status.
pub(crate) fn ballot_history(status: ballot::Status) -> Vec<BallotEvent> {
    let mut events = match status {
        ballot::Status::Absent => return Vec::new(),
        _ => vec![ballot_created(), saved(1, "4.")],
    };
    match status {
        ballot::Status::Cast => events.push(cast([(1, 4)])),
        ballot::Status::Voided => events.push(BallotEvent::BallotVoided {}),
        ballot::Status::Absent | ballot::Status::Draft => {}
    }
    events
}

pub(crate) fn registered() -> VoterEvent {
    VoterEvent::VoterRegistered { ballot: ballot_id(1), email: "bea@example.org".into(), name: "Bea".into() }
}
