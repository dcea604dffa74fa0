//! Texts that people write: names, descriptions, captions, reasons.

use std::{fmt, str::FromStr};

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

/// Why a text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TextError {
    /// Nothing that can be seen.
    #[error("is empty")]
    Empty,
    /// More characters than allowed.
    #[error("is longer than {limit} characters")]
    TooLong {
        /// The most characters (Unicode scalar values, after normalisation) that are allowed.
        limit: usize,
    },
    /// A control character, one that overrides the direction of the text, or one that cannot be seen and that no script needs.
    #[error("holds a control character or an invisible one (U+{code:04X})")]
    ControlCharacter {
        /// The offending character's code point.
        code: u32,
    },
}

/// Explicit embeddings, overrides and isolates (Unicode Standard Annex 9): they can make a name read as another.
const fn overrides_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Line and paragraph separators end a line, but are no control characters.
const fn ends_line(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Format characters that cannot be seen and that no script needs: two names that differ by these alone read the same. Joiners
/// and direction marks are not among them: Persian, the scripts of India and many emoji need those.
pub(crate) const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{34F}'
            | '\u{180E}'
            | '\u{200B}'
            | '\u{2060}'..='\u{2065}'
            | '\u{206A}'..='\u{206F}'
            | '\u{FEFF}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Characters that only change how their neighbours look, or that are drawn as nothing: white space, joiners, direction marks,
/// variation selectors, Hangul fillers, the empty Braille pattern.
pub(crate) const fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{61C}'
                | '\u{115F}'
                | '\u{1160}'
                | '\u{17B4}'
                | '\u{17B5}'
                | '\u{180B}'..='\u{180F}'
                | '\u{200C}'..='\u{200F}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}'
                | '\u{FFA0}'
        )
}

/// Whether a character changes how the text around it reads, without being seen.
pub(crate) const fn misleads(c: char) -> bool {
    overrides_direction(c) || is_invisible(c)
}

/// One line of text: trimmed, NFC, at most `limit` characters, something to be seen, and nothing invisible that changes how it
/// reads.
fn line(text: &str, limit: usize) -> Result<String, TextError> {
    let text: String = text.trim().nfc().collect();
    let text = checked(text, limit, |c| c.is_control() || ends_line(c) || misleads(c))?;
    if text.chars().all(is_blank) { Err(TextError::Empty) } else { Ok(text) }
}

fn checked(text: String, limit: usize, refused: impl Fn(char) -> bool) -> Result<String, TextError> {
    if text.chars().count() > limit {
        return Err(TextError::TooLong { limit });
    }
    match text.chars().find(|&c| refused(c)) {
        Some(c) => Err(TextError::ControlCharacter { code: c.into() }),
        None => Ok(text),
    }
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $longest:literal, $parse:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The most characters that it can have, in Unicode's normalisation form C.
            pub const LONGEST: usize = $longest;

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                let parse: fn(&str) -> Result<String, TextError> = $parse;
                parse(text).map(Self)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> String {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(
    /// A name: 1 to 200 characters on one line, trimmed, in Unicode's normalisation form C.
    Name,
    200,
    |text| line(text, Self::LONGEST)
);
text!(
    /// A picture's caption: 1 to 500 characters on one line.
    Caption,
    500,
    |text| line(text, Self::LONGEST)
);
text!(
    /// Why something was done: 1 to 500 characters on one line.
    Reason,
    500,
    |text| line(text, Self::LONGEST)
);
text!(
    /// A description: at most 4,000 characters; line breaks and tabs are welcome.
    Description,
    4_000,
    |text| checked(text.nfc().collect(), Self::LONGEST, |c| {
        (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || overrides_direction(c)
    })
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_composed() {
        assert_eq!("  Cafe\u{301}\u{a0}".parse::<Name>().unwrap().as_str(), "Café");
    }

    #[test]
    fn a_name_has_1_to_200_characters() {
        assert_eq!(" \t ".parse::<Name>(), Err(TextError::Empty));
        assert!("é".repeat(200).parse::<Name>().is_ok());
        assert_eq!("é".repeat(201).parse::<Name>(), Err(TextError::TooLong { limit: 200 }));
        assert!("e\u{301}".repeat(200).parse::<Name>().is_ok(), "counted after composition");
    }

    #[test]
    fn a_name_has_no_character_that_hides_what_it_says() {
        for c in ['\0', '\n', '\u{7f}', '\u{85}', '\u{202e}', '\u{2066}', '\u{2069}'] {
            let error = format!("a{c}b").parse::<Name>().unwrap_err();
            assert_eq!(error, TextError::ControlCharacter { code: c.into() });
        }
        for c in ['\u{2028}', '\u{ad}', '\u{200b}', '\u{2060}', '\u{feff}', '\u{e0041}'] {
            let error = format!("a{c}b").parse::<Name>().unwrap_err();
            assert_eq!(error, TextError::ControlCharacter { code: c.into() });
        }
        assert!("שלום".parse::<Name>().is_ok(), "a language written from right to left is welcome");
    }

    #[test]
    fn a_name_can_be_seen() {
        for blank in ["\u{200d}", "\u{3164}", "\u{2800} \u{2800}", "\u{200e}\u{fe0f}", "\u{115f}\u{1160}"] {
            assert_eq!(blank.parse::<Name>(), Err(TextError::Empty), "{}", blank.escape_unicode());
        }
    }

    #[test]
    fn a_name_has_whatever_its_script_needs() {
        for name in ["می\u{200c}خواهم", "👩\u{200d}🚀", "❤\u{fe0f}", "🇩🇪", "क्\u{200d}ष", "A \u{200f}ב!"]
        {
            assert_eq!(name.parse::<Name>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn a_description_may_have_lines_and_may_be_empty() {
        assert!("one\r\n\ttwo\n".parse::<Description>().is_ok());
        assert!("".parse::<Description>().is_ok());
        assert!("x".repeat(4_000).parse::<Description>().is_ok());
        assert_eq!("x".repeat(4_001).parse::<Description>(), Err(TextError::TooLong { limit: 4_000 }));
        assert!("a\u{202e}b".parse::<Description>().is_err());
        assert!("a\0b".parse::<Description>().is_err());
    }

    #[test]
    fn captions_and_reasons_have_1_to_500_characters() {
        assert!("x".repeat(500).parse::<Caption>().is_ok());
        assert_eq!("x".repeat(501).parse::<Caption>(), Err(TextError::TooLong { limit: 500 }));
        assert_eq!("".parse::<Reason>(), Err(TextError::Empty));
        assert_eq!("x".repeat(501).parse::<Reason>(), Err(TextError::TooLong { limit: 500 }));
    }
}
