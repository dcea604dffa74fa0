//! Why an original cannot become a photograph, in words for the photographer.

use crate::format::Foreign;

/// The reason why an original is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The file has no bytes.
    #[error("The file is empty. Check that the photograph opens on your device, then upload it again.")]
    Empty,
    /// The file has more than [`MAX_BYTES`](crate::MAX_BYTES) bytes.
    #[error("The file is larger than 40 MB. Export the photograph as JPEG and upload the new file.")]
    TooManyBytes,
    /// The bytes are of a known format that is not accepted.
    #[error("{0}")]
    UnsupportedFormat(Foreign),
    /// The bytes are of no known format.
    #[error("The file is not a photograph that PhotoVote can read. Upload a JPEG, PNG or WebP file.")]
    NotAPicture,
    /// The picture has more than [`MAX_PIXELS`](crate::MAX_PIXELS) pixels.
    #[error(
        "The picture has {width} × {height} pixels; at most 64 megapixels are accepted. \
         Make it smaller, for example 6,000 pixels wide, and upload the new file."
    )]
    TooManyPixels {
        /// The width that the header states.
        width: u32,
        /// The height that the header states.
        height: u32,
    },
    /// A side of the picture has more than [`MAX_SIDE`](crate::MAX_SIDE) pixels.
    #[error(
        "The picture has {width} × {height} pixels; a side may have at most 16,384. \
         Make it smaller or crop it, and upload the new file."
    )]
    SideTooLong {
        /// The width that the header states.
        width: u32,
        /// The height that the header states.
        height: u32,
    },
    /// The file ends before the picture does.
    #[error("The file is incomplete: a part of the picture is missing. Upload the original file again.")]
    Incomplete,
    /// The bytes break the rules of their format.
    #[error("The file is damaged and cannot be read. Export the photograph again as JPEG and upload the new file.")]
    Damaged,
    /// The format is accepted, but not this way of coding it, such as arithmetic JPEG or 12 bits.
    #[error(
        "The file is a JPEG of a rare kind that PhotoVote cannot read. Export the photograph as a standard 8-bit JPEG."
    )]
    UnsupportedCoding,
}

impl Unusable {
    /// Returns the stable name of the reason.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooManyBytes => "too_many_bytes",
            Self::UnsupportedFormat(_) => "unsupported_format",
            Self::NotAPicture => "not_a_picture",
            Self::TooManyPixels { .. } => "too_many_pixels",
            Self::SideTooLong { .. } => "side_too_long",
            Self::Incomplete => "incomplete",
            Self::Damaged => "damaged",
            Self::UnsupportedCoding => "unsupported_coding",
        }
    }
}
