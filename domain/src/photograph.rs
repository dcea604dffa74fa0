//! The photograph: a picture that an administrator uploads for a candidate of a draft.
//!
//! ```text
//! Requested → Processing → Ready or Refused;   each of them → Removed
//! ```
//!
//! A photograph has its own stream, so uploads do not compete for the version of the election.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::{
    aggregate::{Aggregate, Kind, Refusal},
    election::{Election, Status as ElectionStatus},
    hash::Digest,
    ids::PhotographId,
    text::Name,
    written,
};

pub use crate::problem::Problem;

/// The most bytes that an original has.
pub const MOST_BYTES: u64 = 40_000_000;
/// The most photographs that an election has.
pub const MOST_PHOTOGRAPHS: u64 = 2_000;

/// Where a photograph is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not requested yet.
    #[default]
    Absent,
    /// Its upload is awaited.
    Requested,
    /// Its original has arrived.
    Processing,
    /// Its renditions are there.
    Ready,
    /// Its original cannot be shown.
    Refused,
    /// Gone.
    Removed,
}

/// A kind of file that browsers show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RenditionType {
    /// JPEG (ITU-T T.81).
    Jpeg,
    /// WebP (RFC 9649).
    Webp,
}

impl RenditionType {
    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }

    /// How the names of its files end.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
        }
    }
}

/// A file that shows a photograph.
///
/// History and documents have it as one text, because an election has thousands: `480x320.jpg 20187 ` and the SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// Its size in bytes.
    pub bytes: u64,
    /// Its height in pixels.
    pub height: u32,
    /// Its kind.
    pub media_type: RenditionType,
    /// The SHA-256 of its bytes.
    pub sha256: Digest,
    /// Its width in pixels.
    pub width: u32,
}

/// Why a text is no rendition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a rendition is written as 480x320.jpg, its bytes and its SHA-256")]
pub struct RenditionError;

impl Rendition {
    /// The name of its file: as hard to guess as the picture itself.
    pub fn file_name(&self) -> String {
        format!("{}.{}", self.sha256, self.media_type.extension())
    }
}

impl fmt::Display for Rendition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, height, media_type, sha256, width } = self;
        write!(f, "{width}x{height}.{} {bytes} {sha256}", media_type.extension())
    }
}

impl FromStr for Rendition {
    type Err = RenditionError;

    fn from_str(text: &str) -> Result<Self, RenditionError> {
        let parsed = || {
            let mut parts = text.split(' ');
            let (size, bytes, sha256, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
                return None;
            };
            let (size, extension) = size.split_once('.')?;
            let (width, height) = size.split_once('x')?;
            let media_type =
                [RenditionType::Jpeg, RenditionType::Webp].into_iter().find(|t| t.extension() == extension)?;
            Some(Self {
                bytes: bytes.parse().ok()?,
                height: height.parse().ok()?,
                media_type,
                sha256: sha256.parse().ok()?,
                width: width.parse().ok()?,
            })
        };
        // One rendition, one spelling.
        parsed().filter(|rendition: &Self| rendition.to_string() == text).ok_or(RenditionError)
    }
}

impl Serialize for Rendition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rendition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        written::read(deserializer)
    }
}

/// What became of an original: the upright picture that people vote on, and the files that show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pixels {
    /// The height of the upright original in pixels.
    pub height: u32,
    /// Its mean colour, `#rrggbb`, to be shown until a rendition has come.
    pub placeholder: String,
    /// The files, the smallest first.
    pub renditions: Vec<Rendition>,
    /// The SHA-256 of the original.
    pub sha256: Digest,
    /// The width of the upright original in pixels.
    pub width: u32,
}

/// A photograph's state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Photograph {
    /// Where it is in its life.
    pub status: Status,
    /// The name of the file, as its administrator sees it. Voters never do: it often has the author's name in it.
    pub name: String,
    /// How many bytes the upload may have.
    pub bytes: u64,
    /// What it came to, once it is ready.
    pub pixels: Option<Pixels>,
    /// 64 bits that are similar for similar pictures, as 16 hexadecimal digits, once it is ready.
    pub likeness: Option<String>,
    /// Why it was refused.
    pub problem: Option<Problem>,
}

/// What has happened to a photograph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the values that the events are named for")]
pub enum PhotographEvent {
    /// An administrator wants to upload it.
    PhotographRequested { bytes: u64, name: String },
    /// Its original arrived.
    PhotographUploaded {},
    /// Its renditions were made. `likeness` has 16 hexadecimal digits.
    PhotographReady { likeness: String, pixels: Pixels },
    /// Its original cannot be shown.
    PhotographRefused { problem: Problem },
    /// It was removed.
    PhotographRemoved {},
}

/// What can be asked about a photograph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhotographCommand {
    /// Announce its upload.
    Request {
        /// The name of the file.
        name: Name,
        /// Its size.
        bytes: u64,
    },
    /// Note that its original has arrived.
    Receive,
    /// Write down what its original came to.
    Accept {
        /// The picture and its files.
        pixels: Pixels,
        /// 64 bits that are similar for similar pictures.
        likeness: u64,
    },
    /// Write down why its original cannot be shown.
    Refuse(Problem),
    /// Remove it.
    Remove,
}

impl PhotographCommand {
    /// The command's name, as it stands in the commit.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Request { .. } => "RequestPhotograph",
            Self::Receive => "ReceivePhotograph",
            Self::Accept { .. } => "AcceptPhotograph",
            Self::Refuse(_) => "RefusePhotograph",
            Self::Remove => "RemovePhotograph",
        }
    }
}

/// What a decision about a photograph needs beside its state.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Its election.
    pub election: &'a Election,
    /// Its id.
    pub id: PhotographId,
}

/// Why a photograph cannot be requested, used or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PhotographRejection {
    /// There is no such photograph.
    #[error("there is no such photograph")]
    NotFound,
    /// The id names a photograph already.
    #[error("the id is taken")]
    IdTaken,
    /// It is larger than what can be uploaded.
    #[error("a photograph has 1 to {MOST_BYTES} bytes")]
    Size,
    /// The election has as many as it can have.
    #[error("an election has at most {MOST_PHOTOGRAPHS} photographs")]
    TooMany,
    /// Photographs come and go only while the election is a draft.
    #[error("the election is {}: photographs come and go only while it is a draft", crate::election::status_word(*.0))]
    NotDraft(ElectionStatus),
    /// It shows a candidate.
    #[error("a candidate uses the photograph: give the candidate another one first")]
    Used,
    /// It cannot be used yet.
    #[error("the photograph is not ready")]
    NotReady,
}

impl Refusal for PhotographRejection {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "photograph_not_found",
            Self::IdTaken => "id_taken",
            Self::Size => "invalid_value",
            Self::TooMany => "too_many_photographs",
            Self::NotDraft(_) => "election_not_draft",
            Self::Used => "photograph_used",
            Self::NotReady => "photograph_not_ready",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::Missing,
            Self::IdTaken => Kind::Taken,
            Self::Size => Kind::Invalid,
            _ => Kind::State,
        }
    }

    fn field(&self) -> Option<String> {
        (*self == Self::Size).then(|| "bytes".to_owned())
    }
}

impl Photograph {
    /// Is its upload awaited?
    pub fn awaits_upload(&self) -> bool {
        self.status == Status::Requested
    }

    /// What a candidate shows of it.
    pub fn usable(&self) -> Result<&Pixels, PhotographRejection> {
        match (self.status, &self.pixels) {
            (Status::Ready, Some(pixels)) => Ok(pixels),
            (Status::Absent | Status::Removed, _) => Err(PhotographRejection::NotFound),
            _ => Err(PhotographRejection::NotReady),
        }
    }

    fn draft(context: &Context<'_>) -> Result<(), PhotographRejection> {
        match context.election.status {
            ElectionStatus::Draft => Ok(()),
            status => Err(PhotographRejection::NotDraft(status)),
        }
    }
}

impl Aggregate for Photograph {
    type Event = PhotographEvent;
    type Command = PhotographCommand;
    type Context<'a> = Context<'a>;
    type Rejection = PhotographRejection;

    const KIND: &'static str = "photograph";

    fn decide(
        &self,
        command: PhotographCommand,
        context: &Context<'_>,
    ) -> Result<Vec<PhotographEvent>, PhotographRejection> {
        use PhotographCommand as C;
        use PhotographEvent as E;
        match (command, self.status) {
            (C::Request { name, bytes }, Status::Absent) => {
                Self::draft(context)?;
                if bytes == 0 || bytes > MOST_BYTES {
                    return Err(PhotographRejection::Size);
                }
                Ok(vec![E::PhotographRequested { bytes, name: name.into() }])
            }
            (C::Request { .. }, _) => Err(PhotographRejection::IdTaken),
            (_, Status::Absent | Status::Removed) => Err(PhotographRejection::NotFound),
            (C::Receive, Status::Requested) => Ok(vec![E::PhotographUploaded {}]),
            (C::Accept { pixels, likeness }, Status::Requested | Status::Processing) => {
                Ok(vec![E::PhotographReady { likeness: format!("{likeness:016x}"), pixels }])
            }
            (C::Refuse(problem), Status::Requested | Status::Processing) => Ok(vec![E::PhotographRefused { problem }]),
            // Notifications come more than once, and late: what a photograph has come to, it stays.
            (C::Receive | C::Accept { .. } | C::Refuse(_), _) => Ok(Vec::new()),
            (C::Remove, _) => {
                Self::draft(context)?;
                if context.election.uses_photograph(context.id) {
                    return Err(PhotographRejection::Used);
                }
                Ok(vec![E::PhotographRemoved {}])
            }
        }
    }

    fn evolve(mut self, event: &PhotographEvent) -> Self {
        match event.clone() {
            PhotographEvent::PhotographRequested { bytes, name } => {
                self = Self { status: Status::Requested, bytes, name, ..Self::default() };
            }
            PhotographEvent::PhotographUploaded {} => self.status = Status::Processing,
            PhotographEvent::PhotographReady { likeness, pixels } => {
                (self.status, self.pixels, self.likeness) = (Status::Ready, Some(pixels), Some(likeness));
            }
            PhotographEvent::PhotographRefused { problem } => {
                (self.status, self.problem) = (Status::Refused, Some(problem));
            }
            PhotographEvent::PhotographRemoved {} => self.status = Status::Removed,
        }
        self
    }
}
