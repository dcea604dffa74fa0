//! What the domain decides: `domain/src/election/life.rs`, `domain/src/schedule.rs`.

use crate::{
    schedules::{
        Command, Guard, Schedules,
        tables::{Commit, Election, Plan, Time},
    },
    tables::Status,
};

/// The rejection of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

/// A commit, if there is anything to write.
type Decision = Result<Option<Commit>, Refused>;

/// Whether a moment has come.
fn has_come(at: Option<Time>, now: Time) -> bool {
    at.is_some_and(|at| at <= now)
}

fn require(condition: bool) -> Result<(), Refused> {
    if condition { Ok(()) } else { Err(Refused) }
}

/// `Election::decide`.
pub(crate) fn decide(model: &Schedules, election: Election, command: Command, now: Time) -> Decision {
    let is_draft = election.status == Status::Draft;
    match command {
        Command::Plan(plan) if is_draft => plan_draft(election, plan, now),
        Command::Plan(plan) => plan_open(model, election, plan, now),
        Command::OpenIfDue if model.has(Guard::OpeningIsDue) && !has_come(election.plan.opens_at, now) => Err(Refused),
        Command::Open | Command::OpenIfDue => {
            require(!has_come(election.plan.closes_at, now) || !model.has(Guard::NotAfterTheClose))?;
            require(is_draft || !model.has(Guard::DraftOpens))?;
            let is_kept = |at: &Time| *at > now || !model.has(Guard::OpeningDropsReminders);
            let reminder = election.plan.reminder.filter(is_kept);
            Ok(Some(Commit::Opened { by_clock: command == Command::OpenIfDue, now, reminder }))
        }
        Command::Extend(closes_at) => {
            require(can_move(election, closes_at, now)?)?;
            let extended = move_close(model, election.plan, closes_at, now);
            Ok(Some(extended).filter(|_| election.plan.closes_at != Some(closes_at)))
        }
        Command::CloseIfDue
            if election.status == Status::Open && !election.is_due(now) && model.has(Guard::ClosingIsDue) =>
        {
            Err(Refused)
        }
        Command::Close | Command::CloseIfDue => match election.status {
            Status::Closing if model.has(Guard::OpenCloses) => Ok(None),
            Status::Open | Status::Closing => Ok(Some(closing(command, now))),
            Status::Draft | Status::Closed => Err(Refused),
        },
    }
}

fn closing(command: Command, now: Time) -> Commit {
    Commit::Closing { due: (command == Command::CloseIfDue).then_some(now) }
}

/// `Election::plan_draft`.
fn plan_draft(election: Election, plan: Plan, now: Time) -> Decision {
    require(!has_come(plan.opens_at, now) || plan.opens_at == election.plan.opens_at)?;
    require(!has_come(plan.closes_at, now))?;
    planned(election, plan, now)
}

/// `Election::plan_open`.
fn plan_open(model: &Schedules, election: Election, plan: Plan, now: Time) -> Decision {
    require(election.status == Status::Open)?;
    let closes_at = plan.closes_at.ok_or(Refused)?;
    require(plan.opens_at.is_none() || plan.opens_at == election.plan.opens_at)?;
    require(can_move(election, closes_at, now)?)?;
    let plan = Plan { opens_at: election.plan.opens_at, ..plan };
    if election.plan.closes_at == Some(closes_at) {
        return planned(election, plan, now);
    }
    let is_kept = |at: &Time| *at > now || !model.has(Guard::MovingDropsReminders);
    Ok(Some(Commit::Extended { now, reminder: plan.reminder.filter(is_kept), closes_at }))
}

/// `Election::planned`.
fn planned(election: Election, plan: Plan, now: Time) -> Decision {
    require(!has_come(plan.reminder, now) || plan.reminder == election.plan.reminder)?;
    Ok((plan != election.plan).then_some(Commit::Scheduled(plan)))
}

/// `Election::later`: whether the close can be moved there, or is there.
fn can_move(election: Election, closes_at: Time, now: Time) -> Result<bool, Refused> {
    let current = election.plan.closes_at.ok_or(Refused)?;
    Ok(closes_at > now && election.status == Status::Open && !election.is_due(now) && closes_at >= current)
}

/// `Schedule::closing_at`: a reminder comes as long before the close as before.
fn move_close(model: &Schedules, plan: Plan, closes_at: Time, now: Time) -> Commit {
    let before = plan.closes_at.unwrap_or(closes_at);
    let moved = plan.reminder.map(|at| closes_at.saturating_sub(before.saturating_sub(at)));
    let reminder = moved.filter(|at| *at > now || !model.has(Guard::MovingDropsReminders));
    Commit::Extended { now, reminder, closes_at }
}

impl Election {
    /// Whether its closing time has come.
    pub fn is_due(self, now: Time) -> bool {
        has_come(self.plan.closes_at, now)
    }

    /// Whether it is a draft that is to open (`Election::is_due_to_open`).
    pub fn is_due_to_open(self, now: Time) -> bool {
        self.status == Status::Draft && has_come(self.plan.opens_at, now) && !self.is_due(now)
    }

    /// Whether it accepts votes (`Election::accepts_votes`).
    pub fn accepts_votes(self, now: Time) -> bool {
        self.status == Status::Open && !self.is_due(now)
    }

    /// The reminder whose moment has come (`Schedule::due_reminder`).
    pub fn due_reminder(self, now: Time) -> Option<Time> {
        self.plan.reminder.filter(|at| *at <= now)
    }
}
