//! Virtual time: it passes only while everybody waits.

use photovote_domain::Timestamp;
use tokio::time::Instant;

/// The moment at which every simulation begins.
const BEGINNING: i64 = 1_790_000_000_000;

/// The clock of a simulation, on everybody's wall.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    /// A clock that starts now.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// The present moment.
    pub(crate) fn now(self) -> Timestamp {
        Timestamp::from_millis(BEGINNING + self.elapsed_millis())
    }

    /// How long the simulation has lasted, in milliseconds.
    pub(crate) fn elapsed_millis(self) -> i64 {
        i64::try_from(self.0.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}
