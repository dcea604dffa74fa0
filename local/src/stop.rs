//! How what runs in the background is told to stop.

use std::time::Duration;

use tokio::sync::watch;

/// Held by whoever lets something run: it stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Stop {
    _held: watch::Sender<()>,
}

/// Held by what runs.
#[derive(Debug, Clone)]
pub(crate) struct Stopping(watch::Receiver<()>);

impl Stop {
    pub(crate) fn new() -> (Self, Stopping) {
        let (held, stopping) = watch::channel(());
        (Self { _held: held }, Stopping(stopping))
    }
}

impl Stopping {
    /// Whether it is time to stop.
    pub(crate) fn is_now(&self) -> bool {
        self.0.has_changed().is_err()
    }

    /// Waits until it is time to stop.
    pub(crate) async fn wait(mut self) {
        // Nothing is ever sent: this ends when the other end is gone.
        while self.0.changed().await.is_ok() {}
    }

    /// Rests for a while, or until it is time to stop.
    pub(crate) async fn rest(&self, pause: Duration) {
        if let Err(rested) = tokio::time::timeout(pause, self.clone().wait()).await {
            tracing::trace!(%rested);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_dropped_stops_what_runs() {
        let (stop, stopping) = Stop::new();
        assert!(!stopping.is_now());
        stopping.rest(Duration::ZERO).await;
        drop(stop);
        assert!(stopping.is_now());
        stopping.rest(Duration::MAX).await;
        stopping.wait().await;
    }
}
