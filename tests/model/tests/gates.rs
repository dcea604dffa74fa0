//! Looks at every interleaving of the protocol: whole, nothing that must hold is ever broken; with one guard left out,
//! something is.

mod look;

use look::holds;
use photovote_model::{
    Command::{Cast, Rate},
    Gates, Guard, Request,
    progress::states_if_never_stuck,
    properties::{
        ACKNOWLEDGED, ALL_COUNTED, CAST_ONCE, CLOSED_COUNTS, COUNTED_AFTER, EVENTS_FIRST, FINAL, GATES_COUNT,
        OPEN_GATE, OVERTAKEN, REFUSED, TOLD_AGAIN, TOO_LATE,
    },
};

const fn cast(voter: u8, key: u8) -> Request {
    Request { voter, key, command: Cast }
}

const fn rate(voter: u8, key: u8) -> Request {
    Request { voter, key, command: Rate }
}

const ONCE: [Request; 1] = [cast(0, 0)];
/// A voter who sends again.
const TWICE: [Request; 2] = [cast(0, 0), cast(0, 0)];
/// Two voters; with two shards, each at a gate of their own.
const TWO: [Request; 2] = [cast(0, 0), cast(1, 0)];
/// A voter at two screens.
const CAST_AND_RATE: [Request; 2] = [cast(0, 0), rate(0, 1)];
/// The same, impatient.
const CAST_AND_CAST: [Request; 2] = [cast(0, 0), cast(0, 1)];

fn gates(requests: &[Request], shards: u8, closers: u8, counters: u8) -> Gates {
    Gates { requests: requests.to_vec(), shards, closers, counters, without: None }
}

fn without(guard: Guard, model: Gates) -> Gates {
    Gates { without: Some(guard), ..model }
}

/// Without the guard, this is broken.
fn breaks(guard: Guard, model: Gates, invariant: &'static str) {
    look::breaks(without(guard, model), invariant);
}

#[test]
fn a_voter_who_sends_again_while_gates_open_and_close() {
    holds(&gates(&TWICE, 2, 1, 0), &[TOO_LATE, TOLD_AGAIN, OVERTAKEN]);
}

#[test]
fn two_voters_at_two_gates() {
    holds(&gates(&TWO, 2, 1, 0), &[TOO_LATE]);
}

#[test]
fn a_ballot_that_is_changed_at_two_screens() {
    holds(&gates(&CAST_AND_RATE, 1, 1, 0), &[TOO_LATE]);
    holds(&gates(&CAST_AND_CAST, 1, 1, 0), &[TOO_LATE]);
}

#[test]
fn two_closers_at_two_gates() {
    holds(&gates(&ONCE, 2, 2, 0), &[TOO_LATE]);
}

#[test]
fn ballots_that_are_cast_and_counted() {
    holds(&gates(&TWICE, 1, 1, 1), &[ALL_COUNTED, TOLD_AGAIN, TOO_LATE]);
    holds(&gates(&TWO, 1, 1, 1), &[ALL_COUNTED, TOO_LATE]);
}

#[test]
fn two_counters_at_two_shards() {
    holds(&gates(&ONCE, 2, 1, 2), &[ALL_COUNTED]);
}

#[test]
#[ignore = "takes minutes: make soak-model"]
fn larger_configurations() {
    for (model, happens) in [
        (gates(&[cast(0, 0), cast(0, 0), rate(0, 1)], 1, 1, 0), &[TOO_LATE, TOLD_AGAIN, OVERTAKEN][..]),
        (gates(&[cast(0, 0), cast(0, 1), rate(0, 2)], 1, 1, 0), &[TOO_LATE]),
        (gates(&TWICE, 2, 2, 0), &[TOO_LATE, TOLD_AGAIN, OVERTAKEN]),
        (gates(&TWICE, 2, 1, 1), &[ALL_COUNTED, TOO_LATE, TOLD_AGAIN, OVERTAKEN]),
        (gates(&TWO, 2, 1, 1), &[ALL_COUNTED, TOO_LATE]),
        (gates(&TWO, 1, 1, 2), &[ALL_COUNTED, TOO_LATE]),
        (gates(&TWO, 2, 2, 1), &[ALL_COUNTED, TOO_LATE]),
        (gates(&[cast(0, 0), cast(0, 0), cast(1, 0), cast(1, 0)], 2, 1, 0), &[TOO_LATE, TOLD_AGAIN, OVERTAKEN]),
    ] {
        holds(&model, happens);
    }
}

#[test]
fn an_election_can_always_end_with_a_full_count() {
    for model in [gates(&TWICE, 1, 1, 1), gates(&ONCE, 2, 1, 1)] {
        let states = states_if_never_stuck(&model, |state| state.tables.is_final());
        println!("{:>9} states: {model:?}", states.unwrap_or_else(|stuck| panic!("{model:?}: stuck: {stuck:?}")));
    }
}

#[test]
fn unfinished_closes_of_others_leave_it_stuck() {
    let model = without(Guard::FinishForOthers, gates(&ONCE, 1, 1, 1));
    assert!(states_if_never_stuck(&model, |state| state.tables.is_final()).is_err());
}

#[test]
fn the_gate_must_be_open() {
    breaks(Guard::GateMustBeOpen, gates(&ONCE, 1, 1, 0), OPEN_GATE);
    breaks(Guard::GateMustBeOpen, gates(&ONCE, 1, 1, 0), CLOSED_COUNTS);
}

#[test]
fn a_gate_that_opens_must_be_a_draft() {
    breaks(Guard::GateMustBeDraft, gates(&ONCE, 1, 1, 0), CLOSED_COUNTS);
}

#[test]
fn the_event_comes_before_the_gates() {
    breaks(Guard::EventBeforeGates, gates(&ONCE, 1, 1, 0), EVENTS_FIRST);
}

#[test]
fn only_what_is_closed_is_counted() {
    breaks(Guard::CountWhatIsClosed, gates(&ONCE, 1, 1, 0), CLOSED_COUNTS);
}

#[test]
fn every_gate_is_closed() {
    breaks(Guard::EveryGate, gates(&TWO, 2, 1, 0), CLOSED_COUNTS);
}

#[test]
fn a_cast_ballot_is_not_changed() {
    breaks(Guard::CastIsTheEnd, gates(&CAST_AND_CAST, 1, 1, 0), CAST_ONCE);
}

#[test]
fn a_commit_needs_a_free_place() {
    breaks(Guard::PlaceMustBeFree, gates(&TWICE, 1, 1, 0), GATES_COUNT);
    breaks(Guard::PlaceMustBeFree, gates(&CAST_AND_RATE, 1, 1, 0), ACKNOWLEDGED);
}

#[test]
fn a_command_that_was_carried_out_is_known() {
    breaks(Guard::CommandIsKnown, gates(&TWICE, 1, 1, 0), REFUSED);
}

#[test]
fn a_ballot_is_read_again_before_it_is_turned_away() {
    breaks(Guard::SecondLook, gates(&TWICE, 1, 1, 0), REFUSED);
}

#[test]
fn an_election_must_be_closed_before_it_is_counted() {
    breaks(Guard::ElectionMustBeClosed, gates(&ONCE, 1, 1, 1), COUNTED_AFTER);
}

#[test]
fn a_count_must_be_whole() {
    breaks(Guard::CountMustBeWhole, gates(&TWO, 2, 1, 1), FINAL);
}
