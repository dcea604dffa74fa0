//! Moments as text (RFC 3339).

use std::{fmt, str::FromStr};

use photovote_domain::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The beginning of the year 0, in milliseconds since the epoch.
const YEAR_0: i64 = -62_167_219_200_000;

/// Why a text is not a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a time is RFC 3339 with an offset, such as 2026-05-17T18:30:00Z")]
pub struct MomentError;

/// A moment as a body says it: any RFC 3339 time is read, UTC is written, with milliseconds when there are any. What is finer
/// than a millisecond is cut off. Documented with `#[schema(value_type = schema::Moment)]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment(pub Timestamp);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.millis();
        // Beyond the years that can be written, the last one that can.
        let end = if millis < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        let moment = jiff::Timestamp::from_millisecond(millis).unwrap_or(end);
        if millis % 1_000 == 0 { write!(f, "{moment:.0}") } else { write!(f, "{moment:.3}") }
    }
}

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        // The parser takes more than RFC 3339: basic formats, time zones in brackets, missing seconds.
        if !has_the_shape(text.as_bytes()) {
            return Err(MomentError);
        }
        let moment: jiff::Timestamp = text.parse().map_err(|_no_such_moment| MomentError)?;
        let millis = moment.as_millisecond();
        // An offset can lead before the year 0, which RFC 3339 cannot write in UTC.
        if millis < YEAR_0 { Err(MomentError) } else { Ok(Self(Timestamp::from_millis(millis))) }
    }
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

/// `0000-00-00T00:00:00`, perhaps a fraction, then `Z` or `+00:00`.
fn has_the_shape(text: &[u8]) -> bool {
    let like = |text: &[u8], pattern: &[u8]| {
        text.len() == pattern.len()
            && text.iter().zip(pattern).all(|(byte, like)| match like {
                b'0' => byte.is_ascii_digit(),
                b'+' => matches!(byte, b'+' | b'-'),
                other => byte.eq_ignore_ascii_case(other),
            })
    };
    let Some((date_time, rest)) = text.split_at_checked(19) else { return false };
    let offset = match rest {
        [b'.', fraction @ ..] => {
            let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
            if !(1..=9).contains(&digits) {
                return false;
            }
            &fraction[digits..]
        }
        _ => rest,
    };
    like(date_time, b"0000-00-00T00:00:00") && (like(offset, b"Z") || like(offset, b"+00:00"))
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
        assert_eq!(read("0000-01-01T00:00:00Z"), YEAR_0);
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
            "0000-01-01T00:30:00+02:00",
        ];
        for text in refused {
            assert_eq!(text.parse::<Moment>(), Err(MomentError), "{text}");
        }
    }

    #[test]
    fn a_moment_is_written_in_utc() {
        let written = |millis| Moment(Timestamp::from_millis(millis)).to_string();
        assert_eq!(written(0), "1970-01-01T00:00:00Z");
        assert_eq!(written(1_500), "1970-01-01T00:00:01.500Z");
        assert_eq!(written(-1), "1969-12-31T23:59:59.999Z");
        assert!(written(i64::MAX).starts_with("9999-12-30"));
        assert!(!written(i64::MIN).is_empty());
    }

    proptest! {
        #[test]
        fn every_moment_survives_its_text(millis in -62_135_596_800_000_i64..253_402_207_200_000) {
            let moment = Moment(Timestamp::from_millis(millis));
            prop_assert_eq!(moment.to_string().parse(), Ok(moment));
        }

        #[test]
        fn no_text_does_harm(text in "[-0-9T:.Z+]{0,40}", any: String) {
            let _ = text.parse::<Moment>();
            let _ = any.parse::<Moment>();
        }
    }
}
