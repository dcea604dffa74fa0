//! The competitions of a draft.

use axum::extract::State;
use photovote_commands::Submission;
use photovote_domain::{
    CompetitionId,
    election::{ElectionCommand, Role},
};
use photovote_edge::{
    Administrator, Answer, Changed, CommandHeaders, Created, Patch, Preconditions, Segments, created, optional,
    present, schema, value,
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{App, changed, elections::Nothing, existing};

/// A new competition.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCompetition {
    /// Its id, a ULID, if the client chooses it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Id>, nullable = false)]
    id: Option<CompetitionId>,
    /// Its name: 1 to 200 characters.
    #[schema(value_type = schema::Name)]
    name: String,
    /// What there is to say about it: at most 4,000 characters.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Description>, nullable = false)]
    description: Option<String>,
}

/// Adds a competition.
///
/// An editor of the election may call this, while the election is a draft. The answer has the competition's id and the election's
/// new version. Next, add candidates to it. `ETag` and `If-Match` are the election's.
#[utoipa::path(
    post, path = "/elections/{election}/competitions", tag = "competitions", operation_id = "add_competition", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), CommandHeaders, Preconditions), request_body = NewCompetition,
    responses((status = CREATED, body = Created, description = "The competition was added"))
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let history = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let election = history.stream().election();
    let (body, mut intent): (NewCompetition, _) = submission.read(&caller)?;
    let scope = format!("{election}/competition");
    let competition = intent.choose_id(body.id, &scope, history.secret(), app.store.environment());
    let command = ElectionCommand::AddCompetition {
        competition,
        name: value("name", &body.name)?,
        description: optional("description", body.description.as_deref())?,
    };
    let version = app.change(history, &intent, command, None).await?;
    let location = format!("/v1/elections/{election}/competitions/{competition}");
    Ok(created(&location, version, Created { id: competition.to_string(), version }))
}

/// What is to change in a competition.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompetitionPatch {
    /// A new name.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Name>, nullable = false)]
    name: Option<String>,
    /// A new description; `null` clears it.
    #[serde(default)]
    #[schema(value_type = Option<schema::Description>)]
    description: Patch<String>,
}

/// Changes a competition.
///
/// An editor of the election may call this, while the election is a draft. Fields that are left out stay as they are. `ETag` and
/// `If-Match` are the election's.
#[utoipa::path(
    patch, path = "/elections/{election}/competitions/{competition}", tag = "competitions", operation_id = "change_competition", security(("administrator" = [])),
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("competition" = schema::Id, Path, description = "The competition's id"),
        CommandHeaders,
        Preconditions,
    ),
    request_body = CompetitionPatch,
    responses((status = OK, body = Changed, description = "The election is at this version"))
)]
pub(crate) async fn change(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let history = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let competition = path.id("competition")?;
    let parse = || {
        let (body, intent): (CompetitionPatch, _) = submission.read(&caller)?;
        let name = optional("name", body.name.as_deref())?;
        let description = body.description.parse("description")?;
        Ok((intent, ElectionCommand::ChangeCompetition { competition, name, description }))
    };
    let (intent, command) = parse().map_err(existing(history.state(), competition, None))?;
    app.change(history, &intent, command, None).await.map(changed)
}

/// Removes a competition and its candidates.
///
/// An editor of the election may call this, while the election is a draft. `ETag` and `If-Match` are the election's.
#[utoipa::path(
    delete, path = "/elections/{election}/competitions/{competition}", tag = "competitions", operation_id = "remove_competition", security(("administrator" = [])),
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("competition" = schema::Id, Path, description = "The competition's id"),
        CommandHeaders,
        Preconditions,
    ),
    responses((status = OK, body = Changed, description = "The election is at this version"))
)]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let history = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let competition = path.id("competition")?;
    let (_, intent): (Nothing, _) = submission.read(&caller).map_err(existing(history.state(), competition, None))?;
    app.change(history, &intent, ElectionCommand::RemoveCompetition { competition }, None).await.map(changed)
}
