//! Colours: each profile is converted, and what no profile describes is sRGB.

use jpeg_encoder::ColorType;
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};
use photovote_renditions::render;

use crate::originals::{
    HEIGHT, QUARTERS, WIDTH, assert_quarters, coded, extended_webp, jpeg, png, png_with_profile, quarters, webp,
    with_chunk, with_segment,
};

const EIGHT: png::BitDepth = png::BitDepth::Eight;

/// The quarters in the numbers of a profile.
fn described(profile: &ColorProfile) -> Vec<u8> {
    let srgb = ColorProfile::new_srgb();
    let transform = srgb.create_transform_8bit(Layout::Rgb, profile, Layout::Rgb, TransformOptions::default()).unwrap();
    let pixels = quarters();
    let mut described = vec![0; pixels.len()];
    transform.transform(&pixels, &mut described).unwrap();
    described
}

fn segment(profile: &[u8]) -> Vec<u8> {
    [b"ICC_PROFILE\0\x01\x01".as_slice(), profile].concat()
}

#[test]
fn wide_profiles_are_converted_to_srgb() {
    let profiles = [
        ("Adobe RGB", ColorProfile::new_adobe_rgb()),
        ("Display P3", ColorProfile::new_display_p3()),
        ("ProPhoto", ColorProfile::new_pro_photo_rgb()),
    ];
    for (name, profile) in profiles {
        let pixels = described(&profile);
        assert_ne!(pixels, quarters(), "{name}");
        let bytes = profile.encode().unwrap();
        let plain = webp(&pixels, WIDTH, HEIGHT);
        let deep: Vec<u8> = pixels.iter().flat_map(|sample| [*sample, *sample]).collect();
        let originals = [
            with_segment(&jpeg(&pixels, WIDTH, HEIGHT), 0xE2, &segment(&bytes)),
            png_with_profile(&png(&pixels, WIDTH, HEIGHT, png::ColorType::Rgb, EIGHT), &bytes),
            png_with_profile(&png(&deep, WIDTH, HEIGHT, png::ColorType::Rgb, png::BitDepth::Sixteen), &bytes),
            extended_webp(&plain, 0x20, (WIDTH, HEIGHT), &[(b"ICCP", &bytes)]),
        ];
        for original in originals {
            assert_quarters(&render(&original).unwrap(), QUARTERS, 14, name);
        }
    }
}

#[test]
fn a_profile_in_parts_out_of_order_is_put_together() {
    let profile = ColorProfile::new_adobe_rgb();
    let bytes = profile.encode().unwrap();
    let (one, two) = bytes.split_at(200);
    let plain = jpeg(&described(&profile), WIDTH, HEIGHT);
    let first = with_segment(&plain, 0xE2, &[b"ICC_PROFILE\0\x01\x02".as_slice(), one].concat());
    let original = with_segment(&first, 0xE2, &[b"ICC_PROFILE\0\x02\x02".as_slice(), two].concat());
    assert_quarters(&render(&original).unwrap(), QUARTERS, 14, "parts");
}

#[test]
fn grey_profiles_are_converted_to_srgb() {
    let grey = [128; (WIDTH * HEIGHT) as usize];
    let plain = png(&grey, WIDTH, HEIGHT, png::ColorType::Grayscale, EIGHT);
    let linear = ColorProfile::new_gray_with_gamma(1.0);
    let original = png_with_profile(&plain, &linear.encode().unwrap());
    assert_quarters(&render(&original).unwrap(), [[188; 3]; 4], 3, "brightness");
    let mut lightness = ColorProfile::new_gray_with_gamma(1.0);
    lightness.pcs = DataColorSpace::Lab;
    let original = png_with_profile(&plain, &lightness.encode().unwrap());
    assert_quarters(&render(&original).unwrap(), [[119; 3]; 4], 3, "lightness");
}

#[test]
fn profiles_that_do_not_fit_are_ignored() {
    let adobe = ColorProfile::new_adobe_rgb().encode().unwrap();
    let mut black = ColorProfile::new_adobe_rgb();
    black.red_colorant = moxcms::Xyzd::new(0.0, 0.0, 0.0);
    black.green_colorant = black.red_colorant;
    black.blue_colorant = black.red_colorant;
    let grey = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let profiles: [(&str, &[u8]); 5] = [
        ("cut", &adobe[..300]),
        ("empty", b""),
        ("text", b"not a profile"),
        ("grey", &grey),
        ("black", &black.encode().unwrap()),
    ];
    for (name, profile) in profiles {
        let original = with_segment(&jpeg(&quarters(), WIDTH, HEIGHT), 0xE2, &segment(profile));
        assert_quarters(&render(&original).unwrap(), QUARTERS, 12, name);
        let plain = png(&quarters(), WIDTH, HEIGHT, png::ColorType::Rgb, EIGHT);
        assert_quarters(&render(&png_with_profile(&plain, profile)).unwrap(), QUARTERS, 12, name);
    }
}

#[test]
fn the_gamma_of_a_png_counts_unless_it_says_srgb() {
    let plain = png(&[128; 3 * (WIDTH * HEIGHT) as usize], WIDTH, HEIGHT, png::ColorType::Rgb, EIGHT);
    let linear = with_chunk(&plain, b"gAMA", &100_000_u32.to_be_bytes());
    assert_quarters(&render(&linear).unwrap(), [[188; 3]; 4], 3, "linear");
    let srgb = with_chunk(&linear, b"sRGB", &[0]);
    assert_quarters(&render(&srgb).unwrap(), [[128; 3]; 4], 3, "sRGB");
    let usual = with_chunk(&plain, b"gAMA", &45_455_u32.to_be_bytes());
    assert_quarters(&render(&usual).unwrap(), [[128; 3]; 4], 3, "usual");
}

/// The quarters in inks: black takes what all three have in common.
fn inks(invert: bool) -> Vec<u8> {
    let ink = move |pixel: [u8; 3]| {
        let light = u32::from(pixel.into_iter().max().unwrap()).max(1);
        let share = |sample: u8| u8::try_from(255 - u32::from(sample) * 255 / light).unwrap();
        let inks = [share(pixel[0]), share(pixel[1]), share(pixel[2]), 255 - u8::try_from(light).unwrap()];
        if invert { inks.map(|ink| 255 - ink) } else { inks }
    };
    quarters().as_chunks::<3>().0.iter().flat_map(|pixel| ink(*pixel)).collect()
}

/// Removes the segment of Adobe.
fn without_adobe(jpeg: &[u8]) -> Vec<u8> {
    let at = jpeg.windows(9).position(|bytes| bytes.starts_with(b"\xFF\xEE") && bytes.ends_with(b"Adobe")).unwrap();
    [&jpeg[..at], &jpeg[at + 16..]].concat()
}

#[test]
fn inks_are_shown_as_they_are_printed() {
    let printed = |kind| coded(&inks(false), WIDTH, HEIGHT, kind, |_| ());
    // The encoder inverts inks and writes the segment of Adobe.
    assert_quarters(&render(&printed(ColorType::Cmyk)).unwrap(), QUARTERS, 14, "CMYK of Adobe");
    assert_quarters(&render(&printed(ColorType::CmykAsYcck)).unwrap(), QUARTERS, 14, "YCCK of Adobe");
    let inverted = without_adobe(&coded(&inks(true), WIDTH, HEIGHT, ColorType::Cmyk, |_| ()));
    assert_quarters(&render(&inverted).unwrap(), QUARTERS, 14, "CMYK without Adobe");
}

/// A profile for inks, of which cyan alone takes away light: a table of two points for each ink, to Lab.
fn ink_profile() -> Vec<u8> {
    let mut table = b"mft1\0\0\0\0\x04\x03\x02\0".to_vec();
    for number in [1, 0, 0, 0, 1, 0, 0, 0, 1] {
        table.extend((number * 65_536_i32).to_be_bytes());
    }
    let ramp: Vec<u8> = (0..=255).collect();
    table.extend(ramp.repeat(4));
    for inks in 0..16 {
        table.extend(if inks < 8 { [255, 128, 128] } else { [0, 128, 128] });
    }
    table.extend(ramp.repeat(3));
    table.resize(table.len().next_multiple_of(4), 0);
    let white: Vec<u8> = [0xF6D6, 0x1_0000, 0xD32D_i32].iter().flat_map(|number| number.to_be_bytes()).collect();
    let data = 128 + 4 + 12;
    let length = u32::try_from(data + table.len()).unwrap();
    let mut profile = length.to_be_bytes().to_vec();
    profile.extend(b"\0\0\0\0\x02\x40\0\0prtrCMYKLab ");
    profile.extend(b"\x07\xEA\0\x01\0\x01\0\0\0\0\0\0acsp");
    profile.resize(68, 0);
    profile.extend(white);
    profile.resize(128, 0);
    profile.extend(1_u32.to_be_bytes());
    profile.extend(b"A2B0");
    profile.extend(u32::try_from(data).unwrap().to_be_bytes());
    profile.extend(u32::try_from(table.len()).unwrap().to_be_bytes());
    profile.extend(table);
    profile
}

#[test]
fn inks_with_a_profile_are_converted_by_it() {
    let pixels = [0, 200, 100, 50].repeat((WIDTH * HEIGHT) as usize);
    let plain = coded(&pixels, WIDTH, HEIGHT, ColorType::Cmyk, |_| ());
    let original = with_segment(&plain, 0xE2, &segment(&ink_profile()));
    assert_quarters(&render(&original).unwrap(), [[255; 3]; 4], 6, "no cyan");
    let pixels = [255, 0, 0, 0].repeat((WIDTH * HEIGHT) as usize);
    let plain = coded(&pixels, WIDTH, HEIGHT, ColorType::Cmyk, |_| ());
    let original = with_segment(&plain, 0xE2, &segment(&ink_profile()));
    assert_quarters(&render(&original).unwrap(), [[0; 3]; 4], 6, "cyan");
}

#[test]
fn components_that_are_rgb_are_not_converted() {
    let mut original = coded(&quarters(), WIDTH, HEIGHT, ColorType::Ycbcr, |_| ());
    let jfif = original.windows(4).position(|bytes| bytes == b"JFIF").unwrap();
    original[jfif] = b'-';
    let original = with_segment(&original, 0xEE, b"Adobe\0\x64\0\0\0\0\0");
    assert_quarters(&render(&original).unwrap(), QUARTERS, 14, "RGB");
}

#[test]
fn transparent_parts_are_white() {
    let pixels: Vec<u8> = quarters().chunks(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 128]).collect();
    let half = QUARTERS.map(|colour| colour.map(|sample| sample.midpoint(255)));
    let deep: Vec<u8> = pixels.iter().flat_map(|sample| [*sample, *sample]).collect();
    let originals = [
        png(&pixels, WIDTH, HEIGHT, png::ColorType::Rgba, EIGHT),
        png(&deep, WIDTH, HEIGHT, png::ColorType::Rgba, png::BitDepth::Sixteen),
        webp::Encoder::from_rgba(&pixels, WIDTH, HEIGHT).encode_lossless().to_vec(),
        webp::Encoder::from_rgba(&pixels, WIDTH, HEIGHT).encode(90.0).to_vec(),
    ];
    for original in originals {
        assert_quarters(&render(&original).unwrap(), half, 14, "half transparent");
    }
}

#[test]
fn colours_of_single_pixels_are_mixed() {
    // Two bright colours take turns. Their mean is far from either.
    let columns = [[250, 120, 110], [90, 150, 250]].concat().repeat((WIDTH * HEIGHT / 2) as usize);
    let mean = [170, 135, 180];
    let original = png(&columns, WIDTH, HEIGHT, png::ColorType::Rgb, EIGHT);
    for rendition in render(&original).unwrap().renditions {
        let pixels = crate::originals::shown(&rendition);
        let count = u32::try_from(pixels.len() / 3).unwrap();
        for (channel, expected) in mean.into_iter().enumerate() {
            let sum: u32 = pixels.iter().skip(channel).step_by(3).map(|sample| u32::from(*sample)).sum();
            let found = sum / count;
            assert!(found.abs_diff(expected) <= 6, "{:?}, channel {channel}: {found}", rendition.media_type);
        }
    }
}
