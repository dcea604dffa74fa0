//! A profile that says sRGB in few bytes.
//!
//! Browsers on screens with more colours show pictures without a profile too bright, so renditions carry this one. It is
//! written here, not taken from the original, so nothing of the original can come along.

/// The matrix of sRGB for the white of profiles (D50), and its white, as ICC publishes them: 65,536 is 1.
const WHITE: [i32; 3] = [0xF6D6, 0x1_0000, 0xD32D];
const RED: [i32; 3] = [0x6FA2, 0x38F5, 0x0390];
const GREEN: [i32; 3] = [0x6299, 0xB785, 0x18DA];
const BLUE: [i32; 3] = [0x24A0, 0x0F84, 0xB6CF];
/// The adaptation from D65 to D50 by Bradford.
const ADAPTATION: [i32; 9] = [0x1_0C42, 0x05DE, -0x0CDA, 0x0793, 0xFD90, -0x045E, -0x0268, 0x07A2, 0xC06E];
/// The curve of sRGB: gamma, a, b, c, d.
const CURVE: [i32; 5] = [0x2_6666, 0xF2A7, 0x0D59, 0x13D0, 0x0A5B];

/// Writes the profile.
pub(crate) fn profile() -> Vec<u8> {
    let text = |words: &str| {
        let units: Vec<u8> = words.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let mut tag = b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0CenUS".to_vec();
        tag.extend(u32::try_from(units.len()).unwrap_or(0).to_be_bytes());
        tag.extend(28_u32.to_be_bytes());
        tag.extend(units);
        tag
    };
    let numbers = |kind: &[u8], numbers: &[i32]| {
        let mut tag = kind.to_vec();
        tag.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
        tag
    };
    let curve = numbers(b"para\0\0\0\0\0\x03\0\0", &CURVE);
    let tags: [(&[u8; 4], Vec<u8>); 10] = [
        (b"desc", text("sRGB")),
        (b"cprt", text("CC0")),
        (b"wtpt", numbers(b"XYZ \0\0\0\0", &WHITE)),
        (b"chad", numbers(b"sf32\0\0\0\0", &ADAPTATION)),
        (b"rXYZ", numbers(b"XYZ \0\0\0\0", &RED)),
        (b"gXYZ", numbers(b"XYZ \0\0\0\0", &GREEN)),
        (b"bXYZ", numbers(b"XYZ \0\0\0\0", &BLUE)),
        (b"rTRC", curve.clone()),
        (b"gTRC", curve.clone()),
        (b"bTRC", curve),
    ];
    let size = |length: usize| u32::try_from(length).unwrap_or(0).to_be_bytes();
    let data_start = 128 + 4 + 12 * tags.len();
    let (mut table, mut data, mut last) = (size(tags.len()).to_vec(), Vec::new(), (Vec::new(), 0));
    for (name, tag) in tags {
        // Tags of the same content share it.
        let start = if last.0 == tag { last.1 } else { data_start + data.len() };
        table.extend(name);
        table.extend(size(start));
        table.extend(size(tag.len()));
        if last.0 != tag {
            data.extend(&tag);
            data.resize(data.len().next_multiple_of(4), 0);
            last = (tag, start);
        }
    }
    let mut profile = size(data_start + data.len()).to_vec();
    profile.extend(b"\0\0\0\0\x04\x20\0\0mntrRGB XYZ ");
    // The date of a profile is fixed, so that equal pictures have equal bytes.
    profile.extend(b"\x07\xEA\0\x01\0\x01\0\0\0\0\0\0acsp");
    profile.resize(68, 0);
    profile.extend(WHITE.iter().flat_map(|number| number.to_be_bytes()));
    profile.resize(128, 0);
    profile.extend(table);
    profile.extend(data);
    profile
}

#[cfg(test)]
mod tests {
    use moxcms::{ColorProfile, Layout, TransformOptions};

    use super::*;

    #[test]
    fn the_profile_is_small_and_means_srgb() {
        let bytes = profile();
        assert!(bytes.len() < 512, "{}", bytes.len());
        let own = ColorProfile::new_from_slice(&bytes).unwrap();
        let srgb = ColorProfile::new_srgb();
        let transform =
            own.create_transform_8bit(Layout::Rgb, &srgb, Layout::Rgb, TransformOptions::default()).unwrap();
        let colours: Vec<u8> = (0..=255).flat_map(|grey: u8| [grey, 255 - grey, grey / 2]).collect();
        let mut shown = vec![0; colours.len()];
        transform.transform(&colours, &mut shown).unwrap();
        assert!(colours.iter().zip(&shown).all(|(one, other)| one.abs_diff(*other) <= 1));
    }
}
