//! The candidates of a draft, and taking one out of the ranking later.

use axum::extract::State;
use photovote_commands::Submission;
use photovote_domain::{
    AlternativeText, CandidateId, Caption, Election, Image, ImageUrl, Photograph, PhotographId, Reason,
    election::{ElectionCommand, Role},
};
use photovote_edge::{
    Administrator, Answer, Changed, CommandHeaders, Created, Patch, Preconditions, Problem, Segments, created,
    invalid_value, optional, present, schema, value,
};
use photovote_events::{History, Stream};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{App, changed, elections::Nothing, existing};

/// A candidate's picture, as it is sent. The API's document has two shapes for it, which give worse errors.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImageBody {
    #[serde(default, deserialize_with = "present")]
    url: Option<String>,
    #[serde(default, deserialize_with = "present")]
    photograph: Option<PhotographId>,
    #[serde(default, deserialize_with = "present")]
    caption: Option<String>,
    #[serde(default, deserialize_with = "present")]
    alt: Option<String>,
}

/// A candidate's picture: the address of a picture that lies somewhere else, or an uploaded photograph.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes what `ImageBody` reads")]
enum CandidateImage {
    Linked(LinkedImage),
    Uploaded(UploadedImage),
}

/// A picture that lies somewhere else.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it describes what `ImageBody` reads")]
struct LinkedImage {
    /// Where it lies: an https URL of at most 2,048 characters. http is accepted to a loopback host.
    #[schema(value_type = schema::ImageUrl)]
    url: String,
    /// What stands under it: 1 to 500 characters.
    #[serde(default)]
    #[schema(value_type = Option<schema::ImageCaption>, nullable = false)]
    caption: Option<String>,
}

/// A photograph that was uploaded.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it describes what `ImageBody` reads")]
struct UploadedImage {
    /// The id of a photograph of the election that is ready.
    #[schema(value_type = schema::Id)]
    photograph: PhotographId,
    /// What stands under it: 1 to 500 characters.
    #[serde(default)]
    #[schema(value_type = Option<schema::ImageCaption>, nullable = false)]
    caption: Option<String>,
    /// What it shows, for readers who do not see it: 1 to 1,000 characters.
    #[serde(default)]
    #[schema(value_type = Option<schema::AlternativeText>, nullable = false)]
    alt: Option<String>,
}

/// A candidate's picture, parsed.
enum NewImage {
    Linked { url: ImageUrl, caption: Option<Caption> },
    Uploaded { photograph: PhotographId, caption: Option<Caption>, alt: Option<AlternativeText> },
}

impl ImageBody {
    fn parse(self) -> Result<NewImage, Problem> {
        let caption = optional("image.caption", self.caption.as_deref())?;
        let alt = optional("image.alt", self.alt.as_deref())?;
        match (self.url, self.photograph) {
            (Some(url), None) if alt.is_none() => Ok(NewImage::Linked { url: value("image.url", &url)?, caption }),
            (Some(_), None) => Err(invalid_value("image.alt", &"belongs to a photograph")),
            (None, Some(photograph)) => Ok(NewImage::Uploaded { photograph, caption, alt }),
            _ => Err(invalid_value("image", &"has to have either url or photograph")),
        }
    }
}

/// A new candidate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCandidate {
    /// Its id, a ULID, if the client chooses it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Id>, nullable = false)]
    id: Option<CandidateId>,
    /// Its name: 1 to 200 characters.
    #[schema(value_type = schema::Name)]
    name: String,
    /// What there is to say about it: at most 4,000 characters.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Description>, nullable = false)]
    description: Option<String>,
    /// The picture.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<CandidateImage>, nullable = false)]
    image: Option<ImageBody>,
}

/// Adds a candidate to a competition.
///
/// An editor of the election may call this, while the election is a draft. A candidate is one photograph: an uploaded
/// one, or an address that PhotoVote does not load. The answer has the candidate's id and the election's new version. `ETag` and
/// `If-Match` are the election's.
#[utoipa::path(
    post, path = "/elections/{election}/competitions/{competition}/candidates", tag = "candidates", operation_id = "add_candidate", security(("administrator" = [])),
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("competition" = schema::Id, Path, description = "The competition's id"),
        CommandHeaders,
        Preconditions,
    ),
    request_body = NewCandidate,
    responses((status = CREATED, body = Created, description = "The candidate was added"))
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let history = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let (election, competition) = (history.stream().election(), path.id("competition")?);
    let parse = || {
        let (body, mut intent): (NewCandidate, _) = submission.read(&caller)?;
        let scope = format!("{election}/{competition}/candidate");
        let candidate = intent.choose_id(body.id, &scope, history.secret(), app.store.environment());
        let name = value("name", &body.name)?;
        let description = optional("description", body.description.as_deref())?;
        let image = body.image.map(ImageBody::parse).transpose()?;
        Ok((intent, candidate, name, description, image))
    };
    let (intent, candidate, name, description, image) =
        parse().map_err(existing(history.state(), competition, None))?;
    let (image, used) = app.image(&history, image).await?;
    let command = ElectionCommand::AddCandidate { competition, candidate, name, description, image };
    let version = app.change_using(history, &intent, command, None, used.as_ref()).await?;
    let location = format!("/v1/elections/{election}/competitions/{competition}/candidates/{candidate}");
    Ok(created(&location, version, Created { id: candidate.to_string(), version }))
}

/// What is to change in a candidate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CandidatePatch {
    /// A new name.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Name>, nullable = false)]
    name: Option<String>,
    /// A new description; `null` clears it.
    #[serde(default)]
    #[schema(value_type = Option<schema::Description>)]
    description: Patch<String>,
    /// A new picture; `null` takes it away.
    #[serde(default)]
    #[schema(value_type = Option<CandidateImage>)]
    image: Patch<ImageBody>,
}

/// Changes a candidate.
///
/// An editor of the election may call this, while the election is a draft. Fields that are left out stay as they are. `ETag` and
/// `If-Match` are the election's.
#[utoipa::path(
    patch, path = "/elections/{election}/competitions/{competition}/candidates/{candidate}", tag = "candidates", operation_id = "change_candidate", security(("administrator" = [])),
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("competition" = schema::Id, Path, description = "The competition's id"),
        ("candidate" = schema::Id, Path, description = "The candidate's id"),
        CommandHeaders,
        Preconditions,
    ),
    request_body = CandidatePatch,
    responses((status = OK, body = Changed, description = "The election is at this version"))
)]
pub(crate) async fn change(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let history = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let (competition, candidate) = (path.id("competition")?, path.id("candidate")?);
    let parse = || {
        let (body, intent): (CandidatePatch, _) = submission.read(&caller)?;
        let name = optional("name", body.name.as_deref())?;
        let description = body.description.parse("description")?;
        let image = body.image.map(ImageBody::parse)?;
        Ok((intent, name, description, image))
    };
    let (intent, name, description, image) =
        parse().map_err(existing(history.state(), competition, Some(candidate)))?;
    let (image, used) = match image {
        None => (None, None),
        Some(image) => {
            let (image, used) = app.image(&history, image).await?;
            (Some(image), used)
        }
    };
    let command = ElectionCommand::ChangeCandidate { competition, candidate, name, description, image };
    app.change_using(history, &intent, command, None, used.as_ref()).await.map(changed)
}

impl App {
    /// The picture that a candidate gets. A photograph comes with its stream, which must not move until the candidate has it.
    async fn image(
        &self,
        election: &History<Election>,
        image: Option<NewImage>,
    ) -> Answer<(Option<Image>, Option<History<Photograph>>)> {
        match image {
            None => Ok((None, None)),
            Some(NewImage::Linked { url, caption }) => Ok((Some(Image::Linked { url, caption }), None)),
            Some(NewImage::Uploaded { photograph, caption, alt }) => {
                let stream = Stream::Photograph(election.stream().election(), photograph);
                let history: History<Photograph> = self.store.reader().load(stream).await?;
                let pixels = history.state().usable().map_err(|refused| Problem::refused(&refused))?.clone();
                let image = Image::Uploaded { photograph, pixels, caption, alt };
                Ok((Some(image), Some(history)))
            }
        }
    }
}

/// Removes a candidate.
///
/// An editor of the election may call this, while the election is a draft. In an open election, disqualify the candidate instead.
/// `ETag` and `If-Match` are the election's.
#[utoipa::path(
    delete, path = "/elections/{election}/competitions/{competition}/candidates/{candidate}", tag = "candidates", operation_id = "remove_candidate", security(("administrator" = [])),
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("competition" = schema::Id, Path, description = "The competition's id"),
        ("candidate" = schema::Id, Path, description = "The candidate's id"),
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
    let (competition, candidate) = (path.id("competition")?, path.id("candidate")?);
    let form = submission.read(&caller);
    let (_, intent): (Nothing, _) = form.map_err(existing(history.state(), competition, Some(candidate)))?;
    app.change(history, &intent, ElectionCommand::RemoveCandidate { competition, candidate }, None).await.map(changed)
}

/// Why a candidate is disqualified.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Disqualification {
    /// The reason, which everybody sees: 1 to 500 characters.
    #[schema(value_type = schema::Reason)]
    reason: String,
}

/// Takes a candidate out of the ranking.
///
/// An editor of the election may call this, while the election is open or closed. The ratings are kept; the results list the
/// candidate apart, with the reason. This cannot be undone.
#[utoipa::path(
    post, path = "/elections/{election}/competitions/{competition}/candidates/{candidate}/disqualify", tag = "candidates", operation_id = "disqualify_candidate", security(("administrator" = [])),
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("competition" = schema::Id, Path, description = "The competition's id"),
        ("candidate" = schema::Id, Path, description = "The candidate's id"),
        CommandHeaders,
        Preconditions,
    ),
    request_body = Disqualification,
    responses((status = OK, body = Changed, description = "The candidate is disqualified"))
)]
pub(crate) async fn disqualify(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let history = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let (competition, candidate) = (path.id("competition")?, path.id("candidate")?);
    let parse = || {
        let (body, intent): (Disqualification, _) = submission.read(&caller)?;
        Ok((intent, value::<Reason>("reason", &body.reason)?))
    };
    let (intent, reason) = parse().map_err(existing(history.state(), competition, Some(candidate)))?;
    let why = Some(reason.to_string());
    let command = ElectionCommand::DisqualifyCandidate { competition, candidate, reason };
    app.change(history, &intent, command, why).await.map(changed)
}
