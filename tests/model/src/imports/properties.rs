//! What must hold, always; and what must be possible, so that nothing holds only because nothing happens.

use stateright::Property;

use crate::imports::{
    Command, Imports, State,
    importer::Step,
    tables::{Status, Voter},
};

/// The voter of a row is registered once, also if they were removed.
pub const ONCE: &str = "no row registers twice";
/// An address has one voter.
pub const ADDRESS: &str = "no two voters have one address";
/// When the import is done, each row's voter was registered, or its address had another voter; unless there is a problem with the file.
pub const WHOLE: &str = "an import that is done has looked at each row";
/// `ImportFinished` counts each row once.
pub const COUNTED: &str = "ImportFinished counts each row once";
/// When the import is undone, none of its voters is there.
pub const UNDONE: &str = "an import that is undone leaves none of its voters";
/// Undoing removes no voter whom the import has not registered.
pub const SPARED: &str = "undoing removes no other voter";
/// An import never goes back in its life.
pub const FORWARD: &str = "an import never goes back";
/// Only rows of the confirmed file are registered.
pub const CONFIRMED: &str = "only the confirmed file is imported";
/// A file that stays is imported: there is no problem with it.
pub const NO_PROBLEM: &str = "a file that stays is imported";

/// An import registers and is undone.
pub const ALL_UNDONE: &str = "voters of each row are registered and removed again";
/// Two importers are at the same rows.
pub const AT_ONCE: &str = "two importers register the same rows";
/// An address has another voter when its row is looked at.
pub const ALREADY: &str = "a row's address has another voter";

pub(crate) fn all() -> Vec<Property<Imports>> {
    vec![
        Property::always(ONCE, |_, state: &State| state.tables.registrations.iter().all(|times| *times <= 1)),
        Property::always(ADDRESS, one_voter_per_address),
        Property::always(WHOLE, each_row_is_looked_at),
        Property::always(COUNTED, each_row_is_counted),
        Property::always(UNDONE, nobody_is_left),
        Property::always(SPARED, |_, state: &State| !state.tables.removed_others),
        Property::always(FORWARD, |_, state: &State| !state.tables.went_back),
        Property::always(CONFIRMED, |_, state: &State| !state.tables.from_other_file),
        Property::always(NO_PROBLEM, files_that_stay_are_imported),
        Property::sometimes(ALL_UNDONE, |_, state: &State| {
            state.tables.status == Status::Undone && state.tables.voters.iter().all(|voter| *voter == Voter::Undone)
        }),
        Property::sometimes(AT_ONCE, |_, state: &State| {
            let is_registering = |step: Step| matches!(step, Step::Registering(..));
            state.importers.iter().filter(|importer| is_registering(importer.step)).count() > 1
        }),
        Property::sometimes(ALREADY, |_, state: &State| {
            state.tables.finished.is_some_and(|finished| finished.counts.already > 0)
        }),
    ]
}

fn one_voter_per_address(_: &Imports, state: &State) -> bool {
    let tables = &state.tables;
    tables.voters.iter().zip(&tables.by_hand).all(|voters| voters != (&Voter::Registered, &Voter::Registered))
}

fn each_row_is_looked_at(_: &Imports, state: &State) -> bool {
    let tables = &state.tables;
    let is_done = tables.finished.is_some_and(|finished| !finished.has_problem);
    let mut rows = (0..).zip(&tables.registrations);
    !is_done || rows.all(|(row, times)| *times > 0 || tables.already.has(row))
}

fn each_row_is_counted(model: &Imports, state: &State) -> bool {
    state.tables.finished.is_none_or(|finished| {
        let counted = finished.counts.imported + finished.counts.already;
        counted == model.rows || (finished.has_problem && counted < model.rows)
    })
}

fn nobody_is_left(_: &Imports, state: &State) -> bool {
    state.tables.status != Status::Undone || !state.tables.voters.contains(&Voter::Registered)
}

fn files_that_stay_are_imported(model: &Imports, state: &State) -> bool {
    let has_problem = state.tables.finished.is_some_and(|finished| finished.has_problem);
    let number = (0..).zip(&model.commands).find(|(_, command)| **command == Command::Upload);
    !has_problem || number.is_some_and(|(number, _)| state.sent.has(number))
}
