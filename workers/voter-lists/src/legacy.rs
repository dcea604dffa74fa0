//! Encodings of one language or system, told by the words that they make of the bytes.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GBK, IBM866, KOI8_R, MACINTOSH, SHIFT_JIS, WINDOWS_1250, WINDOWS_1251,
    WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, X_MAC_CYRILLIC,
};

/// The upper half of code page 850, in which Excel saves "CSV (MS-DOS)" in Western Europe.
const PAGE_850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤\
ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{AD}±‗¾¶§÷¸°¨·¹³²■\u{A0}";

/// How many bytes beyond ASCII are looked at.
const SAMPLE: usize = 32_768;

/// An encoding of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Legacy {
    /// One that browsers know.
    Web(&'static Encoding),
    /// Code page 850.
    Dos,
}

/// What a detector for web pages does not guess, and what it confuses in short texts.
const OTHERS: [Legacy; 15] = [
    Legacy::Web(WINDOWS_1252),
    Legacy::Web(WINDOWS_1250),
    Legacy::Web(MACINTOSH),
    Legacy::Dos,
    Legacy::Web(WINDOWS_1251),
    Legacy::Web(KOI8_R),
    Legacy::Web(IBM866),
    Legacy::Web(X_MAC_CYRILLIC),
    Legacy::Web(SHIFT_JIS),
    Legacy::Web(GBK),
    Legacy::Web(EUC_JP),
    Legacy::Web(EUC_KR),
    Legacy::Web(BIG5),
    Legacy::Web(WINDOWS_1253),
    Legacy::Web(WINDOWS_1254),
];

/// Finds the likeliest encoding of bytes that are not UTF-8.
pub(crate) fn encoding(bytes: &[u8]) -> Legacy {
    let mut sample = Vec::new();
    for line in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| !line.is_ascii()) {
        sample.extend_from_slice(&line[..line.len().min(SAMPLE)]);
        if sample.len() >= SAMPLE {
            break;
        }
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(&sample, true);
    let guess = Legacy::Web(detector.guess(None, Utf8Detection::Deny));
    let mut best = (guess, faults(&decoded(&sample, guess)));
    for other in OTHERS {
        let faults = faults(&decoded(&sample, other));
        if faults < best.1 {
            best = (other, faults);
        }
    }
    best.0
}

/// Reads the bytes in an encoding.
pub(crate) fn decoded(bytes: &[u8], encoding: Legacy) -> Cow<'_, str> {
    match encoding {
        Legacy::Web(encoding) => encoding.decode_without_bom_handling(bytes).0,
        Legacy::Dos => {
            let upper: Vec<char> = PAGE_850.chars().collect();
            let character = |byte: &u8| match byte.checked_sub(128) {
                None => char::from(*byte),
                Some(index) => upper.get(usize::from(index)).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
            };
            Cow::Owned(bytes.iter().map(character).collect())
        }
    }
}

/// The writing that a letter belongs to.
#[derive(PartialEq, Eq, Clone, Copy)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Other,
}

fn script(c: char) -> Option<Script> {
    match c {
        'ª' | 'º' | 'ƒ' | 'µ' => None,
        _ if !c.is_alphabetic() => None,
        '\0'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}' => Some(Script::Latin),
        '\u{370}'..='\u{3FF}' | '\u{1F00}'..='\u{1FFF}' => Some(Script::Greek),
        '\u{400}'..='\u{52F}' => Some(Script::Cyrillic),
        _ => Some(Script::Other),
    }
}

/// Counts what names in their right encoding seldom have: signs inside words, capitals after small letters, two scripts
/// in a word.
fn faults(text: &str) -> usize {
    let mut faults = 0;
    let (mut before, mut last): (Option<char>, Option<char>) = (None, None);
    for c in text.chars().map(Some).chain([None]) {
        if let Some(here) = last {
            faults += fault(before, here, c);
        }
        (before, last) = (last, c);
    }
    faults
}

fn fault(before: Option<char>, here: char, after: Option<char>) -> usize {
    let letter = |c: Option<char>| c.and_then(script);
    let (left, right) = (letter(before), letter(after));
    let mut faults = 0;
    match script(here) {
        Some(own) => {
            if left.is_some_and(|left| left != own) {
                faults += 4;
            }
            let small = |c: Option<char>| c.is_some_and(char::is_lowercase);
            let foreign = !here.is_ascii() || before.is_some_and(|c| !c.is_ascii());
            if here.is_uppercase() && foreign && small(before) {
                faults += 3;
            }
            // "MŸller": a capital inside a word of small letters.
            if here.is_uppercase() && !here.is_ascii() && left.is_some() && small(after) {
                faults += 2;
            }
            // Half-width katakana and rare ideographs are what other encodings look like.
            if matches!(here, '\u{FF61}'..='\u{FF9F}' | '\u{E000}'..='\u{F8FF}') {
                faults += 2;
            }
        }
        None if here == char::REPLACEMENT_CHARACTER => faults += 8,
        None if here.is_ascii() => {}
        None if matches!(here, '\u{80}'..='\u{9F}') => faults += 6,
        // An apostrophe, a dash or an ideographic sign between letters is no fault.
        None if matches!(
            here,
            '’' | '‘' | '–' | '—' | '·' | '・' | '々' | '〆' | '\u{A0}' | '\u{3000}' | '、' | '，'
        ) => {}
        None if left.is_some() || right.is_some() => faults += 3,
        None => faults += 1,
    }
    faults
}
