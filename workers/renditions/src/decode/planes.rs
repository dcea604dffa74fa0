//! JPEG files that code one component after the other.
//!
//! The decoder reads such files wrongly when the components have different heights. The scan of one component is coded
//! as a picture of shades is, so each is decoded as one. The planes are then brought to one size and put together.

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};

use super::{
    jpeg::{self, Coded, to_rgb},
    scans::{Component, Scan, Scans},
};
use crate::{
    picture::{Channels, bytes_of},
    unusable::Unusable,
};

/// Decodes the samples of a file in which each component has its scan.
pub(super) fn samples(scans: &Scans, coded: Coded) -> Result<Vec<u8>, Unusable> {
    let planes: Vec<_> = scans.components.iter().map(|component| plane(scans, component)).collect::<Result<_, _>>()?;
    let mut pixels = vec![0; bytes_of(scans.width, scans.height, planes.len())?];
    let count = planes.len();
    for (channel, plane) in planes.into_iter().enumerate() {
        for (to, from) in pixels.iter_mut().skip(channel).step_by(count).zip(plane) {
            *to = from;
        }
    }
    if coded == Coded::YCbCr {
        let (pixels, _) = pixels.as_chunks_mut::<3>();
        for pixel in pixels {
            let [luminance, blueness, redness] = *pixel;
            *pixel = to_rgb(luminance, blueness, redness);
        }
    }
    Ok(pixels)
}

/// Decodes one component to the size of the picture.
fn plane(scans: &Scans, component: &Component) -> Result<Vec<u8>, Unusable> {
    let scan = scans.passes.iter().find(|scan| scan.names == [component.name]);
    let scan = scan.ok_or(if scans.ended { Unusable::Damaged } else { Unusable::Incomplete })?;
    let (most_wide, most_high) = scans.factors();
    let side = |side: u32, factor: u8, most: u8| (side * u32::from(factor)).div_ceil(u32::from(most));
    let width = side(scans.width, component.wide, most_wide);
    let height = side(scans.height, component.high, most_high);
    let stream = stream(scans, scan, component, (width, height))?;
    let plane = jpeg::decode_stream(&stream, (width, height), Channels::Grey, scans.ended)?;
    if (width, height) == (scans.width, scans.height) {
        return Ok(plane);
    }
    let damaged = |_error| Unusable::Damaged;
    let from = ImageRef::new(width, height, &plane, PixelType::U8).map_err(|_error| Unusable::Damaged)?;
    let mut to = Image::new(scans.width, scans.height, PixelType::U8);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    Resizer::new().resize(&from, &mut to, &options).map_err(damaged)?;
    Ok(to.into_vec())
}

/// Writes a picture of shades: the tables up to the scan, a frame with the component alone, and the scan.
fn stream(scans: &Scans, scan: &Scan, component: &Component, size: (u32, u32)) -> Result<Vec<u8>, Unusable> {
    let number = |side: u32| u16::try_from(side).map(u16::to_be_bytes).map_err(|_error| Unusable::Damaged);
    let mut stream = b"\xFF\xD8".to_vec();
    let mut start = 0;
    let before = scans.passes.iter().map(|scan| scan.range.clone()).chain([scans.frame.clone()]);
    let mut skipped: Vec<_> = before.filter(|range| range.start < scan.range.start).collect();
    skipped.sort_by_key(|range| range.start);
    for range in skipped {
        stream.extend_from_slice(scans.picture.get(start..range.start).unwrap_or_default());
        start = range.end;
    }
    stream.extend_from_slice(scans.picture.get(start..scan.range.start).unwrap_or_default());
    stream.extend(b"\xFF\xC0\0\x0B\x08");
    stream.extend(number(size.1)?);
    stream.extend(number(size.0)?);
    stream.extend([1, component.name, 0x11, component.table]);
    stream.extend_from_slice(&scans.picture[scan.range.clone()]);
    stream.extend(jpeg::END);
    Ok(stream)
}
