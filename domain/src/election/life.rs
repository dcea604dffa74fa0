//! When an election opens and closes, by hand or as it was planned.

use super::{Election, ElectionEvent, ElectionRejection, Status, decide::Decision};
use crate::{links::Links, schedule::Schedule, time::Timestamp};

impl Election {
    /// Plans when it opens, reminds its voters and closes.
    pub(super) fn plan(&self, schedule: Option<Schedule>, now: Timestamp) -> Decision {
        match self.status {
            Status::Draft => self.plan_draft(schedule, now),
            Status::Open => self.plan_open(schedule, now),
            status => Err(ElectionRejection::WrongStatus(status)),
        }
    }

    fn plan_draft(&self, schedule: Option<Schedule>, now: Timestamp) -> Decision {
        let Some(schedule) = schedule else {
            return Ok(self.schedule.iter().map(|_| ElectionEvent::ElectionUnscheduled {}).collect());
        };
        let before = self.schedule.as_ref();
        let opens_at = schedule.opens_at.as_ref().map(|opens| opens.at);
        // What is prevented from opening keeps its time, whatever else changes.
        if opens_at.is_some_and(|at| at <= now && before.and_then(Schedule::opening_time) != Some(at)) {
            return Err(ElectionRejection::OpeningTimePast);
        }
        if schedule.closing_time().is_some_and(|closes| closes <= now) {
            return Err(ElectionRejection::ClosingTimePast);
        }
        self.planned(schedule, now)
    }

    fn plan_open(&self, schedule: Option<Schedule>, now: Timestamp) -> Decision {
        let opened = self.schedule.as_ref().and_then(|before| before.opens_at.as_ref());
        let Some((mut schedule, closes)) =
            schedule.and_then(|schedule| Some((schedule.clone(), schedule.closing_time()?)))
        else {
            let open_ended = self.closes_at.is_none();
            return Err(if open_ended {
                ElectionRejection::NoClosingTime
            } else {
                ElectionRejection::ClosingTimeNotLater
            });
        };
        if schedule.opens_at.as_ref().is_some_and(|opens| opened.map(|opened| opened.at) != Some(opens.at)) {
            return Err(ElectionRejection::Opened);
        }
        schedule.opens_at = opened.cloned();
        let mut events = self.later(closes, now)?;
        if !events.is_empty() {
            // Nobody is reminded at once because the close was moved.
            schedule = schedule.from_now(now);
        }
        events.extend(self.planned(schedule, now)?);
        Ok(events)
    }

    /// The event of a schedule, unless it is the present one.
    fn planned(&self, schedule: Schedule, now: Timestamp) -> Decision {
        if !schedule.reminders.is_empty() && self.links != Links::Invite {
            return Err(ElectionRejection::RemindersNeedInvitations);
        }
        let before = self.schedule.as_ref();
        let known = |reminder| before.is_some_and(|before| before.reminders.contains(reminder));
        if schedule.reminders.iter().any(|reminder| reminder.at <= now && !known(reminder)) {
            return Err(ElectionRejection::ReminderPast);
        }
        let same = before.is_some_and(|before| before.is_same_plan(&schedule));
        Ok(if same { Vec::new() } else { vec![ElectionEvent::ElectionScheduled { schedule }] })
    }

    pub(super) fn open(&self, closes_at: Option<Timestamp>, now: Timestamp) -> Decision {
        let closes_at = closes_at.or_else(|| self.schedule.as_ref().and_then(Schedule::closing_time));
        if closes_at.is_some_and(|closes_at| closes_at <= now) {
            return Err(ElectionRejection::ClosingTimePast);
        }
        self.draft()?;
        if self.competitions.is_empty() {
            return Err(ElectionRejection::NoCompetition);
        }
        if self.competitions.iter().any(|competition| competition.candidates.len() < 2) {
            return Err(ElectionRejection::TooFewCandidates);
        }
        let planned = self.schedule.as_ref().map(|schedule| {
            let schedule = closes_at.map_or_else(|| schedule.clone(), |closes| schedule.closing_at(closes, now));
            schedule.from_now(now)
        });
        let mut events = vec![ElectionEvent::ElectionOpened { closes_at }];
        events.extend(self.rescheduled(planned));
        Ok(events)
    }

    /// Opens it as it was planned.
    pub(super) fn open_if_due(&self, now: Timestamp) -> Decision {
        self.draft()?;
        match self.schedule.as_ref().and_then(Schedule::opening_time) {
            Some(opens_at) if opens_at <= now => self.open(None, now),
            _ => Err(ElectionRejection::NotDueToOpen),
        }
    }

    pub(super) fn extend(&self, closes_at: Timestamp, now: Timestamp) -> Decision {
        let mut events = self.later(closes_at, now)?;
        let planned = self.schedule.as_ref().map(|schedule| schedule.closing_at(closes_at, now));
        events.extend(self.rescheduled(planned));
        Ok(events)
    }

    /// The event that moves the close, unless it stays where it is.
    fn later(&self, closes_at: Timestamp, now: Timestamp) -> Decision {
        if closes_at <= now {
            return Err(ElectionRejection::ClosingTimePast);
        }
        if self.status != Status::Open {
            return Err(ElectionRejection::NotOpen(self.status));
        }
        match self.closes_at {
            None => Err(ElectionRejection::NoClosingTime),
            Some(_) if self.is_due(now) => Err(ElectionRejection::Due),
            Some(current) if closes_at < current => Err(ElectionRejection::ClosingTimeNotLater),
            Some(current) if closes_at == current => Ok(Vec::new()),
            Some(_) => Ok(vec![ElectionEvent::ElectionExtended { closes_at }]),
        }
    }

    fn rescheduled(&self, planned: Option<Schedule>) -> Option<ElectionEvent> {
        let schedule = planned.filter(|planned| self.schedule.as_ref() != Some(planned))?;
        Some(ElectionEvent::ElectionScheduled { schedule })
    }

    pub(super) fn close(&self) -> Decision {
        match self.status {
            Status::Open => Ok(vec![ElectionEvent::ElectionClosing {}]),
            Status::Closing => Ok(Vec::new()),
            status => Err(ElectionRejection::NotOpen(status)),
        }
    }

    /// The reminder that its voters are due, if any is.
    pub fn due_reminder(&self, now: Timestamp) -> Option<Timestamp> {
        let reminder = self.schedule.as_ref()?.due_reminder(now)?;
        self.accepts_votes(now).then_some(reminder.at)
    }

    /// Is it a draft whose opening time has come? It does not open any more once its closing time has come as well.
    pub fn is_due_to_open(&self, now: Timestamp) -> bool {
        let Some(schedule) = self.schedule.as_ref().filter(|_| self.status == Status::Draft) else { return false };
        let due = |time: Option<Timestamp>| time.is_some_and(|time| time <= now);
        due(schedule.opening_time()) && !due(schedule.closing_time())
    }
}
