//! The life of an election: open, extend, close, release.

use axum::extract::State;
use photovote_commands::Submission;
use photovote_domain::{
    Election, Timestamp,
    election::{ElectionCommand, Role},
};
use photovote_edge::{
    Administrator, Answer, Changed, CommandHeaders, Moment, Preconditions, Segments, present, schema,
};
use photovote_events::Snapshot;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{App, changed, closing, elections::Nothing, opening};

/// How an election opens.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Opening {
    /// When voting ends of itself (RFC 3339); without it, as it is planned.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Moment>, nullable = false)]
    closes_at: Option<Moment>,
}

/// Opens an election.
///
/// An editor of the election may call this, while it is a draft. From now on voters can vote, and competitions, candidates and
/// scale do not change any more. Each competition needs at least two candidates. With `closes_at` the election closes at that time;
/// without it, it closes as its schedule says. If that does not say when either, it is open until somebody closes it, and no closing
/// time can be given later.
#[utoipa::path(
    post, path = "/elections/{election}/open", tag = "elections", operation_id = "open_election", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), CommandHeaders, Preconditions), request_body = Option<Opening>,
    responses((status = OK, body = Changed, description = "The election is open"))
)]
pub(crate) async fn open(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let history = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let (body, intent): (Opening, _) = submission.read(&caller)?;
    let command = ElectionCommand::Open { closes_at: body.closes_at.map(Timestamp::from) };

    let record = intent.record(command.name(), &history.stream(), app.store.environment());
    let expected = |seen: &Snapshot<Election>| intent.expects(seen.version);
    let done =
        photovote_clock::open(&app.store, &app.control, &app.snapshots, history, &record, expected, command).await;
    let done = done.map_err(opening)?;
    Ok(changed(done.version))
}

/// The new end of an election.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Extension {
    /// The later moment (RFC 3339).
    #[schema(value_type = schema::Moment)]
    closes_at: Moment,
}

/// Moves the closing time to a later time.
///
/// An editor of the election may call this, while the election is open and its closing time has not come. An election that was
/// opened without a closing time has none to move.
#[utoipa::path(
    post, path = "/elections/{election}/extend", tag = "elections", operation_id = "extend_election", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), CommandHeaders, Preconditions), request_body = Extension,
    responses((status = OK, body = Changed, description = "The closing time was moved"))
)]
pub(crate) async fn extend(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let id = path.id("election")?;
    let history = app.election(&caller, id, Role::Editor).await?;
    let shards = history.state().shards;
    let (body, intent): (Extension, _) = submission.read(&caller)?;
    let closes_at = body.closes_at.into();
    app.control.reader().gates(id, shards).await?;
    let version = app.change(history, &intent, ElectionCommand::Extend { closes_at }, None).await?;
    app.control.extend_gates(id, shards, closes_at).await?;
    Ok(changed(version))
}

/// Closes an election.
///
/// An editor of the election may call this, while it is open. When the answer arrives, no ballot can be cast any more, and every
/// ballot whose cast was answered will be counted. If the answer is lost, send the request again: closing goes on where it
/// stopped. Results are final a moment later.
#[utoipa::path(
    post, path = "/elections/{election}/close", tag = "elections", operation_id = "close_election", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), CommandHeaders, Preconditions), request_body = Option<Nothing>,
    responses((status = OK, body = Changed, description = "The election is closed"))
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
    let record = intent.record(command.name(), &history.stream(), app.store.environment());
    let expected = |seen: &Snapshot<Election>| intent.expects(seen.version);
    let closed = photovote_clock::close(&app.store, &app.control, history, &record, expected, command).await;
    closed.map(changed).map_err(closing)
}

/// Makes the results public.
///
/// An editor of the election may call this, once the election is closed. Anyone who knows the election's id can then read the
/// results. This cannot be undone.
#[utoipa::path(
    post, path = "/elections/{election}/release", tag = "elections", operation_id = "release_results", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), CommandHeaders, Preconditions), request_body = Option<Nothing>,
    responses((status = OK, body = Changed, description = "The results are public"))
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
