//! The life of an election: open, extend, close, release.

use axum::extract::State;
use photovote_domain::{
    Aggregate, Election, Timestamp,
    election::{Context, ElectionCommand, Role},
};
use photovote_http::{
    Administrator, Answer, Changed, CommandHeaders, CommandProblems, Moment, Segments, Submission, present,
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{App, changed, closing, control, elections::Nothing};

/// How an election opens.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Opening {
    /// When voting ends of itself (RFC 3339); without it, voting ends when the election is closed.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    closes_at: Option<Moment>,
}

/// Opens a draft: voters can vote, and nothing that they vote on changes any more.
#[utoipa::path(
    post, path = "/elections/{election}/open", tag = "elections", operation_id = "open_election", security(("administrator" = [])),
    params(("election" = String, Path, description = "The election's id"), CommandHeaders), request_body = Option<Opening>,
    responses((status = OK, body = Changed, description = "The election is open"), CommandProblems)
)]
pub(crate) async fn open(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let id = path.id("election")?;
    let history = app.election(&caller, id, Role::Editor).await?;
    let (body, intent): (Opening, _) = submission.read(&caller)?;
    let command = ElectionCommand::Open { closes_at: body.closes_at.map(Timestamp::from) };

    let environment = app.store.environment();
    let record = intent.record(command.name(), &history.stream, environment);
    let by = record.private.actor.administrator();
    let decide = |election: &Election| election.decide(command.clone(), &Context { now: environment.now(), by });
    let schedule = |_: &_| Ok(vec![app.control.schedule(id)?]);
    let done = app.store.execute_with(history, &record, |version| intent.expects(version), decide, schedule).await?;
    // Also when it was opened before: that attempt may have been stopped right here.
    let election = &done.history.state;
    app.control.open_gates(id, election.shards, election.closes_at).await.map_err(control)?;
    // What is voted on does not change any more, and soon everybody needs it.
    app.snapshots.keep(&done.history).await;
    Ok(changed(done.version))
}

/// The new end of an election.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Extension {
    /// The later moment (RFC 3339).
    #[schema(value_type = String, format = DateTime)]
    closes_at: Moment,
}

/// Moves the closing time of an open election to a later moment, as long as it has not come.
#[utoipa::path(
    post, path = "/elections/{election}/extend", tag = "elections", operation_id = "extend_election", security(("administrator" = [])),
    params(("election" = String, Path, description = "The election's id"), CommandHeaders), request_body = Extension,
    responses((status = OK, body = Changed, description = "The closing time was moved"), CommandProblems)
)]
pub(crate) async fn extend(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let id = path.id("election")?;
    let history = app.election(&caller, id, Role::Editor).await?;
    let shards = history.state.shards;
    let (body, intent): (Extension, _) = submission.read(&caller)?;
    let closes_at = body.closes_at.into();
    let version = app.change(history, &intent, ElectionCommand::Extend { closes_at }, None).await?;
    app.control.extend_gates(id, shards, closes_at).await.map_err(control)?;
    Ok(changed(version))
}

/// Closes an open election. When this answers, no vote can be cast any more, and every cast that was acknowledged is
/// going to be counted.
#[utoipa::path(
    post, path = "/elections/{election}/close", tag = "elections", operation_id = "close_election", security(("administrator" = [])),
    params(("election" = String, Path, description = "The election's id"), CommandHeaders), request_body = Option<Nothing>,
    responses((status = OK, body = Changed, description = "The election is closed"), CommandProblems)
)]
pub(crate) async fn close(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let history = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let (_, intent): (Nothing, _) = submission.read(&caller)?;
    let command = ElectionCommand::Close;
    let record = intent.record(command.name(), &history.stream, app.store.environment());
    closer::close(&app.store, &app.control, history, &record, command).await.map(changed).map_err(closing)
}

/// Makes the results of a closed election public.
#[utoipa::path(
    post, path = "/elections/{election}/release", tag = "elections", operation_id = "release_results", security(("administrator" = [])),
    params(("election" = String, Path, description = "The election's id"), CommandHeaders), request_body = Option<Nothing>,
    responses((status = OK, body = Changed, description = "The results are public"), CommandProblems)
)]
pub(crate) async fn release(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let history = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let (_, intent): (Nothing, _) = submission.read(&caller)?;
    app.change(history, &intent, ElectionCommand::Release, None).await.map(changed)
}
