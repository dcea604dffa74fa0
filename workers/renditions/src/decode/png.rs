//! PNG: rows of any depth to 8 bits over white.

use std::{
    io::{Cursor, ErrorKind},
    iter,
};

use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, MatrixCoefficients, ToneReprCurve,
};
use png::{BitDepth, ColorType, Decoder, DecodingError, Info, Limits, Transformations};

use super::check_size;
use crate::{
    colour::{Colours, DeepConversion, MAX_PROFILE},
    exif,
    orientation::Orientation,
    picture::{Channels, Decoded, Raster, bytes_of, over_white},
    unusable::Unusable,
};

/// How much memory profiles and other descriptions may use.
const MEMORY: usize = 4 * MAX_PROFILE;

/// Decodes a PNG file. Of an animation, decodes the picture that stands for it.
pub(super) fn decode(file: &[u8]) -> Result<Decoded, Unusable> {
    let (width, height) = stated_size(file)?;
    check_size(width, height)?;
    let orientation = Orientation::of_exif(stated_orientation(file).unwrap_or(1));
    if chunks(file).any(|chunk| chunk.name == *b"IDAT" && !chunk.is_intact()) {
        return Err(Unusable::Damaged);
    }
    let mut decoder = Decoder::new_with_limits(Cursor::new(file), Limits { bytes: MEMORY });
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    let mut reader = decoder.read_info().map_err(|error| refusal(&error))?;
    if (reader.info().width, reader.info().height) != (width, height) {
        return Err(Unusable::Damaged);
    }
    let (colour, depth) = reader.output_color_type();
    let samples = Samples::of(colour, depth)?;
    let colours = colours(reader.info(), samples.channels);
    let line = width as usize * samples.bytes();
    let interlaced = reader.info().interlaced;
    let mut rows = Rows::new(samples, colours, bytes_of(width, height, samples.channels.count().max(1))?);
    if interlaced {
        // The rows of interlaced pictures come in seven passes, so the whole picture is kept.
        let mut whole = vec![0; bytes_of(width, height, samples.bytes())?];
        reader.next_frame(&mut whole).map_err(|error| refusal(&error))?;
        whole.chunks_exact(line).try_for_each(|row| rows.add(row))?;
    } else {
        for _ in 0..height {
            let row = reader.next_row().map_err(|error| refusal(&error))?.ok_or(Unusable::Incomplete)?;
            rows.add(row.data().get(..line).ok_or(Unusable::Damaged)?)?;
        }
    }
    let Rows { pixels, channels, colours, .. } = rows;
    Ok(Decoded { raster: Raster { width, height, channels, pixels }, colours, orientation })
}

fn refusal(error: &DecodingError) -> Unusable {
    match error {
        DecodingError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => Unusable::Incomplete,
        _ => Unusable::Damaged,
    }
}

/// Reads the size from the first chunk, which must be the header.
fn stated_size(file: &[u8]) -> Result<(u32, u32), Unusable> {
    let header = file.get(8..24).ok_or(Unusable::Incomplete)?;
    let (numbers, _) = header.as_chunks::<4>();
    match *numbers {
        [length, name, width, height] if name == *b"IHDR" && u32::from_be_bytes(length) == 13 => {
            Ok((u32::from_be_bytes(width), u32::from_be_bytes(height)))
        }
        _ => Err(Unusable::Damaged),
    }
}

/// A chunk that is there as a whole.
struct Chunk<'a> {
    name: [u8; 4],
    /// The name and the content, over which the checksum goes.
    checked: &'a [u8],
    checksum: u32,
}

impl<'a> Chunk<'a> {
    /// Splits the first chunk off. Returns it and what follows.
    fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let length = usize::try_from(u32::from_be_bytes(*bytes.first_chunk()?)).ok()?;
        let (checked, rest) = bytes.get(4..)?.split_at_checked(length.checked_add(4)?)?;
        let (checksum, rest) = rest.split_first_chunk()?;
        Some((Self { name: *checked.first_chunk()?, checked, checksum: u32::from_be_bytes(*checksum) }, rest))
    }

    fn content(&self) -> &'a [u8] {
        self.checked.get(4..).unwrap_or_default()
    }

    /// Compares with the checksum. The decoder never comes to the checksum behind the last row.
    fn is_intact(&self) -> bool {
        crc32fast::hash(self.checked) == self.checksum
    }
}

/// Lists the chunks up to the end of the picture, or of the file.
fn chunks(file: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = file.get(8..).unwrap_or_default();
    iter::from_fn(move || {
        let (chunk, after) = Chunk::split(rest)?;
        rest = if chunk.name == *b"IEND" { &[] } else { after };
        Some(chunk)
    })
}

/// Finds the orientation in the chunk of EXIF, before or behind the pixels.
fn stated_orientation(file: &[u8]) -> Option<u8> {
    chunks(file).find(|chunk| chunk.name == *b"eXIf").and_then(|chunk| exif::orientation(chunk.content()))
}

/// What a row consists of.
#[derive(Clone, Copy)]
struct Samples {
    channels: Channels,
    alpha: bool,
    deep: bool,
}

impl Samples {
    fn of(colour: ColorType, depth: BitDepth) -> Result<Self, Unusable> {
        let (channels, alpha) = match colour {
            ColorType::Grayscale => (Channels::Grey, false),
            ColorType::GrayscaleAlpha => (Channels::Grey, true),
            ColorType::Rgb => (Channels::Rgb, false),
            ColorType::Rgba => (Channels::Rgb, true),
            ColorType::Indexed => return Err(Unusable::Damaged),
        };
        let deep = match depth {
            BitDepth::Eight => false,
            BitDepth::Sixteen => true,
            _ => return Err(Unusable::Damaged),
        };
        Ok(Self { channels, alpha, deep })
    }

    /// Returns the bytes of a pixel.
    const fn bytes(self) -> usize {
        (self.channels.count() + self.alpha as usize) * if self.deep { 2 } else { 1 }
    }
}

/// The rows so far, as 8-bit samples over white.
struct Rows {
    samples: Samples,
    deep: DeepConversion,
    channels: Channels,
    colours: Colours,
    pixels: Vec<u8>,
}

impl Rows {
    /// Prepares for rows. Deep samples of a profile are converted row by row, so that none of their steps are lost.
    fn new(samples: Samples, colours: Colours, bytes: usize) -> Self {
        let deep = if samples.deep { DeepConversion::new(&colours, samples.channels) } else { DeepConversion::None };
        let (channels, colours, bytes) = match deep {
            DeepConversion::None => (samples.channels, colours, bytes),
            DeepConversion::Profile(_) => {
                (Channels::Rgb, Colours::Assumed, bytes / samples.channels.count() * Channels::Rgb.count())
            }
        };
        Self { samples, deep, channels, colours, pixels: Vec::with_capacity(bytes) }
    }

    fn add(&mut self, row: &[u8]) -> Result<(), Unusable> {
        if self.samples.deep {
            return self.add_deep(row);
        }
        match (self.samples.channels, self.samples.alpha) {
            (Channels::Grey, true) => {
                self.pixels.extend(row.as_chunks::<2>().0.iter().map(|[grey, alpha]| over_white(*grey, *alpha)));
            }
            (_, true) => {
                let (row, _) = row.as_chunks::<4>();
                self.pixels.extend(row.iter().flat_map(|[r, g, b, alpha]| [*r, *g, *b].map(|c| over_white(c, *alpha))));
            }
            (_, false) => self.pixels.extend_from_slice(row),
        }
        Ok(())
    }

    fn add_deep(&mut self, row: &[u8]) -> Result<(), Unusable> {
        let samples = row.as_chunks::<2>().0.iter().map(|sample| u16::from_be_bytes(*sample));
        let mut row: Vec<u16> = samples.collect();
        if self.samples.alpha {
            let colours = self.samples.channels.count();
            let count = row.len() / (colours + 1);
            for pixel in 0..count {
                let alpha = row[pixel * (colours + 1) + colours];
                for channel in 0..colours {
                    row[pixel * colours + channel] = deep_over_white(row[pixel * (colours + 1) + channel], alpha);
                }
            }
            row.truncate(count * colours);
        }
        let shallow = |sample: &u16| u8::try_from((u32::from(*sample) * 255 + 32_767) / 65_535).unwrap_or(255);
        match &self.deep {
            DeepConversion::None => self.pixels.extend(row.iter().map(shallow)),
            DeepConversion::Profile(transform) => {
                let mut shown = vec![0; row.len() / self.samples.channels.count() * 3];
                transform.transform(&row, &mut shown).map_err(|_error| Unusable::Damaged)?;
                self.pixels.extend(shown.iter().map(shallow));
            }
        }
        Ok(())
    }
}

fn deep_over_white(sample: u16, alpha: u16) -> u16 {
    let mixed = u64::from(sample) * u64::from(alpha) + 65_535 * u64::from(65_535 - alpha);
    u16::try_from((mixed + 32_767) / 65_535).unwrap_or(u16::MAX)
}

/// Finds what the numbers mean. The order is that of the standard: code points, profile, sRGB, gamma.
fn colours(info: &Info<'_>, channels: Channels) -> Colours {
    let by_points = (channels == Channels::Rgb).then(|| by_code_points(info)).flatten();
    if let Some(profile) = by_points {
        return Colours::of(profile, channels);
    }
    if let Some(profile) = &info.icc_profile {
        return Colours::of_profile(profile, channels);
    }
    match by_gamma(info, channels) {
        Some(profile) if info.srgb.is_none() => Colours::of(profile, channels),
        _ => Colours::Assumed,
    }
}

/// Makes a profile of code points, if they are of an SDR picture with the full range of RGB.
fn by_code_points(info: &Info<'_>) -> Option<ColorProfile> {
    let points = info.coding_independent_code_points?;
    // Those with the curve of film, PQ and HLG need more than a profile.
    if !points.is_video_full_range_image || points.matrix_coefficients != 0 || matches!(points.transfer_function, 16..)
    {
        return None;
    }
    let profile = ColorProfile::new_from_cicp(CicpProfile {
        color_primaries: CicpColorPrimaries::try_from(points.color_primaries).ok()?,
        transfer_characteristics: points.transfer_function.try_into().ok()?,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    });
    profile.red_trc.is_some().then_some(profile)
}

/// Makes a profile of the gamma and the primaries, if they are not those of sRGB.
fn by_gamma(info: &Info<'_>, channels: Channels) -> Option<ColorProfile> {
    let gamma = info.gama_chunk?.into_value();
    if !(0.1..=2.0).contains(&gamma) {
        return None;
    }
    let near = |one: f32, other: f32| (one - other).abs() < 0.006;
    let usual = near(gamma, 1.0 / 2.2);
    if channels == Channels::Grey {
        return (!usual).then(|| ColorProfile::new_gray_with_gamma(1.0 / gamma));
    }
    let mut profile = ColorProfile::new_srgb();
    let corner = |(x, y): (png::ScaledFloat, png::ScaledFloat)| Chromaticity::new(x.into_value(), y.into_value());
    let srgb = [(0.3127, 0.329), (0.64, 0.33), (0.3, 0.6), (0.15, 0.06)];
    let stated = info.chrm_chunk.map(|corners| [corners.white, corners.red, corners.green, corners.blue].map(corner));
    let stated = stated.filter(|stated| {
        let sane = stated.iter().all(|corner| corner.x >= 0.0 && corner.y > 0.01 && corner.x + corner.y <= 1.0);
        sane && !stated.iter().zip(srgb).all(|(corner, (x, y))| near(corner.x, x) && near(corner.y, y))
    });
    match stated {
        None if usual => return None,
        None => {}
        Some([white, red, green, blue]) => {
            profile.update_rgb_colorimetry(white.to_xyyb(), ColorPrimaries { red, green, blue });
        }
    }
    let curve = ToneReprCurve::Parametric(vec![1.0 / gamma]);
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
    profile.cicp = None;
    Some(profile)
}
