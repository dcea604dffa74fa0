//! Ending the mails to a voter (RFC 8058): a mail program posts to the address that a reminder names.

use axum::extract::State;
use photovote_domain::UnsubscribeToken;
use photovote_edge::{Answer, Code, Problem, Segments, done, schema};
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

/// The mails are ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Unsubscribed {
    /// Always `true`.
    #[schema(example = true)]
    unsubscribed: bool,
}

/// Ends reminders and results to a voter.
///
/// Mail programs call this with the address in a mail's `List-Unsubscribe` header. The body does not matter. A voter who votes with a
/// link still can, and still gets another link that replaces it.
#[utoipa::path(
    post, path = "/unsubscribe/{token}", tag = "public", operation_id = "unsubscribe",
    params(("token" = schema::UnsubscribeToken, Path, description = "The token of the mail")),
    responses((status = OK, body = Unsubscribed, description = "The voter gets no more reminders and results"))
)]
pub(crate) async fn unsubscribe(State(app): State<App>, path: Segments) -> Answer {
    let unknown = || Problem::new(Code::UnsubscribeNotFound, Code::UnsubscribeNotFound.meaning());
    let token: UnsubscribeToken = path.text("token").and_then(|token| token.parse().ok()).ok_or_else(unknown)?;
    let (election, shard, voter) = (token.election, token.shard, token.voter);
    if app.control.unsubscribe(election, shard, voter, &token.hash()).await? {
        Ok(done(Unsubscribed { unsubscribed: true }))
    } else {
        Err(unknown())
    }
}
