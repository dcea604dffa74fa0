//! Elections: the caller's list of them, and each by itself.

use axum::{Json, extract::State, response::IntoResponse};
use photovote_domain::{
    ElectionId, Version,
    election::{Role, Status},
};
use photovote_http::{
    Administrator, Answer, ElectionView, Items, PageParameters, Parameters, Problem, QueryProblems, Segments,
    VersionParameter, at_version,
};
use photovote_projections::ElectionSummary;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

/// An election in an administrator's list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ElectionItem {
    /// Its id, a ULID.
    #[schema(value_type = String)]
    id: ElectionId,
    /// Its name.
    name: String,
    /// `draft`, `open`, `closing`, `closed` or `released`.
    #[schema(value_type = String)]
    status: Status,
    /// Its version.
    #[schema(value_type = u64, example = 17)]
    version: Version,
    /// The caller's role: `owner`, `editor` or `observer`.
    #[schema(value_type = String, example = "owner")]
    role: Role,
}

impl From<ElectionSummary> for ElectionItem {
    fn from(summary: ElectionSummary) -> Self {
        let ElectionSummary { id, name, status, version, role } = summary;
        Self { id, name, status, version, role }
    }
}

/// An election and its version.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ElectionAnswer {
    /// The election.
    #[serde(flatten)]
    election: ElectionView,
    /// Its version.
    #[schema(value_type = u64, example = 17)]
    version: Version,
}

/// Lists the elections that the caller administers, in the order of their ids.
#[utoipa::path(
    get, path = "/elections", tag = "elections", operation_id = "list_elections", security(("administrator" = [])), params(PageParameters),
    responses((status = OK, body = Items<ElectionItem>, description = "A page of the list"), QueryProblems)
)]
pub(crate) async fn list(State(app): State<App>, caller: Administrator, query: Parameters) -> Answer {
    let page = query.page("elections")?;
    let after = page.after.as_deref().map(place).transpose()?;
    let found = app.documents.elections_of(&caller.subject, after, page.limit.into()).await?;
    let end = found.items.last().filter(|_| found.more).map(|last| last.id.to_string());
    let items = found.items.into_iter().map(ElectionItem::from).collect();
    Ok(Json(Items::new("elections", items, end.as_deref())).into_response())
}

/// The id that a cursor ends at. It comes from outside.
pub(crate) fn place<T: std::str::FromStr>(text: &str) -> Answer<T> {
    let malformed = || Problem::malformed("malformed_cursor", "this is no cursor of this list").with_field("cursor");
    text.parse().map_err(|_not_an_id| malformed())
}

/// Shows an election.
#[utoipa::path(
    get, path = "/elections/{election}", tag = "elections", operation_id = "show_election", security(("administrator" = [])),
    params(("election" = String, Path, description = "The election's id"), VersionParameter),
    responses((status = OK, body = ElectionAnswer, description = "The election"), QueryProblems)
)]
pub(crate) async fn show(State(app): State<App>, caller: Administrator, path: Segments, query: Parameters) -> Answer {
    let id = path.id("election")?;
    let document = app.election(&caller, id, app.least(&caller, id, &query).await?).await?;
    let (election, version) = (ElectionView::of(id, &document.election), document.version);
    Ok(at_version(version, ElectionAnswer { election, version }))
}
