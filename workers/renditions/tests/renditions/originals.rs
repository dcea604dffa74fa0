//! Originals made by code.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use photovote_renditions::{MediaType, Rendered, Rendition};
use zune_jpeg::JpegDecoder;

pub(crate) const WIDTH: u32 = 64;
pub(crate) const HEIGHT: u32 = 48;
/// The colours of the quarters: upper left, upper right, lower left, lower right.
pub(crate) const QUARTERS: [[u8; 3]; 4] = [[200, 60, 40], [40, 170, 60], [50, 70, 190], [210, 200, 190]];

/// A picture of 64 × 48 pixels whose quarters have four colours.
pub(crate) fn quarters() -> Vec<u8> {
    let colour = |x, y| QUARTERS[usize::from(x >= WIDTH / 2) + 2 * usize::from(y >= HEIGHT / 2)];
    (0..HEIGHT).flat_map(|y| (0..WIDTH).flat_map(move |x| colour(x, y))).collect()
}

/// A picture in which no two parts are alike.
pub(crate) fn gradient(width: u32, height: u32) -> Vec<u8> {
    let sample = |value: u32| u8::try_from(value % 256).unwrap();
    let wave = |at: u32, side: u32| if at * 3 / side.max(1) == 1 { 90 } else { 10 };
    let pixel = move |x: u32, y: u32| {
        [
            sample(x * 160 / width + wave(y, height)),
            sample(y * 160 / height + wave(x, width)),
            sample(255 - (x + y) * 255 / (width + height)),
        ]
    };
    (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect()
}

/// A JPEG file as cameras write it.
pub(crate) fn jpeg(pixels: &[u8], width: u32, height: u32) -> Vec<u8> {
    coded(pixels, width, height, ColorType::Rgb, |encoder| encoder.set_sampling_factor(SamplingFactor::F_2_2))
}

/// A JPEG file with settings of the encoder.
pub(crate) fn coded(
    pixels: &[u8],
    width: u32,
    height: u32,
    colour: ColorType,
    set: impl FnOnce(&mut Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 95);
    set(&mut encoder);
    let side = |side: u32| u16::try_from(side).unwrap();
    encoder.encode(pixels, side(width), side(height), colour).unwrap();
    bytes
}

/// Inserts a segment behind the first marker.
pub(crate) fn with_segment(jpeg: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, marker], &length, content, &jpeg[2..]].concat()
}

/// EXIF with an orientation.
pub(crate) fn exif(orientation: u8) -> Vec<u8> {
    [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &[orientation, 0, 0, 0], &[0; 4]].concat()
}

/// A PNG file.
pub(crate) fn png(pixels: &[u8], width: u32, height: u32, colour: png::ColorType, depth: png::BitDepth) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    if colour == png::ColorType::Indexed {
        encoder.set_palette(QUARTERS.concat());
    }
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    bytes
}

pub(crate) fn chunk(name: &[u8], content: &[u8]) -> Vec<u8> {
    let named = [name, content].concat();
    [u32::try_from(content.len()).unwrap().to_be_bytes().as_slice(), &named, &crc32fast::hash(&named).to_be_bytes()]
        .concat()
}

/// Inserts a chunk behind the header.
pub(crate) fn with_chunk(png: &[u8], name: &[u8], content: &[u8]) -> Vec<u8> {
    [&png[..33], &chunk(name, content), &png[33..]].concat()
}

/// Wraps bytes as zlib does, without making them smaller.
pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut wrapped = vec![0x78, 0x01];
    let parts: Vec<_> = bytes.chunks(65_535).collect();
    for (number, part) in parts.iter().enumerate() {
        let length = u16::try_from(part.len()).unwrap();
        wrapped.push(u8::from(number + 1 == parts.len()));
        wrapped.extend(length.to_le_bytes());
        wrapped.extend((!length).to_le_bytes());
        wrapped.extend_from_slice(part);
    }
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    wrapped.extend((high << 16 | low).to_be_bytes());
    wrapped
}

/// A PNG file with a profile.
pub(crate) fn png_with_profile(png: &[u8], profile: &[u8]) -> Vec<u8> {
    with_chunk(png, b"iCCP", &[b"profile\0\0".as_slice(), &zlib(profile)].concat())
}

/// A lossless WebP file.
pub(crate) fn webp(pixels: &[u8], width: u32, height: u32) -> Vec<u8> {
    webp::Encoder::from_rgb(pixels, width, height).encode_lossless().to_vec()
}

/// A WebP file with chunks behind the picture.
pub(crate) fn extended_webp(simple: &[u8], flags: u8, (width, height): (u32, u32), more: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut bytes = b"WEBPVP8X\x0A\0\0\0".to_vec();
    bytes.extend([flags, 0, 0, 0]);
    bytes.extend(&(width - 1).to_le_bytes()[..3]);
    bytes.extend(&(height - 1).to_le_bytes()[..3]);
    bytes.extend_from_slice(&simple[12..]);
    for (name, content) in more {
        bytes.extend_from_slice(name);
        bytes.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(2), 0);
    }
    [b"RIFF".as_slice(), &u32::try_from(bytes.len()).unwrap().to_le_bytes(), &bytes].concat()
}

/// Decodes a rendition.
pub(crate) fn shown(rendition: &Rendition) -> Vec<u8> {
    match rendition.media_type {
        MediaType::Jpeg => JpegDecoder::new(zune_core::bytestream::ZCursor::new(&rendition.bytes)).decode().unwrap(),
        MediaType::Webp => {
            let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(&rendition.bytes)).unwrap();
            let mut pixels = vec![0; decoder.output_buffer_size().unwrap()];
            decoder.read_image(&mut pixels).unwrap();
            pixels
        }
    }
}

/// Asserts that the middle of each quarter of every rendition has the expected colour.
#[track_caller]
pub(crate) fn assert_quarters(rendered: &Rendered, expected: [[u8; 3]; 4], tolerance: u8, name: &str) {
    for rendition in &rendered.renditions {
        let pixels = shown(rendition);
        for (quarter, colour) in expected.iter().enumerate() {
            let x = rendition.width as usize * (1 + 2 * (quarter % 2)) / 4;
            let y = rendition.height as usize * (1 + 2 * (quarter / 2)) / 4;
            let pixel = &pixels[(y * rendition.width as usize + x) * 3..][..3];
            let near = pixel.iter().zip(colour).all(|(one, other)| one.abs_diff(*other) <= tolerance);
            assert!(near, "{name}, {:?}, quarter {quarter}: {pixel:?}, not {colour:?}", rendition.media_type);
        }
    }
}
