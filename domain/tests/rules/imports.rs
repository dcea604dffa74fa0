//! Which imports come, go on and are undone.

use std::collections::BTreeSet;

use photovote_domain::{
    Digest, Election, Import, ImportId, Problem, Refusal,
    election::Status as ElectionStatus,
    fold,
    import::{
        Columns, Counts, Found, ImportCommand as C, ImportEvent as E, ImportRejection as R, MOST_BYTES, Status,
        voter_of_row,
    },
};

use crate::{
    given::{Decision, given},
    photos::{STATUSES, election, text},
};

const COLUMNS: Columns = Columns { email: 1, first_name: None, last_name: None, name: Some(0), sheet: None };
const OTHERS: Columns = Columns { email: 2, ..COLUMNS };

fn request(bytes: u64) -> C {
    C::Request { name: text("members.csv"), bytes }
}

fn requested() -> E {
    E::ImportRequested { bytes: 5, name: "members.csv".into() }
}

fn uploaded() -> E {
    E::ImportUploaded {}
}

fn found(columns: Columns) -> Found {
    Found { columns, width: 3, counts: Counts { rows: 9, new: 6, already: 1, rejected: 2, imported: 0 } }
}

fn read() -> E {
    E::ImportRead { already: 1, columns: COLUMNS, new: 6, rejected: 2, rows: 9, width: 3 }
}

fn problem() -> Problem {
    Problem { code: "empty".into(), detail: "The file is empty.".into() }
}

fn finish() -> C {
    C::Finish { imported: 6, already: 1, problem: None }
}

fn finished() -> E {
    E::ImportFinished { already: 1, imported: 6, problem: None }
}

/// The events up to each status.
fn histories() -> [(Status, Vec<E>); 8] {
    let confirmed = || vec![requested(), uploaded(), read(), E::ImportConfirmed {}];
    let done = || [confirmed(), vec![finished()]].concat();
    [
        (Status::Requested, vec![requested()]),
        (Status::Reading, vec![requested(), uploaded()]),
        (Status::Ready, vec![requested(), uploaded(), read()]),
        (Status::Refused, vec![requested(), uploaded(), E::ImportRefused { problem: problem() }]),
        (Status::Importing, confirmed()),
        (Status::Done, done()),
        (Status::Undoing, [done(), vec![E::ImportUndoing {}]].concat()),
        (Status::Undone, [done(), vec![E::ImportUndoing {}, E::ImportUndone { removed: 5 }]].concat()),
    ]
}

fn when(events: impl IntoIterator<Item = E>, command: C, election: &Election) -> Decision<Import> {
    given::<Import>(events).when(command, &election)
}

fn draft() -> Election {
    election(ElectionStatus::Draft)
}

/// What a command comes to in each election, or each status of an import: `+` for an event, `=` for none, or a code.
fn word(decision: Decision<Import>) -> &'static str {
    match decision.get() {
        Ok(events) if events.is_empty() => "=",
        Ok(_) => "+",
        Err(rejection) => rejection.code(),
    }
}

#[test]
fn a_history_leads_to_its_status() {
    for (status, events) in histories() {
        assert_eq!(fold::<Import>(&events).status, status);
    }
}

#[test]
fn imports_are_confirmed_while_voters_come() {
    let closed = "registration_closed";
    let expected = [closed, "+", "+", closed, closed, closed, "election_deleted"];
    assert_eq!(STATUSES.map(|status| word(when([], request(5), &election(status)))), expected);
    let ready = || [requested(), uploaded(), read()];
    assert_eq!(STATUSES.map(|status| word(when(ready(), C::Confirm, &election(status)))), expected);
    assert_eq!(STATUSES.map(|status| word(when(ready(), C::Choose(OTHERS), &election(status)))), expected);
}

#[test]
fn imports_are_undone_in_a_draft_alone() {
    let no = "election_not_draft";
    let done = || histories()[5].1.clone();
    let words = STATUSES.map(|status| word(when(done(), C::Undo, &election(status))));
    assert_eq!(words, [no, "+", no, no, no, no, "election_deleted"]);
}

#[test]
fn an_unconfirmed_import_is_cancelled_in_any_election() {
    let problem = Problem { code: "cancelled".into(), detail: "An administrator cancelled the import.".into() };
    for (_, events) in histories().into_iter().take(3) {
        for status in STATUSES {
            when(events.clone(), C::Undo, &election(status)).then([E::ImportRefused { problem: problem.clone() }]);
        }
        // A file that arrives late, or was being read, changes nothing.
        let cancelled = || [events.clone(), vec![E::ImportRefused { problem: problem.clone() }]].concat();
        for late in [C::Receive, C::Accept(found(COLUMNS)), C::Undo] {
            when(cancelled(), late, &draft()).then([]);
        }
        when(cancelled(), C::Confirm, &draft()).then_refused(R::NotReady);
    }
}

#[test]
fn each_command_has_an_outcome_in_each_status() {
    let words = |command: &C| histories().map(|(_, events)| word(when(events, command.clone(), &draft())));
    let (not_ready, not_done) = ("import_not_ready", "import_not_done");
    // In the order of the statuses: requested, reading, ready, refused, importing, done, undoing, undone.
    assert_eq!(words(&request(5)), ["id_taken"; 8]);
    assert_eq!(words(&C::Receive), ["+", "=", "+", "=", "=", "=", "=", "="]);
    assert_eq!(words(&C::Accept(found(COLUMNS))), ["=", "+", "=", "=", "=", "=", "=", "="]);
    assert_eq!(words(&C::Refuse(problem())), ["+", "+", "+", "=", "=", "=", "=", "="]);
    assert_eq!(words(&C::Choose(OTHERS))[2..], ["+", not_ready, not_ready, not_ready, not_ready, not_ready]);
    // Two clicks are one confirmation.
    assert_eq!(words(&C::Confirm), [not_ready, not_ready, "+", not_ready, "=", "=", "=", "="]);
    assert_eq!(words(&finish()), ["=", "=", "=", "=", "+", "=", "=", "="]);
    assert_eq!(words(&C::Undo), ["+", "+", "+", "=", not_done, "+", "=", "="]);
    assert_eq!(words(&C::FinishUndo { removed: 5 }), ["=", "=", "=", "=", "=", "=", "+", "="]);
    for command in [C::Receive, C::Confirm, C::Undo, finish(), C::Choose(COLUMNS)] {
        when([], command, &draft()).then_refused(R::NotFound);
    }
}

#[test]
fn a_list_has_one_byte_to_20_million() {
    for bytes in [0, MOST_BYTES + 1] {
        when([], request(bytes), &draft()).then_refused(R::Size);
    }
    when([], request(MOST_BYTES), &draft())
        .then([E::ImportRequested { bytes: MOST_BYTES, name: "members.csv".into() }]);
}

#[test]
fn columns_are_those_of_the_file() {
    let ready = || [requested(), uploaded(), read()];
    when(ready(), C::Choose(COLUMNS), &draft()).then([]);
    when(ready(), C::Choose(OTHERS), &draft()).then([E::ImportColumnsChosen { columns: OTHERS }]);
    let beyond = |columns| when(ready(), C::Choose(columns), &draft());
    beyond(Columns { email: 3, ..COLUMNS }).then_refused(R::NoColumn("email"));
    beyond(Columns { name: Some(3), ..COLUMNS }).then_refused(R::NoColumn("name"));
    beyond(Columns { first_name: Some(3), ..COLUMNS }).then_refused(R::NoColumn("first_name"));
    beyond(Columns { last_name: Some(3), ..COLUMNS }).then_refused(R::NoColumn("last_name"));
    // Another sheet may have more.
    let elsewhere = Columns { email: 3, sheet: Some(1), ..COLUMNS };
    beyond(elsewhere).then([E::ImportColumnsChosen { columns: elsewhere }]);
}

#[test]
fn what_was_read_by_outdated_columns_is_not_accepted() {
    let chosen = || [requested(), uploaded(), read(), E::ImportColumnsChosen { columns: OTHERS }];
    when(chosen(), C::Accept(found(COLUMNS)), &draft()).then([]);
    let E::ImportRead { already, columns: _, new, rejected, rows, width } = read() else { return };
    let again = E::ImportRead { already, columns: OTHERS, new, rejected, rows, width };
    when(chosen(), C::Accept(found(OTHERS)), &draft()).then([again]);
}

#[test]
fn the_counts_are_those_of_the_end() {
    let [.., (_, undone)] = histories();
    let counts = fold::<Import>(&undone).counts;
    assert_eq!(counts, Counts { rows: 9, new: 6, already: 1, rejected: 2, imported: 1 });
}

#[test]
fn voters_of_rows_differ_and_sort_like_the_rows() {
    let (import, secret) = (ImportId::from_bits(7 << 80), Digest::of(b"secret"));
    let voters: Vec<_> = (0..200_000).map(|row| voter_of_row(&secret, import, row)).collect();
    assert!(voters.is_sorted());
    assert_eq!(voters.iter().collect::<BTreeSet<_>>().len(), voters.len());
    assert_eq!(voters[3], voter_of_row(&secret, import, 3));
    assert_ne!(voters[3], voter_of_row(&Digest::of(b"another"), import, 3));
    assert_ne!(voters[3], voter_of_row(&secret, ImportId::from_bits((7 << 80) + 1), 3));
}
