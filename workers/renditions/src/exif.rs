//! The few values of EXIF that matter. Nothing is allocated by what EXIF claims.

/// The tag of the version of DNG: only DNG files have it.
pub(crate) const DNG_VERSION: u16 = 0xC612;
/// The tag that leads to further pictures in a TIFF file.
pub(crate) const SUB_PICTURES: u16 = 0x014A;
const NEW_SUBFILE_TYPE: u16 = 0x00FE;
const MAKE: u16 = 0x010F;
const ORIENTATION: u16 = 0x0112;

const BYTE: u16 = 1;
const SHORT: u16 = 3;
const LONG: u16 = 4;
// The same with a sign. A number that fits has none.
const SIGNED_BYTE: u16 = 6;
const SIGNED_SHORT: u16 = 8;
const SIGNED_LONG: u16 = 9;

/// A TIFF structure: what EXIF is, and raw files are.
#[derive(Clone, Copy)]
struct Tiff<'a> {
    bytes: &'a [u8],
    big: bool,
}

/// An entry of a directory.
#[derive(Clone, Copy)]
struct Entry<'a> {
    kind: u16,
    count: u32,
    value: &'a [u8],
}

impl<'a> Tiff<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        match bytes.get(..2)? {
            b"II" => Some(Self { bytes, big: false }),
            b"MM" => Some(Self { bytes, big: true }),
            _ => None,
        }
    }

    fn short(&self, bytes: &[u8]) -> Option<u16> {
        let bytes = *bytes.first_chunk()?;
        Some(if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn long(&self, bytes: &[u8]) -> Option<u32> {
        let bytes = *bytes.first_chunk()?;
        Some(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// Finds an entry of the first directory. A directory has at most 65,535 entries.
    fn entry(&self, tag: u16) -> Option<Entry<'a>> {
        let start = usize::try_from(self.long(self.bytes.get(4..)?)?).ok()?;
        let directory = self.bytes.get(start..)?;
        let count = usize::from(self.short(directory)?);
        let (entries, _) = directory.get(2..)?.as_chunks::<12>();
        let found = entries.iter().take(count).find(|entry| self.short(*entry) == Some(tag))?;
        Some(Entry { kind: self.short(&found[2..])?, count: self.long(&found[4..])?, value: &found[8..] })
    }

    fn number(&self, tag: u16) -> Option<u32> {
        let entry = self.entry(tag)?;
        match entry.kind {
            BYTE | SIGNED_BYTE => entry.value.first().copied().map(u32::from),
            SHORT | SIGNED_SHORT => self.short(entry.value).map(u32::from),
            LONG | SIGNED_LONG => self.long(entry.value),
            _ => None,
        }
    }
}

/// Reads the orientation, 1 to 8. Returns nothing if it is missing or wrong.
pub(crate) fn orientation(exif: &[u8]) -> Option<u8> {
    let tiff = Tiff::new(exif.strip_prefix(b"Exif\0\0").unwrap_or(exif))?;
    tiff.number(ORIENTATION).and_then(|number| u8::try_from(number).ok()).filter(|number| (1..=8).contains(number))
}

/// Does the first directory of a TIFF file have the tag?
pub(crate) fn has_tag(tiff: &[u8], tag: u16) -> bool {
    Tiff::new(tiff).is_some_and(|tiff| tiff.entry(tag).is_some())
}

/// Is the first picture of a TIFF file a small copy of another? Cameras write raw files so.
pub(crate) fn first_picture_is_reduced(tiff: &[u8]) -> bool {
    Tiff::new(tiff).and_then(|tiff| tiff.number(NEW_SUBFILE_TYPE)) == Some(1)
}

/// Reads the maker of the camera from a TIFF file, or nothing.
pub(crate) fn maker(bytes: &[u8]) -> &[u8] {
    let find = || {
        let tiff = Tiff::new(bytes)?;
        let entry = tiff.entry(MAKE)?;
        let length = usize::try_from(entry.count).ok()?.min(64);
        let start = usize::try_from(tiff.long(entry.value)?).ok()?;
        let name = bytes.get(start..)?;
        name.get(..length.min(name.len()))
    };
    find().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_entry(big: bool, kind: u16, count: u32, value: [u8; 4]) -> Vec<u8> {
        let short = |number: u16| if big { number.to_be_bytes() } else { number.to_le_bytes() };
        let long = |number: u32| if big { number.to_be_bytes() } else { number.to_le_bytes() };
        let mut bytes = if big { b"MM".to_vec() } else { b"II".to_vec() };
        bytes.extend(short(42));
        bytes.extend(long(8));
        bytes.extend(short(1));
        bytes.extend(short(ORIENTATION));
        bytes.extend(short(kind));
        bytes.extend(long(count));
        bytes.extend(value);
        bytes
    }

    #[test]
    fn orientation_is_read_in_both_byte_orders() {
        assert_eq!(orientation(&one_entry(true, SHORT, 1, [0, 6, 0, 0])), Some(6));
        assert_eq!(orientation(&one_entry(false, SHORT, 1, [6, 0, 0, 0])), Some(6));
        assert_eq!(orientation(&one_entry(false, LONG, 1, [8, 0, 0, 0])), Some(8));
        assert_eq!(orientation(&one_entry(false, SIGNED_LONG, 1, [6, 0, 0, 0])), Some(6));
        assert_eq!(orientation(&one_entry(true, SIGNED_SHORT, 1, [0, 6, 0, 0])), Some(6));
        assert_eq!(orientation(&[b"Exif\0\0".to_vec(), one_entry(true, SHORT, 1, [0, 3, 0, 0])].concat()), Some(3));
    }

    #[test]
    fn wrong_orientations_are_ignored() {
        assert_eq!(orientation(&one_entry(true, SHORT, 1, [0, 0, 0, 0])), None);
        assert_eq!(orientation(&one_entry(true, SHORT, 1, [0, 9, 0, 0])), None);
        assert_eq!(orientation(&one_entry(true, 2, 1, [0, 6, 0, 0])), None);
        assert_eq!(orientation(b"II*\0\xFF\xFF\xFF\xFF"), None);
        assert_eq!(orientation(b"II*\0\x08\0\0\0\xFF\xFF\x12\x01"), None);
        assert_eq!(orientation(b""), None);
    }

    #[test]
    fn enormous_counts_do_not_hide_the_orientation() {
        assert_eq!(orientation(&one_entry(false, SHORT, u32::MAX, [6, 0, 0, 0])), Some(6));
    }
}
