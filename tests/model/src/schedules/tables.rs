//! What stands in the tables: the election's stream, its gates, its place on the schedule, and its reminders.

use crate::{schedules::Schedules, tables::Status};

/// A moment, or what a clock shows.
pub type Time = u8;

/// What is planned. Once the election is open, `closes_at` is its closing time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Plan {
    /// When it opens.
    pub opens_at: Option<Time>,
    /// When those are reminded who have not cast.
    pub reminder: Option<Time>,
    /// When it closes.
    pub closes_at: Option<Time>,
}

/// A commit in an election's stream, which begins here after its creation. It has the reading of its writer when it was decided; only
/// the properties see that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Commit {
    /// `ElectionScheduled`.
    Scheduled(Plan),
    /// `ElectionOpened`, and `ElectionScheduled` if the opening drops a reminder.
    Opened {
        /// Whether a clock opened it.
        by_clock: bool,
        /// The reading.
        now: Time,
        /// The reminder that is left.
        reminder: Option<Time>,
    },
    /// `ElectionExtended`, and `ElectionScheduled` if something is planned.
    Extended {
        /// The reading.
        now: Time,
        /// The reminder that is planned now.
        reminder: Option<Time>,
        /// The closing time.
        closes_at: Time,
    },
    /// `ElectionClosing`.
    Closing {
        /// The reading of the clock that closes it. An administrator closes it at any time.
        due: Option<Time>,
    },
    /// `ElectionClosed`.
    Closed {
        /// How many ballots were cast.
        casts: u8,
    },
}

/// An election's stream, folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Election {
    /// Where it is in its life.
    pub status: Status,
    /// What is planned.
    pub plan: Plan,
}

impl Election {
    fn evolve(mut self, commit: Commit) -> Self {
        match commit {
            Commit::Scheduled(plan) => self.plan = plan,
            Commit::Opened { reminder, .. } => {
                self.status = Status::Open;
                self.plan.reminder = reminder;
            }
            Commit::Extended { reminder, closes_at, .. } => {
                self.plan = Plan { reminder, closes_at: Some(closes_at), ..self.plan };
            }
            Commit::Closing { .. } => self.status = Status::Closing,
            Commit::Closed { .. } => self.status = Status::Closed,
        }
        self
    }
}

/// A gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Gate {
    /// Where it is in its life.
    pub status: Status,
    /// When it closes.
    pub closes_at: Option<Time>,
    /// How many casts it let through.
    pub casts: u8,
}

/// What must never happen, and cannot be seen in the tables. No process of the model sees this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a thing that happened or not")]
pub struct Faults {
    /// A commit was overwritten.
    pub overwritten: bool,
    /// A request was refused although its commit stands.
    pub misinformed: bool,
    /// A cast passed its gate before `ElectionOpened` stood.
    pub cast_early: bool,
    /// A cast passed its gate after `ElectionClosed` stood.
    pub cast_late: bool,
    /// A cast passed its gate after the closing time, by the reading of its function.
    pub cast_overdue: bool,
    /// The closing time of a gate was moved to an earlier time.
    pub gate_went_back: bool,
    /// A reminder was requested that was not due by the clock's reading, or not of an open election.
    pub reminded_undue: bool,
    /// A reminder was requested whose moment was past when the election opened or its close was moved.
    pub reminded_at_once: bool,
}

/// The tables, as far as the protocol looks at them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tables {
    /// Events: the election's stream.
    pub stream: Vec<Commit>,
    /// Events: the moments whose reminders were requested, in order.
    pub reminders: Vec<Time>,
    /// Control: a gate for each shard.
    pub gates: Vec<Gate>,
    /// Control: the election is on the schedule.
    pub is_listed: bool,
    /// What must never happen.
    pub faults: Faults,
}

impl Tables {
    /// The tables after the election was created, and planned.
    pub fn new(model: &Schedules) -> Self {
        Self {
            stream: model.planned.map(Commit::Scheduled).into_iter().collect(),
            reminders: Vec::new(),
            gates: vec![Gate { status: Status::Draft, closes_at: None, casts: 0 }; model.shards.into()],
            is_listed: model.planned.is_some(),
            faults: Faults::default(),
        }
    }

    /// The election at a version of its stream.
    pub fn election_at(&self, version: usize) -> Election {
        let created = Election { status: Status::Draft, plan: Plan::default() };
        self.stream.iter().take(version).copied().fold(created, Election::evolve)
    }

    /// The election.
    pub fn election(&self) -> Election {
        self.election_at(self.stream.len())
    }

    /// Each commit, with the election before it.
    pub fn commits(&self) -> impl Iterator<Item = (Election, Commit)> {
        self.stream.iter().enumerate().map(|(version, commit)| (self.election_at(version), *commit))
    }

    pub(crate) fn request_reminder(&mut self, at: Time) {
        // After the first one that is requested twice, more would tell nothing new.
        if self.reminders.windows(2).all(|two| two[0] != two[1]) {
            self.reminders.push(at);
            self.reminders.sort_unstable();
        }
    }
}
