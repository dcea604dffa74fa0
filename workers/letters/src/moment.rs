//! Moments as people read them.

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, civil};
use photovote_domain::{Election, Schedule, Timestamp, schedule::TimeZone};
use thiserror::Error;

const EPOCH: civil::DateTime = civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
/// The last millisecond of the year 9999, which is the last year that a header can name.
const LAST: i64 = 253_402_300_799_999;

/// Why a text names no time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a time zone has a name such as Europe/Berlin, of at most 64 letters, digits and the marks + - _ /")]
pub struct ZoneNameError;

/// The name of a time zone, as the organiser chose it: `Europe/Berlin`, `CET`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ZoneName(String);

impl ZoneName {
    fn is_utc(&self) -> bool {
        matches!(self.0.as_str(), "UTC" | "Etc/UTC")
    }
}

impl FromStr for ZoneName {
    type Err = ZoneNameError;

    fn from_str(text: &str) -> Result<Self, ZoneNameError> {
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'_' | b'/');
        let starts = text.starts_with(|c: char| c.is_ascii_alphabetic());
        if starts && text.len() <= 64 && text.bytes().all(good) { Ok(Self(text.into())) } else { Err(ZoneNameError) }
    }
}

impl fmt::Display for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The end of voting.
#[derive(Debug, Clone, Copy)]
pub struct Closing<'a> {
    /// When voting ends.
    pub at: Timestamp,
    /// The organiser's time zone. Without one, the mail names the moment in UTC alone.
    pub zone: Option<Zone<'a>>,
}

/// The clock of a place at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Zone<'a> {
    /// The name that the mail shows.
    pub name: &'a ZoneName,
    /// How many seconds this clock is ahead of UTC at that moment.
    pub ahead_secs: i32,
}

/// The clocks by which an election is planned.
#[derive(Debug)]
pub struct Place {
    name: ZoneName,
    zone: TimeZone,
}

impl Place {
    /// Nothing, if nothing is planned, or by clocks that are not known any more.
    pub fn of(election: &Election) -> Option<Self> {
        let zone = &election.schedule.as_ref()?.time_zone;
        Some(Self { name: zone.parse().ok()?, zone: zone.parse().ok()? })
    }

    /// What they show at a moment.
    pub fn at(&self, at: Timestamp) -> Zone<'_> {
        Zone { name: &self.name, ahead_secs: self.zone.ahead_secs(at) }
    }
}

impl<'a> Closing<'a> {
    /// When voting ends in an election, or is planned to end; nothing, if it goes on until somebody closes it.
    pub fn of(election: &Election, place: Option<&'a Place>) -> Option<Self> {
        let planned = || election.schedule.as_ref().and_then(Schedule::closing_time);
        let at = election.closes_at.or_else(planned)?;
        Some(Self { at, zone: place.map(|place| place.at(at)) })
    }
}

/// The end of voting by the clocks that show it.
pub(crate) struct Until<'a> {
    pub(crate) utc: Clock,
    pub(crate) local: Option<(Clock, &'a ZoneName)>,
}

impl<'a> Until<'a> {
    /// Returns nothing if the moment is before 1970 or after 9999, or if no clock is so far ahead.
    pub(crate) fn new(closing: &Closing<'a>) -> Option<Self> {
        let utc = Clock::new(closing.at, 0)?;
        let local = match closing.zone {
            Some(zone) if !zone.name.is_utc() => Some((Clock::new(closing.at, zone.ahead_secs)?, zone.name)),
            _ => None,
        };
        Some(Self { utc, local })
    }

    /// Writes the moment by the local clock, if there is one, and in UTC. A date that both share is written once.
    pub(crate) fn write(&self, writing: &Writing) -> String {
        let Writing { date, time, join, same } = writing;
        let full = |clock: &Clock| join(&date(clock), &time(clock));
        let Some((local, zone)) = &self.local else { return format!("{} UTC", full(&self.utc)) };
        let utc = if local.date() == self.utc.date() { time(&self.utc) } else { full(&self.utc) };
        format!("{} ({zone}), {same} {utc} UTC", full(local))
    }
}

/// How a language writes moments.
pub(crate) struct Writing {
    pub(crate) date: fn(&Clock) -> String,
    pub(crate) time: fn(&Clock) -> String,
    /// A date and the time of day.
    pub(crate) join: fn(&str, &str) -> String,
    /// What stands between two clocks that show one moment.
    pub(crate) same: &'static str,
}

/// The date and time of day of a clock. Seconds are cut off, so a mail never promises more time than there is.
pub(crate) struct Clock(civil::DateTime);

impl Clock {
    fn new(at: Timestamp, ahead_secs: i32) -> Option<Self> {
        // The clocks of the world are at most 14 hours ahead and 12 hours behind.
        if !is_writable(at) || ahead_secs.unsigned_abs() >= 86_400 {
            return None;
        }
        let since = SignedDuration::from_millis(at.millis()) + SignedDuration::from_secs(ahead_secs.into());
        EPOCH.checked_add(since).ok().map(Self)
    }

    fn date(&self) -> civil::Date {
        self.0.date()
    }

    pub(crate) fn year(&self) -> i16 {
        self.0.year()
    }

    pub(crate) fn day(&self) -> i8 {
        self.0.day()
    }

    pub(crate) fn hour(&self) -> i8 {
        self.0.hour()
    }

    pub(crate) fn minute(&self) -> i8 {
        self.0.minute()
    }

    /// Chooses the month's name.
    pub(crate) fn month<'n>(&self, names: &[&'n str; 12]) -> &'n str {
        let [january, february, march, april, may, june, july, august, september, october, november, december] = names;
        match self.0.month() {
            1 => january,
            2 => february,
            3 => march,
            4 => april,
            5 => may,
            6 => june,
            7 => july,
            8 => august,
            9 => september,
            10 => october,
            11 => november,
            _ => december,
        }
    }

    /// Chooses the weekday's name, from Monday on.
    pub(crate) fn weekday<'n>(&self, names: &[&'n str; 7]) -> &'n str {
        let [monday, tuesday, wednesday, thursday, friday, saturday, sunday] = names;
        match self.0.weekday() {
            civil::Weekday::Monday => monday,
            civil::Weekday::Tuesday => tuesday,
            civil::Weekday::Wednesday => wednesday,
            civil::Weekday::Thursday => thursday,
            civil::Weekday::Friday => friday,
            civil::Weekday::Saturday => saturday,
            civil::Weekday::Sunday => sunday,
        }
    }
}

/// Returns whether a header can hold the moment, and a reader expects it.
pub(crate) fn is_writable(at: Timestamp) -> bool {
    (0..=LAST).contains(&at.millis())
}
