//! What stands in the tables and lies in the bucket.

use crate::{imports::Imports, tables::Set};

/// A file that was uploaded before the confirmed one.
pub const EARLIER: u8 = 0;
/// The file that was confirmed.
pub const CONFIRMED: u8 = 1;
/// A file that was uploaded after the confirmation.
pub const LATER: u8 = 2;

/// Where an import is in its life, after its confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are those of the domain")]
pub enum Status {
    Importing,
    Done,
    Undoing,
    Undone,
}

/// A voter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Voter {
    /// There is none.
    #[default]
    Absent,
    /// They are registered.
    Registered,
    /// An administrator has removed them.
    Removed,
    /// Undoing the import has removed them.
    Undone,
}

/// Who has an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// The voter of this row.
    Row,
    /// A voter who was registered by hand.
    Hand,
}

/// How many rows came to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Counts {
    /// Their voters are registered.
    pub imported: u8,
    /// Another voter has their addresses.
    pub already: u8,
}

/// What is known of the import in the control table, until it is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Progress {
    /// The next row to register.
    pub next: Option<u8>,
    /// The next row to undo.
    pub undo_next: Option<u8>,
    /// What the rows before came to.
    pub counts: Counts,
    /// The file that was looked at before the confirmation.
    pub file: Option<u8>,
}

/// `ImportFinished`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Finished {
    /// What the rows came to.
    pub counts: Counts,
    /// Is there a problem with the file?
    pub has_problem: bool,
}

/// The tables and the bucket, as far as the protocol looks at them. Row `r` has address `r`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tables {
    /// Events: where the import is. Each status is a version of its stream.
    pub status: Status,
    /// Events: how it ended.
    pub finished: Option<Finished>,
    /// Events: the voter of each row.
    pub voters: Vec<Voter>,
    /// Events: voters who were registered by hand, with the address of each row.
    pub by_hand: Vec<Voter>,
    /// Control: who has each address.
    pub guards: Vec<Option<Holder>>,
    /// Control: gates that know that the import is being undone. Each row's voter comes through a gate of their own.
    pub undone_at: Set,
    /// Control: how far the import is.
    pub progress: Progress,
    /// The bucket: the file.
    pub file: Option<u8>,
    /// How often the voter of each row was registered. Nobody in the model sees this.
    pub registrations: Vec<u8>,
    /// Rows whose address another voter had when they were looked at. Nobody in the model sees this.
    pub already: Set,
    /// Was a voter registered from a file that was not confirmed? Nobody in the model sees this.
    pub from_other_file: bool,
    /// Did undoing remove a voter whom the import has not registered? Nobody in the model sees this.
    pub removed_others: bool,
    /// Did the import's status ever go back? Nobody in the model sees this.
    pub went_back: bool,
}

impl Tables {
    pub(crate) fn new(model: &Imports) -> Self {
        let rows = usize::from(model.rows);
        Self {
            status: Status::Importing,
            finished: None,
            voters: vec![Voter::Absent; rows],
            by_hand: vec![Voter::Absent; rows],
            guards: vec![None; rows],
            undone_at: Set::default(),
            progress: Progress { file: Some(CONFIRMED), ..Progress::default() },
            file: Some(CONFIRMED),
            registrations: vec![0; rows],
            already: Set::default(),
            from_other_file: false,
            removed_others: false,
            went_back: false,
        }
    }

    /// A voter is removed, and the address given back.
    pub(crate) fn remove(&mut self, row: usize, holder: Holder, by: Voter) {
        match holder {
            Holder::Row => self.voters[row] = by,
            Holder::Hand => self.by_hand[row] = by,
        }
        self.guards[row] = self.guards[row].filter(|now| *now != holder);
    }

    /// The import comes to something.
    pub(crate) fn move_on(&mut self, status: Status) {
        self.went_back |= status < self.status;
        self.status = status;
    }
}
