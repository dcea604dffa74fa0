//! What a voter can do: rate candidates, take a rating back, cast the ballot, end mails.
//!
//! One file for each use case, and `execute.rs` for what they share.

mod cache;
mod cast;
mod clear;
mod draft;
mod execute;
mod grades;
mod rate;
mod unsubscribe;

use photovote_coordination_write::Control;
use photovote_domain::{CandidateId, ballot::BallotRejection, election::ElectionRejection};
use photovote_edge::{Code, Problems};
use photovote_events::{ElectionCache, Snapshots};
use photovote_events_append::EventStore;

use crate::cache::BallotCache;

/// The function: its tables, and caches of elections and of the ballots that it has written.
#[derive(Debug, Clone)]
pub struct App {
    store: EventStore,
    control: Control,
    elections: ElectionCache<Snapshots>,
    ballots: BallotCache,
}

impl App {
    /// Works on these tables.
    pub fn new(store: EventStore, control: Control, snapshots: Snapshots) -> Self {
        Self { store, control, elections: ElectionCache::new(snapshots), ballots: BallotCache::default() }
    }
}

photovote_edge::routes! {
    App:
    rate::rate => on_ballot().refusals([
        BallotRejection::TooManyRatings,
        UNKNOWN_CANDIDATE,
        OUT_OF_SCALE,
        BallotRejection::TooManyChanges,
    ]),
    clear::clear => on_ballot()
        .codes([Code::MalformedId])
        .refusals([ElectionRejection::CandidateNotFound])
        .refusals([UNKNOWN_CANDIDATE, BallotRejection::TooManyChanges]),
    cast::cast => on_ballot().refusals([
        BallotRejection::TooManyRatings,
        UNKNOWN_CANDIDATE,
        OUT_OF_SCALE,
        BallotRejection::Empty,
    ]),
    unsubscribe::unsubscribe => Problems::of_any_operation().codes([Code::UnsubscribeNotFound, Code::StorageUnavailable]),
}

const A_CANDIDATE: CandidateId = CandidateId::from_bits(0x0156_3df3_64ee_b75f_b18f_9d43_4a88_abcd);
const UNKNOWN_CANDIDATE: BallotRejection = BallotRejection::UnknownCandidate(A_CANDIDATE);
const OUT_OF_SCALE: BallotRejection = BallotRejection::OutOfScale { candidate: A_CANDIDATE, min: 1, max: 5 };

/// What any command on a ballot can be refused for.
fn on_ballot() -> Problems {
    Problems::of_command().codes([Code::GatesMissing, Code::VersionMismatch]).refusals([
        BallotRejection::NotOpenYet,
        BallotRejection::Closed,
        BallotRejection::ElectionDeleted,
        BallotRejection::CastAlready,
    ])
}
