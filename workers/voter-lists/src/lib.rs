//! Lists of voters: turns the bytes of a file that an organiser has into names and email addresses.
//!
//! ```text
//! bytes → format by content → text in its encoding, or XML of a workbook → rows of cells
//!       → header and columns by words and content → an entry or a reason for each row
//! ```
//!
//! Everything here is pure: no clock, no files, no network. A file cannot make the reader take more memory or time than
//! the limits below allow, whatever it claims about itself.

mod address;
mod archive;
mod encoded_word;
mod encoding;
mod entry;
mod fold;
mod foreign;
mod format;
mod layout;
mod legacy;
mod markup;
mod names;
mod opendocument;
mod opinion;
mod quoted;
mod rejected;
mod separated;
mod sheet;
mod spreadsheetml;
mod strings;
mod table;
mod unreadable;
mod unseen;
mod words;
mod workbook;

use std::panic::{AssertUnwindSafe, catch_unwind};

use photovote_domain::{Email, Name};
use serde::{Deserialize, Serialize};

pub use foreign::Foreign;
pub use rejected::Rejected;
pub use unreadable::Unreadable;

/// How many bytes a file may have.
pub const MAX_BYTES: usize = 20_000_000;
/// How many rows that are not blank a list may have.
pub const MAX_ROWS: usize = 200_000;
/// How many columns of a list are looked at. What stands further to the right is ignored.
pub const MAX_COLUMNS: usize = 1_000;

/// A list of voters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// The names of the visible sheets of a workbook, in its order; none for a text.
    pub sheets: Vec<String>,
    /// The columns in the order of the file.
    pub columns: Vec<Column>,
    /// Where names and addresses were read: as chosen, or as they were found.
    pub chosen: Chosen,
    /// The rows below the header that are not blank.
    pub rows: Vec<Row>,
}

/// A column of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The text of its header, or its letters as a spreadsheet counts: "A", "B", … "AA".
    pub name: String,
    /// Up to 3 of its cells, shortened to 60 characters.
    pub samples: Vec<String>,
}

/// Where names and addresses stand, as indexes from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    /// The sheet, among [`List::sheets`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<usize>,
    /// The column of whole names. Where its cell is empty, first and last name serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<usize>,
    /// The column of first names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<usize>,
    /// The column of last names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<usize>,
    /// The column of addresses.
    pub email: usize,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number as a spreadsheet counts: from 1, with header and blank rows.
    pub number: u32,
    /// The voter, or why there is none.
    pub entry: Result<Entry, Rejected>,
    /// What a refused row says, to be shown beside the reason.
    pub written: Option<Box<Written>>,
}

/// A voter as the list names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name, or the address where the list has none.
    pub name: Name,
    /// The address.
    pub email: Email,
}

/// The cells of a row as they are written, at most 4,096 bytes of each.
///
/// A cell may begin with `=`. A file for spreadsheets must mark such a cell as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The name: one cell, or first and last name.
    pub name: String,
    /// The cell of the address.
    pub email: String,
}

/// Reads a list of voters: CSV and its relatives in many encodings, XLSX, ODS, and the XML workbooks of Excel 2003.
///
/// Without `chosen`, header words and the content of the cells tell the columns and the sheet.
pub fn read(bytes: &[u8], chosen: Option<&Chosen>) -> Result<List, Unreadable> {
    if bytes.len() > MAX_BYTES {
        return Err(Unreadable::TooManyBytes);
    }
    // Decoders of others read foreign bytes. Should one panic, then the bytes are at fault, and nothing of the decoder
    // is used again. This is the only place that catches a panic.
    let sheets = catch_unwind(AssertUnwindSafe(|| format::sheets(bytes))).unwrap_or(Err(Unreadable::Damaged))?;
    let index = sheet::pick(&sheets, chosen)?;
    let names = sheets.iter().filter_map(|sheet| sheet.name.clone()).collect();
    let table = &sheets.get(index).ok_or(Unreadable::Empty)?.table;
    let mut layout = layout::find(table, chosen)?;
    if sheets.len() > 1 {
        layout.chosen.sheet = Some(index);
    }
    Ok(List {
        sheets: names,
        columns: layout.columns(table),
        rows: entry::rows(table, &layout)?,
        chosen: layout.chosen,
    })
}
