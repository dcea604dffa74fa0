//! Nothing but pixels passes from an original to a rendition.

use photovote_renditions::{MediaType, Rendered, render};

use crate::originals::{
    HEIGHT, QUARTERS, WIDTH, assert_quarters, extended_webp, jpeg, png, quarters, webp, with_chunk, with_segment,
};

const SECRET: &[u8] = b"Erika Mustermann, 47.37 N 8.54 E";

#[track_caller]
fn assert_private(rendered: &Rendered) {
    assert_quarters(rendered, QUARTERS, 12, "private");
    for rendition in &rendered.renditions {
        for traces in [b"Erika".as_slice(), b"Exif", b"http", b"8BIM", b"PK\x03\x04", b"SECRET"] {
            assert!(!rendition.bytes.windows(traces.len()).any(|bytes| bytes == traces), "{}", traces.escape_ascii());
        }
        let size = u32::try_from(rendition.bytes.len() - 8).unwrap();
        match rendition.media_type {
            MediaType::Jpeg => assert!(rendition.bytes.ends_with(b"\xFF\xD9")),
            MediaType::Webp => assert_eq!(rendition.bytes[4..8], size.to_le_bytes()),
        }
    }
}

#[test]
fn metadata_of_a_jpeg_is_in_no_rendition() {
    let mut original = jpeg(&quarters(), WIDTH, HEIGHT);
    let thumbnail = jpeg(&[255, 0, 0].repeat(64), 8, 8);
    let exif = [b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0".as_slice(), SECRET, &thumbnail].concat();
    let xmp = [b"http://ns.adobe.com/xap/1.0/\0".as_slice(), SECRET].concat();
    let iptc = [b"Photoshop 3.0\x008BIM".as_slice(), SECRET].concat();
    for (marker, content) in [(0xE1, exif.as_slice()), (0xE1, &xmp), (0xED, &iptc), (0xFE, SECRET), (0xEF, SECRET)] {
        original = with_segment(&original, marker, content);
    }
    assert_private(&render(&original).unwrap());
}

#[test]
fn metadata_of_a_png_is_in_no_rendition() {
    let mut original = png(&quarters(), WIDTH, HEIGHT, png::ColorType::Rgb, png::BitDepth::Eight);
    for name in [b"tEXt", b"iTXt", b"eXIf", b"seCr"] {
        original = with_chunk(&original, name, &[b"Author\0".as_slice(), SECRET].concat());
    }
    assert_private(&render(&original).unwrap());
}

#[test]
fn metadata_of_a_webp_is_in_no_rendition() {
    let plain = webp(&quarters(), WIDTH, HEIGHT);
    let original = extended_webp(&plain, 0x0C, (WIDTH, HEIGHT), &[(b"EXIF", SECRET), (b"XMP ", SECRET)]);
    assert_private(&render(&original).unwrap());
}

#[test]
fn what_is_appended_to_a_picture_is_gone() {
    let pixels = quarters();
    let originals = [
        jpeg(&pixels, WIDTH, HEIGHT),
        png(&pixels, WIDTH, HEIGHT, png::ColorType::Rgb, png::BitDepth::Eight),
        webp(&pixels, WIDTH, HEIGHT),
    ];
    let zeros = vec![0; 60_000];
    let second = jpeg(&vec![0; pixels.len()], WIDTH, HEIGHT);
    for original in originals {
        for appended in [b"PK\x03\x04SECRET.txt".as_slice(), &zeros, &second] {
            assert_private(&render(&[&original, appended].concat()).unwrap());
        }
    }
}
