//! Periods before the close.

use std::{fmt, str::FromStr};

use jiff::{Span, Unit};
use thiserror::Error;

use super::{TimeZone, zone::instant};
use crate::time::Timestamp;

/// The longest period, in days.
const MOST_DAYS: f64 = 366.0;

/// Why a text is no period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a period is written as P2D or PT3H: whole weeks, days, hours and minutes, of 366 days at most (ISO 8601)")]
pub struct PeriodError;

/// How long before the close something happens: weeks, days, hours and minutes (ISO 8601-1, durations). A day is one of the
/// calendar: two days before 18:00 it is 18:00, also if clocks are changed meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct Period(Span);

impl Period {
    /// The moment that is this long before another, in a zone.
    pub(super) fn before(self, close: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let close = instant(close).to_zoned(zone.rules().clone());
        let at = close.checked_sub(self.0).ok()?;
        Some(Timestamp::from_millis(at.timestamp().as_millisecond()))
    }
}

impl PartialEq for Period {
    fn eq(&self, other: &Self) -> bool {
        self.0.fieldwise() == other.0.fieldwise()
    }
}

impl Eq for Period {}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let span: Span = text.parse().map_err(|_other| PeriodError)?;
        let whole = Span::new()
            .try_weeks(span.get_weeks())
            .and_then(|whole| whole.try_days(span.get_days()))
            .and_then(|whole| whole.try_hours(span.get_hours()))
            .and_then(|whole| whole.try_minutes(span.get_minutes()))
            .map_err(|_beyond| PeriodError)?;
        // A day has 24 hours here, because this is only about the limit.
        let days = span.total((Unit::Day, jiff::SpanRelativeTo::days_are_24_hours())).map_err(|_beyond| PeriodError)?;
        let fits = whole.fieldwise() == span.fieldwise() && days > 0.0 && days <= MOST_DAYS;
        // One period, one spelling: "p2d" and "2 days" are not.
        if fits && span.to_string() == text { Ok(Self(span)) } else { Err(PeriodError) }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
