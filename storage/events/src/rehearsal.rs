//! Playing another release, for tests of rolling deployments: what this program would do if it knew one event less.

use std::future::Future;

tokio::task_local! {
    static PLAYED: Release;
}

/// A release before or after a change of an event's schema.
#[derive(Debug, Clone, Copy)]
pub struct Release {
    /// The event's type.
    pub event_type: &'static str,
    /// The newest version of it that this release can read; 0 if it does not know the type.
    pub reads: u32,
    /// The newest version of it that this release writes.
    pub writes: u32,
}

impl Release {
    /// Does something as this release would. What the future spawns is not part of it.
    pub async fn play<F: Future>(self, act: F) -> F::Output {
        PLAYED.scope(self, act).await
    }

    pub(crate) fn known(&self, event_type: &str, newest: u32) -> u32 {
        if event_type == self.event_type { newest.min(self.reads) } else { newest }
    }

    pub(crate) fn written(&self, event_type: &str, newest: u32) -> u32 {
        if event_type == self.event_type { newest.min(self.writes) } else { newest }
    }
}

/// The release that is played here, if one is.
pub(crate) fn played() -> Option<Release> {
    PLAYED.try_with(|release| *release).ok()
}
