//! The texts that the cells of an XLSX workbook share.

use std::io::BufRead;

use quick_xml::events::Event;

use crate::{
    markup::{self, Markup},
    table::MAX_CELL,
    unreadable::Unreadable,
    unseen::{beginning, trimmed},
};

/// How many texts there may be.
const MAX_STRINGS: usize = 4_000_000;
/// How many bytes they may have together.
const MAX_TEXT: usize = 64_000_000;

/// Texts by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    text: String,
    ends: Vec<u32>,
}

impl Strings {
    /// Reads the part of the shared texts.
    pub(crate) fn read<R: BufRead>(mut markup: Markup<'_, R>) -> Result<Self, Unreadable> {
        let mut strings = Self::default();
        loop {
            let string = match markup.next()? {
                Event::Start(element) if element.local_name().as_ref() == "si" => rich_text(&mut markup, "si")?,
                Event::Empty(element) if element.local_name().as_ref() == "si" => String::new(),
                Event::Eof => return Ok(strings),
                _ => continue,
            };
            strings.push(&string)?;
        }
    }

    fn push(&mut self, string: &str) -> Result<(), Unreadable> {
        self.text.push_str(beginning(trimmed(string), MAX_CELL));
        if self.ends.len() >= MAX_STRINGS || self.text.len() > MAX_TEXT {
            return Err(Unreadable::TooManyCells);
        }
        self.ends.push(u32::try_from(self.text.len()).map_err(|_| Unreadable::TooManyCells)?);
        Ok(())
    }

    /// Returns a text by its number.
    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)? as usize;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |start| *start as usize);
        self.text.get(start..end)
    }
}

/// Reads text with formats up to the end of its element. Reading aids for ideographs are no part of the text.
pub(crate) fn rich_text<R: BufRead>(markup: &mut Markup<'_, R>, element: &str) -> Result<String, Unreadable> {
    let mut text = String::new();
    let mut inside = false;
    loop {
        match markup.next()? {
            Event::Start(start) if matches!(start.local_name().as_ref(), "rPh" | "rPr") => markup.skip()?,
            Event::Start(start) if start.local_name().as_ref() == "t" => inside = true,
            Event::End(end) if end.local_name().as_ref() == "t" => inside = false,
            Event::End(end) if end.local_name().as_ref() == element => return Ok(unescaped(text)),
            Event::Eof => return Err(Unreadable::Damaged),
            event if inside => markup::append(&mut text, &event),
            _ => {}
        }
    }
}

/// Replaces what Excel writes for characters that XML does not allow: `_x000D_`.
pub(crate) fn unescaped(text: String) -> String {
    if !text.contains("_x") {
        return text;
    }
    let (mut result, mut rest) = (String::with_capacity(text.len()), text.as_str());
    while let Some(start) = rest.find("_x") {
        let code = rest.get(start + 2..start + 6).filter(|_| rest.get(start + 6..start + 7) == Some("_"));
        let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let character = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        let (kept, next) = if character.is_some() { (start, start + 7) } else { (start + 2, start + 2) };
        result.push_str(&rest[..kept]);
        result.extend(character);
        rest = &rest[next..];
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn characters_that_xml_does_not_allow_are_read() {
        for (written, meant) in [
            ("a_x000D_b", "a\rb"),
            ("_x005F_x000D_", "_x000D_"),
            ("_xyz_", "_xyz_"),
            ("a_x00", "a_x00"),
            ("_x12é4_", "_x12é4_"),
        ] {
            assert_eq!(unescaped(written.to_owned()), meant);
        }
    }
}
