//! The name in a row.

use std::borrow::Cow;

use photovote_domain::{Name, TextError};

use crate::{
    Chosen, encoded_word,
    rejected::Rejected,
    table::Line,
    unseen::{is_unseen, trimmed},
};

/// Returns what the columns of names say in a row, or an empty text.
pub(crate) fn written<'a>(line: &Line<'a>, chosen: &Chosen) -> Cow<'a, str> {
    let cell = |column: Option<usize>| column.map_or("", |column| line.cell(column));
    match (cell(chosen.name), cell(chosen.first_name), cell(chosen.last_name)) {
        ("", "", whole) | ("", whole, "") | (whole, _, _) if !whole.is_empty() => Cow::Borrowed(whole),
        ("", first, last) if is_eastern(first) && is_eastern(last) => Cow::Owned(format!("{last}{first}")),
        ("", first, last) if !first.is_empty() => Cow::Owned(format!("{first} {last}")),
        _ => Cow::Borrowed(""),
    }
}

/// Tells names that are written with the family first and without a blank: Chinese, Japanese, Korean.
fn is_eastern(name: &str) -> bool {
    name.chars()
        .all(|c| matches!(c, '\u{3005}' | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}'))
}

/// Reads a name, unless nothing of it can be seen. Line ends inside become blanks.
pub(crate) fn parse(text: &str) -> Result<Option<Name>, Rejected> {
    let text = one_line(trimmed(text));
    let text = encoded_word::decoded(&text).map_or(text, |decoded| Cow::Owned(one_line(&decoded).into_owned()));
    let text = text.replace(is_fixed_blank, " ");
    if text.is_empty() {
        return Ok(None);
    }
    let parsed = match text.parse::<Name>() {
        Err(TextError::ControlCharacter { .. }) => text.chars().filter(|c| !is_unseen(*c)).collect::<String>().parse(),
        parsed => parsed,
    };
    match parsed {
        Ok(name) => Ok(Some(name)),
        Err(TextError::Empty) => Ok(None),
        Err(TextError::TooLong { .. }) => Err(Rejected::NameTooLong),
        Err(TextError::ControlCharacter { .. }) => Err(Rejected::NameNotReadable),
    }
}

/// Tells blanks at which no line breaks. They look like others.
const fn is_fixed_blank(c: char) -> bool {
    matches!(c, '\u{A0}' | '\u{2007}' | '\u{202F}')
}

/// Turns each run of line ends, tabs and other control characters into a blank.
fn one_line(text: &str) -> Cow<'_, str> {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if !text.contains(breaks) {
        return Cow::Borrowed(text);
    }
    let parts = text.split(breaks).map(str::trim).filter(|part| !part.is_empty());
    Cow::Owned(parts.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_as_it_is_written() {
        for (cell, name) in [
            ("=1+1\r\n", "=1+1"),
            ("Ada\r\nByron", "Ada Byron"),
            ("\u{feff}Ada\u{200b} Byron\u{a0}", "Ada Byron"),
            ("O\u{ad}Brien", "OBrien"),
            ("@SUM(1+9)*cmd|' /C calc'!A0", "@SUM(1+9)*cmd|' /C calc'!A0"),
            ("=?utf-8?Q?Zo=C3=AB?=", "Zoë"),
            ("42", "42"),
            ("Ada\u{a0}Byron", "Ada Byron"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
        ] {
            assert_eq!(parse(cell).unwrap().unwrap().as_str(), name);
        }
        assert_eq!(parse(" \u{3164} "), Ok(None));
        assert_eq!(parse(&"x".repeat(201)), Err(Rejected::NameTooLong));
    }
}
