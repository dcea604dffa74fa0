//! The structure of a JPEG file: its segments, and how long its scans are.

use std::ops::Range;

use super::tables;
use crate::{exif, unusable::Unusable};

/// A component of the picture, as the frame describes it.
pub(super) struct Component {
    pub(super) name: u8,
    /// How many samples it has in a row, compared with the others.
    pub(super) wide: u8,
    /// How many samples it has in a column, compared with the others.
    pub(super) high: u8,
    /// The number of its table of quantisation.
    pub(super) table: u8,
}

/// A scan: it goes through the picture once, for some of the components.
pub(super) struct Scan {
    /// The names of its components.
    pub(super) names: Vec<u8>,
    /// Where it is in [`Scans::picture`].
    pub(super) range: Range<usize>,
}

/// What a JPEG file says about its picture, and the part of it that a decoder needs.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one fact that the file states")]
pub(super) struct Scans {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) components: Vec<Component>,
    pub(super) progressive: bool,
    pub(super) passes: Vec<Scan>,
    /// The file has the marker that ends a picture.
    pub(super) ended: bool,
    pub(super) orientation: Option<u8>,
    /// The transform that Adobe's segment names.
    pub(super) adobe: Option<u8>,
    pub(super) jfif: bool,
    /// The file has tables of Huffman codes.
    has_codes: bool,
    profile: Vec<(u8, u8, Vec<u8>)>,
    /// Where the frame is in `picture`.
    pub(super) frame: Range<usize>,
    /// The tables, the frame and the scans, without the markers of beginning and end.
    pub(super) picture: Vec<u8>,
}

const DHT: u8 = 0xC4;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const DNL: u8 = 0xDC;
/// At most this many bytes of a profile are kept.
const MAX_PROFILE: usize = crate::colour::MAX_PROFILE;

impl Scans {
    /// Follows the file to the end of its first picture. What comes behind it is never looked at.
    pub(super) fn read(file: &[u8]) -> Result<Self, Unusable> {
        let mut found = Self::default();
        let mut rest = file.get(2..).ok_or(Unusable::Incomplete)?;
        while let Some((marker, after)) = next_marker(rest) {
            rest = match marker {
                EOI => {
                    found.ended = true;
                    break;
                }
                // Markers without a length.
                0x01 | 0xD0..=0xD8 => after,
                _ => {
                    let Some((content, after)) = segment(after) else { break };
                    found.take(marker, content)?;
                    if marker == SOS { found.take_scan(after) } else { after }
                }
            };
        }
        match (found.passes.is_empty(), found.ended) {
            (true, true) => Err(Unusable::Damaged),
            (true, false) => Err(Unusable::Incomplete),
            (false, _) => Ok(found),
        }
    }

    fn take(&mut self, marker: u8, content: &[u8]) -> Result<(), Unusable> {
        match marker {
            0xC0..=0xC2 => self.take_frame(marker, content)?,
            // Lossless, hierarchical and arithmetic coding, and JPEG-LS.
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xCC | 0xF7 => return Err(Unusable::UnsupportedCoding),
            DHT => {
                self.has_codes = true;
                self.copy(marker, content);
            }
            0xDB | 0xDD => self.copy(marker, content),
            SOS => self.take_scan_header(content)?,
            0xE0 if content.starts_with(b"JFIF\0") => self.jfif = true,
            0xE1 if self.orientation.is_none() && content.starts_with(b"Exif\0") => {
                self.orientation = exif::orientation(content.get(6..).unwrap_or_default());
            }
            0xE2 => self.take_profile(content),
            0xEE if content.starts_with(b"Adobe") => self.adobe = content.get(11).copied(),
            _ => {}
        }
        Ok(())
    }

    fn copy(&mut self, marker: u8, content: &[u8]) {
        let length = u16::try_from(content.len() + 2).unwrap_or(u16::MAX);
        self.picture.extend([0xFF, marker]);
        self.picture.extend(length.to_be_bytes());
        self.picture.extend_from_slice(content);
    }

    fn take_frame(&mut self, marker: u8, content: &[u8]) -> Result<(), Unusable> {
        let [precision, high, low, wide, narrow, components, rest @ ..] = content else {
            return Err(Unusable::Damaged);
        };
        if self.width != 0 {
            return Err(Unusable::Damaged);
        }
        if *precision != 8 || !matches!(components, 1 | 3 | 4) {
            return Err(Unusable::UnsupportedCoding);
        }
        self.height = u16::from_be_bytes([*high, *low]).into();
        self.width = u16::from_be_bytes([*wide, *narrow]).into();
        let component = |[name, factors, table]: &[u8; 3]| Component {
            name: *name,
            wide: factors >> 4,
            high: factors & 15,
            table: *table,
        };
        self.components = rest.as_chunks().0.iter().map(component).collect();
        if self.width == 0 || self.components.len() != usize::from(*components) {
            return Err(Unusable::Damaged);
        }
        self.check_factors()?;
        self.progressive = marker == 0xC2;
        let start = self.picture.len();
        self.copy(marker, content);
        self.frame = start..self.picture.len();
        Ok(())
    }

    /// Returns the largest factors in a row and in a column.
    pub(super) fn factors(&self) -> (u8, u8) {
        let most = |factor: fn(&Component) -> u8| self.components.iter().map(factor).max().unwrap_or(1).max(1);
        (most(|component| component.wide), most(|component| component.high))
    }

    /// Checks that the first component has the most samples, and the others a whole part of them. The decoder shows
    /// others in wrong colours.
    fn check_factors(&self) -> Result<(), Unusable> {
        let (wide, high) = self.factors();
        let [first, others @ ..] = self.components.as_slice() else { return Ok(()) };
        let part = |factor: u8, most: u8| matches!(factor, 1 | 2 | 4) && most.is_multiple_of(factor);
        let fits = others.is_empty() || (first.wide, first.high) == (wide, high);
        let parts = self.components.iter().all(|component| part(component.wide, wide) && part(component.high, high));
        if fits && parts { Ok(()) } else { Err(Unusable::UnsupportedCoding) }
    }

    fn take_scan_header(&mut self, content: &[u8]) -> Result<(), Unusable> {
        let [count, rest @ ..] = content else { return Err(Unusable::Damaged) };
        if self.width == 0 {
            return Err(Unusable::Damaged);
        }
        if !self.has_codes && !self.progressive {
            self.has_codes = true;
            for table in tables::USUAL {
                self.copy(DHT, table);
            }
        }
        let names = rest.chunks(2).take((*count).into()).filter_map(<[u8]>::first).copied().collect();
        let start = self.picture.len();
        self.copy(SOS, content);
        self.passes.push(Scan { names, range: start..self.picture.len() });
        Ok(())
    }

    /// Takes the coded data of a scan, up to the next marker that is not a part of it. Returns what follows.
    fn take_scan<'a>(&mut self, data: &'a [u8]) -> &'a [u8] {
        let mut at = 0;
        let end = loop {
            let Some(found) = data[at..].iter().position(|byte| *byte == 0xFF) else { break data.len() };
            at += found;
            match data.get(at + 1) {
                Some(0x00 | 0xD0..=0xD7) => at += 2,
                Some(0xFF) => at += 1,
                Some(_marker) => break at,
                None => break data.len(),
            }
        };
        self.picture.extend_from_slice(&data[..end]);
        if let Some(scan) = self.passes.last_mut() {
            scan.range.end = self.picture.len();
        }
        if self.height == 0 {
            self.take_late_height(&data[end..]);
        }
        &data[end..]
    }

    /// Takes the number of lines from behind the first scan, for the frame that leaves it open.
    fn take_late_height(&mut self, after: &[u8]) {
        let [0xFF, DNL, 0, 4, high, low, ..] = after else { return };
        self.height = u16::from_be_bytes([*high, *low]).into();
        if let Some(height) = self.picture.get_mut(self.frame.start + 5..self.frame.start + 7) {
            height.copy_from_slice(&[*high, *low]);
        }
    }

    fn take_profile(&mut self, content: &[u8]) {
        let Some([number, count, part @ ..]) = content.strip_prefix(b"ICC_PROFILE\0") else { return };
        let kept: usize = self.profile.iter().map(|(.., part)| part.len()).sum();
        if kept + part.len() <= MAX_PROFILE && self.profile.len() < 255 {
            self.profile.push((*number, *count, part.to_vec()));
        }
    }

    /// Puts the profile together, in whatever order its parts came. Returns nothing if a part is missing or doubled.
    pub(super) fn profile(&mut self) -> Vec<u8> {
        let mut parts = std::mem::take(&mut self.profile);
        parts.sort_by_key(|(number, ..)| *number);
        let complete = parts
            .iter()
            .zip(1..)
            .all(|((number, count, _), expected)| *number == expected && usize::from(*count) == parts.len());
        if complete { parts.into_iter().flat_map(|(.., part)| part).collect() } else { Vec::new() }
    }
}

/// Finds the next marker. Returns it and what follows.
fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let mut rest = bytes;
    loop {
        let start = rest.iter().position(|byte| *byte == 0xFF)?;
        rest = &rest[start..];
        let fill = rest.iter().position(|byte| *byte != 0xFF)?;
        let marker = rest[fill];
        rest = &rest[fill + 1..];
        if marker != 0 {
            return Some((marker, rest));
        }
    }
}

/// Splits off a segment by its length. Returns nothing if the file ends before.
fn segment(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::from(u16::from_be_bytes(*bytes.first_chunk()?)).max(2);
    Some((bytes.get(2..length)?, bytes.get(length..)?))
}
