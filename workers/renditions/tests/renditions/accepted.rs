//! What is accepted, and how large it is shown.

use jpeg_encoder::{ColorType, SamplingFactor};
use photovote_renditions::{MediaType, Rendered, render};

use crate::originals::{
    HEIGHT, QUARTERS, WIDTH, assert_quarters, chunk, coded, exif, extended_webp, gradient, jpeg, png, quarters, webp,
    with_chunk, with_segment, zlib,
};

fn sizes(rendered: &Rendered) -> Vec<(u32, u32)> {
    let sizes: Vec<_> = rendered.renditions.iter().map(|rendition| (rendition.width, rendition.height)).collect();
    sizes.chunks(2).map(|pair| pair[0]).collect()
}

#[test]
fn every_orientation_is_shown_upright() {
    let [a, b, c, d] = QUARTERS;
    let upright = [
        [a, b, c, d],
        [b, a, d, c],
        [d, c, b, a],
        [c, d, a, b],
        [a, c, b, d],
        [c, a, d, b],
        [d, b, c, a],
        [b, d, a, c],
    ];
    let pixels = quarters();
    let plain = png(&pixels, WIDTH, HEIGHT, ::png::ColorType::Rgb, ::png::BitDepth::Eight);
    for (number, expected) in (1..=8).zip(upright) {
        let exif = exif(number);
        let segment = [b"Exif\0\0".as_slice(), &exif].concat();
        let originals = [
            with_segment(&jpeg(&pixels, WIDTH, HEIGHT), 0xE1, &segment),
            with_chunk(&plain, b"eXIf", &exif),
            extended_webp(&webp(&pixels, WIDTH, HEIGHT), 8, (WIDTH, HEIGHT), &[(b"EXIF", &exif)]),
        ];
        for original in originals {
            let rendered = render(&original).unwrap();
            let size = if number < 5 { (WIDTH, HEIGHT) } else { (HEIGHT, WIDTH) };
            assert_eq!((rendered.width, rendered.height), size, "{number}");
            assert_quarters(&rendered, expected, 12, &format!("orientation {number}"));
        }
    }
}

#[test]
fn wrong_exif_does_not_break_a_picture() {
    let plain = jpeg(&quarters(), WIDTH, HEIGHT);
    for wrong in [&b"Exif\0\0"[..], b"Exif\0\0II*\0\xFF\xFF\xFF\xFF", b"Exif\0\0MM\0*\0\0\0\x08\xFF\xFF\x01\x12"] {
        assert_quarters(&render(&with_segment(&plain, 0xE1, wrong)).unwrap(), QUARTERS, 12, "wrong EXIF");
    }
}

#[test]
fn renditions_are_never_larger_than_the_original() {
    let of = |width, height| render(&jpeg(&gradient(width, height), width, height)).unwrap();
    assert_eq!(sizes(&of(600, 450)), [(480, 360), (600, 450)]);
    assert_eq!(sizes(&of(100, 200)), [(100, 200)]);
    assert_eq!(sizes(&of(2800, 1400)), [(480, 240), (1280, 640), (2560, 1280)]);
    let large = of(2800, 1400);
    assert_eq!((large.width, large.height), (2800, 1400));
}

#[test]
fn extreme_shapes_keep_a_row_of_pixels() {
    let wide = render(&jpeg(&gradient(8000, 3), 8000, 3)).unwrap();
    assert_eq!(sizes(&wide), [(480, 1), (1280, 1), (2560, 1)]);
    let one = render(&jpeg(&[10, 20, 30], 1, 1)).unwrap();
    assert_eq!(sizes(&one), [(1, 1)]);
}

#[test]
fn each_size_comes_as_jpeg_and_as_webp() {
    let rendered = render(&webp(&gradient(600, 400), 600, 400)).unwrap();
    let types: Vec<_> = rendered.renditions.iter().map(|rendition| rendition.media_type).collect();
    assert_eq!(types, [MediaType::Jpeg, MediaType::Webp, MediaType::Jpeg, MediaType::Webp]);
    assert!(rendered.renditions[0].bytes.starts_with(b"\xFF\xD8\xFF"));
    assert!(rendered.renditions[0].bytes.windows(2).any(|pair| pair == b"\xFF\xC2"), "the JPEG is progressive");
    assert!(rendered.renditions[1].bytes.windows(4).any(|name| name == b"VP8 "), "the WebP is lossy");
}

#[test]
fn equal_originals_have_equal_renditions() {
    let original = jpeg(&gradient(700, 500), 700, 500);
    assert_eq!(render(&original).unwrap(), render(&original).unwrap());
}

#[test]
fn all_ways_of_coding_a_jpeg_look_the_same() {
    let pixels = quarters();
    let factors = [SamplingFactor::F_1_1, SamplingFactor::F_2_1, SamplingFactor::F_1_2, SamplingFactor::F_2_2];
    for factor in factors {
        for (progressive, one_by_one, restarts) in
            [(false, false, 0), (false, true, 0), (true, true, 0), (false, false, 3)]
        {
            let original = coded(&pixels, WIDTH, HEIGHT, ColorType::Rgb, |encoder| {
                encoder.set_sampling_factor(factor);
                encoder.set_progressive(progressive);
                encoder.set_optimized_huffman_tables(one_by_one);
                encoder.set_restart_interval(restarts);
            });
            let name = format!("{factor:?}, progressive {progressive}, optimised {one_by_one}, restarts {restarts}");
            assert_quarters(&render(&original).unwrap(), QUARTERS, 12, &name);
        }
    }
}

#[test]
fn a_whole_picture_without_its_end_marker_is_shown() {
    let original = jpeg(&quarters(), WIDTH, HEIGHT);
    assert_quarters(&render(&original[..original.len() - 2]).unwrap(), QUARTERS, 12, "no end marker");
}

#[test]
fn a_jpeg_without_tables_has_the_usual_ones() {
    let mut original = jpeg(&quarters(), WIDTH, HEIGHT);
    while let Some(at) = original.windows(2).position(|marker| marker == b"\xFF\xC4") {
        let length = usize::from(u16::from_be_bytes([original[at + 2], original[at + 3]]));
        original.drain(at..at + 2 + length);
    }
    assert_quarters(&render(&original).unwrap(), QUARTERS, 12, "motion JPEG");
}

#[test]
fn all_depths_and_palettes_of_png_are_shown() {
    use ::png::{BitDepth::*, ColorType::*};
    let pixels = quarters();
    let deep: Vec<u8> = pixels.iter().flat_map(|sample| [*sample, *sample]).collect();
    assert_quarters(&render(&png(&deep, WIDTH, HEIGHT, Rgb, Sixteen)).unwrap(), QUARTERS, 12, "16 bits");
    let half = [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55];
    let upper = half.repeat(HEIGHT as usize / 2);
    let lower: Vec<u8> = upper.iter().map(|indices| indices + 0xAA).collect();
    let indices = [upper, lower].concat();
    assert_quarters(&render(&png(&indices, WIDTH, HEIGHT, Indexed, Two)).unwrap(), QUARTERS, 12, "palette");
    let greys = [0, 85, 170, 255].map(|grey| [grey; 3]);
    assert_quarters(&render(&png(&indices, WIDTH, HEIGHT, Grayscale, Two)).unwrap(), greys, 6, "grey of 2 bits");
}

#[test]
fn interlaced_png_is_shown() {
    // Two by two pixels: the first, sixth and seventh pass have pixels.
    let header = chunk(b"IHDR", &[0, 0, 0, 2, 0, 0, 0, 2, 8, 2, 0, 0, 1]);
    let [a, b, c, d] = QUARTERS;
    let passes = [&[0][..], &a, &[0], &b, &[0], &c, &d].concat();
    let data = chunk(b"IDAT", &zlib(&passes));
    let original = [b"\x89PNG\r\n\x1A\n".as_slice(), &header, &data, &chunk(b"IEND", b"")].concat();
    let rendered = render(&original).unwrap();
    let mean: Vec<_> =
        (0..3).map(|channel| QUARTERS.iter().map(|colour| u32::from(colour[channel])).sum::<u32>() / 4).collect();
    assert_eq!((rendered.width, rendered.height), (2, 2));
    assert_eq!(rendered.placeholder, format!("#{:02x}{:02x}{:02x}", mean[0], mean[1], mean[2]));
}

#[test]
fn the_first_frame_of_an_animation_is_shown() {
    let pixels = quarters();
    let (first, second) = (webp(&pixels, WIDTH, HEIGHT), webp(&vec![0; pixels.len()], WIDTH, HEIGHT));
    let frame = |simple: &[u8]| {
        let place = [0, 0, 0, 0, 0, 0, 63, 0, 0, 47, 0, 0, 100, 0, 0, 0];
        [place.as_slice(), &simple[12..]].concat()
    };
    let frames: [(&[u8], &[u8]); 3] = [(b"ANIM", &[0; 6]), (b"ANMF", &frame(&first)), (b"ANMF", &frame(&second))];
    let original = extended_webp(&[0; 12], 2, (WIDTH, HEIGHT), &frames);
    assert_quarters(&render(&original).unwrap(), QUARTERS, 12, "animation");
}

#[test]
fn copies_are_alike_and_other_pictures_are_not() {
    let pixels = gradient(640, 480);
    let one = render(&jpeg(&pixels, 640, 480)).unwrap().likeness;
    let copy = render(&webp(&gradient(320, 240), 320, 240)).unwrap().likeness;
    let mirrored: Vec<u8> = pixels.chunks(3).rev().flatten().copied().collect();
    let other = render(&jpeg(&mirrored, 640, 480)).unwrap().likeness;
    assert!(one.distance(copy) <= 6, "{}", one.distance(copy));
    assert!(one.distance(other) > 16, "{}", one.distance(other));
}

#[test]
fn the_placeholder_is_the_mean_colour() {
    let rendered = render(&webp(&[90, 120, 200].repeat(400), 20, 20)).unwrap();
    assert_eq!(rendered.placeholder, "#5a78c8");
}
