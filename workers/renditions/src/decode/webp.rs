//! WebP: lossy and lossless, over white. Of an animation, the first frame.

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use super::check_size;
use crate::{
    colour::{Colours, MAX_PROFILE},
    exif,
    orientation::Orientation,
    picture::{Channels, Decoded, Raster, bytes_of, over_white},
    unusable::Unusable,
};

/// The flag of an extended file whose picture has opacity.
const HAS_ALPHA: u8 = 0x10;

/// The parts of a file that matter.
#[derive(Default)]
struct Parts<'a> {
    canvas: Option<(u32, u32)>,
    /// The place and size of the first frame of an animation.
    frame: Option<[u32; 4]>,
    alpha: Option<&'a [u8]>,
    /// The name and content of the coded picture.
    picture: Option<([u8; 4], &'a [u8])>,
    profile: &'a [u8],
    exif: &'a [u8],
    /// The file ends within a chunk. If the picture came before, only descriptions are missing.
    cut: bool,
}

/// Decodes a WebP file.
pub(super) fn decode(file: &[u8]) -> Result<Decoded, Unusable> {
    let mut parts = Parts::default();
    parts.read(within_riff(file));
    let (name, content) = match parts.picture {
        Some(picture) => picture,
        None if parts.cut => return Err(Unusable::Incomplete),
        None => return Err(Unusable::Damaged),
    };
    let (width, height) = coded_size(name, content).ok_or(Unusable::Damaged)?;
    check_size(width, height)?;
    let (canvas_width, canvas_height) = parts.canvas.unwrap_or((width, height));
    check_size(canvas_width, canvas_height)?;
    let (x, y) = match parts.frame {
        Some([x, y, frame_width, frame_height]) if (frame_width, frame_height) == (width, height) => (x, y),
        None if (canvas_width, canvas_height) == (width, height) => (0, 0),
        _ => return Err(Unusable::Damaged),
    };
    let pixels = pixels(&still(&parts, name, content, (width, height))?, (width, height))?;
    let pixels = on_canvas(pixels, (width, height), (x, y), (canvas_width, canvas_height))?;
    let raster = Raster { width: canvas_width, height: canvas_height, channels: Channels::Rgb, pixels };
    let orientation = Orientation::of_exif(exif::orientation(parts.exif).unwrap_or(1));
    Ok(Decoded { raster, colours: Colours::of_profile(parts.profile, Channels::Rgb), orientation })
}

/// Returns the chunks of the file. Bytes behind the length that the file states do not belong to it.
fn within_riff(file: &[u8]) -> &[u8] {
    let stated = file.get(4..).and_then(<[u8]>::first_chunk).map_or(0, |length| u32::from_le_bytes(*length));
    let end = usize::try_from(stated).unwrap_or(usize::MAX).saturating_add(8).min(file.len());
    file.get(12..end).unwrap_or_default()
}

impl<'a> Parts<'a> {
    fn read(&mut self, chunks: &'a [u8]) {
        let mut rest = chunks;
        while let Some((name, after)) = rest.split_first_chunk::<4>() {
            let Some((length, after)) = after.split_first_chunk::<4>() else { break };
            let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
            let Some(content) = after.get(..length) else {
                self.cut = true;
                break;
            };
            self.take(name, content);
            rest = after.get(length.saturating_add(length % 2)..).unwrap_or_default();
        }
    }

    fn take(&mut self, name: &'a [u8; 4], content: &'a [u8]) {
        match name {
            b"VP8X" if self.canvas.is_none() => {
                self.canvas = number(content, 4).zip(number(content, 7)).map(|(width, height)| (width + 1, height + 1));
            }
            b"ANMF" if self.frame.is_none() && self.picture.is_none() => {
                self.frame = [0, 3, 6, 9].iter().map(|at| number(content, *at)).collect::<Option<Vec<_>>>().and_then(
                    |numbers| match *numbers {
                        [x, y, width, height] => Some([2 * x, 2 * y, width + 1, height + 1]),
                        _ => None,
                    },
                );
                self.read(content.get(16..).unwrap_or_default());
            }
            b"ALPH" if self.alpha.is_none() && self.picture.is_none() => self.alpha = Some(content),
            b"VP8 " | b"VP8L" if self.picture.is_none() => self.picture = Some((*name, content)),
            b"ICCP" if self.profile.is_empty() && content.len() <= MAX_PROFILE => self.profile = content,
            b"EXIF" if self.exif.is_empty() => self.exif = content,
            _ => {}
        }
    }
}

/// Reads a number of three bytes.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let [low, middle, high] = *bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes([low, middle, high, 0]))
}

/// Reads the size from the coded picture.
fn coded_size(name: [u8; 4], content: &[u8]) -> Option<(u32, u32)> {
    if name == *b"VP8L" {
        let bits = u32::from_le_bytes(*content.get(1..)?.first_chunk()?);
        return Some(((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1));
    }
    let (numbers, _) = content.get(6..10)?.as_chunks::<2>();
    let side = |number: [u8; 2]| u32::from(u16::from_le_bytes(number) & 0x3FFF);
    Some((side(*numbers.first()?), side(*numbers.get(1)?)))
}

/// Writes a file that holds the picture and its opacity alone.
fn still(parts: &Parts<'_>, name: [u8; 4], content: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, Unusable> {
    let mut chunks = b"WEBP".to_vec();
    let mut chunk = |name: [u8; 4], content: &[u8]| {
        chunks.extend(name);
        chunks.extend(u32::try_from(content.len()).map_err(|_error| Unusable::Damaged)?.to_le_bytes());
        chunks.extend_from_slice(content);
        chunks.resize(chunks.len().next_multiple_of(2), 0);
        Ok(())
    };
    if let (b"VP8 ", Some(alpha)) = (&name, parts.alpha) {
        let mut extended = vec![HAS_ALPHA, 0, 0, 0];
        extended.extend(&(width - 1).to_le_bytes()[..3]);
        extended.extend(&(height - 1).to_le_bytes()[..3]);
        chunk(*b"VP8X", &extended)?;
        chunk(*b"ALPH", alpha)?;
    }
    chunk(name, content)?;
    let mut file = b"RIFF".to_vec();
    file.extend(u32::try_from(chunks.len()).map_err(|_error| Unusable::Damaged)?.to_le_bytes());
    file.append(&mut chunks);
    Ok(file)
}

/// Decodes a still picture to RGB over white.
fn pixels(still: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, Unusable> {
    let failed = |error| match error {
        DecodingError::IoError(_) => Unusable::Incomplete,
        _ => Unusable::Damaged,
    };
    let mut decoder = WebPDecoder::new(Cursor::new(still)).map_err(failed)?;
    if decoder.dimensions() != (width, height) {
        return Err(Unusable::Damaged);
    }
    let alpha = decoder.has_alpha();
    let mut pixels = vec![0; bytes_of(width, height, if alpha { 4 } else { 3 })?];
    decoder.read_image(&mut pixels).map_err(failed)?;
    if alpha {
        let count = pixels.len() / 4;
        for pixel in 0..count {
            let alpha = pixels[4 * pixel + 3];
            for channel in 0..3 {
                pixels[3 * pixel + channel] = over_white(pixels[4 * pixel + channel], alpha);
            }
        }
        pixels.truncate(count * 3);
    }
    Ok(pixels)
}

/// Puts a frame on its white canvas.
fn on_canvas(
    pixels: Vec<u8>,
    (width, height): (u32, u32),
    (x, y): (u32, u32),
    (canvas_width, canvas_height): (u32, u32),
) -> Result<Vec<u8>, Unusable> {
    if (width, height) == (canvas_width, canvas_height) && (x, y) == (0, 0) {
        return Ok(pixels);
    }
    if x + width > canvas_width || y + height > canvas_height {
        return Err(Unusable::Damaged);
    }
    let mut canvas = vec![255; bytes_of(canvas_width, canvas_height, 3)?];
    let (line, canvas_line) = (width as usize * 3, canvas_width as usize * 3);
    let lines = canvas.chunks_exact_mut(canvas_line).skip(y as usize).zip(pixels.chunks_exact(line));
    for (to, from) in lines {
        to[x as usize * 3..][..line].copy_from_slice(from);
    }
    Ok(canvas)
}
