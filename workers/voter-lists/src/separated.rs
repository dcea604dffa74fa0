//! Text with separators: CSV and its relatives.

use std::borrow::Cow;

use crate::{
    MAX_COLUMNS,
    opinion::{self, Opinion},
    quoted,
    table::Table,
    unreadable::Unreadable,
    unseen::trimmed,
};

/// The separators that are tried, the most usual first.
const SEPARATORS: [u8; 6] = [b',', b';', b'\t', b'|', b'^', 0x1F];
/// How many records tell the separator.
const SAMPLE: usize = 100;

/// The records of a text, blank ones among them. The crate `csv` passes over blank lines without counting them, and lets
/// a quotation mark that is never closed swallow the rest of the file.
pub(crate) struct Records<'a> {
    text: &'a str,
    separator: u8,
    at: usize,
}

impl<'a> Records<'a> {
    /// Begins at the first record.
    pub(crate) fn new(text: &'a str, separator: u8) -> Self {
        Self { text, separator, at: 0 }
    }

    /// Reads the next record into `cells`, unless the text has ended. Cells that are too far to the right are dropped.
    pub(crate) fn next(&mut self, cells: &mut Vec<Cow<'a, str>>) -> bool {
        cells.clear();
        if self.at >= self.text.len() {
            return false;
        }
        loop {
            let (cell, end) = quoted::cell(self.text, self.at, self.separator);
            if cells.len() < MAX_COLUMNS {
                cells.push(cell);
            }
            let bytes = self.text.as_bytes();
            self.at = end;
            match bytes.get(end) {
                Some(byte) if *byte == self.separator => self.at += 1,
                Some(b'\r') if bytes.get(end + 1) == Some(&b'\n') => {
                    self.at += 2;
                    return true;
                }
                Some(_) => {
                    self.at += 1;
                    return true;
                }
                None => return true,
            }
            // A separator at the very end opens one more cell, which is empty.
            if self.at >= self.text.len() {
                return true;
            }
        }
    }
}

/// Reads a text into a table.
pub(crate) fn table(text: &str) -> Result<Table, Unreadable> {
    let declared = declared(text);
    let (separator, opinion) = match declared {
        Some(separator) => (separator, opinion_of(text, separator)),
        None => likeliest(text),
    };
    if opinion.addresses == 0 && declared.is_none() {
        // Some programs quote each line as a whole.
        let inner = unwrapped(text);
        let (separator, opinion) = likeliest(&inner);
        if opinion.addresses > 0 {
            return filled(&inner, separator, false);
        }
    }
    filled(text, separator, declared.is_some())
}

fn filled(text: &str, separator: u8, declared: bool) -> Result<Table, Unreadable> {
    let mut table = Table::default();
    let mut records = Records::new(text, separator);
    let (mut cells, mut number) = (Vec::new(), 0_u32);
    let mut skip = declared;
    while records.next(&mut cells) {
        number = number.saturating_add(1);
        if skip && !cells.iter().all(|cell| trimmed(cell).is_empty()) {
            skip = false;
            continue;
        }
        for (column, cell) in cells.iter().enumerate() {
            table.write(number, column, cell)?;
        }
    }
    Ok(table)
}

/// Returns the separator that a first line such as `sep=;` declares to Excel.
fn declared(text: &str) -> Option<u8> {
    let first = text.split(['\r', '\n']).find(|line| !trimmed(line).is_empty())?;
    let first = first.trim_matches(|c: char| c == '\u{FEFF}' || c == '"' || c == ' ');
    let (word, separator) = first.split_at_checked(4)?;
    let byte = separator.trim_end_matches([',', ';']).bytes().next().or_else(|| separator.bytes().next())?;
    (word.eq_ignore_ascii_case("sep=") && separator.len() <= 3 && byte.is_ascii() && !byte.is_ascii_alphanumeric())
        .then_some(byte)
}

/// Finds the separator with which most rows have an address in a cell.
fn likeliest(text: &str) -> (u8, Opinion) {
    let opinions = SEPARATORS.map(|separator| (separator, opinion_of(text, separator)));
    let mut best = opinions[0];
    for other in opinions.into_iter().skip(1) {
        if other.1 > best.1 {
            best = other;
        }
    }
    best
}

fn opinion_of(text: &str, separator: u8) -> Opinion {
    let mut records = Records::new(text, separator);
    let (mut rows, mut cells) = (Vec::new(), Vec::new());
    for _ in 0..SAMPLE {
        if !records.next(&mut cells) {
            break;
        }
        rows.push(cells.clone());
    }
    opinion::of(&rows)
}

/// Returns the first cell of each record as a line.
fn unwrapped(text: &str) -> String {
    let mut records = Records::new(text, b'\0');
    let mut cells = Vec::new();
    let mut inner = String::with_capacity(text.len());
    while records.next(&mut cells) {
        if let Some(cell) = cells.first() {
            inner.extend(cell.chars().map(|c| if matches!(c, '\r' | '\n') { ' ' } else { c }));
        }
        inner.push('\n');
    }
    inner
}
