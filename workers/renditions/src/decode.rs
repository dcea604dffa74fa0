//! Originals to pixels.
//!
//! Each format is read twice. The first reading follows the structure of the file, checks the size, and takes what
//! describes the picture: orientation and profile. The second hands the decoder only what it needs of the picture, so
//! that most foreign bytes never reach it.

mod jpeg;
mod planes;
mod png;
mod scans;
mod tables;
mod webp;

use crate::{MAX_PIXELS, MAX_SIDE, format::Format, picture::Decoded, unusable::Unusable};

/// Decodes an original of this format.
pub(crate) fn decode(format: Format, original: &[u8]) -> Result<Decoded, Unusable> {
    match format {
        Format::Jpeg => jpeg::decode(original),
        Format::Png => png::decode(original),
        Format::Webp => webp::decode(original),
    }
}

/// Checks the size that a header states, before memory is used for pixels.
fn check_size(width: u32, height: u32) -> Result<(), Unusable> {
    if width == 0 || height == 0 {
        Err(Unusable::Damaged)
    } else if u64::from(width) * u64::from(height) > MAX_PIXELS {
        Err(Unusable::TooManyPixels { width, height })
    } else if width > MAX_SIDE || height > MAX_SIDE {
        Err(Unusable::SideTooLong { width, height })
    } else {
        Ok(())
    }
}
