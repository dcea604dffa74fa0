//! Rating candidates: the draft is saved.

use std::collections::BTreeMap;

use axum::extract::State;
use photovote_commands::{Intent, Submission};
use photovote_domain::{CandidateId, ballot::BallotCommand};
use photovote_edge::{Answer, CommandHeaders, Preconditions, Voter, distinct, schema};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{App, draft::Saved, grades::graded};

/// Grades for candidates, by their ids. They are merged into the draft: others stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RatingsBody {
    /// A whole number on the election's scale for each candidate; at most 500 candidates in one request.
    #[serde(deserialize_with = "distinct")]
    #[schema(value_type = schema::Grades)]
    ratings: BTreeMap<CandidateId, i64>,
}

/// Rates candidates.
///
/// The bearer of a ballot token may call this, while the election is open and the ballot is not cast. The ratings are saved in the
/// draft of the ballot: others stay as they are, and rating a candidate again overwrites. They count once the ballot is cast. Every
/// grade has to be on the scale of the election. A draft can be saved 20 times, and 10 times more for each candidate of the election,
/// at most 4,000 times; then it can only be cast. End the body with spaces, so that its length does not tell how many ratings it has.
#[utoipa::path(
    put, path = "/ballot/ratings", tag = "ballot", operation_id = "rate_candidates", params(CommandHeaders, Preconditions), security(("ballot" = [])), request_body = RatingsBody,
    responses((status = OK, body = Saved, description = "The draft is saved"))
)]
pub(crate) async fn rate(State(app): State<App>, caller: Voter, submission: Submission) -> Answer {
    let draft = app.load_draft(&caller, submission.key().as_deref()).await?;
    // Only the bearer of the token learns what is wrong with the body.
    let (body, intent): (RatingsBody, Intent) = submission.read(&caller)?;
    let ratings = graded(&body.ratings, draft.election.state.scale)?;
    app.save(draft, &intent, BallotCommand::Rate { ratings }).await
}
