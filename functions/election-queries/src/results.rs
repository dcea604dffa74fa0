//! The results of an election, as JSON and as a table.

use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use photovote_domain::ElectionId;
use photovote_http::{
    Administrator, Answer, Parameters, Problem, QueryProblems, ResultsView, Segments, VersionParameter,
};

use crate::{App, sheet::Sheet};

/// Shows the results of an election that is closed; while ballots are being counted, how many.
#[utoipa::path(
    get, path = "/elections/{election}/results", tag = "results", operation_id = "show_results", security(("administrator" = [])),
    params(("election" = String, Path, description = "The election's id"), VersionParameter),
    responses((status = OK, body = ResultsView, description = "The results, or how far the counting is"), QueryProblems)
)]
pub(crate) async fn show(State(app): State<App>, caller: Administrator, path: Segments, query: Parameters) -> Answer {
    let id = path.id("election")?;
    let (document, tally) = app.election_and_tally(&caller, id, app.least(&caller, id, &query).await?).await?;
    Ok(Json(ResultsView::of(id, &document.election, &tally)?).into_response())
}

/// Downloads the final results as a table (RFC 4180), one row for each candidate. While ballots are being counted it is
/// not available.
///
/// A cell that a spreadsheet would take for a formula has an apostrophe before it.
#[utoipa::path(
    get, path = "/elections/{election}/results.csv", tag = "results", operation_id = "show_results_sheet", security(("administrator" = [])),
    params(("election" = String, Path, description = "The election's id"), VersionParameter),
    responses(
        (status = OK, body = String, content_type = "text/csv; charset=utf-8", description = "The table"),
        QueryProblems,
    )
)]
pub(crate) async fn sheet(State(app): State<App>, caller: Administrator, path: Segments, query: Parameters) -> Answer {
    let id = path.id("election")?;
    let (document, tally) = app.election_and_tally(&caller, id, app.least(&caller, id, &query).await?).await?;
    match ResultsView::of(id, &document.election, &tally)? {
        ResultsView::Final(results) => {
            let table = Sheet::of(&results, document.election.scale).into_csv().map_err(|error| {
                tracing::error!(%error, "a table cannot be written");
                Problem::internal()
            })?;
            Ok(attachment(id, table))
        }
        ResultsView::Counting(so_far) => {
            let detail = format!("{} of {} ballots are counted: try again", so_far.counted, so_far.cast);
            Err(Problem::unavailable("counting", detail, 1))
        }
    }
}

fn attachment(id: ElectionId, table: Vec<u8>) -> Response {
    let name = format!("attachment; filename=\"results-{id}.csv\"");
    ([(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, name)], table).into_response()
}
