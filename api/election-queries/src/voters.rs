//! An election's voters, and how many of them have come.

use axum::{Json, extract::State, response::IntoResponse};
use photovote_coordination::Turnout;
use photovote_documents::VoterDocument;
use photovote_domain::{Version, VoterId};
use photovote_edge::{Administrator, Answer, Items, PageParameters, Parameters, Segments, schema};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, elections::place};

/// A voter.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VoterItem {
    /// The voter's id, a ULID.
    #[schema(value_type = schema::Id)]
    id: VoterId,
    /// The voter's name.
    #[schema(example = "Grace Hopper")]
    name: String,
    /// The voter's email address.
    #[schema(example = "ada@example.org")]
    email: String,
    /// The voter's version.
    #[schema(value_type = schema::Version)]
    version: Version,
}

impl From<VoterDocument> for VoterItem {
    fn from(voter: VoterDocument) -> Self {
        let VoterDocument { id, version, name, email, removed: _ } = voter;
        Self { id, name, email, version }
    }
}

/// How many have come.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TurnoutAnswer {
    /// Voters that are registered.
    #[schema(example = 200)]
    registered: u64,
    /// Ballots that were cast.
    #[schema(example = 150)]
    cast: u64,
}

/// Lists the voters of an election.
///
/// Every administrator of the election may call this. The list is in the order of the ids, and holds no ballot tokens. A new voter
/// can be missing for a moment.
#[utoipa::path(
    get, path = "/elections/{election}/voters", tag = "voters", operation_id = "list_voters", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), PageParameters),
    responses((status = OK, body = Items<VoterItem>, description = "A page of the list"))
)]
pub(crate) async fn list(State(app): State<App>, caller: Administrator, path: Segments, query: Parameters) -> Answer {
    let id = path.id("election")?;
    app.standing(&caller, id).await?;
    let list = format!("voters/{id}");
    let page = query.page(&list)?;
    let after = page.after.as_deref().map(place).transpose()?;
    let found = app.documents.voters(id, after, page.limit.into()).await?;
    let end = found.items.last().filter(|_| found.more).map(|last| last.id.to_string());
    let items = found.items.into_iter().map(VoterItem::from).collect();
    Ok(Json(Items::new(&list, items, end.as_deref())).into_response())
}

/// Shows how many voters have cast.
///
/// Every administrator of the election may call this, at any time. The numbers are those of this moment. They do not tell who has
/// cast.
#[utoipa::path(
    get, path = "/elections/{election}/turnout", tag = "results", operation_id = "show_turnout", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id")),
    responses((status = OK, body = TurnoutAnswer, description = "The turnout"))
)]
pub(crate) async fn turnout(State(app): State<App>, caller: Administrator, path: Segments) -> Answer {
    let id = path.id("election")?;
    let election = app.standing(&caller, id).await?;
    let Turnout { registered, cast } = app.control.turnout(id, election.shards).await?;
    Ok(Json(TurnoutAnswer { registered, cast }).into_response())
}
