//! Words as they are compared: without case, accents and punctuation.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Returns the words of a header in small letters without accents, with one blank between them.
pub(crate) fn folded(text: &str) -> String {
    let mut folded = String::new();
    let mut blank = false;
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        let c = match c {
            'ı' => 'i',
            'ł' => 'l',
            'đ' => 'd',
            'ø' => 'o',
            'ς' => 'σ',
            c => c,
        };
        if is_combining_mark(c) {
            continue;
        }
        if c.is_alphanumeric() {
            if blank && !folded.is_empty() {
                folded.push(' ');
            }
            folded.push(c);
            blank = false;
        } else {
            blank = true;
        }
    }
    folded
}

/// Returns the folded words without blanks.
pub(crate) fn joined(folded: &str) -> String {
    folded.replace(' ', "")
}
