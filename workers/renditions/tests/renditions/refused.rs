//! What is refused, and that there is always an answer.

use jpeg_encoder::ColorType;
use photovote_renditions::{MAX_BYTES, Unusable, render};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::originals::{
    HEIGHT, WIDTH, chunk, coded, exif, gradient, jpeg, png, quarters, webp, with_chunk, with_segment,
};

#[track_caller]
fn code(original: &[u8]) -> &'static str {
    render(original).unwrap_err().code()
}

#[test]
fn empty_and_large_files_are_refused_first() {
    assert_eq!(code(b""), "empty");
    assert_eq!(code(&vec![0; MAX_BYTES + 1]), "too_many_bytes");
    assert_eq!(code(&vec![0; MAX_BYTES]), "not_a_picture");
}

/// A JPEG header that states a size.
fn stated_jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut original = jpeg(&quarters(), WIDTH, HEIGHT);
    let frame = original.windows(2).position(|bytes| bytes == b"\xFF\xC0").unwrap();
    original[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    original[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    original
}

fn stated_png(width: u32, height: u32) -> Vec<u8> {
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let header = chunk(b"IHDR", &[&size[..], &[8, 0, 0, 0, 0]].concat());
    [b"\x89PNG\r\n\x1A\n".as_slice(), &header, &chunk(b"IDAT", b"\x78\x9C"), &chunk(b"IEND", b"")].concat()
}

#[test]
fn sizes_beyond_the_limits_are_refused_by_the_header() {
    assert_eq!(code(&stated_jpeg(65_535, 65_535)), "too_many_pixels");
    assert_eq!(code(&stated_jpeg(8_001, 8_000)), "too_many_pixels");
    assert_eq!(code(&stated_jpeg(16_385, 10)), "side_too_long");
    assert_eq!(code(&stated_png(16_000, 16_000)), "too_many_pixels");
    assert_eq!(code(&stated_png(u32::MAX, u32::MAX)), "too_many_pixels");
    assert_eq!(code(&stated_png(1, 16_385)), "side_too_long");
    assert_eq!(code(b"RIFF\x2A\0\0\0WEBPVP8L\x0A\0\0\0\x2F\xFF\xFF\xFF\x0F\0\0\0\0\0"), "too_many_pixels");
    assert_ne!(code(&stated_jpeg(8_000, 8_000)), "too_many_pixels");
    let refusal = render(&stated_jpeg(9_000, 9_000)).unwrap_err();
    assert_eq!(refusal, Unusable::TooManyPixels { width: 9_000, height: 9_000 });
    assert!(refusal.to_string().contains("9000 × 9000"));
}

#[test]
fn cut_pictures_are_refused_as_incomplete() {
    let pixels = gradient(200, 150);
    let progressive = coded(&pixels, 200, 150, ColorType::Rgb, |encoder| encoder.set_progressive(true));
    let originals = [
        ("baseline", jpeg(&pixels, 200, 150)),
        ("progressive", progressive),
        ("PNG", png(&pixels, 200, 150, png::ColorType::Rgb, png::BitDepth::Eight)),
        ("WebP", webp(&pixels, 200, 150)),
    ];
    for (name, original) in originals {
        for percent in [5, 30, 50, 80, 95, 98] {
            let cut = &original[..original.len() * percent / 100];
            assert_eq!(code(cut), "incomplete", "{name} at {percent} %");
        }
    }
}

#[test]
fn a_cut_jpeg_with_an_end_marker_is_damaged() {
    let original = jpeg(&gradient(200, 150), 200, 150);
    for percent in [50, 80, 95] {
        let cut = [&original[..original.len() * percent / 100], b"\xFF\xD9"].concat();
        assert_eq!(code(&cut), "damaged", "{percent} %");
    }
}

#[test]
fn rare_kinds_of_jpeg_are_refused_with_their_reason() {
    let mut original = jpeg(&quarters(), WIDTH, HEIGHT);
    let frame = original.windows(2).position(|bytes| bytes == b"\xFF\xC0").unwrap();
    for kind in [0xC3, 0xC9, 0xCA, 0xF7] {
        original[frame + 1] = kind;
        assert_eq!(code(&original), "unsupported_coding", "{kind:x}");
    }
    original[frame + 1] = 0xC1;
    original[frame + 4] = 12;
    assert_eq!(code(&original), "unsupported_coding", "12 bits");
}

#[test]
fn pixels_with_a_wrong_checksum_are_damaged() {
    let original = png(&quarters(), WIDTH, HEIGHT, png::ColorType::Rgb, png::BitDepth::Eight);
    let data = original.windows(4).position(|name| name == b"IDAT").unwrap();
    let end = original.windows(4).position(|name| name == b"IEND").unwrap();
    // The checksum of the pixels stands before the length of the last chunk.
    for at in [data + 30, end - 8] {
        let mut changed = original.clone();
        changed[at] ^= 1;
        assert_eq!(code(&changed), "damaged", "byte {at}");
    }
    // Other checksums do not matter: nothing of their chunks is shown.
    let mut described = with_chunk(&original, b"tEXt", b"Title\0Test");
    described[33 + 8 + 10 + 3] ^= 1;
    assert!(render(&described).is_ok());
}

#[test]
fn thousands_of_scans_are_refused_before_decoding() {
    let original = coded(&quarters(), WIDTH, HEIGHT, ColorType::Rgb, |encoder| encoder.set_progressive(true));
    let scan = original.windows(2).position(|bytes| bytes == b"\xFF\xDA").unwrap();
    let end = scan + 2 + original[scan + 2..].windows(2).position(|pair| pair[0] == 0xFF && pair[1] != 0).unwrap();
    let bomb = [&original[..scan], &original[scan..end].repeat(3_000), b"\xFF\xD9"].concat();
    assert_eq!(code(&bomb), "unsupported_coding");
}

#[test]
fn each_reason_says_what_to_do_next() {
    let reasons = [
        Unusable::Empty,
        Unusable::TooManyBytes,
        Unusable::NotAPicture,
        Unusable::TooManyPixels { width: 1, height: 1 },
        Unusable::SideTooLong { width: 1, height: 1 },
        Unusable::Incomplete,
        Unusable::Damaged,
        Unusable::UnsupportedCoding,
    ];
    for reason in reasons {
        let sentence = reason.to_string();
        assert!(["pload", "xport"].iter().any(|verb| sentence.contains(verb)), "{sentence}");
        assert!(reason.code().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
    }
}

fn originals() -> Vec<Vec<u8>> {
    let pixels = gradient(40, 30);
    let progressive = coded(&pixels, 40, 30, ColorType::Rgb, |encoder| encoder.set_progressive(true));
    let apart = coded(&pixels, 40, 30, ColorType::Rgb, |encoder| encoder.set_optimized_huffman_tables(true));
    let inks = coded(&gradient(40, 40)[..4 * 40 * 30], 40, 30, ColorType::CmykAsYcck, |_| ());
    let profile = moxcms::ColorProfile::new_adobe_rgb().encode().unwrap();
    let described = with_segment(
        &with_segment(&jpeg(&pixels, 40, 30), 0xE2, &[b"ICC_PROFILE\0\x01\x01".as_slice(), &profile].concat()),
        0xE1,
        &[b"Exif\0\0".as_slice(), &exif(6)].concat(),
    );
    let plain = png(&pixels, 40, 30, png::ColorType::Rgb, png::BitDepth::Eight);
    let lossy = webp::Encoder::from_rgb(&pixels, 40, 30).encode(80.0).to_vec();
    let alpha = webp::Encoder::from_rgba(&pixels[..4 * 20 * 20], 20, 20).encode(80.0).to_vec();
    vec![
        progressive,
        apart,
        inks,
        described,
        with_chunk(&plain, b"eXIf", &exif(8)),
        webp(&pixels, 40, 30),
        lossy,
        alpha,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_files_always_have_an_answer(
        file in any::<Index>(),
        changes in vec((any::<Index>(), any::<u8>()), 0..6),
        cut in proptest::option::weighted(0.2, any::<Index>()),
    ) {
        let originals = originals();
        let mut original = originals[file.index(originals.len())].clone();
        for (at, byte) in changes {
            let at = at.index(original.len());
            original[at] = byte;
        }
        if let Some(cut) = cut {
            original.truncate(cut.index(original.len()));
        }
        if let Ok(rendered) = render(&original) {
            prop_assert!(!rendered.renditions.is_empty());
            prop_assert!(u64::from(rendered.width) * u64::from(rendered.height) <= photovote_renditions::MAX_PIXELS);
        }
    }
}
