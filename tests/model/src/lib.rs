//! A model of the gate protocol, small enough that every interleaving of it can be looked at.
//!
//! It has voters who rate and cast, and send their requests again; an administrator who opens; closers; counters that are asked
//! for shards and elections in any order and any number of times. All of them share three tables. **A step is one call to
//! `DynamoDB`** and what a process makes of the answer. Between two steps of one process anything may happen; a process may
//! crash before any step; and an answer may be lost after the call took effect, so that the call is sent again.
//!
//! | Here | There |
//! |---|---|
//! | [`voter`] | `api/ballot-commands/src/lib.rs`, `storage/events/src/{execute,append}.rs` |
//! | [`administrator`] | `workers/clock/src/opening.rs` |
//! | [`closer`] | `workers/clock/src/{lib,closing}.rs`, `storage/coordination-write/src/write.rs` |
//! | [`counter`] | `workers/counting/src/{lib,fold}.rs`, `storage/documents-write/src/counted.rs` |
//! | [`tables`] | what is in the tables, as far as these look at it |
//! | [`properties`] | what must hold |
//!
//! Each [`Guard`] of the protocol can be left out, and then the checker finds what it was good for.
//!
//! Three other protocols have models of their own, so that states do not multiply: [`mails`] has links and mailings to a voter,
//! [`imports`] has lists of voters, and [`schedules`] has elections that open and close by the clock. They are made alike, and have guards
//! of their own.

pub mod administrator;
pub mod closer;
pub mod counter;
pub mod imports;
pub mod mails;
pub mod progress;
pub mod properties;
pub mod schedules;
pub mod tables;
pub mod voter;

use stateright::{Model, Property};

use crate::tables::{Set, Tables};

/// What a voter sends. Requests of one voter with one key are one command, sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Whose ballot it is about. Voter `v` votes in shard `v mod shards`.
    pub voter: u8,
    /// The `Idempotency-Key`.
    pub key: u8,
    /// What is asked for.
    pub command: Command,
}

/// What can be asked of a ballot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// Rate something.
    Rate,
    /// Rate something and cast.
    Cast,
}

/// Something that the protocol does, and that can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// A cast passes its gate only while that is open (`Control::pass_cast`).
    GateMustBeOpen,
    /// A gate is opened only if it is a draft (`Control::open_gates`).
    GateMustBeDraft,
    /// An election's gates open after its `ElectionOpened` stands (`open`).
    EventBeforeGates,
    /// `ElectionClosed` takes each gate's count from the update that closes it (`Control::close_gates`).
    CountWhatIsClosed,
    /// Every gate is closed (`Control::close_gates`).
    EveryGate,
    /// Whoever finds an election closing finishes it (`finish`, `Clock::look_after`).
    FinishForOthers,
    /// A ballot that was cast is not changed (`Ballot::unsettled`).
    CastIsTheEnd,
    /// A commit is written only if its place is free (`PLACE_IS_FREE`).
    PlaceMustBeFree,
    /// A command that was carried out is known by its id (`History::known`, `found`).
    CommandIsKnown,
    /// A ballot is read again before a cast that its gate refused is turned away (`Attempt::Blocked`).
    SecondLook,
    /// Nothing is counted before the election is closed (`Counter::look_after`).
    ElectionMustBeClosed,
    /// What is counted is saved as the result only if all shards are counted and add up to what history says
    /// (`Counter::count_election`, `Counter::add_up`).
    CountMustBeWhole,
}

/// A configuration of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gates {
    /// What voters send. A request can be sent once the one before it with the same key was, and has not been answered.
    pub requests: Vec<Request>,
    /// Over how many gates the ballots are spread.
    pub shards: u8,
    /// How many closers there are. Each runs as often as it likes: the schedule's, or a request to close.
    pub closers: u8,
    /// How many counters there are. Each is asked for any shard and for the election, as often as it likes.
    pub counters: u8,
    /// What is left out.
    pub without: Option<Guard>,
}

impl Gates {
    pub(crate) fn has(&self, guard: Guard) -> bool {
        self.without != Some(guard)
    }

    pub(crate) fn shard(&self, voter: u8) -> u8 {
        voter % self.shards
    }

    /// How many voters there are.
    pub fn voters(&self) -> u8 {
        self.requests.iter().map(|request| request.voter + 1).max().unwrap_or(0)
    }
}

/// All that there is at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The tables.
    pub tables: Tables,
    /// How far the function is with each request.
    pub requests: Vec<voter::Step>,
    /// Whose requests of one command were ever under way at the same time (by voter). Nobody in the model sees this.
    pub twins: Set,
    /// The administrator's request to open.
    pub administrator: administrator::Step,
    /// The closers.
    pub closers: Vec<closer::Step>,
    /// The counters.
    pub counters: Vec<counter::Step>,
}

/// Who does something, and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the number of a process and what it does")]
pub enum Action {
    Voter(u8, voter::Move),
    Administrator(administrator::Move),
    Closer(usize, closer::Move),
    Counter(usize, counter::Move),
}

impl Model for Gates {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            tables: Tables::new(self),
            requests: vec![voter::Step::Unsent; self.requests.len()],
            twins: Set::default(),
            administrator: administrator::Step::Idle,
            closers: vec![closer::Step::Idle; self.closers.into()],
            counters: vec![counter::Step::Idle; self.counters.into()],
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (number, _) in (0..).zip(&state.requests) {
            actions.extend(voter::moves(self, state, number).into_iter().map(|step| Action::Voter(number, step)));
        }
        actions.extend(administrator::moves(state).into_iter().map(Action::Administrator));
        for number in 0..state.closers.len() {
            actions.extend(closer::moves(self, state, number).into_iter().map(|step| Action::Closer(number, step)));
        }
        for number in 0..state.counters.len() {
            actions.extend(counter::moves(self, state, number).into_iter().map(|step| Action::Counter(number, step)));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Voter(number, step) => voter::make(self, &mut next, number, step)?,
            Action::Administrator(step) => administrator::make(self, &mut next, step)?,
            Action::Closer(number, step) => closer::make(self, &mut next, number, step)?,
            Action::Counter(number, step) => counter::make(self, &mut next, number, step)?,
        }
        // They have no names: which of them is where makes no difference.
        next.closers.sort_unstable();
        next.counters.sort_unstable();
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
