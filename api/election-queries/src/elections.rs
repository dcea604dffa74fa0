//! Elections: the caller's list of them, and each by itself.

use axum::{Json, extract::State, response::IntoResponse};
use photovote_documents::ElectionSummary;
use photovote_domain::{
    ElectionId, Language, Links, Version,
    election::{Invitation, Role, Status},
};
use photovote_edge::{
    Administrator, Answer, Code, ElectionView, Items, PageParameters, Parameters, Problem, Segments, VersionParameter,
    at_version, schema,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

/// An election in an administrator's list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ElectionItem {
    /// Its id, a ULID.
    #[schema(value_type = schema::Id)]
    id: ElectionId,
    /// Its name.
    #[schema(example = "Moon over the sea")]
    name: String,
    /// `draft`, `open`, `closing`, `closed` or `released`.
    #[schema(value_type = schema::Status)]
    status: Status,
    /// Its version.
    #[schema(value_type = schema::Version)]
    version: Version,
    /// The caller's role: `owner`, `editor` or `observer`.
    #[schema(value_type = schema::Role)]
    role: Role,
}

impl From<ElectionSummary> for ElectionItem {
    fn from(summary: ElectionSummary) -> Self {
        let ElectionSummary { id, name, status, version, role } = summary;
        Self { id, name, status, version, role }
    }
}

/// An organiser's own words in invitations.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitationView {
    /// The subject.
    #[schema(required = true, value_type = Option<schema::Name>)]
    subject: Option<String>,
    /// The introduction.
    #[schema(required = true, value_type = Option<schema::Description>)]
    text: Option<String>,
}

impl From<Invitation> for InvitationView {
    fn from(Invitation { subject, text }: Invitation) -> Self {
        Self { subject, text }
    }
}

/// An election and its version.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ElectionAnswer {
    /// The election.
    #[serde(flatten)]
    election: ElectionView,
    /// Who hands out the voters' links: `hand_out` or `invite`.
    #[schema(value_type = schema::Links)]
    links: Links,
    /// In which language PhotoVote writes to voters: `en`, `de`, `fr` or `es`.
    #[schema(value_type = schema::Language)]
    language: Language,
    /// The organiser's email address, to which voters reply.
    #[schema(required = true, example = "club@example.org")]
    contact: Option<String>,
    /// The organiser's own words in the mails that invite voters. What is `null` is as usual.
    invitation: InvitationView,
    /// Its version.
    #[schema(value_type = schema::Version)]
    version: Version,
}

/// Lists the caller's elections.
///
/// Any administrator may call this. It lists the elections that the caller administers, in the order of their ids. A new election
/// can be missing for a moment.
#[utoipa::path(
    get, path = "/elections", tag = "elections", operation_id = "list_elections", security(("administrator" = [])), params(PageParameters),
    responses((status = OK, body = Items<ElectionItem>, description = "A page of the list"))
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
    let malformed = || Problem::new(Code::MalformedCursor, "this is no cursor of this list").with_field("cursor");
    text.parse().map_err(|_not_an_id| malformed())
}

/// Shows an election.
///
/// Every administrator of the election may call this. The answer has competitions, candidates and the version. Send `min_version`
/// with the version that a command answered to see at least what it did.
#[utoipa::path(
    get, path = "/elections/{election}", tag = "elections", operation_id = "show_election", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), VersionParameter),
    responses((status = OK, body = ElectionAnswer, description = "The election"))
)]
pub(crate) async fn show(State(app): State<App>, caller: Administrator, path: Segments, query: Parameters) -> Answer {
    let id = path.id("election")?;
    let document = app.election(&caller, id, app.least(&caller, id, &query).await?).await?;
    let (of, version) = (document.election, document.version);
    let election = ElectionView::of(id, &of);
    let invitation = of.invitation.into();
    let (links, language, contact) = (of.links, of.language, of.contact);
    let answer = ElectionAnswer { election, links, language, contact, invitation, version };
    Ok(at_version(version, answer))
}
