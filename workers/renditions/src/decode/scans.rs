//! The structure of a JPEG file: its segments, and how long its scans are.

use crate::{exif, unusable::Unusable};

/// What a JPEG file says about its picture, and the part of it that a decoder needs.
#[derive(Default)]
pub(super) struct Scans {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) components: u8,
    pub(super) progressive: bool,
    /// How often the picture is gone through.
    pub(super) passes: u64,
    /// The file has the marker that ends a picture.
    pub(super) ended: bool,
    pub(super) orientation: Option<u8>,
    /// The transform that Adobe's segment names.
    pub(super) adobe: Option<u8>,
    pub(super) jfif: bool,
    /// The names of the components.
    pub(super) names: Vec<u8>,
    profile: Vec<(u8, u8, Vec<u8>)>,
    /// The tables, the frame and the scans, without the markers of beginning and end.
    pub(super) picture: Vec<u8>,
}

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
        match found {
            Self { width: 0, .. } | Self { passes: 0, .. } if found.ended => Err(Unusable::Damaged),
            Self { width: 0, .. } | Self { passes: 0, .. } => Err(Unusable::Incomplete),
            _ => Ok(found),
        }
    }

    fn take(&mut self, marker: u8, content: &[u8]) -> Result<(), Unusable> {
        match marker {
            0xC0..=0xC2 => self.take_frame(marker, content)?,
            // Lossless, hierarchical and arithmetic coding, and JPEG-LS.
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xCC | 0xF7 => return Err(Unusable::UnsupportedCoding),
            0xC4 | 0xDB | 0xDD => self.copy(marker, content),
            SOS if self.width == 0 => return Err(Unusable::Damaged),
            SOS => {
                self.passes += 1;
                self.copy(marker, content);
            }
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
        if self.width == 0 {
            return Err(Unusable::Damaged);
        }
        self.components = *components;
        self.progressive = marker == 0xC2;
        self.names = rest.chunks(3).filter_map(<[u8]>::first).copied().collect();
        self.copy(marker, content);
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
        if self.height == 0 {
            self.take_late_height(&data[end..]);
        }
        &data[end..]
    }

    /// Takes the number of lines from behind the first scan, for the frame that leaves it open.
    fn take_late_height(&mut self, after: &[u8]) {
        let [0xFF, DNL, 0, 4, high, low, ..] = after else { return };
        self.height = u16::from_be_bytes([*high, *low]).into();
        let frame = self.picture.windows(2).position(|pair| matches!(pair, [0xFF, 0xC0..=0xC2]));
        if let Some(height) = frame.and_then(|frame| self.picture.get_mut(frame + 5..frame + 7)) {
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
