//! What a ballot adds to the count.

use photovote_domain::{ElectionId, Ratings, Receipt, Shard, ballot::BallotEvent};

/// A ballot to be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CastBallot {
    /// Under what it is counted, once.
    pub receipt: Receipt,
    /// What it says.
    pub ratings: Ratings,
}

/// What the events of one commit to a ballot in `shard` of `election` add to the count. Only the cast counts.
pub fn cast_ballot(election: ElectionId, shard: Shard, events: &[BallotEvent]) -> Option<CastBallot> {
    events.iter().find_map(|event| match event {
        BallotEvent::BallotCast { nonce, ratings } => {
            let receipt = Receipt::of(election, shard, ratings, nonce);
            Some(CastBallot { receipt, ratings: ratings.clone() })
        }
        BallotEvent::BallotCreated { .. }
        | BallotEvent::BallotLinkAwaited { .. }
        | BallotEvent::BallotLinkIssued { .. }
        | BallotEvent::BallotCandidateRated { .. }
        | BallotEvent::BallotRatingCleared { .. }
        | BallotEvent::BallotSaved { .. }
        | BallotEvent::BallotSealed { .. }
        | BallotEvent::BallotTokenReplaced { .. }
        | BallotEvent::BallotVoided {} => None,
    })
}
