//! The import: a list of voters that an administrator uploads.
//!
//! ```text
//! Requested → Reading → Ready → Importing → Done → Undoing → Undone;   each of the first three → Refused
//! ```
//!
//! An import has its own stream in the partition of its election. Its events hold counts and numbers of columns. They never hold a
//! row, a column's name or an address.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    aggregate::{Aggregate, Kind, Refusal},
    election::{Election, Status as ElectionStatus},
    hash::{Digest, Hasher},
    ids::{ImportId, VoterId},
    problem::Problem,
    text::Name,
    voter::{VoterRejection, registration},
};

/// The most bytes that a list of voters has.
pub const MOST_BYTES: u64 = 20_000_000;
/// The most imports that an election has.
pub const MOST_IMPORTS: usize = 100;

/// Where an import is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not requested yet.
    #[default]
    Absent,
    /// Its upload is awaited.
    #[serde(rename = "awaiting_upload")]
    Requested,
    /// Its file is there and has not been read.
    Reading,
    /// An administrator can confirm it.
    Ready,
    /// Its file cannot be used, or an administrator cancelled it.
    Refused,
    /// Its voters are being registered.
    Importing,
    /// Its voters are registered.
    Done,
    /// Its voters are being removed.
    Undoing,
    /// Its voters are removed.
    Undone,
}

/// Which columns of a file hold what, and in which sheet of a workbook, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The address.
    pub email: u32,
    /// The first name.
    pub first_name: Option<u32>,
    /// The last name.
    pub last_name: Option<u32>,
    /// The whole name.
    pub name: Option<u32>,
    /// The sheet of a workbook.
    pub sheet: Option<u32>,
}

impl Columns {
    /// The first column that a file of so many columns does not have, by the field that names it.
    fn beyond(self, width: u32) -> Option<&'static str> {
        let Self { email, first_name, last_name, name, sheet: _ } = self;
        let named = [("email", Some(email)), ("first_name", first_name), ("last_name", last_name), ("name", name)];
        named.into_iter().find(|(_, column)| column.is_some_and(|column| column >= width)).map(|(field, _)| field)
    }
}

/// How many rows came to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rows of voters, without the line of headers.
    pub rows: u32,
    /// Rows whose address no voter had when the file was read.
    pub new: u32,
    /// Rows whose address another voter has: before the import, when the file was read, and after it, at last.
    pub already: u32,
    /// Rows that name no voter.
    pub rejected: u32,
    /// Voters that the import registered, less those whom its undoing removed.
    pub imported: u32,
}

/// What the reader found in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The columns that it was read by.
    pub columns: Columns,
    /// How many columns the file has.
    pub width: u32,
    /// How many rows came to what.
    pub counts: Counts,
}

/// An import's state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Import {
    /// Where it is in its life.
    pub status: Status,
    /// The name of the file, as its administrator sees it.
    pub name: String,
    /// How many bytes the upload may have.
    pub bytes: u64,
    /// The columns that an administrator chose, or that the reader guessed.
    pub columns: Option<Columns>,
    /// Did an administrator choose them?
    pub is_chosen: bool,
    /// How many columns the file has.
    pub width: u32,
    /// How many rows came to what.
    pub counts: Counts,
    /// Why it was refused, or why it ended early.
    pub problem: Option<Problem>,
}

/// What has happened to an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the values that the events are named for")]
pub enum ImportEvent {
    /// An administrator wants to upload a list.
    ImportRequested { bytes: u64, name: String },
    /// The file arrived.
    ImportUploaded {},
    /// An administrator chose columns: the file is read again.
    ImportColumnsChosen { columns: Columns },
    /// The file was read.
    ImportRead { already: u32, columns: Columns, new: u32, rejected: u32, rows: u32, width: u32 },
    /// The file cannot be used, or an administrator cancelled the import.
    ImportRefused { problem: Problem },
    /// An administrator wants these voters registered.
    ImportConfirmed {},
    /// They are registered; all of them, if there is no problem.
    ImportFinished { already: u32, imported: u32, problem: Option<Problem> },
    /// An administrator wants them removed.
    ImportUndoing {},
    /// So many of them are removed.
    ImportUndone { removed: u32 },
}

impl ImportEvent {
    /// The types of the events after which the importer has work to do.
    pub const WAITS: [&'static str; 6] =
        ["ImportRequested", "ImportUploaded", "ImportColumnsChosen", "ImportRead", "ImportConfirmed", "ImportUndoing"];
}

/// What can be asked about an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportCommand {
    /// Announce its upload.
    Request {
        /// The name of the file.
        name: Name,
        /// Its size.
        bytes: u64,
    },
    /// Note that its file has arrived, perhaps another one than before.
    Receive,
    /// Read the file by other columns.
    Choose(Columns),
    /// Write down what the file holds.
    Accept(Found),
    /// Write down why the file cannot be used.
    Refuse(Problem),
    /// Register its voters.
    Confirm,
    /// Write down how it ended.
    Finish {
        /// How many voters it registered.
        imported: u32,
        /// How many rows name an address that another voter has.
        already: u32,
        /// Why some rows were not looked at.
        problem: Option<Problem>,
    },
    /// Remove its voters, or register none if it has not been confirmed.
    Undo,
    /// Write down that they are removed.
    FinishUndo {
        /// How many were removed.
        removed: u32,
    },
}

impl ImportCommand {
    /// The command's name, as it stands in the commit.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Request { .. } => "RequestImport",
            Self::Receive => "ReceiveImport",
            Self::Choose(_) => "ChooseColumns",
            Self::Accept(_) => "AcceptImport",
            Self::Refuse(_) => "RefuseImport",
            Self::Confirm => "ConfirmImport",
            Self::Finish { .. } => "FinishImport",
            Self::Undo => "UndoImport",
            Self::FinishUndo { .. } => "FinishUndo",
        }
    }
}

/// Why an import cannot be requested or moved on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ImportRejection {
    /// There is no such import.
    #[error("there is no such import")]
    NotFound,
    /// The id names an import already.
    #[error("the id is taken")]
    IdTaken,
    /// The file is larger than what can be uploaded.
    #[error("a list of voters has 1 to {MOST_BYTES} bytes")]
    Size,
    /// The election has as many as it can have.
    #[error("an election has at most {MOST_IMPORTS} imports: register the other voters one by one")]
    TooMany,
    /// The file has no such column.
    #[error("{0}: the file has no such column")]
    NoColumn(&'static str),
    /// It has not been read, or was refused.
    #[error("the import is not ready: wait until its file has been read, or upload another file")]
    NotReady,
    /// Its voters are being registered.
    #[error("the import is not done: wait until its voters are registered")]
    NotDone,
    /// Voters come only while the election is a draft or open.
    #[error("the election is {}: voters come and go only while it is a draft or open", crate::election::status_word(*.0))]
    RegistrationClosed(ElectionStatus),
    /// Imports are undone only while the election is a draft.
    #[error("the election is {}: an import can be undone only while it is a draft", crate::election::status_word(*.0))]
    NotDraft(ElectionStatus),
    /// The election was deleted.
    #[error("the election was deleted")]
    ElectionDeleted,
}

impl Refusal for ImportRejection {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "import_not_found",
            Self::IdTaken => "id_taken",
            Self::Size | Self::NoColumn(_) => "invalid_value",
            Self::TooMany => "too_many_imports",
            Self::NotReady => "import_not_ready",
            Self::NotDone => "import_not_done",
            Self::RegistrationClosed(_) => "registration_closed",
            Self::NotDraft(_) => "election_not_draft",
            Self::ElectionDeleted => "election_deleted",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::Missing,
            Self::IdTaken => Kind::Taken,
            Self::Size | Self::NoColumn(_) => Kind::Invalid,
            _ => Kind::State,
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::Size => Some("bytes".to_owned()),
            Self::NoColumn(field) => Some((*field).to_owned()),
            _ => None,
        }
    }
}

/// The voter whom a row of a file becomes, if the import registers one: the same voter whenever the row is looked at. `secret` is that
/// of the election's stream.
///
/// The ids of a file's voters sort like its rows, so lists show the voters in the order of the file.
pub fn voter_of_row(secret: &Digest, import: ImportId, row: u32) -> VoterId {
    let digest = Hasher::new("photovote/imported-voter")
        .part(secret.as_bytes())
        .part(import.to_string().as_bytes())
        .part(&row.to_be_bytes())
        .finish();
    // 48 bits of the import's time, 24 bits of the row's number, 56 bits that nobody can guess.
    let time = import.bits() >> 80 << 80;
    let row = u128::from(row & 0x00ff_ffff) << 56;
    VoterId::from_bits(time | row | digest.leading_bits() >> 72)
}

impl Import {
    /// Is its upload awaited?
    pub fn awaits_upload(&self) -> bool {
        self.status == Status::Requested
    }

    /// The columns that an administrator chose, if one did.
    pub fn chosen(&self) -> Option<Columns> {
        self.columns.filter(|_| self.is_chosen)
    }
}

/// Why an import ended that an administrator undid before it was confirmed.
fn cancelled() -> Problem {
    Problem { code: "cancelled".to_owned(), detail: "An administrator cancelled the import.".to_owned() }
}

fn registering(election: &Election) -> Result<(), ImportRejection> {
    registration(election).map_err(|refused| match refused {
        VoterRejection::RegistrationClosed(status) => ImportRejection::RegistrationClosed(status),
        _ => ImportRejection::ElectionDeleted,
    })
}

impl Aggregate for Import {
    type Event = ImportEvent;
    type Command = ImportCommand;
    type Context<'a> = &'a Election;
    type Rejection = ImportRejection;

    const KIND: &'static str = "import";

    fn decide(&self, command: ImportCommand, election: &&Election) -> Result<Vec<ImportEvent>, ImportRejection> {
        use ImportCommand as C;
        use ImportEvent as E;
        match (command, self.status) {
            (C::Request { name, bytes }, Status::Absent) => {
                registering(election)?;
                if bytes == 0 || bytes > MOST_BYTES {
                    return Err(ImportRejection::Size);
                }
                Ok(vec![E::ImportRequested { bytes, name: name.into() }])
            }
            (C::Request { .. }, _) => Err(ImportRejection::IdTaken),
            (_, Status::Absent) => Err(ImportRejection::NotFound),
            (C::Receive, Status::Requested | Status::Ready) => Ok(vec![E::ImportUploaded {}]),
            (C::Choose(columns), Status::Ready | Status::Reading) => {
                registering(election)?;
                // Another sheet may have more columns.
                if let Some(field) = columns.beyond(self.width)
                    && columns.sheet == self.columns.unwrap_or_default().sheet
                {
                    return Err(ImportRejection::NoColumn(field));
                }
                let is_news = self.columns != Some(columns);
                Ok(if is_news { vec![E::ImportColumnsChosen { columns }] } else { Vec::new() })
            }
            (C::Choose(_), _) | (C::Confirm, Status::Requested | Status::Reading | Status::Refused) => {
                Err(ImportRejection::NotReady)
            }
            // An administrator may have chosen other columns meanwhile.
            (C::Accept(found), Status::Reading) if self.chosen().is_none_or(|chosen| chosen == found.columns) => {
                let Found { columns, width, counts: Counts { rows, new, already, rejected, imported: _ } } = found;
                Ok(vec![E::ImportRead { already, columns, new, rejected, rows, width }])
            }
            (C::Refuse(problem), Status::Requested | Status::Reading | Status::Ready) => {
                Ok(vec![E::ImportRefused { problem }])
            }
            (C::Confirm, Status::Ready) => {
                registering(election)?;
                Ok(vec![E::ImportConfirmed {}])
            }
            (C::Finish { imported, already, problem }, Status::Importing) => {
                Ok(vec![E::ImportFinished { already, imported, problem }])
            }
            (C::Undo, Status::Done) => match election.status {
                ElectionStatus::Draft => Ok(vec![E::ImportUndoing {}]),
                ElectionStatus::Deleted => Err(ImportRejection::ElectionDeleted),
                status => Err(ImportRejection::NotDraft(status)),
            },
            // Nobody is registered from it: whatever its election is, nothing has to be removed.
            (C::Undo, Status::Requested | Status::Reading | Status::Ready) => {
                Ok(vec![E::ImportRefused { problem: cancelled() }])
            }
            (C::Undo, Status::Importing) => Err(ImportRejection::NotDone),
            (C::FinishUndo { removed }, Status::Undoing) => Ok(vec![E::ImportUndone { removed }]),
            // Messages come more than once, and late, and administrators click twice: what an import has come to, it stays.
            (
                C::Receive
                | C::Accept(_)
                | C::Refuse(_)
                | C::Confirm
                | C::Finish { .. }
                | C::Undo
                | C::FinishUndo { .. },
                _,
            ) => Ok(Vec::new()),
        }
    }

    fn evolve(mut self, event: &ImportEvent) -> Self {
        match event.clone() {
            ImportEvent::ImportRequested { bytes, name } => {
                self = Self { status: Status::Requested, bytes, name, ..Self::default() };
            }
            ImportEvent::ImportUploaded {} => self.status = Status::Reading,
            ImportEvent::ImportColumnsChosen { columns } => {
                (self.status, self.columns, self.is_chosen) = (Status::Reading, Some(columns), true);
            }
            ImportEvent::ImportRead { already, columns, new, rejected, rows, width } => {
                (self.status, self.columns, self.width) = (Status::Ready, Some(columns), width);
                self.counts = Counts { rows, new, already, rejected, imported: 0 };
            }
            ImportEvent::ImportRefused { problem } => {
                (self.status, self.problem) = (Status::Refused, Some(problem));
            }
            ImportEvent::ImportConfirmed {} => self.status = Status::Importing,
            ImportEvent::ImportFinished { already, imported, problem } => {
                (self.status, self.problem) = (Status::Done, problem);
                (self.counts.already, self.counts.imported) = (already, imported);
            }
            ImportEvent::ImportUndoing {} => self.status = Status::Undoing,
            ImportEvent::ImportUndone { removed } => {
                self.status = Status::Undone;
                self.counts.imported = self.counts.imported.saturating_sub(removed);
            }
        }
        self
    }
}
