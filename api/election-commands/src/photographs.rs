//! Uploading photographs for the candidates of a draft.
//!
//! The bytes go from the browser to the object store, never through a function. A request answers with a form for one object, which
//! the store takes for ten minutes. The `photo-processor` looks at what arrives.

use axum::extract::State;
use photovote_commands::Submission;
use photovote_coordination::GateStatus;
use photovote_domain::{
    Aggregate, Election, Photograph, PhotographId, Version,
    election::{Role, Status},
    photograph::{Context, MOST_BYTES, MOST_PHOTOGRAPHS, PhotographCommand, PhotographRejection},
};
use photovote_dynamodb::Cancellation;
use photovote_edge::{
    Administrator, Answer, CommandHeaders, Preconditions, Problem, Segments, created, present, schema, value,
};
use photovote_events::{Commit, History, Stream};
use photovote_events_append::ExecuteError;
use photovote_keys::objects::incoming_key;
use photovote_uploads::Upload;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App, changed,
    elections::Nothing,
    upload_view::{UploadView, unsigned},
};

/// A new photograph.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPhotograph {
    /// Its id, a ULID, if the client chooses it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Id>, nullable = false)]
    id: Option<PhotographId>,
    /// The name of the file: 1 to 200 characters. Voters never see it.
    #[schema(value_type = schema::Name)]
    name: String,
    /// The size of the file: 1 to 40,000,000 bytes.
    #[schema(minimum = 1, maximum = 40_000_000, example = 8_123_456)]
    bytes: u64,
    /// The type that the client takes the file for. It decides nothing: what counts is what the file holds.
    #[serde(default, deserialize_with = "present", rename = "media_type")]
    #[schema(nullable = false, example = "image/jpeg")]
    _media_type: Option<String>,
}

/// A photograph was requested, or its upload is still awaited.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestedPhotograph {
    /// Its id, a ULID.
    #[schema(value_type = schema::Id)]
    id: String,
    /// The version that its stream came to by the request.
    #[schema(value_type = schema::Version)]
    version: Version,
    /// How to upload it. Nothing, once it was uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    upload: Option<UploadView>,
}

/// Requests the upload of a photograph.
///
/// An editor of the election may call this, while the election is a draft. The answer has a form: send it as `multipart/form-data`
/// with the file in its last field, `file`. Then wait until the photograph is `ready` or `refused`. An election has at most 2,000
/// photographs. While the upload is awaited, the same request with the same `id` or `Idempotency-Key` answers with another form.
#[utoipa::path(
    post, path = "/elections/{election}/photographs", tag = "photographs", operation_id = "request_photograph", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), CommandHeaders), request_body = NewPhotograph,
    responses((status = CREATED, body = RequestedPhotograph, description = "The photograph is expected"))
)]
pub(crate) async fn request(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let election = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let (id, shards) = (election.stream().election(), election.state().shards);
    let (body, mut intent): (NewPhotograph, _) = submission.read_new(&caller)?;
    let name = value("name", &body.name)?;
    if !(1..=MOST_BYTES).contains(&body.bytes) {
        return Err(Problem::refused(&PhotographRejection::Size));
    }
    let gates = app.control.reader().gates(id, shards).await?;
    let environment = app.store.environment();
    let scope = format!("{id}/photograph");
    let photograph = intent.choose_id(body.id, &scope, election.secret(), environment);
    let stream = Stream::Photograph(id, photograph);
    let history: History<Photograph> = app.store.reader().load(stream).await?;
    // Several at once may exceed the limit by as many: it is there against abuse.
    let full = gates.values().map(|gate| gate.photographs).sum::<u64>() >= MOST_PHOTOGRAPHS;
    if full && history.version() == Version::NONE {
        return Err(Problem::refused(&PhotographRejection::TooMany));
    }
    let command = PhotographCommand::Request { name, bytes: body.bytes };
    let record = intent.record(command.name(), &stream, environment);
    let gate = shards.shard_of(&photograph.to_string());
    let context = Context { election: election.state(), id: photograph };
    let decide = |known: &Photograph| known.decide(command.clone(), &context);
    let alongside = |_: &Commit| Ok(vec![app.control.pass_photograph(id, gate, 1)?]);
    // A file that was chosen again awaits the same upload, whatever key the request has.
    let awaited = history.state().awaits_upload() && record.own_id;
    let (history, version) = if awaited {
        let version = history.version();
        (history, version)
    } else {
        let done = app.store.execute_with(history, &record, |_| true, decide, alongside).await;
        let done = done.map_err(|error| app.photograph_blocked(&election, gate, error))?;
        (done.history, done.version)
    };
    let upload = if history.state().awaits_upload() {
        let key = incoming_key(id, photograph);
        let upload = Upload { key: &key, at_most: history.state().bytes };
        Some(app.uploads.sign(upload, environment.now()).await.map_err(|error| unsigned(&error))?.into())
    } else {
        None
    };
    let body = RequestedPhotograph { id: photograph.to_string(), version, upload };
    Ok(created(&format!("/v1/elections/{id}/photographs/{photograph}"), version, body))
}

/// Removes a photograph.
///
/// An editor of the election may call this, while the election is a draft and no candidate uses the photograph. `ETag` and
/// `If-Match` are the photograph's.
#[utoipa::path(
    delete, path = "/elections/{election}/photographs/{photograph}", tag = "photographs", operation_id = "remove_photograph", security(("administrator" = [])),
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("photograph" = schema::Id, Path, description = "The photograph's id"),
        CommandHeaders,
        Preconditions,
    ),
    responses((status = OK, body = photovote_edge::Changed, description = "The photograph is removed"))
)]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let election = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let (id, shards) = (election.stream().election(), election.state().shards);
    let photograph: PhotographId = path.id("photograph")?;
    let stream = Stream::Photograph(id, photograph);
    let history: History<Photograph> = app.store.reader().load(stream).await?;
    if history.version() == Version::NONE {
        return Err(Problem::refused(&PhotographRejection::NotFound));
    }
    let (_, intent): (Nothing, _) = submission.read(&caller)?;
    app.control.reader().has_gates(id, shards).await?;
    let record = intent.record(PhotographCommand::Remove.name(), &stream, app.store.environment());
    let gate = shards.shard_of(&photograph.to_string());
    let context = Context { election: election.state(), id: photograph };
    let decide = |known: &Photograph| known.decide(PhotographCommand::Remove, &context);
    // No candidate takes it meanwhile: the election stays as it was decided on.
    let alongside = |_: &Commit| Ok(vec![app.control.pass_photograph(id, gate, -1)?, app.store.unmoved(&election)?]);
    let done = app.store.execute_with(history, &record, |seen| intent.expects(seen.version), decide, alongside).await;
    let done = done.map_err(|error| app.photograph_blocked(&election, gate, error))?;
    Ok(changed(done.version))
}

impl App {
    /// What the gate said to a photograph that was to come or go.
    fn photograph_blocked(
        &self,
        election: &History<Election>,
        gate: photovote_domain::Shard,
        error: ExecuteError<PhotographRejection>,
    ) -> Problem {
        match &error {
            ExecuteError::Blocked(reasons) => match reasons.first() {
                Some(reason @ Cancellation::Condition(_)) => {
                    match self.control.refusing(election.stream().election(), gate, reason) {
                        Ok(gate) => {
                            let status = if gate.status == GateStatus::Closed { Status::Closed } else { Status::Open };
                            Problem::refused(&PhotographRejection::NotDraft(status))
                        }
                        Err(missing) => missing.into(),
                    }
                }
                _ => error.into(),
            },
            _ => error.into(),
        }
    }
}
