//! Looks at every interleaving of one import: whole, nothing that must hold is ever broken; with one guard left out, something is.

mod look;

use look::holds;
use photovote_model::{
    imports::{
        Command::{self, Register, Remove, RemoveImported, Undo, Upload},
        Guard, Imports, State,
        properties::{
            ADDRESS, ALL_UNDONE, ALREADY, AT_ONCE, CONFIRMED, COUNTED, FORWARD, NO_PROBLEM, ONCE, SPARED, UNDONE, WHOLE,
        },
        tables::Status,
    },
    progress::states_if_never_stuck,
};

/// Two rows, one for each message.
fn imports(commands: &[Command], importers: usize) -> Imports {
    Imports { commands: commands.to_vec(), rows: 2, page: 1, importers, remembers: false, without: None }
}

fn without(guard: Guard, model: Imports) -> Imports {
    Imports { without: Some(guard), ..model }
}

/// Without the guard, this is broken.
fn breaks(guard: Guard, model: Imports, invariant: &'static str) {
    look::breaks(without(guard, model), invariant);
}

#[test]
fn an_import_that_is_undone() {
    holds(&imports(&[Undo], 2), &[ALL_UNDONE, AT_ONCE]);
    holds(&Imports { page: 2, ..imports(&[Undo], 2) }, &[ALL_UNDONE, AT_ONCE]);
}

#[test]
fn an_import_whose_voters_are_removed() {
    holds(&imports(&[RemoveImported(0), Undo], 2), &[ALL_UNDONE, AT_ONCE]);
}

#[test]
fn an_import_of_an_address_that_is_registered_by_hand() {
    holds(&imports(&[Register(0), Remove(0), Undo], 2), &[ALL_UNDONE, AT_ONCE, ALREADY]);
}

#[test]
fn an_import_whose_file_is_replaced() {
    holds(&imports(&[Upload, Undo], 2), &[ALL_UNDONE, AT_ONCE]);
    holds(&Imports { remembers: true, ..imports(&[Upload], 2) }, &[AT_ONCE]);
}

#[test]
#[ignore = "takes minutes: make soak-model"]
fn larger_configurations() {
    for model in [
        Imports { rows: 3, page: 2, ..imports(&[Register(2), Remove(2), Undo], 2) },
        Imports { rows: 3, ..imports(&[RemoveImported(1), Upload, Undo], 2) },
        Imports { remembers: true, ..imports(&[Register(1), Remove(1), RemoveImported(0), Upload, Undo], 2) },
        imports(&[Register(0), Remove(0), Undo], 3),
    ] {
        holds(&model, &[ALL_UNDONE, AT_ONCE]);
    }
}

#[test]
fn an_import_can_always_be_done_and_undone() {
    let model = imports(&[RemoveImported(0), Undo], 2);
    let is_undone = |state: &State| state.tables.status == Status::Undone;
    let states = states_if_never_stuck(&model, is_undone);
    println!("{:>9} states: {model:?}", states.unwrap_or_else(|stuck| panic!("{model:?}: stuck: {stuck:?}")));
}

#[test]
fn a_row_names_its_voter() {
    breaks(Guard::RowNamesVoter, imports(&[RemoveImported(0)], 1), ONCE);
}

#[test]
fn an_address_is_registered_once() {
    breaks(Guard::AddressOnce, imports(&[Register(0)], 1), ADDRESS);
}

#[test]
fn a_place_is_noted_where_it_began() {
    breaks(Guard::PlaceIsWhereItBegan, imports(&[], 2), COUNTED);
}

#[test]
fn every_row_is_looked_at() {
    breaks(Guard::EveryRow, imports(&[], 1), WHOLE);
}

#[test]
fn an_import_stays_what_it_is() {
    breaks(Guard::StaysWhatItIs, imports(&[Undo], 2), FORWARD);
}

#[test]
fn voters_are_removed_by_their_ids() {
    breaks(Guard::UndoByIds, imports(&[Register(0), Undo], 1), SPARED);
}

#[test]
fn only_the_confirmed_file_is_imported() {
    breaks(Guard::ConfirmedFile, imports(&[Upload], 1), CONFIRMED);
}

#[test]
fn an_importer_knows_which_file_was_confirmed() {
    breaks(Guard::KnownFile, Imports { remembers: true, ..imports(&[Register(0), Remove(0)], 2) }, CONFIRMED);
}

#[test]
fn gates_refuse_voters_of_an_import_under_undoing() {
    breaks(Guard::UndoneIsRefused, imports(&[Register(0), Remove(0), Undo], 2), UNDONE);
    breaks(Guard::UndoneIsRefused, imports(&[Upload, Undo], 2), UNDONE);
    // While no address becomes free, and no other file comes, nothing needs it.
    holds(&without(Guard::UndoneIsRefused, imports(&[Register(0), RemoveImported(1), Undo], 2)), &[ALREADY, AT_ONCE]);
}

#[test]
fn gates_know_of_an_undoing_before_voters_are_sought() {
    breaks(Guard::GatesFirst, imports(&[Upload, Undo], 2), UNDONE);
}

#[test]
fn a_file_that_was_kept_is_read_again() {
    breaks(Guard::KeptIsReadAgain, Imports { remembers: true, ..imports(&[], 1) }, NO_PROBLEM);
}
