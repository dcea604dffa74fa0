//! Looks at every interleaving of opening, reminding and closing by the clock: whole, nothing that must hold is ever broken; with one
//! guard left out, something is.

mod look;

use look::holds;
use photovote_model::{
    progress::states_if_never_stuck,
    schedules::{
        Command::{self, Close, Extend, Open, Plan},
        Guard, Schedules, State,
        properties::{
            AFTER_THE_OPENING, BEFORE_THE_END, BEHIND, BOTH, CLOSED_AS_PLANNED, CLOSED_ONCE, COUNTED, EVENTS_FIRST,
            FORWARD, IN_TIME, INFORMED, JUMPED, KEPT, LATE, LOST, NOT_AT_ONCE, OPENED_AS_PLANNED, OPENED_IN_TIME,
            OPENED_ONCE, REMINDED, REMINDED_AS_PLANNED, REMINDED_ONCE, TOO_EARLY, TOO_LATE, VOTED, is_closed,
            is_open_as_planned,
        },
        tables,
    },
    tables::Status,
};

const fn plan(opens_at: u8, reminder: u8, closes_at: u8) -> tables::Plan {
    tables::Plan { opens_at: Some(opens_at), reminder: Some(reminder), closes_at: Some(closes_at) }
}

/// What is planned at first, unless a test says something else.
const FIRST: tables::Plan = plan(1, 2, 3);
/// The same, with a later close: a reminder can still come after the close was moved.
const LONG: tables::Plan = plan(1, 2, 4);

fn schedules(planned: tables::Plan, commands: &[Command], clocks: usize) -> Schedules {
    let (planned, commands) = (Some(planned), commands.to_vec());
    Schedules { planned, commands, clocks, shards: 1, votes: true, until: 3, skew: 1, without: None }
}

/// The same without a voter, and so with fewer states.
fn unvoted(model: Schedules) -> Schedules {
    Schedules { votes: false, ..model }
}

/// Without the guard, this is broken.
fn breaks(guard: Guard, model: Schedules, invariant: &'static str) {
    look::breaks(Schedules { without: Some(guard), ..model }, invariant);
}

/// From every state, one that is good can be reached.
fn can_end(model: &Schedules, good: impl Fn(&State) -> bool) {
    let states = states_if_never_stuck(model, good);
    assert!(states.is_ok(), "{model:?}: stuck: {states:?}");
    println!("{:>9} states: {model:?}", states.unwrap_or_default());
}

/// Without the guard, no good state can be reached from some state. With it, one can.
fn sticks(guard: Guard, model: &Schedules, good: impl Fn(&State) -> bool) {
    can_end(model, &good);
    let without = Schedules { without: Some(guard), ..model.clone() };
    let states = states_if_never_stuck(&without, good);
    assert!(states.is_err(), "{without:?}: never stuck");
    println!("{without:?}: stuck: {states:?}");
}

/// The election is a draft whose closing time has come by every reading: it does not open any more.
fn is_missed(model: &Schedules, state: &State) -> bool {
    let election = state.tables.election();
    election.status == Status::Draft && election.is_due(state.time.saturating_sub(model.skew))
}

#[test]
fn clocks_open_remind_and_close() {
    holds(&schedules(FIRST, &[], 2), &[LATE, BOTH, JUMPED, REMINDED, TOO_EARLY, TOO_LATE, VOTED]);
    holds(&Schedules { shards: 2, ..schedules(FIRST, &[], 1) }, &[LATE, JUMPED, REMINDED, VOTED]);
    holds(&Schedules { skew: 2, until: 4, ..schedules(FIRST, &[], 1) }, &[LATE, JUMPED, REMINDED, TOO_LATE, VOTED]);
}

#[test]
fn an_election_that_is_opened_or_closed_by_hand() {
    holds(&schedules(FIRST, &[Open], 1), &[LOST, LATE, TOO_EARLY, TOO_LATE, VOTED]);
    holds(&unvoted(schedules(FIRST, &[Open], 2)), &[LOST, BOTH, JUMPED, REMINDED]);
    holds(&schedules(FIRST, &[Open, Close], 1), &[LOST, TOO_LATE, VOTED]);
    holds(&unvoted(schedules(FIRST, &[Close], 2)), &[BOTH, JUMPED, REMINDED]);
    let open_ended = tables::Plan { reminder: None, closes_at: None, ..FIRST };
    holds(&schedules(open_ended, &[Close], 2), &[BOTH, JUMPED, TOO_EARLY]);
}

#[test]
fn a_plan_that_moves_the_opening() {
    holds(&schedules(FIRST, &[Plan(plan(2, 3, 4))], 1), &[LATE, JUMPED, REMINDED, VOTED]);
    holds(&schedules(plan(2, 3, 4), &[Plan(FIRST)], 1), &[LATE, JUMPED, REMINDED, VOTED]);
    holds(&unvoted(schedules(FIRST, &[Plan(plan(2, 3, 4))], 2)), &[LATE, BOTH, JUMPED]);
    holds(&schedules(FIRST, &[Plan(plan(2, 3, 4)), Open], 1), &[LOST, LATE]);
    holds(&Schedules { planned: None, ..schedules(FIRST, &[Plan(FIRST), Open], 1) }, &[LOST, LATE, TOO_EARLY, VOTED]);
}

#[test]
fn a_close_that_is_moved() {
    holds(&schedules(FIRST, &[Extend(4)], 1), &[BEHIND, JUMPED, REMINDED, TOO_LATE, VOTED]);
    holds(&schedules(LONG, &[Plan(plan(1, 3, 5))], 1), &[JUMPED, REMINDED]);
    holds(
        &unvoted(Schedules { until: 2, ..schedules(LONG, &[Extend(5), Plan(plan(1, 2, 6))], 1) }),
        &[JUMPED, REMINDED],
    );
    holds(&unvoted(schedules(FIRST, &[Extend(4), Close], 1)), &[JUMPED, REMINDED]);
}

#[test]
#[ignore = "takes minutes: make soak-model"]
fn larger_configurations() {
    for model in [
        Schedules { until: 4, ..schedules(FIRST, &[Extend(4)], 2) },
        Schedules { until: 4, ..schedules(FIRST, &[Plan(plan(2, 3, 4)), Extend(5)], 2) },
        schedules(FIRST, &[Open, Extend(4)], 2),
        Schedules { until: 4, ..schedules(FIRST, &[Open, Close], 2) },
        schedules(FIRST, &[Plan(plan(2, 3, 4)), Open, Extend(5)], 1),
        schedules(FIRST, &[Open, Extend(4), Close], 1),
        Schedules { shards: 2, ..schedules(FIRST, &[Extend(4)], 1) },
        Schedules { shards: 2, until: 4, ..schedules(FIRST, &[], 2) },
        Schedules { skew: 2, until: 4, ..schedules(FIRST, &[Open], 2) },
        unvoted(schedules(FIRST, &[], 3)),
    ] {
        holds(&model, &[LATE, JUMPED, REMINDED]);
    }
}

#[test]
fn an_election_can_always_be_closed() {
    can_end(&schedules(FIRST, &[], 2), is_closed);
    for commands in [&[Open, Close], &[Plan(plan(2, 3, 4)), Open]] {
        let model = unvoted(Schedules { until: 5, ..schedules(FIRST, commands, 1) });
        can_end(&model, |state| is_closed(state) || is_missed(&model, state));
    }
}

#[test]
fn a_commit_is_written_at_a_free_place() {
    breaks(Guard::PlaceMustBeFree, schedules(FIRST, &[Plan(plan(2, 3, 4))], 1), KEPT);
}

#[test]
fn a_command_is_decided_again_after_a_conflict() {
    breaks(Guard::DecidedAgain, schedules(FIRST, &[Plan(plan(3, 4, 5))], 1), OPENED_AS_PLANNED);
    breaks(Guard::DecidedAgain, schedules(FIRST, &[Open], 1), OPENED_ONCE);
    breaks(Guard::DecidedAgain, schedules(FIRST, &[Extend(5)], 1), CLOSED_AS_PLANNED);
}

#[test]
fn a_request_knows_its_own_commit() {
    breaks(Guard::OwnIsKnown, schedules(FIRST, &[Open], 0), INFORMED);
}

#[test]
fn the_decision_to_open_asks_again_whether_it_is_due() {
    breaks(Guard::OpeningIsDue, schedules(FIRST, &[Plan(plan(3, 4, 5))], 1), OPENED_AS_PLANNED);
    // A clock that jumps back between its two readings is enough.
    breaks(Guard::OpeningIsDue, schedules(FIRST, &[], 1), OPENED_AS_PLANNED);
}

#[test]
fn the_decision_to_close_asks_again_whether_it_is_due() {
    breaks(Guard::ClosingIsDue, schedules(FIRST, &[Extend(5)], 1), CLOSED_AS_PLANNED);
    breaks(Guard::ClosingIsDue, schedules(FIRST, &[], 1), CLOSED_AS_PLANNED);
}

#[test]
fn nothing_opens_after_its_closing_time() {
    breaks(Guard::NotAfterTheClose, schedules(FIRST, &[], 1), OPENED_IN_TIME);
    breaks(Guard::NotAfterTheClose, schedules(FIRST, &[Open], 0), OPENED_IN_TIME);
}

#[test]
fn only_a_draft_opens() {
    breaks(Guard::DraftOpens, schedules(FIRST, &[], 2), OPENED_ONCE);
}

#[test]
fn only_an_open_election_begins_to_close() {
    breaks(Guard::OpenCloses, schedules(FIRST, &[], 2), CLOSED_ONCE);
}

#[test]
fn gates_open_after_the_event() {
    breaks(Guard::EventBeforeGates, schedules(FIRST, &[], 1), EVENTS_FIRST);
    breaks(Guard::EventBeforeGates, schedules(FIRST, &[], 1), AFTER_THE_OPENING);
}

#[test]
fn gates_are_extended_after_the_event() {
    breaks(Guard::EventBeforeExtension, schedules(FIRST, &[Extend(4)], 1), EVENTS_FIRST);
    breaks(Guard::EventBeforeExtension, schedules(FIRST, &[Extend(4)], 1), IN_TIME);
}

#[test]
fn only_a_draft_gate_is_opened() {
    breaks(Guard::GateMustBeDraft, schedules(FIRST, &[Close], 1), EVENTS_FIRST);
    breaks(Guard::GateMustBeDraft, schedules(FIRST, &[Close], 1), BEFORE_THE_END);
    breaks(Guard::GateMustBeDraft, unvoted(schedules(FIRST, &[Extend(4)], 2)), FORWARD);
}

#[test]
fn a_gate_is_only_moved_to_a_later_time() {
    breaks(Guard::GateIsOnlyExtended, schedules(LONG, &[Extend(5), Plan(plan(1, 2, 6))], 1), FORWARD);
}

#[test]
fn a_cast_needs_an_open_gate() {
    breaks(Guard::GateMustBeOpen, schedules(FIRST, &[], 1), AFTER_THE_OPENING);
    breaks(Guard::GateMustBeOpen, schedules(FIRST, &[], 1), BEFORE_THE_END);
    breaks(Guard::GateMustBeOpen, schedules(FIRST, &[], 1), COUNTED);
}

#[test]
fn a_cast_needs_a_gate_that_is_not_past_its_close() {
    breaks(Guard::GateKnowsTheClose, schedules(FIRST, &[], 1), IN_TIME);
}

#[test]
fn an_election_is_listed_with_its_plan() {
    let model = Schedules { planned: None, until: 2, ..schedules(LONG, &[Plan(LONG)], 1) };
    sticks(Guard::ListedWithCommit, &model, |state| is_open_as_planned(state) || state.tables.stream.is_empty());
}

#[test]
fn a_clock_reads_the_news_of_what_it_has_cached() {
    breaks(Guard::NewsAreRead, schedules(FIRST, &[Close], 1), REMINDED_AS_PLANNED);
    breaks(Guard::NewsAreRead, schedules(LONG, &[Extend(5)], 1), REMINDED_AS_PLANNED);
}

#[test]
fn reminders_come_before_the_close() {
    breaks(Guard::RemindsBeforeTheClose, schedules(FIRST, &[], 1), REMINDED_AS_PLANNED);
}

#[test]
fn an_opening_drops_reminders_whose_moment_is_past() {
    breaks(Guard::OpeningDropsReminders, schedules(LONG, &[], 1), NOT_AT_ONCE);
}

#[test]
fn moving_the_close_drops_reminders_that_are_past() {
    breaks(Guard::MovingDropsReminders, schedules(LONG, &[Extend(5)], 1), NOT_AT_ONCE);
    breaks(Guard::MovingDropsReminders, schedules(LONG, &[Plan(plan(1, 2, 5))], 1), NOT_AT_ONCE);
}

#[test]
fn the_id_of_a_reminder_follows_from_its_moment() {
    breaks(Guard::IdFollowsFromMoment, schedules(LONG, &[], 1), REMINDED_ONCE);
}

#[test]
fn a_requested_reminder_is_not_requested_again() {
    breaks(Guard::RequestedOnce, schedules(LONG, &[], 1), REMINDED_ONCE);
}

#[test]
fn a_clock_opens_gates_that_were_left_as_drafts() {
    let model = Schedules { until: 2, ..schedules(LONG, &[], 1) };
    sticks(Guard::HealsOpening, &model, is_open_as_planned);
}

#[test]
fn a_clock_extends_gates_that_were_left_as_they_were() {
    let model = Schedules { until: 2, ..schedules(LONG, &[Extend(5)], 1) };
    sticks(Guard::HealsExtension, &model, is_open_as_planned);
}

#[test]
fn a_clock_finishes_what_another_one_began() {
    sticks(Guard::FinishesForOthers, &schedules(FIRST, &[], 1), is_closed);
}
