//! How far a stream has come.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The number of events in a stream, and so the place of its last one; 0 before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(u64);

impl Version {
    /// The version of a stream that holds nothing.
    pub const NONE: Self = Self(0);

    /// The version of a stream of so many events.
    pub const fn new(events: u64) -> Self {
        Self(events)
    }

    /// The number of events.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The version after so many more events.
    #[must_use]
    pub const fn plus(self, events: usize) -> Self {
        // usize is at most 64 bits wide on every target there is.
        Self(self.0 + events as u64)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
