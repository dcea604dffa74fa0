//! Imports of lists of voters, as they are: from the events, and what the importer notes while they go on.

use std::{collections::BTreeMap, fmt::Write as _};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use photovote_coordination::imports::{FoundColumn, Known, RejectedRow, RejectedSample, SampleRow};
use photovote_domain::{
    Aggregate, Election, ElectionId, Import, ImportId, Version,
    election::Role,
    import::{Columns, Counts, ImportRejection, Status},
};
use photovote_edge::{Administrator, Answer, Items, PageParameters, Parameters, Problem, Segments, at_version, schema};
use photovote_events::{EventReader, History, LoadError, Part, Stream};
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

/// How many commits are read at once.
const PAGE: u16 = 1_000;
/// How a text says that it is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{FEFF}";

/// An import of a list of voters.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportView {
    /// Its id, a ULID.
    #[schema(value_type = schema::Id)]
    id: String,
    /// The name of the file.
    #[schema(value_type = schema::Name)]
    name: String,
    /// Where it is in its life.
    #[schema(value_type = schema::ImportStatus)]
    status: StatusView,
    /// Why the file was refused, or why the import ended before all rows were looked at.
    #[schema(required = true)]
    problem: Option<ImportProblemView>,
    /// The columns of the file, while the import goes on.
    #[schema(required = true)]
    columns: Option<ColumnsView>,
    /// How many rows came to what.
    counts: CountsView,
    /// The first rows that name voters, until the import has ended: at most 20.
    sample: Vec<SampleView>,
    /// The first rows that name none, until the import has ended: at most 20.
    rejected: Vec<RejectedView>,
    /// The version that its stream has come to.
    #[schema(value_type = schema::Version)]
    version: Version,
}

/// An import in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportEntry {
    /// Its id, a ULID.
    #[schema(value_type = schema::Id)]
    id: String,
    /// The name of the file.
    #[schema(value_type = schema::Name)]
    name: String,
    /// Where it is in its life.
    #[schema(value_type = schema::ImportStatus)]
    status: StatusView,
    /// Why the file was refused, or why the import ended before all rows were looked at.
    #[schema(required = true)]
    problem: Option<ImportProblemView>,
    /// How many rows came to what. While voters are registered, `imported` is 0 here.
    counts: CountsView,
    /// The version that its stream has come to.
    #[schema(value_type = schema::Version)]
    version: Version,
}

/// Where an import is in its life.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum StatusView {
    AwaitingUpload,
    Reading,
    Ready,
    Refused,
    Importing,
    Done,
    Undoing,
    Undone,
}

/// A reason that concerns a file.
#[derive(Debug, Serialize, ToSchema)]
struct ImportProblemView {
    /// A stable name.
    #[schema(example = "no_addresses")]
    code: String,
    /// A sentence that says what to do.
    #[schema(example = "No column holds email addresses.")]
    detail: String,
}

/// The columns of a file.
#[derive(Debug, Serialize, ToSchema)]
struct ColumnsView {
    /// The visible sheets of a workbook. Others have none.
    #[schema(example = json!(["Members"]))]
    sheets: Vec<String>,
    /// All columns, in their order. Of those after the first 100, no samples are shown.
    all: Vec<ColumnView>,
    /// Those that hold names and addresses.
    chosen: ChosenView,
}

/// A column of a file.
#[derive(Debug, Serialize, ToSchema)]
struct ColumnView {
    /// Its header, or its letters as a spreadsheet counts.
    #[schema(example = "E-Mail")]
    name: String,
    /// Some of its cells.
    #[schema(example = json!(["grace@example.org"]))]
    samples: Vec<String>,
}

/// Columns, counted from 0.
#[derive(Debug, Serialize, ToSchema)]
struct ChosenView {
    /// The column of whole names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 1)]
    name: Option<u32>,
    /// The column of first names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 0)]
    first_name: Option<u32>,
    /// The column of last names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 1)]
    last_name: Option<u32>,
    /// The column of email addresses.
    #[schema(example = 2)]
    email: u32,
    /// The sheet of a workbook.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 0)]
    sheet: Option<u32>,
}

/// How many rows came to what.
#[derive(Debug, Serialize, ToSchema)]
struct CountsView {
    /// Rows below the header that are not blank.
    #[schema(value_type = schema::Count)]
    rows: u32,
    /// Rows whose address no voter had when the file was read.
    #[schema(value_type = schema::Count)]
    new: u32,
    /// Rows whose address another voter has.
    #[schema(value_type = schema::Count)]
    already: u32,
    /// Rows that name no voter.
    #[schema(value_type = schema::Count)]
    rejected: u32,
    /// Voters that the import has registered, less those whom its undoing has removed.
    #[schema(value_type = schema::Count)]
    imported: u32,
}

/// A row that names a voter.
#[derive(Debug, Serialize, ToSchema)]
struct SampleView {
    /// Its number as a spreadsheet counts.
    #[schema(example = 2)]
    row: u32,
    /// The name.
    #[schema(example = "Grace Hopper")]
    name: String,
    /// The address.
    #[schema(example = "grace@example.org")]
    email: String,
}

/// A row that names no voter.
#[derive(Debug, Serialize, ToSchema)]
struct RejectedView {
    /// Its number as a spreadsheet counts.
    #[schema(example = 7)]
    row: u32,
    /// The reason, for programs.
    #[schema(example = "no_address")]
    code: String,
    /// The reason, for people.
    #[schema(example = "The row has no email address.")]
    detail: String,
    /// The name as it is written, shortened to 60 characters.
    #[schema(example = "Grace Hopper")]
    name: String,
    /// What stands in the place of the address, shortened to 60 characters.
    #[schema(example = "grace at example.org")]
    email: String,
}

impl From<Status> for StatusView {
    fn from(status: Status) -> Self {
        match status {
            Status::Absent | Status::Requested => Self::AwaitingUpload,
            Status::Reading => Self::Reading,
            Status::Ready => Self::Ready,
            Status::Refused => Self::Refused,
            Status::Importing => Self::Importing,
            Status::Done => Self::Done,
            Status::Undoing => Self::Undoing,
            Status::Undone => Self::Undone,
        }
    }
}

impl From<Counts> for CountsView {
    fn from(counts: Counts) -> Self {
        let Counts { rows, new, already, rejected, imported } = counts;
        Self { rows, new, already, rejected, imported }
    }
}

impl From<SampleRow> for SampleView {
    fn from(row: SampleRow) -> Self {
        let SampleRow { row, name, email } = row;
        Self { row, name, email }
    }
}

impl From<RejectedSample> for RejectedView {
    fn from(sample: RejectedSample) -> Self {
        let RejectedSample { row: RejectedRow { row, code, detail }, name, email } = sample;
        Self { row, code, detail, name, email }
    }
}

impl From<FoundColumn> for ColumnView {
    fn from(column: FoundColumn) -> Self {
        let FoundColumn { name, samples } = column;
        Self { name, samples }
    }
}

impl From<Columns> for ChosenView {
    fn from(columns: Columns) -> Self {
        let Columns { email, first_name, last_name, name, sheet } = columns;
        Self { name, first_name, last_name, email, sheet }
    }
}

fn problem(import: &Import) -> Option<ImportProblemView> {
    let problem = import.problem.clone()?;
    Some(ImportProblemView { code: problem.code, detail: problem.detail })
}

impl ImportView {
    fn of(history: &History<Import>, id: ImportId, known: Known) -> Self {
        let import = history.state();
        let mut counts = import.counts;
        let progress = known.progress;
        match import.status {
            Status::Importing => counts.imported = progress.imported,
            Status::Undoing => counts.imported = counts.imported.saturating_sub(progress.removed),
            _ => {}
        }
        let shown = known.findings.filter(|_| matches!(import.status, Status::Ready | Status::Importing));
        let (columns, sample, rejected) = match shown {
            None => (None, Vec::new(), Vec::new()),
            Some(findings) => {
                let shown = findings.shown;
                let all = shown.columns.into_iter().map(Into::into).collect();
                let columns = ColumnsView { sheets: shown.sheets, all, chosen: findings.columns.into() };
                let sample = shown.sample.into_iter().map(Into::into).collect();
                (Some(columns), sample, shown.rejected.into_iter().map(Into::into).collect())
            }
        };
        Self {
            id: id.to_string(),
            name: import.name.clone(),
            status: import.status.into(),
            problem: problem(import),
            columns,
            counts: counts.into(),
            sample,
            rejected,
            version: history.version(),
        }
    }
}

/// Lists the imports of an election, the oldest id first.
///
/// Every administrator of the election may call this.
#[utoipa::path(
    get, path = "/elections/{election}/imports", tag = "imports", operation_id = "list_imports", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), PageParameters),
    responses((status = OK, body = Items<ImportEntry>, description = "A page of the imports"))
)]
pub(crate) async fn list(State(app): State<App>, caller: Administrator, path: Segments, query: Parameters) -> Answer {
    let id: ElectionId = path.id("election")?;
    app.seen_by(&caller, id).await?;
    let list = format!("imports/{id}");
    let page = query.page(&list)?;
    let imports = all(&app.reader, id).await?;
    let after = |import: &ImportId| page.after.as_ref().is_none_or(|after| import.to_string() > *after);
    let mut rest = imports.into_iter().filter(|(import, _)| after(import));
    let entry = |(import, (state, version)): (ImportId, (Import, Version))| ImportEntry {
        id: import.to_string(),
        name: state.name.clone(),
        status: state.status.into(),
        problem: problem(&state),
        counts: state.counts.into(),
        version,
    };
    let items: Vec<_> = rest.by_ref().take(page.limit.into()).map(entry).collect();
    let end = items.last().map(|last| last.id.clone()).filter(|_| rest.next().is_some());
    Ok(Json(Items::new(&list, items, end.as_deref())).into_response())
}

/// Shows an import.
///
/// Every administrator of the election may call this. The answer shows some rows of the file, until the import has ended.
#[utoipa::path(
    get, path = "/elections/{election}/imports/{import}", tag = "imports", operation_id = "show_import", security(("administrator" = [])),
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("import" = schema::Id, Path, description = "The import's id"),
    ),
    responses((status = OK, body = ImportView, description = "The import"))
)]
pub(crate) async fn show(State(app): State<App>, caller: Administrator, path: Segments) -> Answer {
    let id: ElectionId = path.id("election")?;
    app.seen_by(&caller, id).await?;
    let import: ImportId = path.id("import")?;
    let history = app.import(id, import).await?;
    let known = match history.state().status {
        Status::Ready | Status::Importing | Status::Undoing => app.control.import(id, import).await?,
        _ => Known::default(),
    };
    Ok(at_version(history.version(), ImportView::of(&history, import, known)))
}

/// Shows the rows of an import that name no voter, as a table.
///
/// Every administrator of the election may call this, until the import has ended. The table is a CSV file (RFC 4180) in UTF-8 with a
/// byte order mark, so that Excel opens it. It has at most 40,000 rows.
#[utoipa::path(
    get, path = "/elections/{election}/imports/{import}/rejected.csv", tag = "imports", operation_id = "show_rejected_rows", security(("administrator" = [])),
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("import" = schema::Id, Path, description = "The import's id"),
    ),
    responses(
        (status = OK, body = String, content_type = "text/csv; charset=utf-8", description = "The table, with a header row", example = "\u{feff}row,code,reason\r\n7,no_address,\"The row has no email address.\"\r\n")
    )
)]
pub(crate) async fn rejected(State(app): State<App>, caller: Administrator, path: Segments) -> Answer {
    let id: ElectionId = path.id("election")?;
    app.seen_by(&caller, id).await?;
    let import: ImportId = path.id("import")?;
    app.import(id, import).await?;
    let rows = app.control.rejected_rows(id, import).await?;
    let mut table = format!("{BYTE_ORDER_MARK}row,code,reason\r\n");
    for RejectedRow { row, code, detail } in &rows {
        // Codes are plain words, and reasons our own sentences.
        let quoted = detail.replace('"', "\"\"");
        // Writing to a string never fails.
        let _ = write!(table, "{row},{code},\"{quoted}\"\r\n");
    }
    let name = format!("attachment; filename=\"rejected-{import}.csv\"");
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, name)];
    let answer: Response = (headers, table).into_response();
    Ok(answer)
}

impl App {
    /// Refuses a caller who may not see the election.
    async fn seen_by(&self, caller: &Administrator, id: ElectionId) -> Answer<()> {
        let election: History<Election> = self.reader.load(Stream::Election(id)).await?;
        let admitted = election.state().administrators.admit(&caller.subject, Role::Observer);
        admitted.map_err(|refused| Problem::refused(&refused))
    }

    /// An import of an election.
    async fn import(&self, election: ElectionId, import: ImportId) -> Answer<History<Import>> {
        let history: History<Import> = self.reader.load(Stream::Import(election, import)).await?;
        match history.state().status {
            Status::Absent => Err(Problem::refused(&ImportRejection::NotFound)),
            _ => Ok(history),
        }
    }
}

/// All imports of an election, as their streams say.
async fn all(reader: &EventReader, election: ElectionId) -> Answer<BTreeMap<ImportId, (Import, Version)>> {
    let mut imports: BTreeMap<ImportId, (Import, Version)> = BTreeMap::new();
    let mut after = None;
    loop {
        let page =
            reader.sweep(Part::Imports(election), after.as_ref(), PAGE).await.map_err(LoadError::from)?.intact()?;
        // A partition is read in the order of its streams and their versions.
        for commit in &page.commits {
            let Stream::Import(_, id) = commit.stream else { continue };
            let (state, version) = imports.entry(id).or_default();
            for event in commit.decode::<Import>().map_err(LoadError::from)? {
                *state = std::mem::take(state).evolve(&event);
            }
            *version = commit.last();
        }
        after = page.next;
        if after.is_none() {
            return Ok(imports);
        }
    }
}
