//! The encoding of a text: from its mark, from the zeros in it, or from its words.

use encoding_rs::{ISO_2022_JP, UTF_16BE, UTF_16LE};

use crate::{legacy, unreadable::Unreadable};

/// The order of bytes in a character.
#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

/// Reads the bytes as text. Zeros, which are in no text, are dropped.
pub(crate) fn text(bytes: &[u8]) -> Result<String, Unreadable> {
    let mut text = match bytes {
        [0xFF, 0xFE, 0, 0, rest @ ..] => wide(rest, Order::Little),
        [0, 0, 0xFE, 0xFF, rest @ ..] => wide(rest, Order::Big),
        [0xFF, 0xFE, rest @ ..] => UTF_16LE.decode_without_bom_handling(rest).0.into_owned(),
        [0xFE, 0xFF, rest @ ..] => UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        [0xEF, 0xBB, 0xBF, rest @ ..] => narrow(rest),
        _ => unmarked(bytes),
    };
    text.retain(|c| c != '\0');
    if is_text(&text) { Ok(text) } else { Err(Unreadable::NotAList) }
}

/// Tells UTF-32 and UTF-16 without a mark by the zeros beside ASCII, which every list of addresses has.
fn unmarked(bytes: &[u8]) -> String {
    let sample = &bytes[..bytes.len().min(65_536)];
    let share = |count: usize, of: usize| count * 4 > of;
    let quads = sample.chunks_exact(4);
    let total = quads.len();
    let little = quads.clone().filter(|quad| matches!(quad, [1..=255, 0, 0, 0])).count();
    let big = quads.filter(|quad| matches!(quad, [0, 0, 0, 1..=255])).count();
    if total > 0 && share(little, total) {
        return wide(bytes, Order::Little);
    }
    if total > 0 && share(big, total) {
        return wide(bytes, Order::Big);
    }
    let pairs = sample.chunks_exact(2);
    let total = pairs.len();
    let little = pairs.clone().filter(|pair| matches!(pair, [1..=255, 0])).count();
    let big = pairs.filter(|pair| matches!(pair, [0, 1..=255])).count();
    if total > 0 && share(little, total) && little > 8 * big {
        UTF_16LE.decode_without_bom_handling(bytes).0.into_owned()
    } else if total > 0 && share(big, total) && big > 8 * little {
        UTF_16BE.decode_without_bom_handling(bytes).0.into_owned()
    } else {
        narrow(bytes)
    }
}

/// Reads UTF-32.
fn wide(bytes: &[u8], order: Order) -> String {
    let character = |quad: &[u8]| {
        let quad = quad.first_chunk::<4>().copied().unwrap_or_default();
        let code = match order {
            Order::Little => u32::from_le_bytes(quad),
            Order::Big => u32::from_be_bytes(quad),
        };
        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
    };
    bytes.chunks_exact(4).map(character).collect()
}

/// Reads UTF-8, an encoding of one language, or UTF-8 into which lines of another encoding were pasted.
fn narrow(bytes: &[u8]) -> String {
    // Japanese mail programs switch between sets of characters.
    if bytes.is_ascii() && bytes.windows(2).any(|pair| pair == b"\x1B$") {
        return ISO_2022_JP.decode_without_bom_handling(bytes).0.into_owned();
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let lines = || bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r'));
    let (mut good, mut bad) = (0_usize, Vec::new());
    for line in lines().filter(|line| !line.is_ascii()) {
        if std::str::from_utf8(line).is_ok() {
            good += 1;
        } else {
            bad.push(line);
        }
    }
    if good == 0 || good < bad.len() {
        return legacy::decoded(bytes, legacy::encoding(bytes)).into_owned();
    }
    let encoding = legacy::encoding(&bad.concat());
    lines().fold(String::with_capacity(bytes.len()), |mut text, line| {
        match std::str::from_utf8(line) {
            Ok(line) => text.push_str(line),
            Err(_) => text.push_str(&legacy::decoded(line, encoding)),
        }
        text
    })
}

/// Tells text from the bytes of a program or picture: few of its characters are control characters or undecodable.
fn is_text(text: &str) -> bool {
    let odd = |c: &char| {
        c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{1A}' | '\u{1F}')
            || *c == char::REPLACEMENT_CHARACTER
    };
    let odd = text.chars().filter(odd).count();
    odd <= 2 + text.len() / 50
}
