//! The server's tasks in the background. None of them may end in silence while the server seems to run.

use std::{any::Any, panic::AssertUnwindSafe};

use futures::FutureExt;
use tokio::{sync::watch, task::JoinHandle};

use crate::stop::Stopping;

/// A task that ended before it was told to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{task} ended: {why}")]
pub struct Ended {
    /// Its name.
    task: &'static str,
    /// Why.
    why: String,
}

/// Starts tasks, and knows the first one that ended too early. Clones share what they know.
#[derive(Debug, Clone)]
pub struct Supervisor(watch::Sender<Option<Ended>>);

impl Default for Supervisor {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Supervisor {
    /// One that has started nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task that ends when it is time to stop, and not before.
    pub(crate) fn start(
        &self,
        task: &'static str,
        stopping: Stopping,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> JoinHandle<()> {
        let supervisor = self.clone();
        tokio::spawn(async move {
            let done = AssertUnwindSafe(work).catch_unwind().await;
            let why = match done {
                Ok(()) if stopping.is_now() => return,
                Ok(()) => "nothing was left for it to do".to_owned(),
                Err(panic) => format!("it panicked: {}", message(&*panic)),
            };
            supervisor.ended(task, why);
        })
    }

    /// Takes down that a task ended too early.
    pub(crate) fn ended(&self, task: &'static str, why: String) {
        let ended = Ended { task, why };
        tracing::error!(%ended, "the server cannot go on");
        self.0.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert(ended);
            is_first
        });
    }

    /// Waits until a task ends too early.
    pub(crate) async fn wait(&self) -> Ended {
        let mut told = self.0.subscribe();
        match told.wait_for(Option::is_some).await.map(|ended| ended.clone()) {
            Ok(Some(ended)) => ended,
            // This holds a sender.
            _ => std::future::pending().await,
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it did not say why")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stop::Stop;

    #[tokio::test]
    async fn a_task_that_panics_or_ends_early_is_named() {
        for (panics, says) in [(true, "it panicked: out of order"), (false, "nothing was left for it to do")] {
            let (supervisor, (_stop, stopping)) = (Supervisor::new(), Stop::new());
            let work = async move { assert!(!panics, "out of order") };
            let started = supervisor.start("the pump", stopping, work);
            assert_eq!(supervisor.wait().await.to_string(), format!("the pump ended: {says}"));
            started.await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_task_that_stops_when_told_has_not_failed() {
        let (supervisor, (stop, stopping)) = (Supervisor::new(), Stop::new());
        let started = supervisor.start("the pump", stopping.clone(), stopping.wait());
        drop(stop);
        started.await.unwrap();
        assert!(supervisor.wait().now_or_never().is_none());
    }

    #[tokio::test]
    async fn the_first_one_that_ended_is_told() {
        let supervisor = Supervisor::new();
        supervisor.ended("the pump", "it is old".into());
        supervisor.ended("the gateway", "it followed".into());
        assert_eq!(supervisor.wait().await.to_string(), "the pump ended: it is old");
    }
}
