//! Texts that people write: names, descriptions, captions, reasons.

use std::{fmt, str::FromStr};

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

use crate::unseen::{is_blank, misleading};

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
    /// A control character, one that overrides the direction of the text, or one that cannot be seen and that no script needs there.
    #[error("holds a control character or an invisible one (U+{code:04X})")]
    ControlCharacter {
        /// The offending character's code point.
        code: u32,
    },
}

/// Line and paragraph separators end a line, but are no control characters.
const fn ends_line(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// One line of text: trimmed, NFC, at most `limit` characters, something to be seen, and nothing invisible that changes how it
/// reads.
fn line(text: &str, limit: usize) -> Result<String, TextError> {
    let text = checked(text.trim(), limit, |c| c.is_control() || ends_line(c))?;
    if text.chars().all(is_blank) { Err(TextError::Empty) } else { Ok(text) }
}

/// Several lines of text, or none.
fn lines(text: &str, limit: usize) -> Result<String, TextError> {
    checked(text, limit, |c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

fn checked(text: &str, limit: usize, refused: fn(char) -> bool) -> Result<String, TextError> {
    let text: String = text.nfc().collect();
    if text.chars().count() > limit {
        return Err(TextError::TooLong { limit });
    }
    match text.chars().find(|&c| refused(c)).or_else(|| misleading(&text)) {
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
    /// What a picture shows, for readers who do not see it: 1 to 1,000 characters on one line.
    AlternativeText,
    1_000,
    |text| line(text, Self::LONGEST)
);
text!(
    /// Why something was done: 1 to 500 characters on one line.
    Reason,
    500,
    |text| line(text, Self::LONGEST)
);
text!(
    /// A description: at most 4,000 characters; line breaks and tabs are welcome. It may be empty.
    Description,
    4_000,
    |text| lines(text, Self::LONGEST)
);

#[cfg(test)]
mod tests {
    use std::iter;

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

    /// A flag of tags.
    fn flag(tags: &str) -> String {
        let tags = tags.bytes().map(|tag| char::from_u32(0xE_0000 + u32::from(tag)).unwrap());
        iter::once('\u{1F3F4}').chain(tags).chain(['\u{E007F}']).collect()
    }

    /// Texts with unseen characters that their scripts need.
    fn needed() -> Vec<String> {
        let mut texts = vec![
            "ᠮᠣᠩᠭᠣᠯ\u{180e}ᠠ".to_owned(),
            "ᠰᠠᠢᠨ\u{180b}\u{180e}ᠠ".into(),
            "ᠠ\u{180d}ᠨ\u{180f}".into(),
            "葛\u{e0100}城市".into(),
            "ភាសា\u{200b}ខ្មែរ".into(),
            "ภาษา\u{200b}ไทย".into(),
            "ירוש\u{5b8}\u{34f}\u{5b4}ם".into(),
            "श्र\u{200c}".into(),
            "🏴\u{200d}☠\u{fe0f}".into(),
        ];
        texts.extend(["gbeng", "gbsct", "gbwls"].map(|tags| format!("Rugby {} 2026", flag(tags))));
        texts.push(["gbeng", "gbsct", "gbwls"].map(flag).concat());
        texts
    }

    /// Texts with a character that hides or reorders, and that character.
    fn misleading() -> Vec<(String, char)> {
        let wales = flag("gbwls");
        let lone: Vec<char> = wales.chars().collect();
        let cut: String = lone[..6].iter().collect();
        let doubled: String = lone.iter().chain(lone.last()).collect();
        vec![
            ("a\u{180e}b".into(), '\u{180e}'),
            ("\u{180e}ᠠ".into(), '\u{180e}'),
            ("ᠠ\u{180e}".into(), '\u{180e}'),
            ("ᠠ\u{180e}b".into(), '\u{180e}'),
            ("a\u{180b}\u{180e}\u{180e}ᠠ".into(), '\u{180e}'),
            ("a\u{e0100}".into(), '\u{e0100}'),
            ("葛\u{e0100}\u{e0101}".into(), '\u{e0101}'),
            ("葛\u{e0001}".into(), '\u{e0001}'),
            ("a\u{200b}ไ".into(), '\u{200b}'),
            ("ไ\u{200b}\u{200b}ไ".into(), '\u{200b}'),
            ("a\u{34f}b".into(), '\u{34f}'),
            ("a\u{ad}b".into(), '\u{ad}'),
            ("a\u{2063}b".into(), '\u{2063}'),
            ("a\u{1d173}b".into(), '\u{1d173}'),
            ("a\u{202e}b".into(), '\u{202e}'),
            (flag("usca"), '\u{e0075}'),
            (flag("gbengland"), '\u{e0067}'),
            (flag(""), '\u{e007f}'),
            (cut, '\u{e0067}'),
            (doubled, '\u{e007f}'),
            (wales.replace('\u{1F3F4}', "a"), '\u{e0067}'),
            (format!("{wales}\u{e0061}"), '\u{e0061}'),
        ]
    }

    #[test]
    fn texts_allow_only_invisible_characters_scripts_need() {
        for text in needed() {
            assert_eq!(text.parse::<Name>().map(String::from).as_ref(), Ok(&text), "{}", text.escape_unicode());
            assert!(text.parse::<Caption>().is_ok() && text.parse::<Reason>().is_ok(), "{}", text.escape_unicode());
            assert!(text.parse::<Description>().is_ok(), "{}", text.escape_unicode());
        }
        for (text, c) in misleading() {
            let refused = TextError::ControlCharacter { code: c.into() };
            assert_eq!(text.parse::<Name>(), Err(refused), "{}", text.escape_unicode());
            assert_eq!(text.parse::<Caption>(), Err(refused), "{}", text.escape_unicode());
            assert_eq!(text.parse::<Reason>(), Err(refused), "{}", text.escape_unicode());
            assert_eq!(text.parse::<Description>(), Err(refused), "{}", text.escape_unicode());
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
