//! The importer, from the confirmation on: `Importer::go_on` in `workers/imports/src/lib.rs`.
//!
//! The rows of a message are registered one after the other here. The code registers eight at once; rows share nothing.

use crate::imports::{
    Guard, Imports,
    tables::{CONFIRMED, Counts, Finished, Holder, Progress, Status, Tables, Voter},
};

/// An importer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Importer {
    /// How far it is with its message.
    pub step: Step,
    /// The file that it has read last.
    pub kept: Option<u8>,
}

/// Some rows that an importer is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Page {
    /// The first of them.
    from: u8,
    /// The row that is next.
    at: u8,
    /// The first row after them.
    to: u8,
    /// What they came to so far.
    came: Counts,
}

/// How far an importer is: the next call that it makes. After a crash, the message comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Step {
    /// It waits for a message. The first call loads the import.
    #[default]
    Idle,
    /// The import is `Importing`: how far it is, is to be read.
    ReadingProgress,
    /// The file is to be read.
    ReadingFile(Progress),
    /// It is to be looked up who has the addresses of these rows.
    ReadingGuards(Page),
    /// The voter of the next of these rows is to be registered, unless another voter had its address. Others have those of these rows.
    Registering(Page, [Option<Holder>; 2]),
    /// That these rows were worked off is to be noted.
    Noting(Page),
    /// `ImportFinished` is to be written.
    Finishing {
        /// What the rows came to.
        counts: Counts,
        /// Is there a problem with the file?
        has_problem: bool,
    },
    /// The import is `Undoing`: how far it is, is to be read.
    ReadingUndone,
    /// The gate of this number is to know it.
    TellingGate(u8),
    /// The voter of the next of these rows is to be read.
    ReadingVoter(Page),
    /// They are there, and to be removed.
    Removing(Page),
    /// That the voters of these rows were removed is to be noted.
    NotingUndone(Page),
    /// `ImportUndone` is to be written.
    FinishingUndo,
    /// The file is to be deleted.
    Deleting,
    /// What is known of the import is to be forgotten.
    Forgetting,
}

impl Page {
    fn new(model: &Imports, from: Option<u8>) -> Self {
        let from = from.unwrap_or(0);
        Self { from, at: from, to: model.rows.min(from + model.page), came: Counts::default() }
    }

    /// The place where it began, as the table has it.
    fn began(self) -> Option<u8> {
        Some(self.from).filter(|from| *from > 0)
    }

    fn next(self) -> Self {
        Self { at: self.at + 1, ..self }
    }
}

pub(crate) fn make(model: &Imports, tables: &mut Tables, importer: &mut Importer) {
    importer.step = match importer.step {
        Step::Idle => match tables.status {
            Status::Importing => Step::ReadingProgress,
            Status::Undoing => Step::ReadingUndone,
            Status::Done | Status::Undone => Step::Deleting,
        },
        Step::ReadingProgress => match importer.kept {
            Some(kept) => compare(model, importer, tables.progress, kept),
            None => Step::ReadingFile(tables.progress),
        },
        Step::ReadingFile(progress) => match tables.file {
            Some(file) => {
                importer.kept = Some(file);
                compare(model, importer, progress, file)
            }
            None => Step::Finishing { counts: progress.counts, has_problem: true },
        },
        Step::ReadingGuards(page) => {
            let mut holders = [None; 2];
            for (holder, guard) in holders.iter_mut().zip(&tables.guards[page.from.into()..page.to.into()]) {
                *holder = *guard;
            }
            Step::Registering(page, holders)
        }
        Step::Registering(page, holders) => register(model, tables, page, holders, importer.kept),
        Step::Noting(page) => note(model, tables, page),
        Step::Finishing { counts, has_problem } => {
            if tables.status == Status::Importing || !model.has(Guard::StaysWhatItIs) {
                tables.move_on(Status::Done);
                tables.finished = Some(Finished { counts, has_problem });
            }
            Step::Deleting
        }
        Step::ReadingUndone => match tables.progress.undo_next {
            None if model.has(Guard::GatesFirst) => Step::TellingGate(0),
            next => Step::ReadingVoter(Page::new(model, next)),
        },
        Step::TellingGate(gate) if gate == model.rows && model.has(Guard::GatesFirst) => {
            Step::ReadingVoter(Page::new(model, None))
        }
        Step::TellingGate(gate) if gate == model.rows => Step::FinishingUndo,
        Step::TellingGate(gate) => {
            tables.undone_at = tables.undone_at.with(gate);
            Step::TellingGate(gate + 1)
        }
        Step::ReadingVoter(page) if page.at == page.to => Step::NotingUndone(page),
        Step::ReadingVoter(page) => {
            let row = usize::from(page.at);
            let is_there = if model.has(Guard::UndoByIds) {
                tables.voters[row] == Voter::Registered
            } else {
                tables.guards[row].is_some()
            };
            if is_there { Step::Removing(page) } else { Step::ReadingVoter(page.next()) }
        }
        Step::Removing(page) => {
            let row = usize::from(page.at);
            if tables.voters[row] == Voter::Registered {
                tables.remove(row, Holder::Row, Voter::Undone);
            } else if !model.has(Guard::UndoByIds) && tables.by_hand[row] == Voter::Registered {
                tables.remove(row, Holder::Hand, Voter::Undone);
                tables.removed_others = true;
            }
            Step::ReadingVoter(page.next())
        }
        Step::NotingUndone(page) => {
            let began = tables.progress.undo_next == page.began() || !model.has(Guard::PlaceIsWhereItBegan);
            if began {
                tables.progress.undo_next = Some(page.to);
            }
            match page.to == model.rows {
                true if began && model.has(Guard::GatesFirst) => Step::FinishingUndo,
                true if began => Step::TellingGate(0),
                _ => Step::Idle,
            }
        }
        Step::FinishingUndo => {
            if tables.status == Status::Undoing {
                tables.move_on(Status::Undone);
            }
            Step::Deleting
        }
        Step::Deleting => {
            tables.file = None;
            Step::Forgetting
        }
        Step::Forgetting => {
            tables.progress = Progress::default();
            importer.kept = None;
            Step::Idle
        }
    };
}

/// The file is compared with the one that was looked at before the confirmation.
fn compare(model: &Imports, importer: &Importer, progress: Progress, file: u8) -> Step {
    let is_other = match progress.file {
        Some(confirmed) => confirmed != file && model.has(Guard::ConfirmedFile),
        None => model.has(Guard::KnownFile),
    };
    let was_kept = importer.step == Step::ReadingProgress;
    if is_other && was_kept && model.has(Guard::KeptIsReadAgain) {
        Step::ReadingFile(progress)
    } else if is_other {
        Step::Finishing { counts: progress.counts, has_problem: true }
    } else {
        Step::ReadingGuards(Page::new(model, progress.next))
    }
}

/// One transaction of `Registrar::register`, if the row needs it.
fn register(model: &Imports, tables: &mut Tables, page: Page, holders: [Option<Holder>; 2], kept: Option<u8>) -> Step {
    if page.at == page.to {
        return Step::Noting(page);
    }
    let row = usize::from(page.at);
    let names_voter = model.has(Guard::RowNamesVoter);
    let imported = |page: Page| Page { came: Counts { imported: page.came.imported + 1, ..page.came }, ..page.next() };
    let already = |page: Page| Page { came: Counts { already: page.came.already + 1, ..page.came }, ..page.next() };
    let next = match holders[row - usize::from(page.from)] {
        // Nothing is sent. That this is a step of its own adds orders of calls, and hides none.
        Some(Holder::Row) if names_voter => imported(page),
        Some(_) => {
            tables.already = tables.already.with(page.at);
            already(page)
        }
        // The voter's stream has this very command.
        None if tables.voters[row] != Voter::Absent && names_voter => imported(page),
        // The transaction is refused, and the message comes again.
        None if tables.undone_at.has(page.at) && model.has(Guard::UndoneIsRefused) => return Step::Idle,
        None if tables.guards[row].is_some() && model.has(Guard::AddressOnce) => {
            tables.already = tables.already.with(page.at);
            already(page)
        }
        None => {
            tables.voters[row] = Voter::Registered;
            tables.guards[row] = Some(Holder::Row);
            tables.registrations[row] += 1;
            tables.from_other_file |= kept != Some(CONFIRMED);
            imported(page)
        }
    };
    Step::Registering(next, holders)
}

/// One update of `Control::advance_import`.
fn note(model: &Imports, tables: &mut Tables, page: Page) -> Step {
    let progress = &mut tables.progress;
    if progress.next != page.began() && model.has(Guard::PlaceIsWhereItBegan) {
        // Another importer is at the same rows, and goes on.
        return Step::Idle;
    }
    progress.next = Some(page.to);
    progress.counts.imported += page.came.imported;
    progress.counts.already += page.came.already;
    if page.to < model.rows && model.has(Guard::EveryRow) {
        return Step::Idle;
    }
    Step::Finishing { counts: progress.counts, has_problem: false }
}
