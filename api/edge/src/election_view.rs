//! The election as its administrators and voters see it.

use photovote_domain::{
    CandidateId, CompetitionId, Election, ElectionId, Scale,
    election::{Candidate, Competition, Status},
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
    /// When voting ends of itself.
    #[schema(value_type = Option<schema::Moment>, required = true)]
    pub closes_at: Option<Moment>,
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

/// A candidate's picture.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImageView {
    /// Where it lies.
    #[schema(example = "https://example.org/photos/moon.png")]
    pub url: String,
    /// What stands under it.
    #[schema(required = true, example = "Taken this summer")]
    pub caption: Option<String>,
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
        Self {
            id,
            name: election.name.clone(),
            description: election.description.clone(),
            status: election.status,
            closes_at: election.closes_at.map(Moment),
            scale: election.scale.into(),
            competitions: election.competitions.iter().map(CompetitionView::of).collect(),
        }
    }
}

impl From<Scale> for ScaleView {
    fn from(scale: Scale) -> Self {
        Self { min: scale.min(), max: scale.max() }
    }
}

impl CompetitionView {
    fn of(competition: &Competition) -> Self {
        Self {
            id: competition.id,
            name: competition.name.clone(),
            description: competition.description.clone(),
            candidates: competition.candidates.iter().map(CandidateView::of).collect(),
        }
    }
}

impl CandidateView {
    fn of(candidate: &Candidate) -> Self {
        let image = candidate.image.as_ref();
        Self {
            id: candidate.id,
            name: candidate.name.clone(),
            description: candidate.description.clone(),
            image: image.map(|image| ImageView { url: image.url.clone(), caption: image.caption.clone() }),
            disqualified: candidate.disqualified.clone().map(|reason| DisqualifiedView { reason }),
        }
    }
}
