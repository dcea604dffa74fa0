//! The embedded engine, on threads of its own.

use std::{sync::mpsc, thread};

use dynoxide::Database;
use tokio::{net::TcpListener, runtime::Builder, sync::oneshot};

/// How many requests it works on at once, as in the local host.
const THREADS: usize = 4;

/// An engine in memory that serves a loopback port until this is dropped.
#[derive(Debug)]
pub(crate) struct Embedded {
    url: String,
    _stop: oneshot::Sender<()>,
}

impl Embedded {
    /// Starts one, without tables.
    pub(crate) fn start() -> Self {
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        thread::spawn(move || {
            let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build();
            runtime.expect("threads can be started").block_on(async {
                let database = Database::memory().expect("the engine opens its memory");
                let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
                let address = listener.local_addr().expect("a bound socket has an address");
                tell.send(format!("http://{address}")).expect("somebody waits for the engine");
                let until_dropped = async { drop(stopped.await) };
                let served = dynoxide::server::serve_with_shutdown(listener, database, until_dropped).await;
                served.expect("the engine serves");
            });
        });
        Self { url: told.recv().expect("the engine starts"), _stop: stop }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}
