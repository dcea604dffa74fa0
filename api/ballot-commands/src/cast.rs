//! Casting a ballot: the last command on it, which passes the gate of its shard.

use std::collections::BTreeMap;

use axum::extract::State;
use photovote_commands::{Intent, Submission};
use photovote_domain::{
    Ballot, CandidateId, Nonce, Shard,
    ballot::{BallotCommand, BallotRejection, Status},
};
use photovote_edge::{Answer, CommandHeaders, Preconditions, Problem, Voter, command_id, distinct, done, schema};
use photovote_events::{CommandId, History};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{App, grades::graded};

/// Grades to merge into the draft before it is cast.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CastBody {
    /// A whole number on the election's scale for each candidate; at most 500 candidates in one request.
    #[serde(default, deserialize_with = "distinct")]
    #[schema(value_type = schema::Grades)]
    ratings: BTreeMap<CandidateId, i64>,
}

/// A ballot was cast.
#[derive(Debug, Serialize, ToSchema)]
struct CastAnswer {
    /// What proves that the ballot was counted, and not how it was cast.
    #[schema(value_type = schema::Receipt)]
    receipt: String,
}

/// Casts the ballot.
///
/// The bearer of a ballot token may call this, while the election is open. Ratings in the request are saved first. A ballot needs at
/// least one rating. This is final: nothing changes the ballot afterwards. The answer has a receipt, with which the voter can check
/// that the ballot is counted. Send an `Idempotency-Key`: if the answer is lost, a cast with the same key gets the same
/// receipt, whatever its body says. On 409 with `ballot_cast_already`, the ballot shows its receipt.
#[utoipa::path(
    post, path = "/ballot/cast", tag = "ballot", operation_id = "cast_ballot", params(CommandHeaders, Preconditions), security(("ballot" = [])), request_body = Option<CastBody>,
    responses((status = OK, body = CastAnswer, description = "The ballot is cast, and will be counted"))
)]
pub(crate) async fn cast(State(app): State<App>, caller: Voter, submission: Submission) -> Answer {
    let key = submission.key();
    let opened = app.load(&caller, key.as_deref()).await?;
    let shard = opened.shard;
    if opened.ballot.state().status == Status::Cast {
        let id = key.map(|key| command_id(&caller.caller(), &opened.ballot.stream().to_string(), &key));
        return receipt(&opened.ballot, shard, id.map(CommandId::new));
    }
    // Only the bearer of the token learns what is wrong with the body.
    let (body, intent): (CastBody, Intent) = submission.read(&caller)?;
    let command = BallotCommand::Cast {
        ratings: graded(&body.ratings, opened.election.state.scale)?,
        nonce: Nonce::from_bytes(app.store.environment().random()),
        election: opened.election.stream.election(),
        shard,
    };
    let record = app.record(&intent, &command, &opened.ballot);
    let done = app.execute(opened, &intent, &record, &command, Some(shard)).await?;
    receipt(&done.history, shard, Some(record.private.id))
}

/// The receipt, for the command that cast the ballot. Every other command is refused.
///
/// *Invariant:* the answer depends neither on what the ballot says or said, nor on the body of the request.
fn receipt(ballot: &History<Ballot>, shard: Shard, command: Option<CommandId>) -> Answer {
    if !command.is_some_and(|command| ballot.ends_with(command)) {
        return Err(Problem::refused(&BallotRejection::CastAlready));
    }
    let election = ballot.stream().election();
    let Some(receipt) = ballot.state().receipt(election, shard) else {
        tracing::error!(%election, "a ballot that was cast has no receipt");
        return Err(Problem::internal());
    };
    Ok(done(CastAnswer { receipt: receipt.to_string() }))
}
