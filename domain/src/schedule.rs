//! The schedule: when an election opens, reminds its voters and closes by itself.
//!
//! Organisers write times as the clocks of a place show them: `2026-12-01T18:00` in `Europe/Berlin`. A [`Plan`] has these. A
//! [`Schedule`] also has the moments that they were resolved to, by the rules for time zones that are built into the program.
//! A moment never moves afterwards, also if a government changes its clocks and a newer program has other rules.

mod local;
mod period;
mod zone;

use jiff::tz::AmbiguousOffset;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    aggregate::{Kind, Refusal},
    time::Timestamp,
};

pub use local::{LocalTime, LocalTimeError};
pub use period::{Period, PeriodError};
pub use zone::{RULES, TimeZone, TimeZoneError};

/// The most reminders of an election.
pub const MOST_REMINDERS: usize = 10;

/// What an organiser plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The place whose clocks are meant.
    pub time_zone: TimeZone,
    /// When the election opens by itself.
    pub opens_at: Option<LocalTime>,
    /// When it closes by itself.
    pub closes_at: Option<LocalTime>,
    /// How long before the close those are reminded who have not cast.
    pub reminders: Vec<Period>,
}

/// A schedule, as history has it. A zone is a text here: history must load whatever zones there are later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// When the election closes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_at: Option<Planned>,
    /// When it opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_at: Option<Planned>,
    /// The reminders, in the order of their moments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reminders: Vec<Reminder>,
    /// The version of the rules for time zones by which the moments were found: `2026a`.
    pub rules: String,
    /// The zone's name.
    pub time_zone: String,
}

/// A moment that was planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// The moment.
    pub at: Timestamp,
    /// The time as it was written: `2026-12-01T18:00`, with an offset if that was chosen.
    pub local: String,
}

/// A reminder of those who have not cast.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reminder {
    /// The moment.
    pub at: Timestamp,
    /// How long before the close that is, as it was written: `P2D`.
    pub before: String,
}

/// Which time of a plan is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The opening.
    Opening,
    /// The close.
    Close,
}

impl Which {
    /// The name of its field.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Opening => "opens_at",
            Self::Close => "closes_at",
        }
    }
}

/// Why a plan is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScheduleError {
    /// Clocks are put forward over this time.
    #[error("no clock in {zone} shows this time, because clocks are put forward then: choose {earlier} or {later}")]
    Skipped {
        /// Which time.
        which: Which,
        /// The zone.
        zone: String,
        /// The time as far before the change.
        earlier: String,
        /// The time as far after it.
        later: String,
    },
    /// Clocks are put back to this time.
    #[error("clocks in {zone} show this time twice: choose {first} or {second}")]
    Repeated {
        /// Which time.
        which: Which,
        /// The zone.
        zone: String,
        /// The earlier of the two.
        first: String,
        /// The later of the two.
        second: String,
    },
    /// It has an offset that the zone does not have then.
    #[error("clocks in {zone} have another offset then: choose {right}")]
    Offset {
        /// Which time.
        which: Which,
        /// The zone.
        zone: String,
        /// The time with its offset.
        right: String,
    },
    /// It is beyond all years.
    #[error("is before the year 0 or after the year 9999")]
    OutOfRange(Which),
    /// The election would close before it opens.
    #[error("the election has to close after it opens")]
    ClosesFirst,
    /// A reminder needs a close that it comes before.
    #[error("reminders come before the close: the schedule needs closes_at")]
    NoClose,
    /// There are too many reminders.
    #[error("an election has at most {MOST_REMINDERS} reminders")]
    TooManyReminders,
    /// Two reminders have the same moment.
    #[error("two reminders come at the same moment")]
    SameReminder,
    /// A reminder would come before the opening.
    #[error("the reminder {0} would come before the election opens")]
    ReminderBeforeOpening(String),
}

impl Refusal for ScheduleError {
    fn code(&self) -> &'static str {
        match self {
            Self::Skipped { .. } => "local_time_skipped",
            Self::Repeated { .. } => "local_time_repeated",
            Self::Offset { .. } => "local_time_offset",
            Self::OutOfRange(_)
            | Self::ClosesFirst
            | Self::NoClose
            | Self::TooManyReminders
            | Self::SameReminder
            | Self::ReminderBeforeOpening(_) => "invalid_value",
        }
    }

    fn kind(&self) -> Kind {
        Kind::Invalid
    }

    fn field(&self) -> Option<String> {
        Some(match self {
            Self::Skipped { which, .. }
            | Self::Repeated { which, .. }
            | Self::Offset { which, .. }
            | Self::OutOfRange(which) => which.field().to_owned(),
            Self::ClosesFirst | Self::NoClose => Which::Close.field().to_owned(),
            Self::TooManyReminders | Self::SameReminder | Self::ReminderBeforeOpening(_) => "reminders".to_owned(),
        })
    }
}

impl Plan {
    /// Finds the moments of a plan. A plan without any date is no schedule.
    pub fn resolve(&self) -> Result<Option<Schedule>, ScheduleError> {
        let planned = |which, local: &Option<LocalTime>| local.map(|local| self.planned(which, local)).transpose();
        let opens_at = planned(Which::Opening, &self.opens_at)?;
        let closes_at = planned(Which::Close, &self.closes_at)?;
        if let (Some(opens), Some(closes)) = (&opens_at, &closes_at)
            && closes.at <= opens.at
        {
            return Err(ScheduleError::ClosesFirst);
        }
        let reminders = match &closes_at {
            Some(closes) => self.reminders(closes.at, opens_at.as_ref())?,
            None if self.reminders.is_empty() => Vec::new(),
            None => return Err(ScheduleError::NoClose),
        };
        if opens_at.is_none() && closes_at.is_none() {
            return Ok(None);
        }
        let (rules, time_zone) = (RULES.to_owned(), self.time_zone.to_string());
        Ok(Some(Schedule { closes_at, opens_at, reminders, rules, time_zone }))
    }

    fn planned(&self, which: Which, local: LocalTime) -> Result<Planned, ScheduleError> {
        let zone = self.time_zone.rules();
        let (time, named) = (local.time(), || self.time_zone.to_string());
        let with = |offset| LocalTime::new(time, Some(offset)).to_string();
        let offset = match (zone.to_ambiguous_timestamp(time).offset(), local.offset()) {
            (AmbiguousOffset::Unambiguous { offset }, None) => offset,
            (AmbiguousOffset::Unambiguous { offset }, Some(chosen)) if chosen == offset => offset,
            (AmbiguousOffset::Unambiguous { offset }, Some(_)) => {
                return Err(ScheduleError::Offset { which, zone: named(), right: with(offset) });
            }
            (AmbiguousOffset::Gap { before, after }, _) => {
                // What a clock shows that was put forward too late or too early.
                let shown = |instant: jiff::Timestamp, shown_by: jiff::tz::Offset| {
                    LocalTime::new(shown_by.to_datetime(instant), None)
                };
                let at = |offset: jiff::tz::Offset| {
                    offset.to_timestamp(time).map_err(|_beyond| ScheduleError::OutOfRange(which))
                };
                let (earlier, later) = (shown(at(after)?, before), shown(at(before)?, after));
                let (earlier, later) = (earlier.to_string(), later.to_string());
                return Err(ScheduleError::Skipped { which, zone: named(), earlier, later });
            }
            (AmbiguousOffset::Fold { before, after }, Some(chosen)) if chosen == before || chosen == after => chosen,
            (AmbiguousOffset::Fold { before, after }, _) => {
                let (first, second) = (with(before), with(after));
                return Err(ScheduleError::Repeated { which, zone: named(), first, second });
            }
        };
        let at = offset.to_timestamp(time).map_err(|_beyond| ScheduleError::OutOfRange(which))?;
        Ok(Planned { at: Timestamp::from_millis(at.as_millisecond()), local: local.to_string() })
    }

    fn reminders(&self, close: Timestamp, opens_at: Option<&Planned>) -> Result<Vec<Reminder>, ScheduleError> {
        if self.reminders.len() > MOST_REMINDERS {
            return Err(ScheduleError::TooManyReminders);
        }
        let reminder = |period: &Period| {
            let at = period.before(close, &self.time_zone).ok_or(ScheduleError::OutOfRange(Which::Close))?;
            if opens_at.is_some_and(|opens| at <= opens.at) {
                return Err(ScheduleError::ReminderBeforeOpening(period.to_string()));
            }
            Ok(Reminder { at, before: period.to_string() })
        };
        let mut reminders = self.reminders.iter().map(reminder).collect::<Result<Vec<_>, _>>()?;
        reminders.sort_by_key(|reminder| reminder.at);
        if reminders.windows(2).any(|two| two[0].at == two[1].at) {
            return Err(ScheduleError::SameReminder);
        }
        Ok(reminders)
    }
}

impl Schedule {
    /// When the election opens by itself.
    pub fn opening_time(&self) -> Option<Timestamp> {
        self.opens_at.as_ref().map(|planned| planned.at)
    }

    /// When the election closes by itself.
    pub fn closing_time(&self) -> Option<Timestamp> {
        self.closes_at.as_ref().map(|planned| planned.at)
    }

    /// Is the same planned? It may have been resolved by other rules for time zones, to the same moments.
    pub fn is_same_plan(&self, other: &Self) -> bool {
        *self == Self { rules: self.rules.clone(), ..other.clone() }
    }

    /// The schedule with another close, of which only the moment is known. Reminders come as long before it, but for those whose
    /// moment is past: nobody is reminded at once because the close was moved.
    #[must_use]
    pub fn closing_at(&self, close: Timestamp, now: Timestamp) -> Self {
        if self.closes_at.as_ref().is_some_and(|planned| planned.at == close) {
            return self.clone();
        }
        // A zone that is not known any more is read as UTC: the moments stay right, and the name as it was.
        let zone: TimeZone = self.time_zone.parse().unwrap_or_else(|_unknown| TimeZone::utc());
        let again = |reminder: &Reminder| {
            let period: Period = reminder.before.parse().ok()?;
            Some(Reminder { at: period.before(close, &zone)?, before: reminder.before.clone() })
        };
        let reminders = self.reminders.iter().filter_map(again).filter(|reminder| reminder.at > now).collect();
        let closes_at = Some(Planned { at: close, local: zone.shown_at(close).to_string() });
        Self { closes_at, reminders, rules: RULES.to_owned(), ..self.clone() }
    }

    /// The schedule without reminders whose moment is past.
    #[must_use]
    pub fn from_now(&self, now: Timestamp) -> Self {
        let reminders = self.reminders.iter().filter(|reminder| reminder.at > now).cloned().collect();
        Self { reminders, ..self.clone() }
    }

    /// The reminder that is due: the last one whose moment has come. A clock that was late sends one, not all that it missed.
    pub fn due_reminder(&self, now: Timestamp) -> Option<&Reminder> {
        self.reminders.iter().rfind(|reminder| reminder.at <= now)
    }

    /// What clocks in the zone will show at a planned moment, by today's rules, if that is not what was planned.
    pub fn shifted(&self, planned: &Planned) -> Option<LocalTime> {
        let zone: TimeZone = self.time_zone.parse().ok()?;
        let written: LocalTime = planned.local.parse().ok()?;
        let shown = zone.shown_at(planned.at);
        (shown.time() != written.time()).then(|| LocalTime::new(shown.time(), None))
    }
}
