//! Pixels to the files that are shown.

use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};

use crate::{MediaType, Rendition, picture::Shown, srgb, unusable::Unusable};

const JPEG_QUALITY: u8 = 82;
const WEBP_QUALITY: f32 = 78.0;
/// The flag of an extended WebP file that has a profile.
const HAS_PROFILE: u8 = 0x20;

/// Writes a progressive JPEG. Its only segments besides the picture are JFIF and the profile.
pub(crate) fn jpeg(shown: &Shown) -> Result<Rendition, Unusable> {
    let failed = |_error| Unusable::Damaged;
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, JPEG_QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    // Without this, the colour of every fourth pixel would stand for its neighbours.
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    encoder.set_progressive(true);
    encoder.set_optimized_huffman_tables(true);
    encoder.add_icc_profile(&srgb::profile()).map_err(failed)?;
    let side = |side: u32| u16::try_from(side).map_err(|_error| Unusable::Damaged);
    encoder.encode(&shown.pixels, side(shown.width)?, side(shown.height)?, ColorType::Rgb).map_err(failed)?;
    Ok(Rendition { width: shown.width, height: shown.height, media_type: MediaType::Jpeg, bytes })
}

/// Writes a lossy WebP. Its only chunks are the profile and the picture.
pub(crate) fn webp(shown: &Shown) -> Result<Rendition, Unusable> {
    let encoder = webp::Encoder::from_rgb(&shown.pixels, shown.width, shown.height);
    let simple = encoder.encode_simple(false, WEBP_QUALITY).map_err(|_error| Unusable::Damaged)?;
    let bytes = with_profile(&simple, shown).ok_or(Unusable::Damaged)?;
    Ok(Rendition { width: shown.width, height: shown.height, media_type: MediaType::Webp, bytes })
}

/// Puts the picture of a simple WebP file behind a profile.
fn with_profile(simple: &[u8], shown: &Shown) -> Option<Vec<u8>> {
    let picture = simple.get(12..)?;
    let profile = srgb::profile();
    let padding = profile.len() % 2;
    let length = |length: usize| u32::try_from(length).ok().map(u32::to_le_bytes);
    let mut bytes = b"RIFF".to_vec();
    bytes.extend(length(4 + 18 + 8 + profile.len() + padding + picture.len())?);
    bytes.extend(b"WEBPVP8X\x0A\0\0\0");
    bytes.extend([HAS_PROFILE, 0, 0, 0]);
    bytes.extend(&(shown.width - 1).to_le_bytes()[..3]);
    bytes.extend(&(shown.height - 1).to_le_bytes()[..3]);
    bytes.extend(b"ICCP");
    bytes.extend(length(profile.len())?);
    bytes.extend(&profile);
    bytes.extend(vec![0; padding]);
    bytes.extend(picture);
    Some(bytes)
}
