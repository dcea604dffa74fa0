//! Renditions: turns the bytes of an original photograph into the files that are shown.
//!
//! ```text
//! bytes → format by content → size in the header → decode → reduce → convert to sRGB → turn upright
//!       → smaller copies → JPEG and WebP of each
//! ```
//!
//! Everything here is pure: no clock, no files, no network. Equal bytes have equal renditions on the same kind of
//! processor. Only pixels pass from an original to a rendition, so no metadata does.

mod colour;
mod decode;
mod encode;
mod exif;
mod format;
mod likeness;
mod orientation;
mod picture;
mod resize;
mod srgb;
mod unusable;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use format::Foreign;
pub use likeness::Likeness;
pub use unusable::Unusable;

use crate::{colour::Conversion, format::Format, picture::Decoded};

/// How many bytes an original may have.
pub const MAX_BYTES: usize = 40_000_000;
/// How many pixels an original may have.
pub const MAX_PIXELS: u64 = 64_000_000;
/// How many pixels a side of an original may have.
pub const MAX_SIDE: u32 = 16_384;

/// What becomes of an original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The width of the upright original.
    pub width: u32,
    /// The height of the upright original.
    pub height: u32,
    /// The mean colour, `#rrggbb`, to show until a rendition has come.
    pub placeholder: String,
    /// What finds likely duplicates.
    pub likeness: Likeness,
    /// The files, the smallest size first, of each size the JPEG first.
    pub renditions: Vec<Rendition>,
}

/// A file that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// The width in pixels.
    pub width: u32,
    /// The height in pixels.
    pub height: u32,
    /// The format.
    pub media_type: MediaType,
    /// The whole file.
    pub bytes: Vec<u8>,
}

/// The format of a rendition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// Progressive JPEG.
    Jpeg,
    /// Lossy WebP.
    Webp,
}

impl MediaType {
    /// Returns the name for `Content-Type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }
}

/// Turns the bytes of an original into the renditions that are shown.
///
/// Takes at most 1 GB of memory and 20 seconds, whatever the bytes are.
pub fn render(original: &[u8]) -> Result<Rendered, Unusable> {
    if original.is_empty() {
        return Err(Unusable::Empty);
    }
    if original.len() > MAX_BYTES {
        return Err(Unusable::TooManyBytes);
    }
    let format = format::recognise(original)?;
    // Decoders of others read foreign bytes. Should one panic, then the bytes are at fault, and nothing of the decoder
    // is used again. This is the only place that catches a panic.
    catch_unwind(AssertUnwindSafe(|| render_format(format, original))).unwrap_or(Err(Unusable::Damaged))
}

fn render_format(format: Format, original: &[u8]) -> Result<Rendered, Unusable> {
    let decoded = decode::decode(format, original)?;
    let Decoded { raster, colours, orientation } = decoded;
    let (stored_width, stored_height) = (raster.width, raster.height);
    let (width, height) = orientation.upright(stored_width, stored_height);
    let sizes = resize::sizes(width, height);
    let largest = resize::sizes(stored_width, stored_height).last().copied().ok_or(Unusable::Damaged)?;
    let conversion = Conversion::new(&colours, raster.channels);
    let mut shown = orientation.apply(raster.reduced(largest)?.into_shown(&conversion)?);
    let mut renditions = Vec::new();
    // From the largest to the smallest: each is made from the one before.
    for size in sizes.into_iter().rev() {
        if size != (shown.width, shown.height) {
            shown = shown.reduced(size)?;
        }
        renditions.push(encode::webp(&shown)?);
        renditions.push(encode::jpeg(&shown)?);
    }
    renditions.reverse();
    let (placeholder, likeness) = (likeness::placeholder(&shown), Likeness::of(&shown));
    Ok(Rendered { width, height, placeholder, likeness, renditions })
}
