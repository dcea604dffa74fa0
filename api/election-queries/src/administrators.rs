//! Who administers an election.

use axum::{Json, extract::State, response::IntoResponse};
use photovote_domain::election::Role;
use photovote_edge::{Administrator, Answer, Items, PageParameters, Parameters, Segments, schema};
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

/// An administrator.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdministratorItem {
    /// Who it is: the `sub` of their JWT.
    #[schema(example = "auth0|123")]
    subject: String,
    /// `owner`, `editor` or `observer`.
    #[schema(value_type = schema::Role)]
    role: Role,
}

/// Lists the administrators of an election.
///
/// Every administrator of the election may call this. The list is in the order of the subjects.
#[utoipa::path(
    get, path = "/elections/{election}/administrators", tag = "administrators", operation_id = "list_administrators", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), PageParameters),
    responses((status = OK, body = Items<AdministratorItem>, description = "A page of the list"))
)]
pub(crate) async fn list(State(app): State<App>, caller: Administrator, path: Segments, query: Parameters) -> Answer {
    let id = path.id("election")?;
    let election = app.standing(&caller, id).await?;
    let list = format!("administrators/{id}");
    let page = query.page(&list)?;
    // All of them stand in one document: a page is cut out of it.
    let after = |subject: &str| page.after.as_deref().is_none_or(|last| last < subject);
    let mut rest = election.administrators.iter().filter(|(subject, _)| after(subject));
    let items = rest.by_ref().take(page.limit.into());
    let items: Vec<_> = items.map(|(subject, role)| AdministratorItem { subject: subject.to_owned(), role }).collect();
    let end = rest.next().and_then(|_more| items.last()).map(|last| last.subject.clone());
    Ok(Json(Items::new(&list, items, end.as_deref())).into_response())
}
