//! The results of an election, as JSON and as a table.

use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use photovote_domain::{ElectionId, Scale};
use photovote_edge::{
    Administrator, Answer, Code, Parameters, Problem, ResultsView, Segments, VersionParameter, schema,
};

use crate::{App, sheet::Sheet};

/// Shows the results of a closed election.
///
/// Every administrator of the election may call this, once it is closed. Right after the close the ballots are counted:
/// then `status` is `counting`, and the request is to be repeated after a second. With `status` `final` every cast ballot is counted,
/// once.
#[utoipa::path(
    get, path = "/elections/{election}/results", tag = "results", operation_id = "show_results", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), VersionParameter),
    responses((status = OK, body = ResultsView, description = "The results, or how far the counting is"))
)]
pub(crate) async fn show(State(app): State<App>, caller: Administrator, path: Segments, query: Parameters) -> Answer {
    let id = path.id("election")?;
    Ok(Json(app.results(&caller, id, &query).await?.1).into_response())
}

/// Downloads the final results as a table.
///
/// Every administrator of the election may call this, once it is closed. The table is CSV (RFC 4180) with one row for each
/// candidate. It begins with a byte order mark (U+FEFF), by which spreadsheets know that it is UTF-8. A cell that a spreadsheet
/// would take for a formula has an apostrophe before it. While ballots are being counted the answer is 503 with `counting`: repeat the request after `Retry-After` seconds.
#[utoipa::path(
    get, path = "/elections/{election}/results.csv", tag = "results", operation_id = "show_results_sheet", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), VersionParameter),
    responses(
        (status = OK, body = String, content_type = "text/csv; charset=utf-8", description = "The table, with a header row", example = "\u{feff}competition_id,competition,…\r\n01ARZ3NDEKTSV4RRFFQ69G5FAV,Nature,…\r\n")
    )
)]
pub(crate) async fn sheet(State(app): State<App>, caller: Administrator, path: Segments, query: Parameters) -> Answer {
    let id = path.id("election")?;
    let (scale, results) = app.results(&caller, id, &query).await?;
    match results {
        ResultsView::Final(results) => {
            let table = Sheet::of(&results, scale).into_csv().map_err(|error| {
                tracing::error!(%error, "a table cannot be written");
                Problem::internal()
            })?;
            Ok(attachment(id, table))
        }
        ResultsView::Counting(so_far) => {
            let detail = format!("{} of {} ballots are counted: try again", so_far.counted, so_far.cast);
            Err(Problem::unavailable(Code::Counting, detail, 1))
        }
    }
}

impl App {
    /// An election's scale and its results, or how far the counting is.
    async fn results(
        &self,
        caller: &Administrator,
        id: ElectionId,
        query: &Parameters,
    ) -> Answer<(Scale, ResultsView)> {
        let least = self.least(caller, id, query).await?;
        let (document, tally) = self.election_and_tally(caller, id, least).await?;
        let election = &document.election;
        let counting = tally.is_none() && election.casts.is_some();
        let so_far = if counting { self.documents.counted_so_far(id).await? } else { 0 };
        Ok((election.scale, ResultsView::of(id, election, tally.as_ref(), so_far)?))
    }
}

fn attachment(id: ElectionId, table: Vec<u8>) -> Response {
    let name = format!("attachment; filename=\"results-{id}.csv\"");
    ([(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, name)], table).into_response()
}
