//! The elections whose gates were all seen lately.
//!
//! Gates are made together with their election and are never deleted while it can be used, so that a function need not look
//! for them before each command. What passes a gate finds out in any case whether it is there.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use photovote_domain::ElectionId;
use tokio::time::Instant;

/// For how long it is remembered.
const MAX_AGE: Duration = Duration::from_secs(5);
/// How many elections are remembered before old ones are forgotten.
const CAPACITY: usize = 1_024;

/// When all gates of an election were seen. Clones share what is remembered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<HashMap<ElectionId, Instant>>>);

impl Seen {
    pub(crate) fn lately(&self, election: ElectionId) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&election).is_some_and(|at| at.elapsed() < MAX_AGE)
    }

    pub(crate) fn now(&self, election: ElectionId) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= CAPACITY {
            seen.retain(|_, at| at.elapsed() < MAX_AGE);
        }
        seen.insert(election, Instant::now());
    }

    pub(crate) fn forget(&self, election: ElectionId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&election);
    }
}
