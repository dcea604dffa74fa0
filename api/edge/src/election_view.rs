//! The election as its administrators and voters see it.

use photovote_domain::{
    CandidateId, CompetitionId, Election, ElectionId, PhotographId, Scale, Schedule,
    election::{Candidate, Competition, Picture, Status},
    photograph::{Pixels, RenditionType},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{schema, time::Moment};

/// An election. It holds no counts, so that its version tells everything about it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ElectionView {
    /// Its id, a ULID.
    #[schema(value_type = schema::Id)]
    pub id: ElectionId,
    /// Its name.
    #[schema(example = "Moon over the sea")]
    pub name: String,
    /// What there is to say about it.
    #[schema(required = true, example = "Taken this summer")]
    pub description: Option<String>,
    /// `draft`, `open`, `closing`, `closed`, `released` or `deleted`.
    #[schema(value_type = schema::Status)]
    pub status: Status,
    /// When it is planned to open.
    #[schema(value_type = Option<schema::Moment>, required = true)]
    pub opens_at: Option<Moment>,
    /// When voting ends of itself, or is planned to.
    #[schema(value_type = Option<schema::Moment>, required = true)]
    pub closes_at: Option<Moment>,
    /// The time zone in which that is planned: `AoE` (UTC-12), or a name of the IANA database.
    #[schema(required = true, example = "Europe/Berlin")]
    pub time_zone: Option<String>,
    /// The grades that voters may give.
    pub scale: ScaleView,
    /// The competitions, in the order in which they were added.
    pub competitions: Vec<CompetitionView>,
}

/// The grades that voters may give: the whole numbers from `min` to `max`.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct ScaleView {
    /// The lowest grade.
    #[schema(example = 1)]
    pub min: u8,
    /// The highest grade.
    #[schema(example = 5)]
    pub max: u8,
}

/// A competition: candidates that are ranked against each other.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CompetitionView {
    /// Its id, a ULID.
    #[schema(value_type = schema::Id)]
    pub id: CompetitionId,
    /// Its name.
    #[schema(example = "Moon over the sea")]
    pub name: String,
    /// What there is to say about it.
    #[schema(required = true, example = "Taken this summer")]
    pub description: Option<String>,
    /// The candidates, in the order in which they were added.
    pub candidates: Vec<CandidateView>,
}

/// A candidate: one photograph in one competition.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CandidateView {
    /// Its id, a ULID.
    #[schema(value_type = schema::Id)]
    pub id: CandidateId,
    /// Its name.
    #[schema(example = "Moon over the sea")]
    pub name: String,
    /// What there is to say about it.
    #[schema(required = true, example = "Taken this summer")]
    pub description: Option<String>,
    /// The picture.
    #[schema(required = true)]
    pub image: Option<ImageView>,
    /// Set if it takes no part in the ranking.
    #[schema(required = true)]
    pub disqualified: Option<DisqualifiedView>,
}

/// A candidate's picture. One that was uploaded has `photograph` and all that follows it; a link to another site has none of that.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImageView {
    /// Where it lies. Of an uploaded photograph: its largest JPEG.
    #[schema(example = "https://example.org/photos/moon.png")]
    pub url: String,
    /// What stands under it.
    #[schema(required = true, example = "Taken this summer")]
    pub caption: Option<String>,
    /// Which photograph it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Id>, nullable = false)]
    pub photograph: Option<PhotographId>,
    /// What it shows, for readers who do not see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "The full moon over a calm sea")]
    pub alt: Option<String>,
    /// The picture itself.
    #[serde(flatten)]
    #[schema(inline = false)]
    pub pixels: PixelsView,
}

/// The picture of an uploaded photograph that is ready. Otherwise all of it is missing.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct PixelsView {
    /// Its width in pixels, upright.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 6000)]
    pub width: Option<u32>,
    /// Its height in pixels, upright.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 4000)]
    pub height: Option<u32>,
    /// Its mean colour, to be shown until a rendition has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "#7a6f5d")]
    pub placeholder: Option<String>,
    /// The SHA-256 of the original.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: Option<String>,
    /// The files that show it, the smallest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub renditions: Vec<RenditionView>,
}

/// A file that shows a photograph. It never changes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RenditionView {
    /// Where it lies, on the host of the page.
    #[schema(example = "/photos/01ARZ3NDEKTSV4RRFFQ69G5FAV/01BX5ZZKBKACTAV9WEVGEMMVS0/9f86.jpg")]
    pub url: String,
    /// Its width in pixels.
    #[schema(example = 1280)]
    pub width: u32,
    /// Its height in pixels.
    #[schema(example = 853)]
    pub height: u32,
    /// `image/jpeg` or `image/webp`.
    #[schema(example = "image/webp")]
    pub media_type: &'static str,
    /// Its size in bytes.
    #[schema(example = 201_870)]
    pub bytes: u64,
    /// The SHA-256 of its bytes.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: String,
}

impl PixelsView {
    /// The view of an election's photograph.
    pub fn of(election: ElectionId, photograph: PhotographId, pixels: &Pixels) -> Self {
        let renditions = pixels.renditions.iter().map(|rendition| RenditionView {
            url: format!("/photos/{election}/{photograph}/{}", rendition.file_name()),
            width: rendition.width,
            height: rendition.height,
            media_type: rendition.media_type.media_type(),
            bytes: rendition.bytes,
            sha256: rendition.sha256.to_string(),
        });
        Self {
            width: Some(pixels.width),
            height: Some(pixels.height),
            placeholder: Some(pixels.placeholder.clone()),
            sha256: Some(pixels.sha256.to_string()),
            renditions: renditions.collect(),
        }
    }

    /// The largest JPEG, which every browser shows.
    fn url(&self) -> Option<&str> {
        let jpegs = self.renditions.iter().filter(|r| r.media_type == RenditionType::Jpeg.media_type());
        jpegs.max_by_key(|rendition| rendition.width).map(|rendition| rendition.url.as_str())
    }
}

impl ImageView {
    fn of(election: ElectionId, picture: &Picture) -> Self {
        match picture {
            Picture::Linked { caption, url } => {
                let (url, caption) = (url.clone(), caption.clone());
                Self { url, caption, photograph: None, alt: None, pixels: PixelsView::default() }
            }
            Picture::Uploaded { alt, caption, photograph, pixels } => {
                let pixels = PixelsView::of(election, *photograph, pixels);
                Self {
                    url: pixels.url().unwrap_or_default().to_owned(),
                    caption: caption.clone(),
                    photograph: Some(*photograph),
                    alt: alt.clone(),
                    pixels,
                }
            }
        }
    }
}

/// Why a candidate takes no part in the ranking.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DisqualifiedView {
    /// Why.
    #[schema(example = "Taken after the deadline")]
    pub reason: String,
}

impl ElectionView {
    /// The view of an election.
    pub fn of(id: ElectionId, election: &Election) -> Self {
        let schedule = election.schedule.as_ref();
        Self {
            id,
            name: election.name.clone(),
            description: election.description.clone(),
            status: election.status,
            opens_at: schedule.and_then(Schedule::opening_time).map(Moment),
            closes_at: election.closes_at.or_else(|| schedule.and_then(Schedule::closing_time)).map(Moment),
            time_zone: schedule.map(|schedule| schedule.time_zone.clone()),
            scale: election.scale.into(),
            competitions: election
                .competitions
                .iter()
                .map(|competition| CompetitionView::of(id, competition))
                .collect(),
        }
    }
}

impl From<Scale> for ScaleView {
    fn from(scale: Scale) -> Self {
        Self { min: scale.min(), max: scale.max() }
    }
}

impl CompetitionView {
    fn of(election: ElectionId, competition: &Competition) -> Self {
        Self {
            id: competition.id,
            name: competition.name.clone(),
            description: competition.description.clone(),
            candidates: competition.candidates.iter().map(|candidate| CandidateView::of(election, candidate)).collect(),
        }
    }
}

impl CandidateView {
    fn of(election: ElectionId, candidate: &Candidate) -> Self {
        Self {
            id: candidate.id,
            name: candidate.name.clone(),
            description: candidate.description.clone(),
            image: candidate.image.as_ref().map(|picture| ImageView::of(election, picture)),
            disqualified: candidate.disqualified.clone().map(|reason| DisqualifiedView { reason }),
        }
    }
}
