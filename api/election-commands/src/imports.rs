//! Importing lists of voters.
//!
//! The bytes go from the browser to the object store, as those of photographs do. The `importer` reads what arrives, and registers the
//! voters when an administrator has confirmed that.

use axum::extract::State;
use photovote_commands::Submission;
use photovote_domain::{
    Aggregate, Import, ImportId, Version,
    election::Role,
    import::{Columns, ImportCommand, ImportRejection, MOST_BYTES, MOST_IMPORTS},
};
use photovote_edge::{
    Administrator, Answer, Changed, Code, CommandHeaders, Preconditions, Problem, Segments, created, present, schema,
    value,
};
use photovote_events::{History, LoadError, Part, Snapshot, Stream};
use photovote_keys::objects::list_key;
use photovote_queues::ImportMessage;
use photovote_uploads::Upload;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App, changed,
    elections::Nothing,
    upload_view::{UploadView, unsigned},
};

/// The most commits that the imports of an election have: each of them a handful, and some more.
const PAGE: u16 = 1_000;

/// A new import.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewImport {
    /// Its id, a ULID, if the client chooses it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Id>, nullable = false)]
    id: Option<ImportId>,
    /// The name of the file: 1 to 200 characters.
    #[schema(value_type = schema::Name)]
    name: String,
    /// The size of the file: 1 to 20,000,000 bytes.
    #[schema(minimum = 1, maximum = 20_000_000, example = 48_211)]
    bytes: u64,
}

/// An import was requested, or its upload is still awaited.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestedImport {
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

/// Columns of a list, counted from 0.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChosenColumns {
    /// The column of whole names.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, example = 0)]
    name: Option<u32>,
    /// The column of first names.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, example = 2)]
    first_name: Option<u32>,
    /// The column of last names.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, example = 3)]
    last_name: Option<u32>,
    /// The column of email addresses.
    #[schema(example = 1)]
    email: u32,
    /// The sheet of a workbook. Without it, the sheet stays.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, example = 0)]
    sheet: Option<u32>,
}

/// Requests the upload of a list of voters.
///
/// An editor of the election may call this, while it is a draft or open. The answer has a form: send it as `multipart/form-data`
/// with the file in its last field, `file`. Then wait until the import is `ready` or `refused`. An election has at most 100 imports.
/// While the upload is awaited, the same request with the same `id` or `Idempotency-Key` answers with another form.
#[utoipa::path(
    post, path = "/elections/{election}/imports", tag = "imports", operation_id = "request_import", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), CommandHeaders), request_body = NewImport,
    responses((status = CREATED, body = RequestedImport, description = "The list is expected"))
)]
pub(crate) async fn request(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let election = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let (id, shards) = (election.stream().election(), election.state().shards);
    let (body, mut intent): (NewImport, _) = submission.read_new(&caller)?;
    let name = value("name", &body.name)?;
    if !(1..=MOST_BYTES).contains(&body.bytes) {
        return Err(Problem::refused(&ImportRejection::Size));
    }
    app.control.reader().has_gates(id, shards).await?;
    let environment = app.store.environment();
    let scope = format!("{id}/import");
    let import = intent.choose_id(body.id, &scope, election.secret(), environment);
    let stream = Stream::Import(id, import);
    let history: History<Import> = app.store.reader().load(stream).await?;
    if history.version() == Version::NONE {
        app.has_room(&election.stream()).await?;
    }
    let command = ImportCommand::Request { name, bytes: body.bytes };
    let record = intent.record(command.name(), &stream, environment);
    let decide = |known: &Import| known.decide(command.clone(), &election.state());
    // A file that was chosen again awaits the same upload, whatever key the request has.
    let awaited = history.state().awaits_upload() && record.own_id;
    let (history, version) = if awaited {
        let version = history.version();
        (history, version)
    } else {
        let done = app.store.execute(history, &record, |_| true, decide).await?;
        (done.history, done.version)
    };
    let upload = if history.state().awaits_upload() {
        let key = list_key(id, import);
        let upload = Upload { key: &key, at_most: history.state().bytes };
        Some(app.uploads.sign(upload, environment.now()).await.map_err(|error| unsigned(&error))?.into())
    } else {
        None
    };
    let body = RequestedImport { id: import.to_string(), version, upload };
    Ok(created(&format!("/v1/elections/{id}/imports/{import}"), version, body))
}

/// Chooses the columns of an import.
///
/// An editor of the election may call this, while the import is `ready`. Its file is read again by these columns. `ETag` and
/// `If-Match` are the import's.
#[utoipa::path(
    put, path = "/elections/{election}/imports/{import}/columns", tag = "imports", operation_id = "choose_columns", security(("administrator" = [])),
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("import" = schema::Id, Path, description = "The import's id"),
        CommandHeaders,
        Preconditions,
    ),
    request_body = ChosenColumns,
    responses((status = OK, body = Changed, description = "The file is read again"))
)]
pub(crate) async fn choose(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let choose = |import: &Import, body: ChosenColumns| {
        let ChosenColumns { name, first_name, last_name, email, sheet } = body;
        let sheet = sheet.or(import.columns.and_then(|columns| columns.sheet));
        ImportCommand::Choose(Columns { email, first_name, last_name, name, sheet })
    };
    app.move_import(&caller, &path, submission, choose).await
}

/// Confirms an import.
///
/// An editor of the election may call this, while the election is a draft or open and the import is `ready`. Its voters are then
/// registered; ask for the import each second until it is `done`. A repeated confirmation changes nothing. In an election whose
/// links are handed out, replace a voter's token to see it. `ETag` and `If-Match` are the import's.
#[utoipa::path(
    post, path = "/elections/{election}/imports/{import}/confirm", tag = "imports", operation_id = "confirm_import", security(("administrator" = [])),
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("import" = schema::Id, Path, description = "The import's id"),
        CommandHeaders,
        Preconditions,
    ),
    request_body = Option<Nothing>,
    responses((status = OK, body = Changed, description = "The voters are being registered"))
)]
pub(crate) async fn confirm(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    app.move_import(&caller, &path, submission, |_, _: Nothing| ImportCommand::Confirm).await
}

/// Undoes an import, or cancels it.
///
/// An editor of the election may call this. Until the import is confirmed, it is cancelled: it becomes `refused` with the problem
/// `cancelled`, and its file is deleted. If it is `done` and the election is a draft, every voter whom the import registered and who
/// is still there is removed. `ETag` and `If-Match` are the import's.
#[utoipa::path(
    post, path = "/elections/{election}/imports/{import}/undo", tag = "imports", operation_id = "undo_import", security(("administrator" = [])),
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("import" = schema::Id, Path, description = "The import's id"),
        CommandHeaders,
        Preconditions,
    ),
    request_body = Option<Nothing>,
    responses((status = OK, body = Changed, description = "The voters are being removed, or the import is cancelled"))
)]
pub(crate) async fn undo(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    app.move_import(&caller, &path, submission, |_, _: Nothing| ImportCommand::Undo).await
}

impl App {
    /// Carries out a command on an import, and asks the importer to go on with it.
    async fn move_import<T: serde::de::DeserializeOwned>(
        &self,
        caller: &Administrator,
        path: &Segments,
        submission: Submission,
        command: impl FnOnce(&Import, T) -> ImportCommand,
    ) -> Answer {
        let election = self.election(caller, path.id("election")?, Role::Editor).await?;
        let (id, shards) = (election.stream().election(), election.state().shards);
        let import: ImportId = path.id("import")?;
        let stream = Stream::Import(id, import);
        let history: History<Import> = self.store.reader().load(stream).await?;
        if history.version() == Version::NONE {
            return Err(Problem::refused(&ImportRejection::NotFound));
        }
        let (body, intent) = submission.read(caller)?;
        self.control.reader().has_gates(id, shards).await?;
        let command = command(history.state(), body);
        let record = intent.record(command.name(), &stream, self.store.environment());
        let decide = |known: &Import| known.decide(command.clone(), &election.state());
        let expected = |seen: &Snapshot<Import>| intent.expects(seen.version);
        // The importer looks for itself whether the election still lets voters in.
        let done = self.store.execute(history, &record, expected, decide).await?;
        if let Err(error) = self.importer.send(&ImportMessage::import(id, import)).await {
            // The reconciler finds the import, but a client who repeats the request need not wait for that.
            tracing::error!(event = "import_unasked", election = %id, %error, "the importer cannot be asked");
            return Err(Problem::unavailable(Code::StorageUnavailable, "the queue is busy: try again", 1));
        }
        Ok(changed(done.version))
    }

    /// Refuses one import too many. Requests at the same time can exceed the limit by as many.
    async fn has_room(&self, election: &Stream) -> Answer<()> {
        let page = self.store.reader().sweep(Part::Imports(election.election()), None, PAGE).await;
        let page = page.map_err(LoadError::from)?;
        let imports: std::collections::BTreeSet<_> = page.commits.iter().map(|commit| commit.stream).collect();
        if imports.len() >= MOST_IMPORTS { Err(Problem::refused(&ImportRejection::TooMany)) } else { Ok(()) }
    }
}
