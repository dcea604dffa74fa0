//! Formats by their first bytes. The name of a file and its declared type are never asked.

use std::fmt;

use crate::{exif, unusable::Unusable};

/// A format that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Jpeg,
    Png,
    Webp,
}

/// A format that is recognised and refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreign {
    name: &'static str,
    advice: Advice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Advice {
    /// The file holds one picture.
    Export,
    /// The file comes from the sensor.
    Develop,
    /// The file holds files.
    Unpack,
    /// The file holds no photograph.
    Choose,
}

impl Foreign {
    /// Returns the name of the format as people know it, such as "HEIC".
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "The file is {}, which PhotoVote does not accept. ", self.name)?;
        f.write_str(match self.advice {
            Advice::Export => "Export it as JPEG and upload the new file.",
            Advice::Develop => "Develop it, export it as JPEG, and upload the new file.",
            Advice::Unpack => "Unpack it and upload the photographs in it.",
            Advice::Choose => "Choose a JPEG, PNG or WebP file.",
        })
    }
}

const fn foreign(name: &'static str, advice: Advice) -> Foreign {
    Foreign { name, advice }
}

/// Formats whose first bytes tell them apart. The first match counts.
const BEGINNINGS: &[(&[u8], Foreign)] = &[
    (b"GIF8", foreign("a GIF picture", Advice::Export)),
    (b"\xFF\x0A", foreign("a JPEG XL picture", Advice::Export)),
    (b"\x00\x00\x00\x0CJXL \r\n\x87\n", foreign("a JPEG XL picture", Advice::Export)),
    (b"\x00\x00\x00\x0CjP  \r\n\x87\n", foreign("a JPEG 2000 picture", Advice::Export)),
    (b"\xFF\x4F\xFF\x51", foreign("a JPEG 2000 picture", Advice::Export)),
    (b"II\xBC", foreign("a JPEG XR picture", Advice::Export)),
    (b"8BPS", foreign("a Photoshop document", Advice::Export)),
    (b"gimp xcf", foreign("a GIMP document", Advice::Export)),
    (b"\x76\x2F\x31\x01", foreign("an OpenEXR picture", Advice::Export)),
    (b"#?RADIANCE", foreign("a Radiance HDR picture", Advice::Export)),
    (b"\x00\x00\x01\x00", foreign("an icon", Advice::Export)),
    (b"qoif", foreign("a QOI picture", Advice::Export)),
    (b"DDS ", foreign("a DDS texture", Advice::Export)),
    (b"BPG\xFB", foreign("a BPG picture", Advice::Export)),
    (b"\x8BJNG\r\n", foreign("a JNG picture", Advice::Export)),
    (b"\x8AMNG\r\n", foreign("an MNG animation", Advice::Export)),
    (b"IIRO", foreign("a camera's raw file (ORF)", Advice::Develop)),
    (b"IIRS", foreign("a camera's raw file (ORF)", Advice::Develop)),
    (b"MMOR", foreign("a camera's raw file (ORF)", Advice::Develop)),
    (b"IIU\x00", foreign("a camera's raw file (RW2)", Advice::Develop)),
    (b"FUJIFILMCCD-RAW", foreign("a camera's raw file (RAF)", Advice::Develop)),
    (b"FOVb", foreign("a camera's raw file (X3F)", Advice::Develop)),
    (b"\x00MRM", foreign("a camera's raw file (MRW)", Advice::Develop)),
    (b"II\x1A\x00\x00\x00HEAPCCDR", foreign("a camera's raw file (CRW)", Advice::Develop)),
    (b"%PDF", foreign("a PDF document", Advice::Export)),
    (b"%!PS", foreign("a PostScript document", Advice::Export)),
    (b"\xC5\xD0\xD3\xC6", foreign("a PostScript document", Advice::Export)),
    (b"PK\x03\x04", foreign("a ZIP archive", Advice::Unpack)),
    (b"PK\x05\x06", foreign("a ZIP archive", Advice::Unpack)),
    (b"Rar!\x1A\x07", foreign("a RAR archive", Advice::Unpack)),
    (b"7z\xBC\xAF\x27\x1C", foreign("a 7-Zip archive", Advice::Unpack)),
    (b"\x1F\x8B", foreign("a gzip archive", Advice::Unpack)),
    (b"BZh", foreign("a bzip2 archive", Advice::Unpack)),
    (b"\xFD7zXZ\x00", foreign("an XZ archive", Advice::Unpack)),
    (b"\x1A\x45\xDF\xA3", foreign("a video", Advice::Choose)),
    (b"\x00\x00\x01\xBA", foreign("a video", Advice::Choose)),
    (b"\x00\x00\x01\xB3", foreign("a video", Advice::Choose)),
    (b"FLV\x01", foreign("a video", Advice::Choose)),
    (b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", foreign("a video", Advice::Choose)),
    (b"OggS", foreign("a sound or video", Advice::Choose)),
    (b"ID3", foreign("a sound", Advice::Choose)),
    (b"fLaC", foreign("a sound", Advice::Choose)),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", foreign("an office document", Advice::Choose)),
    (b"MZ", foreign("a program", Advice::Choose)),
    (b"\x7FELF", foreign("a program", Advice::Choose)),
];

/// Recognises an accepted format.
pub(crate) fn recognise(bytes: &[u8]) -> Result<Format, Unusable> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Ok(Format::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Ok(Format::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Format::Webp),
        // The sign of a PNG, changed on the way by a program that took the file for text.
        [0x89 | b'\t', b'P', b'N', b'G', ..] => Err(Unusable::Damaged),
        // The beginning of an accepted format, and nothing more.
        [0xFF, 0xD8] | [b'R', b'I', b'F', b'F'] => Err(Unusable::Incomplete),
        _ => Err(refusal(bytes)),
    }
}

fn refusal(bytes: &[u8]) -> Unusable {
    let known = BEGINNINGS.iter().find(|(beginning, _)| bytes.starts_with(beginning)).map(|(_, foreign)| *foreign);
    let known = known
        .or_else(|| media_container(bytes))
        .or_else(|| riff(bytes))
        .or_else(|| tiff(bytes))
        .or_else(|| netpbm(bytes))
        .or_else(|| bitmap(bytes))
        .or_else(|| text(bytes));
    known.map_or(Unusable::NotAPicture, Unusable::UnsupportedFormat)
}

/// Recognises ISO base media files, whose brands say what they hold.
fn media_container(bytes: &[u8]) -> Option<Foreign> {
    let kind = bytes.get(4..8)?;
    if matches!(kind, b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot") {
        return Some(foreign("a video", Advice::Choose));
    }
    if kind != b"ftyp" {
        return None;
    }
    let length = bytes.first_chunk::<4>().map_or(0, |length| u32::from_be_bytes(*length));
    let end = usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len()).clamp(12.min(bytes.len()), 256);
    let brands = bytes.get(8..end)?.chunks_exact(4);
    let is = |wanted: &[&[u8]]| brands.clone().any(|brand| wanted.contains(&brand));
    Some(if is(&[b"avif", b"avis"]) {
        foreign("an AVIF picture", Advice::Export)
    } else if is(&[b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"]) {
        foreign("a HEIC picture", Advice::Export)
    } else if is(&[b"crx "]) {
        foreign("a camera's raw file (CR3)", Advice::Develop)
    } else {
        foreign("a video", Advice::Choose)
    })
}

fn riff(bytes: &[u8]) -> Option<Foreign> {
    match (bytes.get(..4)?, bytes.get(8..12)?) {
        (b"RIFF", b"AVI ") => Some(foreign("a video", Advice::Choose)),
        (b"RIFF", b"WAVE") => Some(foreign("a sound", Advice::Choose)),
        _ => None,
    }
}

/// Recognises TIFF and the raw files that are TIFF inside.
fn tiff(bytes: &[u8]) -> Option<Foreign> {
    if !matches!(bytes.get(..4)?, b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+") {
        return None;
    }
    let raw = |name| foreign(name, Advice::Develop);
    let maker = exif::maker(bytes);
    Some(if bytes.get(8..10) == Some(b"CR") {
        raw("a camera's raw file (CR2)")
    } else if exif::has_tag(bytes, exif::DNG_VERSION) {
        raw("a camera's raw file (DNG)")
    } else if exif::first_picture_is_reduced(bytes) && maker.starts_with(b"NIKON") {
        raw("a camera's raw file (NEF)")
    } else if maker.starts_with(b"SONY") && exif::has_tag(bytes, exif::SUB_PICTURES) {
        raw("a camera's raw file (ARW)")
    } else if exif::first_picture_is_reduced(bytes) && !maker.is_empty() {
        raw("a camera's raw file")
    } else {
        foreign("a TIFF picture", Advice::Export)
    })
}

fn netpbm(bytes: &[u8]) -> Option<Foreign> {
    match bytes {
        [b'P', b'1'..=b'7' | b'F' | b'f', b' ' | b'\n' | b'\r' | b'\t', ..] => {
            Some(foreign("a Netpbm picture", Advice::Export))
        }
        _ => None,
    }
}

/// Recognises BMP: two letters are few, so the size of the second header counts too.
fn bitmap(bytes: &[u8]) -> Option<Foreign> {
    let second = u32::from_le_bytes(*bytes.get(14..18)?.first_chunk()?);
    (bytes.starts_with(b"BM") && matches!(second, 12 | 16 | 40 | 52 | 56 | 64 | 108 | 124))
        .then_some(foreign("a BMP picture", Advice::Export))
}

/// Recognises text, and pictures and pages that are text.
fn text(bytes: &[u8]) -> Option<Foreign> {
    let start = &bytes[..bytes.len().min(4096)];
    let start = match start {
        [0xFF, 0xFE, rest @ ..] | [0xFE, 0xFF, rest @ ..] => rest.iter().copied().filter(|byte| *byte != 0).collect(),
        [0xEF, 0xBB, 0xBF, rest @ ..] => rest.to_vec(),
        _ => start.to_vec(),
    };
    let printable = |byte: &u8| *byte >= b' ' && *byte != 0x7F || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C);
    if !start.iter().all(printable) {
        return None;
    }
    let lower = start.to_ascii_lowercase();
    let has = |word: &[u8]| lower.windows(word.len()).any(|window| window == word);
    if has(b"<svg") {
        return Some(foreign("an SVG drawing", Advice::Export));
    }
    if has(b"<html") || has(b"<!doctype html") || has(b"<body") {
        return Some(foreign("a web page", Advice::Choose));
    }
    let readable = start.iter().filter(|byte| byte.is_ascii()).count();
    (readable * 4 >= start.len() * 3).then_some(foreign("a text", Advice::Choose))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(bytes: &[u8], name: &str, advice: &str) {
        let mut padded = bytes.to_vec();
        padded.resize(bytes.len().max(64), 0);
        let bytes = if bytes.iter().all(|byte| (b' '..0x7F).contains(byte)) { bytes } else { &padded };
        let refusal = recognise(bytes).unwrap_err();
        assert_eq!(refusal.code(), "unsupported_format", "{name}");
        let sentence = refusal.to_string();
        assert!(sentence.contains(name) && sentence.contains(advice), "{name}: {sentence}");
    }

    /// A TIFF header with one directory.
    fn directory(entries: &[(u16, u16, u32, [u8; 4])]) -> Vec<u8> {
        let mut bytes = b"II*\0\x08\0\0\0".to_vec();
        bytes.extend(u16::try_from(entries.len()).unwrap().to_le_bytes());
        for (tag, kind, count, value) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(count.to_le_bytes());
            bytes.extend(value);
        }
        bytes
    }

    #[test]
    fn accepted_formats_are_told_by_their_content() {
        assert_eq!(recognise(b"\xFF\xD8\xFF\xE0"), Ok(Format::Jpeg));
        assert_eq!(recognise(b"\x89PNG\r\n\x1A\n\0"), Ok(Format::Png));
        assert_eq!(recognise(b"RIFF\x10\0\0\0WEBPVP8 "), Ok(Format::Webp));
    }

    #[test]
    fn each_foreign_picture_is_named_with_advice() {
        let jpeg = "Export it as JPEG";
        refused(b"GIF89a", "GIF", jpeg);
        refused(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC", jpeg);
        refused(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC", jpeg);
        refused(b"\0\0\0\x1Cftypmif1\0\0\0\0mif1avifmiaf", "AVIF", jpeg);
        refused(b"\xFF\x0A\x7F", "JPEG XL", jpeg);
        refused(b"\0\0\0\x0CJXL \r\n\x87\n", "JPEG XL", jpeg);
        refused(b"\0\0\0\x0CjP  \r\n\x87\n", "JPEG 2000", jpeg);
        refused(&directory(&[]), "TIFF", jpeg);
        refused(b"MM\0*\0\0\0\x08", "TIFF", jpeg);
        refused(b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "BMP", jpeg);
        refused(b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "SVG", jpeg);
        refused(b"%PDF-1.7", "PDF", jpeg);
        refused(b"8BPS\0\x01", "Photoshop", jpeg);
    }

    #[test]
    fn each_camera_raw_file_is_named_with_advice() {
        let develop = "Develop it, export it as JPEG";
        refused(b"II*\0\x10\0\0\0CR\x02\0", "CR2", develop);
        refused(b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "CR3", develop);
        refused(&directory(&[(exif::DNG_VERSION, 1, 4, [1, 4, 0, 0])]), "DNG", develop);
        let reduced = (0x00FE, 4, 1, [1, 0, 0, 0]);
        let mut nef = directory(&[reduced, (0x010F, 2, 6, [34, 0, 0, 0])]);
        nef.extend(b"NIKON\0");
        refused(&nef, "NEF", develop);
        let mut arw = directory(&[reduced, (0x010F, 2, 5, [46, 0, 0, 0]), (exif::SUB_PICTURES, 4, 1, [0; 4])]);
        arw.extend(b"SONY\0");
        refused(&arw, "ARW", develop);
        refused(b"IIRO\x08\0", "ORF", develop);
        refused(b"FUJIFILMCCD-RAW 0201", "RAF", develop);
    }

    #[test]
    fn files_that_are_no_pictures_are_named_with_advice() {
        let choose = "Choose a JPEG, PNG or WebP file";
        refused(b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "video", choose);
        refused(b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "video", choose);
        refused(b"\x1A\x45\xDF\xA3", "video", choose);
        refused(b"RIFF\0\0\0\0AVI LIST", "video", choose);
        refused(b"PK\x03\x04\x14\0", "ZIP", "Unpack it");
        refused(b"<!DOCTYPE html><html><body>Not found</body></html>", "web page", choose);
        refused(b"name,email", "text", choose);
    }

    #[test]
    fn unknown_bytes_are_no_picture() {
        assert_eq!(recognise(&[0; 100]), Err(Unusable::NotAPicture));
        assert_eq!(recognise(b"\x01\x02\x03"), Err(Unusable::NotAPicture));
    }
}
