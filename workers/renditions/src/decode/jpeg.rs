//! JPEG: baseline and progressive, of shades, RGB and inks.

use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::{JpegDecoder, errors::DecodeErrors};

use super::{check_size, planes, scans::Scans};
use crate::{
    MAX_SIDE,
    colour::Colours,
    orientation::Orientation,
    picture::{Channels, Decoded, Raster, bytes_of},
    unusable::Unusable,
};

/// How many scans a picture may have. Encoders write 1 to 12.
const MAX_SCANS: u64 = 100;
/// How many pixels may be gone through: the product of the scans and the pixels of the picture.
const MAX_SCANNED: u64 = 1_280_000_000;
/// The end of what the decoder is given: ones, as they stand in coded data, and the marker of the end. No code consists
/// of ones, so a decoder that comes here misses data. Without them it would fill what is missing with grey.
pub(super) const END: [u8; 34] = [
    0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF,
    0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0xD9,
];

/// What the components of a picture are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coded {
    Grey,
    Rgb,
    YCbCr,
    /// Inks, as they are or inverted.
    Inks {
        luminance: bool,
        inverted: bool,
    },
}

impl Coded {
    /// Decides as browsers do: JFIF is always `YCbCr`, then Adobe's segment counts, then the names of the components.
    fn of(scans: &Scans) -> Self {
        match (scans.components.len(), scans.adobe) {
            (1, _) => Self::Grey,
            (4, adobe) => Self::Inks { luminance: adobe == Some(2), inverted: adobe.is_some() },
            (_, Some(0)) if !scans.jfif => Self::Rgb,
            (_, None) if !scans.jfif && scans.components.iter().map(|component| &component.name).eq(b"RGB") => {
                Self::Rgb
            }
            _ => Self::YCbCr,
        }
    }

    const fn channels(self) -> Channels {
        match self {
            Self::Grey => Channels::Grey,
            Self::Rgb | Self::YCbCr => Channels::Rgb,
            Self::Inks { .. } => Channels::Cmyk,
        }
    }
}

/// Decodes a JPEG file.
pub(super) fn decode(file: &[u8]) -> Result<Decoded, Unusable> {
    let mut scans = Scans::read(file)?;
    check_size(scans.width, scans.height)?;
    let pixels = u64::from(scans.width) * u64::from(scans.height);
    let passes = scans.passes.len() as u64;
    if passes > MAX_SCANS || passes * pixels > MAX_SCANNED {
        return Err(Unusable::UnsupportedCoding);
    }
    if scans.progressive && !scans.ended {
        return Err(Unusable::Incomplete);
    }
    let coded = Coded::of(&scans);
    let channels = coded.channels();
    let colours = Colours::of_profile(&scans.profile(), channels);
    let orientation = Orientation::of_exif(scans.orientation.unwrap_or(1));
    let mut raster = Raster { width: scans.width, height: scans.height, channels, pixels: samples(scans, coded)? };
    if let Coded::Inks { luminance, inverted } = coded {
        to_inks(&mut raster.pixels, luminance, inverted);
    }
    Ok(Decoded { raster, colours, orientation })
}

/// Decodes the samples.
fn samples(scans: Scans, coded: Coded) -> Result<Vec<u8>, Unusable> {
    if scans.progressive || scans.passes.len() == 1 || scans.factors().1 == 1 {
        let (size, ended) = ((scans.width, scans.height), scans.ended || scans.progressive);
        let stream = stream(&scans, coded);
        drop(scans);
        decode_stream(&stream, size, coded.channels(), ended)
    } else if scans.passes.iter().all(|scan| scan.names.len() == 1) {
        planes::samples(&scans, coded)
    } else {
        Err(Unusable::UnsupportedCoding)
    }
}

/// Decodes what [`stream`] wrote.
pub(super) fn decode_stream(
    stream: &[u8],
    (width, height): (u32, u32),
    channels: Channels,
    ended: bool,
) -> Result<Vec<u8>, Unusable> {
    let mut pixels = vec![0; bytes_of(width, height, channels.count())?];
    let out = match channels {
        Channels::Grey => ColorSpace::Luma,
        Channels::Rgb => ColorSpace::RGB,
        Channels::Cmyk => ColorSpace::CMYK,
    };
    let side = MAX_SIDE as usize;
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(side)
        .set_max_height(side)
        .jpeg_set_max_scans(usize::MAX)
        .jpeg_set_out_colorspace(out);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(stream), options);
    match decoder.decode_into(&mut pixels) {
        Ok(()) => Ok(pixels),
        Err(DecodeErrors::Unsupported(_)) => Err(Unusable::UnsupportedCoding),
        Err(_) if !ended => Err(Unusable::Incomplete),
        Err(_) => Err(Unusable::Damaged),
    }
}

/// Writes what the decoder is given: how the components are coded, tables, frame and scans.
fn stream(scans: &Scans, coded: Coded) -> Vec<u8> {
    // Inks are decoded as they are, without conversion. With three components, 0 is RGB.
    let transform = u8::from(matches!(coded, Coded::YCbCr | Coded::Grey));
    let mut stream = Vec::with_capacity(scans.picture.len() + 64);
    stream.extend(b"\xFF\xD8\xFF\xEE\0\x0EAdobe\0\x64\0\0\0\0");
    stream.push(transform);
    stream.extend_from_slice(&scans.picture);
    if scans.progressive {
        stream.extend([0xFF, 0xD9]);
    } else {
        stream.extend(END);
    }
    stream
}

/// Turns stored inks into inks of which 0 is none.
fn to_inks(pixels: &mut [u8], luminance: bool, inverted: bool) {
    let (pixels, _) = pixels.as_chunks_mut::<4>();
    for [cyan, magenta, yellow, black] in pixels {
        if luminance {
            // Adobe stores the complements of inverted inks as luminance and colour: what comes out are the inks.
            [*cyan, *magenta, *yellow] = to_rgb(*cyan, *magenta, *yellow);
            *black = 255 - *black;
        } else if inverted {
            [*cyan, *magenta, *yellow, *black] = [255 - *cyan, 255 - *magenta, 255 - *yellow, 255 - *black];
        }
    }
}

/// Converts luminance and colour differences to RGB.
pub(super) fn to_rgb(luminance: u8, blueness: u8, redness: u8) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(luminance), i32::from(blueness) - 128, i32::from(redness) - 128);
    // Factors are multiplied by 65,536.
    let red = y + ((91_881 * cr + 32_768) >> 16);
    let green = y - ((22_554 * cb + 46_802 * cr - 32_768) >> 16);
    let blue = y + ((116_130 * cb + 32_768) >> 16);
    [red, green, blue].map(|sample| u8::try_from(sample.clamp(0, 255)).unwrap_or(255))
}
