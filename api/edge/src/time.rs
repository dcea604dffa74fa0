//! Moments as text (RFC 3339).

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, civil};
use photovote_domain::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The beginning of the year 0, in milliseconds since the epoch.
const FIRST: i64 = -62_167_219_200_000;
/// The last millisecond of the year 9999.
const LAST: i64 = 253_402_300_799_999;

/// What moments are counted from. Dates and times of day here are UTC, without a time zone: those of jiff's own moments end
/// 26 hours before the year 9999 does.
const EPOCH: civil::DateTime = civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// Why a text is not a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MomentError {
    /// Not RFC 3339, or a date or time of day that does not exist.
    #[error("a time is RFC 3339 with an offset, such as 2026-05-17T18:30:00Z")]
    Malformed,
    /// With its offset, a moment that UTC cannot write.
    #[error("the time is before the year 0 or after the year 9999 in UTC")]
    OutOfRange,
}

/// A moment as a body says it: any RFC 3339 time is read, UTC is written, with milliseconds when there are any. What is finer
/// than a millisecond is cut off. A leap second can end any month in UTC, and is the second after it, as in Unix time.
/// Documented with `#[schema(value_type = schema::Moment)]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment(pub Timestamp);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Beyond the years that can be written, the last moment that can.
        let millis = self.0.millis().clamp(FIRST, LAST);
        let moment = EPOCH.checked_add(SignedDuration::from_millis(millis)).map_err(|_beyond_any_year| fmt::Error)?;
        if millis % 1_000 == 0 { write!(f, "{moment:.0}Z") } else { write!(f, "{moment:.3}Z") }
    }
}

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        let millis = Written::of(text).and_then(|written| written.millis()).ok_or(MomentError::Malformed)?;
        if (FIRST..=LAST).contains(&millis) {
            Ok(Self(Timestamp::from_millis(millis)))
        } else {
            Err(MomentError::OutOfRange)
        }
    }
}

/// The parts of a text of the form of RFC 3339.
struct Written<'a> {
    /// `0000-00-00T00:00:00`
    date_time: &'a str,
    /// One digit or more, if there is a fraction.
    fraction: &'a str,
    /// `Z` or `+00:00`
    offset: &'a str,
}

impl<'a> Written<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (date_time, rest) = text.split_at_checked(19)?;
        let (fraction, offset) = match rest.strip_prefix('.') {
            Some(rest) => {
                let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|digits| *digits > 0)?;
                rest.split_at(digits)
            }
            None => ("", rest),
        };
        let offset_is_good = is_like(offset, "Z") || is_like(offset, "+00:00");
        (is_like(date_time, "0000-00-00T00:00:00") && offset_is_good).then_some(Self { date_time, fraction, offset })
    }

    /// Milliseconds since the epoch, if there is such a date, time of day and offset.
    fn millis(&self) -> Option<i64> {
        let number = |from: usize, to: usize| self.date_time.get(from..to)?.parse().ok();
        let (year, month) = (self.date_time.get(..4)?.parse().ok()?, number(5, 7)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let leaps = second == 60;
        let second = if leaps { 59 } else { second };
        let local = civil::DateTime::new(year, month, number(8, 10)?, hour, minute, second, 0).ok()?;
        let millis = local.duration_since(EPOCH).as_secs().checked_sub(self.offset_secs()?)?.checked_mul(1_000)?;
        let fraction: i64 = format!("{:0<3.3}", self.fraction).parse().ok()?;
        if !leaps {
            return Some(millis + fraction);
        }
        let last = EPOCH.checked_add(SignedDuration::from_millis(millis)).ok()?;
        let ends_a_month = last.time() == civil::time(23, 59, 59, 0) && last.date() == last.date().last_of_month();
        ends_a_month.then_some(millis + 1_000 + fraction)
    }

    /// By how many seconds the clock there is ahead of UTC, if it is by less than a day.
    fn offset_secs(&self) -> Option<i64> {
        let Some(digits) = self.offset.get(1..).filter(|digits| !digits.is_empty()) else { return Some(0) };
        let (hours, minutes) = digits.split_once(':')?;
        let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
        let secs = hours * 3_600 + minutes * 60;
        let sign = if self.offset.starts_with('-') { -1 } else { 1 };
        (hours < 24 && minutes < 60).then_some(sign * secs)
    }
}

/// Whether the text is of this form: `0` is any digit, `+` either sign, letters are of either case.
fn is_like(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text.bytes().zip(form.bytes()).all(|(byte, like)| match like {
            b'0' => byte.is_ascii_digit(),
            b'+' => matches!(byte, b'+' | b'-'),
            other => byte.eq_ignore_ascii_case(&other),
        })
}

impl TryFrom<String> for Moment {
    type Error = MomentError;

    fn try_from(text: String) -> Result<Self, MomentError> {
        text.parse()
    }
}

impl From<Moment> for Timestamp {
    fn from(moment: Moment) -> Timestamp {
        moment.0
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> String {
        moment.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_moment_is_read_with_its_offset() {
        let read = |text: &str| text.parse::<Moment>().unwrap().0.millis();
        assert_eq!(read("1970-01-01T00:00:01Z"), 1_000);
        assert_eq!(read("1970-01-01t01:00:01.5+01:00"), 1_500);
        assert_eq!(read("1969-12-31T23:00:00.123456789-01:00"), 123);
        assert_eq!(read("1970-01-01T00:00:00+00:00"), 0);
        assert_eq!(read("1969-12-31T23:59:59.9999Z"), -1, "cut off, also before the epoch");
        assert_eq!(read("1970-01-01T00:00:00.12345678901234567890123456789Z"), 123);
        assert_eq!(read("1970-01-01T00:00:00.000000000000Z"), 0);
        assert_eq!(read("1970-01-01T00:00:00-00:00"), 0);
        assert_eq!(read("1970-01-01T23:59:00+23:59"), 0);
        assert_eq!(read("1969-12-31T00:01:00-23:59"), 0);
        assert_eq!(read("9999-12-31T23:59:59.999Z"), LAST);
        assert_eq!(read("9999-12-31T23:59:59.9999999999z"), LAST);
        assert_eq!(read("9999-12-31T00:00:59.999-23:59"), LAST);
        assert_eq!(read("0000-01-01T00:00:00Z"), FIRST);
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        let refused = [
            "",
            "tomorrow",
            "2026-05-17",
            "2026-05-17T18:30:00",
            "2026-05-17T18:30Z",
            "2026-05-17 18:30:00Z",
            "20260517T183000Z",
            "2026-02-30T00:00:00Z",
            "2026-05-17T24:00:00Z",
            "2026-05-17T18:30:00.Z",
            "2026-05-17T18:30:00+0200",
            "2026-05-17T18:30:00+02:00[Europe/Berlin]",
            "2026-05-17T18:30:00Z ",
            "+002026-05-17T18:30:00Z",
            "2026-05-17T18:30:0٣Z",
            "2026-00-17T18:30:00Z",
            "2026-13-17T18:30:00Z",
            "2026-05-00T18:30:00Z",
            "2025-02-29T18:30:00Z",
            "2026-05-17T18:60:00Z",
            "2026-05-17T18:30:61Z",
            "2026-05-17T18:30:00,5Z",
            "2026-05-17T18:30:00.5",
            "2026-05-17T18:30:00.5.5Z",
            "2026-05-17T18:30:00.٣Z",
            "2026-05-17T18:30:00+24:00",
            "2026-05-17T18:30:00-24:00",
            "2026-05-17T18:30:00+25:59",
            "2026-05-17T18:30:00+99:99",
            "2026-05-17T18:30:00+02:60",
            "2026-05-17T18:30:00+2:00",
            "2026-05-17T18:30:00ZZ",
            "2026-05-17T18:30:00UTC",
            "2026-05-17T18:30:00.",
        ];
        for text in refused {
            assert_eq!(text.parse::<Moment>(), Err(MomentError::Malformed), "{text}");
        }
        for text in [
            "0000-01-01T00:30:00+02:00",
            "9999-12-31T23:59:59-00:01",
            "9999-12-31T00:01:00-23:59",
            "9999-12-31T23:59:60Z",
        ] {
            assert_eq!(text.parse::<Moment>(), Err(MomentError::OutOfRange), "{text}");
        }
    }

    #[test]
    fn a_leap_second_ends_a_month_in_utc() {
        let read = |text: &str| text.parse::<Moment>().map(|moment| moment.to_string());
        for (text, moment) in [
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
            ("2030-06-30T23:59:60.5Z", "2030-07-01T00:00:00.500Z"),
            ("2017-01-01T00:59:60+01:00", "2017-01-01T00:00:00Z"),
            ("2016-12-31T15:59:60-08:00", "2017-01-01T00:00:00Z"),
            ("2017-01-01T05:29:60+05:30", "2017-01-01T00:00:00Z"),
            ("2028-02-29T23:59:60Z", "2028-03-01T00:00:00Z"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(moment), "{text}");
        }
        for text in [
            "2030-01-01T00:00:60Z",
            "2030-06-29T23:59:60Z",
            "2028-02-28T23:59:60Z",
            "2016-12-31T23:59:60+01:00",
            "2016-12-31T22:59:60Z",
            "2016-12-31T23:58:60Z",
            "2016-12-31T23:59:61Z",
        ] {
            assert_eq!(read(text), Err(MomentError::Malformed), "{text}");
        }
    }

    #[test]
    fn a_moment_is_written_in_utc() {
        let written = |millis| Moment(Timestamp::from_millis(millis)).to_string();
        assert_eq!(written(0), "1970-01-01T00:00:00Z");
        assert_eq!(written(1_500), "1970-01-01T00:00:01.500Z");
        assert_eq!(written(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(written(LAST), "9999-12-31T23:59:59.999Z");
        assert_eq!(written(FIRST), "0000-01-01T00:00:00Z");
        assert_eq!(written(i64::MAX), "9999-12-31T23:59:59.999Z");
        assert_eq!(written(i64::MIN), "0000-01-01T00:00:00Z");
    }

    proptest! {
        #[test]
        fn every_moment_survives_its_text(millis in FIRST..=LAST) {
            let moment = Moment(Timestamp::from_millis(millis));
            prop_assert_eq!(moment.to_string().parse(), Ok(moment));
        }

        #[test]
        fn a_moment_is_the_same_at_every_offset(
            millis in FIRST..=LAST, hours in 0_i64..24, minutes in 0_i64..60, ahead: bool, more in "[0-9]{0,20}",
        ) {
            let offset = (hours * 60 + minutes) * 60_000 * if ahead { 1 } else { -1 };
            prop_assume!((FIRST..=LAST).contains(&(millis + offset)));
            let local = Moment(Timestamp::from_millis(millis + offset)).to_string();
            let local = local.trim_end_matches('Z');
            let fraction = if local.contains('.') { more } else { String::new() };
            let sign = if ahead { '+' } else { '-' };
            let text = format!("{local}{fraction}{sign}{hours:02}:{minutes:02}");
            prop_assert_eq!(text.parse(), Ok(Moment(Timestamp::from_millis(millis))), "{}", text);
        }

        #[test]
        fn no_text_does_harm(text in "[-0-9T:.Z+]{0,40}", any: String) {
            let _ = text.parse::<Moment>();
            let _ = any.parse::<Moment>();
        }
    }
}
