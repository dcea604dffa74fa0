//! Times as the clocks of a place show them.

use std::{fmt, str::FromStr};

use jiff::{civil::DateTime, fmt::strtime::BrokenDownTime, tz::Offset};
use thiserror::Error;

/// Why a text is no local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a local time is written as 2026-12-01T18:00, with an offset (+01:00) if clocks show it twice")]
pub struct LocalTimeError;

/// A time as the clocks of a place show it, to the second: `2026-12-01T18:00`. With an offset, it is one of two times that
/// clocks show when they are put back: `2026-10-25T02:30+01:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    time: DateTime,
    offset: Option<Offset>,
}

impl LocalTime {
    pub(super) const fn new(time: DateTime, offset: Option<Offset>) -> Self {
        Self { time, offset }
    }

    pub(super) const fn time(self) -> DateTime {
        self.time
    }

    pub(super) const fn offset(self) -> Option<Offset> {
        self.offset
    }
}

impl FromStr for LocalTime {
    type Err = LocalTimeError;

    fn from_str(text: &str) -> Result<Self, LocalTimeError> {
        const FORMS: [&str; 4] = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M%:z", "%Y-%m-%dT%H:%M:%S%:z"];
        let text = match text.split_at_checked("2026-12-01T18:00".len()) {
            Some((minutes, rest)) if rest.starts_with(":00") => format!("{minutes}{}", &rest[":00".len()..]),
            _ => text.to_owned(),
        };
        let parsed = |form| {
            let parts = BrokenDownTime::parse(form, &text).ok()?;
            Some(Self { time: parts.to_datetime().ok()?, offset: parts.offset() })
        };
        let parsed = FORMS.into_iter().find_map(parsed).ok_or(LocalTimeError)?;
        // One time, one spelling, but for seconds that are none.
        if parsed.to_string() == text { Ok(parsed) } else { Err(LocalTimeError) }
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = if self.time.second() == 0 { "%Y-%m-%dT%H:%M" } else { "%Y-%m-%dT%H:%M:%S" };
        write!(f, "{}", self.time.strftime(form))?;
        let Some(offset) = self.offset else { return Ok(()) };
        let (sign, seconds) = (if offset.seconds() < 0 { '-' } else { '+' }, offset.seconds().unsigned_abs());
        write!(f, "{sign}{:02}:{:02}", seconds / 3_600, seconds / 60 % 60)
    }
}
