//! Taking a rating back: the draft is saved without it.

use axum::extract::State;
use photovote_commands::{Intent, Submission};
use photovote_domain::{ballot::BallotCommand, election::ElectionRejection};
use photovote_edge::{Answer, CommandHeaders, Preconditions, Problem, Segments, Voter, schema};
use serde::Deserialize;

use crate::{App, draft::Saved};

/// The body: none, or an empty object.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EmptyBody {}

/// Takes a rating back.
///
/// The bearer of a ballot token may call this, while the election is open and the ballot is not cast. The candidate is not rated any
/// more, which is different from the lowest grade.
#[utoipa::path(
    delete, path = "/ballot/ratings/{candidate}", tag = "ballot", operation_id = "clear_rating", security(("ballot" = [])),
    params(("candidate" = schema::Id, Path, description = "The candidate's id"), CommandHeaders, Preconditions),
    responses((status = OK, body = Saved, description = "The draft is saved"))
)]
pub(crate) async fn clear(State(app): State<App>, caller: Voter, path: Segments, submission: Submission) -> Answer {
    let draft = app.load_draft(&caller, submission.key().as_deref()).await?;
    let candidate = path.id("candidate")?;
    if !app.has_candidate(&draft, candidate).await? {
        return Err(Problem::refused(&ElectionRejection::CandidateNotFound));
    }
    let (EmptyBody {}, intent): (_, Intent) = submission.read(&caller)?;
    app.save(draft, &intent, BallotCommand::Clear { candidate }).await
}
