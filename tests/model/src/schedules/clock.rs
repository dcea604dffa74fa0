//! The clock: `Clock::look_after` in `workers/clock/src/lib.rs`, and `workers/clock/src/reminding.rs`.

use crate::{
    schedules::{
        Command, Guard, Schedules, State,
        run::{self, next},
        tables::{Commit, Election, Tables, Time},
    },
    tables::{Set, Status},
};

/// A reminder that a clock is about to request. No clock sees more of it than its moment. The rest was true or not when the clock looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Remind {
    /// Its moment.
    at: Time,
    /// It was due by the clock's reading, of an election that was open.
    is_due: bool,
    /// Its moment was still to come when the election opened or its close was moved, since the reminder has that moment.
    was_to_come: bool,
}

/// How far a clock is: the next call that it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// What is new of the election is to be read.
    Idle,
    /// The election, open at this version, is not due at this reading, but perhaps a reminder: its gates are to be read.
    Healing(usize, Time, Option<Remind>),
    /// These gates are to be opened.
    Opening {
        /// The gates.
        left: Set,
        /// The election's closing time.
        closes_at: Option<Time>,
        /// The gates are to be extended afterwards.
        extends: bool,
        /// The reminder that is to be requested afterwards.
        remind: Option<Remind>,
    },
    /// These gates are to be extended to this time.
    Extending(Set, Time, Option<Remind>),
    /// The stream of this reminder is to be read.
    Reminding(Remind),
    /// This reminder is to be written, or was, and the answer lost.
    Requesting(Remind, bool),
    /// The clock opens or closes the election.
    Running(run::Step),
}

/// What can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// The election is read up to this version, and then the time.
    Look(usize, Time),
    /// The next call is made and answered.
    Call,
    /// The reminder is written, but the answer lost.
    Lost,
    /// The gate of this shard is opened or extended.
    Gate(u8),
    /// The clock opens or closes.
    Run(run::Move),
    /// The function ends.
    Crash,
}

pub(crate) fn moves(model: &Schedules, state: &State, step: Step) -> Vec<Move> {
    let version = state.tables.stream.len();
    match step {
        Step::Idle if !state.tables.is_listed => Vec::new(),
        Step::Idle => {
            let oldest = if model.has(Guard::NewsAreRead) { version } else { 0 };
            let looks = |version| model.readings(state.time).map(move |now| Move::Look(version, now));
            (oldest..=version).flat_map(looks).collect()
        }
        Step::Running(step) => run::moves(model, state, step).into_iter().map(Move::Run).chain([Move::Crash]).collect(),
        Step::Opening { left, .. } | Step::Extending(left, ..) => {
            left.numbers().map(Move::Gate).chain([Move::Crash]).collect()
        }
        Step::Requesting(_, false) => vec![Move::Call, Move::Lost, Move::Crash],
        Step::Healing(..) | Step::Reminding(_) | Step::Requesting(..) => vec![Move::Call, Move::Crash],
    }
}

pub(crate) fn make(model: &Schedules, tables: &mut Tables, step: Step, action: Move) -> Option<Step> {
    Some(match (step, action) {
        (Step::Idle, Move::Look(version, now)) => look(model, tables, version, now),
        (_, Move::Crash) => Step::Idle,
        (Step::Healing(version, _, remind), Move::Call) => heal(model, tables, version, remind),
        (Step::Opening { left, closes_at, extends, remind }, Move::Gate(shard)) => {
            run::open_gate(model, tables, shard, closes_at);
            let extension = closes_at.filter(|_| extends);
            let opening = |left| Step::Opening { left, closes_at, extends, remind };
            next(left.without(shard), opening, extend(model, extension, remind))
        }
        (Step::Extending(left, closes_at, remind), Move::Gate(shard)) => {
            run::extend_gate(model, tables, shard, closes_at);
            next(left.without(shard), |left| Step::Extending(left, closes_at, remind), then(remind))
        }
        (Step::Reminding(remind), Move::Call) if is_requested(model, tables, remind) => Step::Idle,
        (Step::Reminding(remind), Move::Call) => Step::Requesting(remind, false),
        (Step::Requesting(remind, is_written), Move::Call | Move::Lost) => {
            // If it stands, the next call reads that, and the decision is `IdTaken`.
            if !is_written && !is_requested(model, tables, remind) {
                tables.request_reminder(remind.at);
                tables.faults.reminded_undue |= !remind.is_due;
                tables.faults.reminded_at_once |= !remind.was_to_come;
            }
            if action == Move::Lost { Step::Requesting(remind, true) } else { Step::Idle }
        }
        (Step::Running(step), Move::Run(action)) => match run::make(model, tables, step, action)? {
            run::Step::Ended => Step::Idle,
            step => Step::Running(step),
        },
        _ => return None,
    })
}

fn look(model: &Schedules, tables: &Tables, version: usize, now: Time) -> Step {
    let election = tables.election_at(version);
    let run = |command| Step::Running(run::Step::load(command));
    let remind = reminder(model, tables, version, now);
    match election.status {
        Status::Draft if election.is_due_to_open(now) => run(Command::OpenIfDue),
        Status::Draft => Step::Idle,
        Status::Open if election.accepts_votes(now) => Step::Healing(version, now, remind),
        // Without the guard, a reminder that is due comes before the close.
        Status::Open if remind.is_some_and(|remind| !tables.reminders.contains(&remind.at)) => then(remind),
        Status::Closing if !model.has(Guard::FinishesForOthers) => Step::Idle,
        Status::Open | Status::Closing | Status::Closed => run(Command::CloseIfDue),
    }
}

/// `Election::due_reminder`.
fn reminder(model: &Schedules, tables: &Tables, version: usize, now: Time) -> Option<Remind> {
    let election = tables.election_at(version);
    let is_open = election.accepts_votes(now) || !model.has(Guard::RemindsBeforeTheClose);
    let at = election.due_reminder(now).filter(|_| is_open)?;
    let is_due = |election: Election| election.accepts_votes(now) && election.due_reminder(now) == Some(at);
    // From the last version back to the one that gave the reminder this moment.
    let is_planned = |after: &usize| tables.election_at(*after).plan.reminder == Some(at);
    let is_to_come = |after: usize| match tables.stream[after - 1] {
        Commit::Opened { now, .. } | Commit::Extended { now, .. } => at > now,
        _ => true,
    };
    let was_to_come = (1..=version).rev().take_while(is_planned).all(is_to_come);
    Some(Remind { at, is_due: is_due(tables.election()), was_to_come })
}

/// `Clock::heal`, after the gates were read.
fn heal(model: &Schedules, tables: &Tables, version: usize, remind: Option<Remind>) -> Step {
    let closes_at = tables.election_at(version).plan.closes_at;
    let is_early = |gate: Option<Time>| gate.is_some() && gate < closes_at;
    let extends = tables.gates.iter().any(|gate| is_early(gate.closes_at)) && model.has(Guard::HealsExtension);
    if tables.gates.iter().any(|gate| gate.status == Status::Draft) && model.has(Guard::HealsOpening) {
        return Step::Opening { left: Set::below(model.shards), closes_at, extends, remind };
    }
    extend(model, closes_at.filter(|_| extends), remind)
}

fn extend(model: &Schedules, extension: Option<Time>, remind: Option<Remind>) -> Step {
    extension.map_or(then(remind), |closes_at| Step::Extending(Set::below(model.shards), closes_at, remind))
}

fn then(remind: Option<Remind>) -> Step {
    remind.map_or(Step::Idle, Step::Reminding)
}

/// Whether there is a mailing with the id of this reminder.
fn is_requested(model: &Schedules, tables: &Tables, remind: Remind) -> bool {
    let is_found = model.has(Guard::IdFollowsFromMoment) && model.has(Guard::RequestedOnce);
    is_found && tables.reminders.contains(&remind.at)
}
