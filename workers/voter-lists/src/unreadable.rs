//! Why a file cannot become a list of voters, in words for the organiser.

use crate::foreign::Foreign;

/// The reason why a file is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The file has no text.
    #[error("The file is empty. Check that the list opens on your device, then import it again.")]
    Empty,
    /// The file has more than [`MAX_BYTES`](crate::MAX_BYTES) bytes.
    #[error(
        "The file is larger than 20 MB. Delete the columns that are neither name nor email address, \
         save the list as CSV and import it again."
    )]
    TooManyBytes,
    /// The list has more than [`MAX_ROWS`](crate::MAX_ROWS) rows.
    #[error("The list has more than 200,000 rows. Divide it into smaller lists and import one after the other.")]
    TooManyRows,
    /// The file is small, but holds more text or cells than are read.
    #[error(
        "The file holds too many cells. Copy the names and email addresses into a new workbook, \
         save it as CSV or XLSX and import it again."
    )]
    TooManyCells,
    /// The bytes are of a known format that is no list.
    #[error("{0}")]
    UnsupportedFormat(Foreign),
    /// The workbook asks for a password.
    #[error("The workbook is protected by a password. Save it without a password and import it again.")]
    PasswordProtected,
    /// The bytes are neither text nor a workbook.
    #[error("The file is not a list that PhotoVote can read. Save the list as CSV or XLSX and import it again.")]
    NotAList,
    /// The workbook breaks the rules of its format, or a part of it is missing.
    #[error("The workbook is damaged or incomplete. Open it, save it again as XLSX or CSV and import the new file.")]
    Damaged,
    /// No column holds email addresses.
    #[error(
        "PhotoVote found no column with email addresses. Put each voter into a row of its own \
         with the email address in a cell of its own, then import the list again."
    )]
    NoAddresses,
    /// The list has a header and nothing below it.
    #[error("The list has no rows below its header. Add the voters and import it again.")]
    NoRows,
    /// A chosen column is not in the list.
    #[error("The list has no column {column}. Import the list again and choose its columns anew.")]
    NoSuchColumn {
        /// The index that was chosen, counted from 1.
        column: usize,
    },
    /// A chosen sheet is not in the workbook.
    #[error("The workbook has no sheet {sheet}. Import the workbook again and choose its sheet anew.")]
    NoSuchSheet {
        /// The index that was chosen, counted from 1.
        sheet: usize,
    },
}

impl Unreadable {
    /// Returns the stable name of the reason.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooManyBytes => "too_many_bytes",
            Self::TooManyRows => "too_many_rows",
            Self::TooManyCells => "too_many_cells",
            Self::UnsupportedFormat(_) => "unsupported_format",
            Self::PasswordProtected => "password_protected",
            Self::NotAList => "not_a_list",
            Self::Damaged => "damaged",
            Self::NoAddresses => "no_addresses",
            Self::NoRows => "no_rows",
            Self::NoSuchColumn { .. } => "no_such_column",
            Self::NoSuchSheet { .. } => "no_such_sheet",
        }
    }
}
