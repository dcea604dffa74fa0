//! What commands on a draft share.

use photovote_ballot_access::OpenedBallot;
use photovote_commands::Intent;
use photovote_domain::{
    CandidateId,
    ballot::{BallotCommand, BallotRejection, Status},
};
use photovote_edge::{Answer, DraftTag, Problem, Voter, at_draft, schema};
use photovote_events::LoadError;
use photovote_events_append::Done;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

/// A draft was saved.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Saved {
    /// Names what the draft says now; in quotes it is the `ETag`.
    #[schema(value_type = schema::DraftTag)]
    tag: DraftTag,
}

impl App {
    /// The caller's ballot, which must be a draft: of a cast ballot nothing else is looked at.
    pub(crate) async fn load_draft(&self, caller: &Voter, key: Option<&str>) -> Answer<OpenedBallot> {
        let opened = self.load(caller, key).await?;
        match opened.ballot.state().status {
            Status::Cast => Err(Problem::refused(&BallotRejection::CastAlready)),
            _ => Ok(opened),
        }
    }

    /// Whether the election has this candidate. A cached election may be too old to know.
    pub(crate) async fn has_candidate(&self, draft: &OpenedBallot, candidate: CandidateId) -> Result<bool, LoadError> {
        if draft.election.state.has_candidate(candidate) {
            return Ok(true);
        }
        let fresh = self.elections.fresh(draft.election.stream.election()).await?;
        Ok(fresh.state.has_candidate(candidate))
    }

    /// Saves a draft as this command changes it, and answers its tag.
    pub(crate) async fn save(&self, draft: OpenedBallot, intent: &Intent, command: BallotCommand) -> Answer {
        let record = self.record(intent, &command, &draft.ballot);
        let Done { history, version, .. } = self.execute(draft, intent, &record, &command, None).await?;
        // A repeated command was one to a draft. The ballot may be cast by now.
        if history.state().status == Status::Cast {
            return Err(Problem::refused(&BallotRejection::CastAlready));
        }
        let tag = DraftTag::of(&history.hash_at(version).unwrap_or(history.head()));
        Ok(at_draft(&tag, Saved { tag: tag.clone() }))
    }
}
