//! An election's photographs, used or not.

use axum::{Json, extract::State, response::IntoResponse};
use photovote_documents::PhotographDocument;
use photovote_domain::{
    ElectionId, PhotographId, Version,
    photograph::{Photograph, PhotographRejection, Problem as Unusable, Status},
};
use photovote_edge::{
    Administrator, Answer, Items, PageParameters, Parameters, PixelsView, Problem, Segments, at_version, schema,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, elections::place};

/// A photograph.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PhotographItem {
    /// Its id, a ULID.
    #[schema(value_type = schema::Id)]
    id: PhotographId,
    /// The name of its file. Voters never see it.
    #[schema(example = "DSC_0042.jpg")]
    name: String,
    /// The size of its file, as it was announced.
    #[schema(example = 8_123_456)]
    bytes: u64,
    /// `awaiting_upload`, `processing`, `ready` or `refused`.
    status: PhotographStatus,
    /// Why it was refused.
    #[schema(required = true)]
    problem: Option<UnusableView>,
    /// The picture, once it is ready.
    #[serde(flatten)]
    #[schema(inline = false)]
    pixels: PixelsView,
    /// 16 hexadecimal digits, once it is ready. Photographs whose digits differ in at most 10 of 64 bits are probably the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "f0e1d2c3b4a59687")]
    likeness: Option<String>,
    /// Its version.
    #[schema(value_type = schema::Version)]
    version: Version,
}

/// Where a photograph is in its life.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PhotographStatus {
    /// Its upload is awaited.
    AwaitingUpload,
    /// Its original has arrived.
    Processing,
    /// It can be used.
    Ready,
    /// It cannot be shown.
    Refused,
}

/// Why a photograph cannot be shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnusableView {
    /// A stable name, in snake case.
    #[schema(example = "damaged")]
    code: String,
    /// What to do.
    #[schema(example = "The file is damaged or incomplete. Export the picture again as a JPEG.")]
    detail: String,
}

impl PhotographItem {
    fn of(election: ElectionId, document: PhotographDocument) -> Self {
        let PhotographDocument { id, version, photograph } = document;
        let Photograph { status, name, bytes, pixels, likeness, problem } = photograph;
        Self {
            id,
            name,
            bytes,
            status: match status {
                Status::Absent | Status::Requested => PhotographStatus::AwaitingUpload,
                Status::Processing => PhotographStatus::Processing,
                Status::Ready => PhotographStatus::Ready,
                Status::Refused | Status::Removed => PhotographStatus::Refused,
            },
            problem: problem.map(|Unusable { code, detail }| UnusableView { code, detail }),
            pixels: pixels.map_or_else(PixelsView::default, |pixels| PixelsView::of(election, id, &pixels)),
            likeness,
            version,
        }
    }
}

/// Lists the photographs of an election.
///
/// Every administrator of the election may call this. The list is in the order of the ids, and has photographs that no candidate
/// uses. A new photograph can be missing for a moment.
#[utoipa::path(
    get, path = "/elections/{election}/photographs", tag = "photographs", operation_id = "list_photographs", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), PageParameters),
    responses((status = OK, body = Items<PhotographItem>, description = "A page of the list"))
)]
pub(crate) async fn list(State(app): State<App>, caller: Administrator, path: Segments, query: Parameters) -> Answer {
    let id = path.id("election")?;
    app.standing(&caller, id).await?;
    let list = format!("photographs/{id}");
    let page = query.page(&list)?;
    let after = page.after.as_deref().map(place).transpose()?;
    let found = app.documents.photographs(id, after, page.limit.into()).await?;
    let end = found.items.last().filter(|_| found.more).map(|last| last.id.to_string());
    let items = found.items.into_iter().map(|document| PhotographItem::of(id, document)).collect();
    Ok(Json(Items::new(&list, items, end.as_deref())).into_response())
}

/// Shows a photograph.
///
/// Every administrator of the election may call this. After an upload, ask again each second until the photograph is `ready` or
/// `refused`. A new photograph can be missing for a moment.
#[utoipa::path(
    get, path = "/elections/{election}/photographs/{photograph}", tag = "photographs", operation_id = "show_photograph", security(("administrator" = [])),
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("photograph" = schema::Id, Path, description = "The photograph's id"),
    ),
    responses((status = OK, body = PhotographItem, description = "The photograph"))
)]
pub(crate) async fn show(State(app): State<App>, caller: Administrator, path: Segments) -> Answer {
    let id = path.id("election")?;
    app.standing(&caller, id).await?;
    let found = app.documents.photograph(id, path.id("photograph")?).await?;
    let document = found.ok_or_else(|| Problem::refused(&PhotographRejection::NotFound))?;
    Ok(at_version(document.version, PhotographItem::of(id, document)))
}
