//! The embedded engine, on threads of its own.

use std::{sync::mpsc, thread};

use photovote_testing::Engine;
use tokio::{runtime::Builder, sync::oneshot};

/// How many requests it works on at once, as in the local host.
const THREADS: usize = 4;

/// An engine in memory that serves a loopback port until this is dropped.
#[derive(Debug)]
pub(crate) struct Embedded {
    url: String,
    _stop: oneshot::Sender<()>,
}

impl Embedded {
    /// Starts one, without tables but those of the tests.
    pub(crate) fn start() -> Self {
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        thread::spawn(move || {
            let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build();
            runtime.expect("threads can be started").block_on(async {
                let engine = Engine::start().await;
                tell.send(engine.url().to_owned()).expect("somebody waits for the engine");
                // Ends when the sender is dropped.
                stopped.await.ok();
            });
        });
        Self { url: told.recv().expect("the engine starts"), _stop: stop }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}
