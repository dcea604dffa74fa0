//! A model of one import: registering the voters of a confirmed list, and undoing that.
//!
//! It has importers, and administrators who register and remove voters by hand, upload another file and undo the import. **A step is
//! one call** to `DynamoDB` or the bucket, and what a process makes of the answer. An importer may be told at any time, and any number of
//! times: so the model has messages that are delivered twice, and the reconciler's. It may crash before any step.
//!
//! | Here | There |
//! |---|---|
//! | [`importer`] | `workers/imports/src/{lib,registering,undoing,reading}.rs`, `storage/coordination-write/src/imports.rs` |
//! | [`administrator`] | `api/election-commands/src/{imports,voters}.rs`, `workers/registration/src/lib.rs` |
//! | [`tables`] | what is in the tables and the bucket |
//! | [`properties`] | what must hold |

pub mod administrator;
pub mod importer;
pub mod properties;
pub mod tables;

use stateright::{Model, Property};

use crate::{imports::tables::Tables, tables::Set};

/// What an administrator requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Register a voter with the address of this row.
    Register(u8),
    /// Remove the voter who was registered by hand with the address of this row.
    Remove(u8),
    /// Remove the voter whom the import has registered for this row.
    RemoveImported(u8),
    /// Upload another file, after the confirmation.
    Upload,
    /// Undo the import.
    Undo,
}

/// Something that the protocol does, and that can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// The id of a row's voter follows from the import and the row (`voter_of_row`).
    RowNamesVoter,
    /// An address is registered once (`Control::reserve_email`).
    AddressOnce,
    /// The place is noted only if it is where it began (`Control::advance`).
    PlaceIsWhereItBegan,
    /// An import is finished after its last row (`Importer::register_some`).
    EveryRow,
    /// What an import has come to, it stays (`Import::decide`).
    StaysWhatItIs,
    /// Undoing removes the voters whom the import has registered, by their ids (`Importer::remove_row`).
    UndoByIds,
    /// The file must be the one that was confirmed (`Importer::register_some`).
    ConfirmedFile,
    /// An importer that does not know which file was confirmed registers nobody (`Importer::register_some`).
    KnownFile,
    /// A gate lets in no voter of an import that is being undone (`Control::pass_registration`).
    UndoneIsRefused,
    /// Gates know that an import is being undone before its voters are looked for (`Control::undo_at_gates`).
    GatesFirst,
    /// A file that an importer has kept, and that is not the confirmed one, is read again (`Importer::list`).
    KeptIsReadAgain,
}

/// A configuration of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imports {
    /// What administrators request, each once, in any order.
    pub commands: Vec<Command>,
    /// How many rows the list has.
    pub rows: u8,
    /// How many rows a message is worth: one or two.
    pub page: u8,
    /// How many importers there are. Each runs as often as it likes.
    pub importers: usize,
    /// Does the first importer remember a file that was uploaded before the one that was confirmed?
    pub remembers: bool,
    /// What is left out.
    pub without: Option<Guard>,
}

impl Imports {
    pub(crate) fn has(&self, guard: Guard) -> bool {
        self.without != Some(guard)
    }
}

/// All that there is at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The tables and the bucket.
    pub tables: Tables,
    /// Which requests were sent.
    pub sent: Set,
    /// The importers.
    pub importers: Vec<importer::Importer>,
}

/// Who does something, and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The request of this number is sent.
    Administrator(u8),
    /// The importer of this number makes its next call.
    Importer(usize),
    /// The importer of this number crashes.
    Crash(usize),
}

impl Model for Imports {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut importers = vec![importer::Importer::default(); self.importers];
        if let Some(first) = importers.first_mut().filter(|_| self.remembers) {
            first.kept = Some(tables::EARLIER);
        }
        vec![State { tables: Tables::new(self), sent: Set::default(), importers }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (number, command) in (0..).zip(&self.commands) {
            if !state.sent.has(number) && administrator::is_allowed(&state.tables, *command) {
                actions.push(Action::Administrator(number));
            }
        }
        for (number, importer) in state.importers.iter().enumerate() {
            actions.push(Action::Importer(number));
            if importer.step != importer::Step::Idle {
                actions.push(Action::Crash(number));
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Administrator(number) => {
                next.sent = next.sent.with(number);
                administrator::make(&mut next.tables, self.commands[usize::from(number)]);
            }
            Action::Importer(number) => importer::make(self, &mut next.tables, &mut next.importers[number]),
            // A crash forgets what was kept.
            Action::Crash(number) => next.importers[number] = importer::Importer::default(),
        }
        // They have no names: which of them is where makes no difference.
        next.importers.sort_unstable();
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
