//! Lists of voters: comma-separated text alone.

use std::collections::HashMap;

use photovote_domain::{Email, Name};
use serde::{Deserialize, Serialize};

/// The reason why a row is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The cell of the address is empty.
    #[error("The row has no email address.")]
    NoAddress,
    /// The cell of the address holds something else.
    #[error("The cell does not hold a valid email address.")]
    NotAnAddress,
    /// An earlier row has the same address, ignoring case.
    #[error("Row {first} has the same email address.")]
    Duplicate {
        /// The number of the earlier row.
        first: u32,
    },
}

impl Rejected {
    /// Returns the stable name of the reason.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoAddress => "no_address",
            Self::NotAnAddress => "not_an_address",
            Self::Duplicate { .. } => "duplicate",
        }
    }
}

/// The reason why a file is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The file has no text.
    #[error("The file is empty. Check that the list opens on your device, then upload it again.")]
    Empty,
    /// The file has too many bytes.
    #[error("The file is larger than 20 MB.")]
    TooManyBytes,
    /// No column holds email addresses.
    #[error("PhotoVote found no column with email addresses.")]
    NoAddresses,
}

impl Unreadable {
    /// Returns the stable name of the reason.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooManyBytes => "too_many_bytes",
            Self::NoAddresses => "no_addresses",
        }
    }
}

/// How many bytes a file may have.
pub const MAX_BYTES: usize = 20_000_000;
/// How many rows that are not blank a list may have.
pub const MAX_ROWS: usize = 200_000;

/// A list of voters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// The names of the visible sheets of a workbook.
    pub sheets: Vec<String>,
    /// The columns in the order of the file.
    pub columns: Vec<Column>,
    /// Where names and addresses were read.
    pub chosen: Chosen,
    /// The rows below the header that are not blank.
    pub rows: Vec<Row>,
}

/// A column of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The text of its header.
    pub name: String,
    /// Up to 3 of its cells.
    pub samples: Vec<String>,
}

/// Where names and addresses stand, as indexes from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// The sheet.
    pub sheet: Option<usize>,
    /// The column of whole names.
    pub name: Option<usize>,
    /// The column of first names.
    pub first_name: Option<usize>,
    /// The column of last names.
    pub last_name: Option<usize>,
    /// The column of addresses.
    pub email: usize,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number as a spreadsheet counts.
    pub number: u32,
    /// The voter, or why there is none.
    pub entry: Result<Entry, Rejected>,
}

/// A voter as the list names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub name: Name,
    /// The address.
    pub email: Email,
}

/// Reads a list of voters.
pub fn read(bytes: &[u8], chosen: Option<&Chosen>) -> Result<List, Unreadable> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().ok_or(Unreadable::Empty)?;
    let lines: Vec<_> = lines.collect();
    let place = |name: &str| header.iter().position(|cell| cell.trim().eq_ignore_ascii_case(name));
    let guess =
        || Some(Chosen { sheet: None, name: place("name"), first_name: None, last_name: None, email: place("email")? });
    let chosen = chosen.cloned().or_else(guess).ok_or(Unreadable::NoAddresses)?;
    let mut seen = HashMap::new();
    let mut entry = |number: u32, line: &Vec<&str>| {
        let cell = |index: usize| line.get(index).copied().unwrap_or_default().trim();
        let address = cell(chosen.email);
        if address.is_empty() {
            return Err(Rejected::NoAddress);
        }
        let email: Email = address.parse().map_err(|_| Rejected::NotAnAddress)?;
        if let Some(first) = seen.get(&email.key()) {
            return Err(Rejected::Duplicate { first: *first });
        }
        seen.insert(email.key(), number);
        let name = chosen.name.map(cell).filter(|name| !name.is_empty()).unwrap_or(address);
        Ok(Entry { name: name.parse().map_err(|_| Rejected::NotAnAddress)?, email })
    };
    let rows = (2..).zip(&lines).map(|(number, line)| Row { number, entry: entry(number, line) }).collect();
    let columns = header.iter().enumerate().map(|(index, name)| Column {
        name: (*name).to_owned(),
        samples: lines.iter().take(3).filter_map(|line| line.get(index)).map(|cell| (*cell).to_owned()).collect(),
    });
    Ok(List { sheets: Vec::new(), columns: columns.collect(), chosen, rows })
}
