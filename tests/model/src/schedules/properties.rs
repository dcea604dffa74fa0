//! What must hold, always; and what must be possible, so that nothing holds only because nothing happens.

use stateright::Property;

use crate::{
    schedules::{
        Command, Schedules, State, clock, run,
        tables::{Commit, Gate, Tables},
        voter::Voter,
    },
    tables::Status,
};

/// No cast passes its gate before `ElectionOpened` stands.
pub const AFTER_THE_OPENING: &str = "no cast passes before ElectionOpened stands";
/// No cast passes its gate after `ElectionClosed` stands.
pub const BEFORE_THE_END: &str = "no cast passes after ElectionClosed stands";
/// No cast passes its gate if the closing time has come by the reading of its function.
pub const IN_TIME: &str = "no cast passes after the closing time";
/// `ElectionClosed` counts the ballot if it is cast.
pub const COUNTED: &str = "ElectionClosed counts every cast";
/// A gate is open only if `ElectionOpened` stands, closed only if `ElectionClosing` does, and closes at no later time than the election.
pub const EVENTS_FIRST: &str = "a gate never runs ahead of the events";
/// The closing time of a gate never moves to an earlier time.
pub const FORWARD: &str = "a gate never closes earlier than it did";
/// `ElectionOpened` stands at most once.
pub const OPENED_ONCE: &str = "an election opens once";
/// `ElectionClosing` and `ElectionClosed` stand at most once.
pub const CLOSED_ONCE: &str = "an election closes once";
/// When a clock opened the election, the opening time had come by its reading. It is that of the version that `ElectionOpened` follows,
/// so no clock overtakes a plan.
pub const OPENED_AS_PLANNED: &str = "no clock opens before the planned opening";
/// When the election opened, its closing time had not come by the reading of the opener.
pub const OPENED_IN_TIME: &str = "nothing opens after its closing time";
/// When a clock closed the election, the closing time had come by its reading. It is that of the version that `ElectionClosing` follows.
pub const CLOSED_AS_PLANNED: &str = "no clock closes before the planned close";
/// The reminder of a moment is requested at most once.
pub const REMINDED_ONCE: &str = "a reminder is requested once";
/// When a clock looks and finds a reminder due, the schedule has it, its moment has come, and the election is open.
pub const REMINDED_AS_PLANNED: &str = "a reminder is requested only when it is due";
/// A reminder's moment was still to come when the election opened or its close was moved, by the reading of the one that did it.
pub const NOT_AT_ONCE: &str = "an opening or a later close has no voter reminded at once";
/// No commit is overwritten.
pub const KEPT: &str = "no commit is overwritten";
/// No request is refused although its commit stands.
pub const INFORMED: &str = "no request is refused whose commit stands";

/// A clock is about to open an election that an administrator has opened.
pub const LOST: &str = "a clock loses the race against the hand";
/// A clock opens the election after its opening time.
pub const LATE: &str = "a late clock opens late";
/// Two clocks are about to open the election.
pub const BOTH: &str = "two clocks are about to open";
/// A cast is refused because its gate is not open yet.
pub const TOO_EARLY: &str = "a cast is refused too early";
/// A cast is refused because its closing time has come. Its gate is still open.
pub const TOO_LATE: &str = "a cast is refused too late";
/// A clock has opened the election; a clock looks at it, and reads a time before the opening.
pub const JUMPED: &str = "a clock jumps back after the opening";
/// A gate closes earlier than its election, until a clock runs. The extension met an opening that was not finished, or was stopped.
pub const BEHIND: &str = "a gate keeps an earlier closing time until a clock runs";
/// A reminder is requested.
pub const REMINDED: &str = "a reminder comes";
/// An election closes with a ballot, by the clock.
pub const VOTED: &str = "a clock closes an election with a ballot";

pub(crate) fn all() -> Vec<Property<Schedules>> {
    vec![
        Property::always(AFTER_THE_OPENING, |_, state: &State| !state.tables.faults.cast_early),
        Property::always(BEFORE_THE_END, |_, state: &State| !state.tables.faults.cast_late),
        Property::always(IN_TIME, |_, state: &State| !state.tables.faults.cast_overdue),
        Property::always(COUNTED, is_counted),
        Property::always(EVENTS_FIRST, gates_follow_events),
        Property::always(FORWARD, |_, state: &State| !state.tables.faults.gate_went_back),
        Property::always(OPENED_ONCE, |_, state: &State| {
            number(&state.tables, |commit| matches!(commit, Commit::Opened { .. })) <= 1
        }),
        Property::always(CLOSED_ONCE, |_, state: &State| {
            number(&state.tables, |commit| matches!(commit, Commit::Closing { .. })) <= 1
                && number(&state.tables, |commit| matches!(commit, Commit::Closed { .. })) <= 1
        }),
        Property::always(OPENED_AS_PLANNED, opened_as_planned),
        Property::always(OPENED_IN_TIME, opened_in_time),
        Property::always(CLOSED_AS_PLANNED, closed_as_planned),
        Property::always(REMINDED_ONCE, |_, state: &State| {
            state.tables.reminders.windows(2).all(|two| two[0] != two[1])
        }),
        Property::always(REMINDED_AS_PLANNED, |_, state: &State| !state.tables.faults.reminded_undue),
        Property::always(NOT_AT_ONCE, |_, state: &State| !state.tables.faults.reminded_at_once),
        Property::always(KEPT, |_, state: &State| !state.tables.faults.overwritten),
        Property::always(INFORMED, |_, state: &State| !state.tables.faults.misinformed),
        Property::sometimes(LOST, loses_the_race),
        Property::sometimes(LATE, opens_late),
        Property::sometimes(BOTH, |_, state: &State| state.clocks.iter().filter(|step| is_opening(step)).count() > 1),
        Property::sometimes(TOO_EARLY, |_, state: &State| state.voter == Voter::TooEarly),
        Property::sometimes(TOO_LATE, |_, state: &State| {
            state.voter == Voter::TooLate && state.tables.gates.last().is_some_and(|gate| gate.status == Status::Open)
        }),
        Property::sometimes(JUMPED, jumped_back),
        Property::sometimes(BEHIND, is_behind),
        Property::sometimes(REMINDED, |_, state: &State| !state.tables.reminders.is_empty()),
        Property::sometimes(VOTED, |_, state: &State| {
            let is_by_clock = |commit: &Commit| matches!(commit, Commit::Closing { due: Some(_) });
            state.voter == Voter::Cast && is_closed(state) && number(&state.tables, is_by_clock) > 0
        }),
    ]
}

/// Whether the election is closed.
pub fn is_closed(state: &State) -> bool {
    state.tables.election().status == Status::Closed
}

/// Whether the election is open, and all gates are open until its closing time.
pub fn is_open_as_planned(state: &State) -> bool {
    let election = state.tables.election();
    let is_right = |gate: &Gate| gate.status == Status::Open && gate.closes_at == election.plan.closes_at;
    election.status == Status::Open && state.tables.gates.iter().all(is_right)
}

fn is_behind(_: &Schedules, state: &State) -> bool {
    let election = state.tables.election();
    let is_early = |gate: &Gate| gate.status == Status::Open && gate.closes_at < election.plan.closes_at;
    election.status == Status::Open
        && state.tables.gates.iter().any(is_early)
        && state.clocks.iter().all(|step| *step == clock::Step::Idle)
        && state.requests.iter().all(|step| *step == run::Step::Ended)
}

fn number(tables: &Tables, like: impl Fn(&Commit) -> bool) -> usize {
    tables.stream.iter().filter(|commit| like(commit)).count()
}

fn is_counted(_: &Schedules, state: &State) -> bool {
    let cast = u8::from(state.voter == Voter::Cast);
    state.tables.stream.iter().all(|commit| !matches!(commit, Commit::Closed { casts } if *casts != cast))
}

fn gates_follow_events(_: &Schedules, state: &State) -> bool {
    let election = state.tables.election();
    state.tables.gates.iter().all(|gate| match gate.status {
        Status::Draft | Status::Closing => true,
        Status::Open => {
            let is_no_later = gate.closes_at <= election.plan.closes_at;
            is_no_later && !matches!(election.status, Status::Draft | Status::Closed)
        }
        Status::Closed => matches!(election.status, Status::Closing | Status::Closed),
    })
}

fn opened_as_planned(_: &Schedules, state: &State) -> bool {
    state.tables.commits().all(|(before, commit)| match commit {
        Commit::Opened { by_clock: true, now, .. } => before.plan.opens_at.is_some_and(|at| at <= now),
        _ => true,
    })
}

fn opened_in_time(_: &Schedules, state: &State) -> bool {
    state.tables.commits().all(|(before, commit)| match commit {
        Commit::Opened { now, .. } => !before.is_due(now),
        _ => true,
    })
}

fn closed_as_planned(_: &Schedules, state: &State) -> bool {
    state.tables.commits().all(|(before, commit)| match commit {
        Commit::Closing { due: Some(now) } => before.is_due(now),
        _ => true,
    })
}

/// Whether a clock is about to write `ElectionOpened`.
fn is_opening(step: &clock::Step) -> bool {
    matches!(step, clock::Step::Running(run::Step::Appending { command: Command::OpenIfDue, is_written: false, .. }))
}

fn loses_the_race(_: &Schedules, state: &State) -> bool {
    let is_by_hand = |commit: &Commit| matches!(commit, Commit::Opened { by_clock: false, .. });
    state.clocks.iter().any(is_opening) && number(&state.tables, is_by_hand) > 0
}

fn opens_late(_: &Schedules, state: &State) -> bool {
    state.tables.commits().any(|(before, commit)| match commit {
        Commit::Opened { by_clock: true, now, .. } => before.plan.opens_at.is_some_and(|at| at < now),
        _ => false,
    })
}

fn jumped_back(_: &Schedules, state: &State) -> bool {
    let is_by_clock = |commit: &Commit| matches!(commit, Commit::Opened { by_clock: true, .. });
    let opens_at = state.tables.election().plan.opens_at;
    let is_before = |step: &clock::Step| matches!(step, clock::Step::Healing(_, now, _) if Some(*now) < opens_at);
    number(&state.tables, is_by_clock) > 0 && state.clocks.iter().any(is_before)
}
