//! A model of an election that opens, reminds its voters and closes by the clock.
//!
//! It has an administrator who plans, plans anew, opens, extends and closes; clocks that run as often as they like; and one voter who
//! casts at any time. **A step is one call** to `DynamoDB`, and what a process makes of the answer. A process may crash before any step.
//! An answer may be lost after the call took effect; then the call is sent again.
//!
//! Time is a small number, which grows. No process knows it. Each time that the code reads its clock, the model chooses a reading that is
//! at most [`Schedules::skew`] from the true time. So a clock may be late or early, and may jump back between two readings. One run reads
//! it several times:
//!
//! - `Clock::look_after` reads it after the election. Of a draft, the reading in `Clock::prepare` counts, which follows at once.
//! - The decisions to plan, open and extend read it each time that they are made, so again after a conflict.
//! - `close` reads it once, before its first decision.
//! - A cast reads it for each time that its transaction is sent. A transaction that is under way for long is one with a late reading.
//!
//! Some calls are no steps, because they change nothing here. A run of the clock reads the schedule before the election. `Clock::prepare`
//! asks what prevents the opening: nothing does. `open` and `close` look whether all gates are there: they are. `finish` lists the
//! election as being counted. Notices to the organiser are left out.
//!
//! | Here | There |
//! |---|---|
//! | [`rules`] | `domain/src/election/life.rs`, `domain/src/schedule.rs` |
//! | [`run`] | `workers/clock/src/{opening,closing}.rs`, `api/election-commands/src/{lifecycle,schedule}.rs`, `storage/coordination-write/src/write.rs` |
//! | [`clock`] | `workers/clock/src/{lib,reminding}.rs` |
//! | [`voter`] | `Control::pass_cast` in `storage/coordination-write/src/write.rs` |
//! | [`tables`] | the election's stream, its gates, its place on the schedule, its reminders |
//! | [`properties`] | what must hold |

pub mod clock;
pub mod properties;
pub mod rules;
pub mod run;
pub mod tables;
pub mod voter;

use stateright::{Model, Property};

use crate::schedules::tables::{Plan, Tables, Time};

/// A command on the election.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// Plan when it opens, reminds its voters and closes.
    Plan(Plan),
    /// Open it by hand, to close as planned.
    Open,
    /// Open it because its opening time has come.
    OpenIfDue,
    /// Move its close to a later time.
    Extend(Time),
    /// Close it by hand.
    Close,
    /// Close it because its closing time has come.
    CloseIfDue,
}

/// Something that the protocol does, and that can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// A commit is written only if its place is free (`PLACE_IS_FREE`).
    PlaceMustBeFree,
    /// After a conflict a command is decided again, with the news (`EventStore::execute_with`).
    DecidedAgain,
    /// A call that was sent again recognises its own commit (`found`).
    OwnIsKnown,
    /// The decision to open asks again whether the opening time has come (`Election::open_if_due`).
    OpeningIsDue,
    /// The decision to close asks again whether the closing time has come (`ElectionCommand::CloseIfDue`).
    ClosingIsDue,
    /// Nothing opens after its closing time (`ClosingTimePast` in `Election::open`).
    NotAfterTheClose,
    /// Only a draft opens (`Election::draft`).
    DraftOpens,
    /// Only an open election begins to close (`Election::close`).
    OpenCloses,
    /// An election's gates open after its `ElectionOpened` stands (`open`).
    EventBeforeGates,
    /// An election's gates are extended after its `ElectionExtended` stands (`extend`).
    EventBeforeExtension,
    /// A gate is opened only if it is a draft (`Control::open_gates`).
    GateMustBeDraft,
    /// A gate's closing time is only moved to a later time (`Control::extend_gates`).
    GateIsOnlyExtended,
    /// A cast passes its gate only while that is open (`Control::pass_cast`).
    GateMustBeOpen,
    /// A cast passes its gate only before the gate's closing time (`Control::pass_cast`).
    GateKnowsTheClose,
    /// An election goes on the schedule with the commit that plans or opens it (`Control::schedule`).
    ListedWithCommit,
    /// The clock reads what is new of an election that it has cached (`ElectionCache::fresh`).
    NewsAreRead,
    /// Reminders come only before the close (`Clock::look_after`, `Election::due_reminder`).
    RemindsBeforeTheClose,
    /// The opening drops reminders whose moment is past (`Schedule::from_now` in `Election::open`).
    OpeningDropsReminders,
    /// Moving the close drops reminders whose moment is past (`Schedule::closing_at`, `Schedule::from_now` in `Election::plan`).
    MovingDropsReminders,
    /// The id of a reminder follows from the election and the moment (`reminder_id`).
    IdFollowsFromMoment,
    /// A reminder that was requested is not requested again (`remind`, `MailingRejection::IdTaken`).
    RequestedOnce,
    /// The clock opens gates that their opener left as drafts (`Clock::heal`).
    HealsOpening,
    /// The clock extends gates that their extender left as they were (`Clock::heal`).
    HealsExtension,
    /// The clock finishes an election that is closing (`Clock::end`).
    FinishesForOthers,
}

/// A configuration of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedules {
    /// What is planned at the beginning.
    pub planned: Option<Plan>,
    /// What the administrator requests, each once, in any order and at once.
    pub commands: Vec<Command>,
    /// How many clocks there are. Each runs as often as it likes.
    pub clocks: usize,
    /// How many gates there are. The voter's is the last one.
    pub shards: u8,
    /// The voter casts. Only the gates see that, so that some configurations do without.
    pub votes: bool,
    /// The time at which the model ends.
    pub until: Time,
    /// How far a reading can be from the true time.
    pub skew: Time,
    /// What is left out.
    pub without: Option<Guard>,
}

impl Schedules {
    pub(crate) fn has(&self, guard: Guard) -> bool {
        self.without != Some(guard)
    }

    /// What a process may find the time to be.
    pub(crate) fn readings(&self, time: Time) -> impl Iterator<Item = Time> {
        time.saturating_sub(self.skew)..=time + self.skew
    }
}

/// All that there is at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The true time.
    pub time: Time,
    /// The tables.
    pub tables: Tables,
    /// How far each request of the administrator is. Before it is sent, it is about to load the election.
    pub requests: Vec<run::Step>,
    /// The clocks.
    pub clocks: Vec<clock::Step>,
    /// The voter.
    pub voter: voter::Voter,
}

/// Who does something, and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Time passes.
    Tick,
    /// The request of this number does something.
    Request(usize, run::Move),
    /// The clock of this number does something.
    Clock(usize, clock::Move),
    /// The voter casts; this is the reading of the function.
    Cast(Time),
}

impl Model for Schedules {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let load = |command: &Command| run::Step::load(*command);
        vec![State {
            time: 0,
            tables: Tables::new(self),
            requests: self.commands.iter().map(load).collect(),
            clocks: vec![clock::Step::Idle; self.clocks],
            voter: voter::Voter::Waiting,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.time < self.until {
            actions.push(Action::Tick);
        }
        for (number, step) in state.requests.iter().enumerate() {
            let moves = run::moves(self, state, *step).into_iter();
            actions.extend(moves.map(|step| Action::Request(number, step)));
        }
        for (number, step) in state.clocks.iter().enumerate() {
            let moves = clock::moves(self, state, *step).into_iter();
            actions.extend(moves.map(|step| Action::Clock(number, step)));
        }
        if self.votes && state.voter != voter::Voter::Cast {
            actions.extend(self.readings(state.time).map(Action::Cast));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Tick => next.time += 1,
            Action::Request(number, step) => {
                next.requests[number] = run::make(self, &mut next.tables, state.requests[number], step)?;
            }
            Action::Clock(number, step) => {
                next.clocks[number] = clock::make(self, &mut next.tables, state.clocks[number], step)?;
                // They have no names: which of them is where makes no difference.
                next.clocks.sort_unstable();
            }
            Action::Cast(now) => next.voter = voter::cast(self, &mut next.tables, now),
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
