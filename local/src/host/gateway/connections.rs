//! The gateway's connections: how many there are, and how long each may be held.
//!
//! A connection is closed if it is quiet for too long: it has sent no whole head of a request, whatever it has sent, or nothing
//! since the last answer. hyper's `header_read_timeout` does not see a connection that has not sent enough to tell HTTP/1 from
//! HTTP/2, nor one of HTTP/2 that is idle.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroUsize,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{Extension, Router, extract::Request, middleware::Next, response::Response, serve::Listener};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Mutex, watch},
    task::{JoinError, JoinSet},
};
use tower::Layer;

use crate::stop::Stopping;

/// The most connections at a time, unless one chooses otherwise: half of the 1,024 files that a process may usually have open.
/// With a body of 256 KB on each, they take 128 MB.
pub const MAX_CONNECTIONS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(511);

/// How long a connection may have no request under way. In this time, a client has read the last answer, which was ready when the
/// time began, and sent the whole head of the next request. A request itself ends: its body and its function have limits of their
/// own.
pub(super) const LONGEST_QUIET: Duration = Duration::from_secs(45);

/// The most that is read of HTTP/1 before anything is done with it, in bytes. The longest head has 10 KB.
const BUFFER: usize = 64 * 1024;
/// The most requests at a time on one connection of HTTP/2.
const STREAMS: u32 = 16;
/// How much each of them may send before it is read, in bytes.
const WINDOW: u32 = 16 * 1024;

/// What the gateway knows of the connection that a request came by.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    /// The other end.
    pub(super) source: SocketAddr,
    /// Our address, as the client sees it.
    pub(super) here: IpAddr,
    /// Held while a body is read. HTTP/2 may send many at once, of which one at a time is kept.
    pub(super) body: Arc<Mutex<()>>,
    requests: Requests,
}

/// How many requests are under way.
#[derive(Debug, Clone)]
struct Requests(watch::Sender<usize>);

/// A request that is under way until this is dropped.
#[derive(Debug)]
struct UnderWay(Requests);

impl Requests {
    fn begin(&self) -> UnderWay {
        self.0.send_modify(|requests| *requests += 1);
        UnderWay(self.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.send_modify(|requests| *requests -= 1);
    }
}

/// Serves what connects, until it is time to stop. Then it answers what is under way. If this is dropped, all connections are
/// closed.
pub(super) async fn serve(mut listener: TcpListener, router: Router, most: NonZeroUsize, stopping: Stopping) {
    let mut connections = JoinSet::new();
    let mut stop = pin!(stopping.clone().wait());
    loop {
        let next = async {
            while let Some(ended) = connections.try_join_next() {
                note(ended);
            }
            while connections.len() >= most.get() {
                tracing::warn!(most, "all connections are in use: the next client waits for one to end");
                if let Some(ended) = connections.join_next().await {
                    note(ended);
                }
            }
            // Waits a second if the system refuses, for example because too many files are open.
            Listener::accept(&mut listener).await
        };
        let (stream, source) = tokio::select! {
            accepted = next => accepted,
            () = &mut stop => break,
        };
        match stream.local_addr() {
            Ok(here) => {
                connections.spawn(hold(stream, source, here.ip(), router.clone(), stopping.clone()));
            }
            Err(error) => tracing::debug!(%error, "a connection ended before it began"),
        }
    }
    drop(listener);
    while let Some(ended) = connections.join_next().await {
        note(ended);
    }
}

fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection broke off");
    }
}

/// Serves one connection.
async fn hold(stream: TcpStream, source: SocketAddr, here: IpAddr, router: Router, stopping: Stopping) {
    let (sender, mut requests) = watch::channel(0);
    let connection = Connection { source, here, body: Arc::default(), requests: Requests(sender) };
    let service = TowerToHyperService::new(Extension(connection.clone()).layer(router));
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().max_buf_size(BUFFER);
    builder
        .http2()
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(STREAMS * WINDOW);
    let mut served = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut stop = pin!(stopping.clone().wait());
    let mut is_stopping = false;
    loop {
        let is_quiet = *requests.borrow_and_update() == 0;
        tokio::select! {
            ended = served.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(error, "a connection ended early");
                }
                break;
            }
            () = &mut stop, if !is_stopping => {
                is_stopping = true;
                served.as_mut().graceful_shutdown();
            }
            // The connection holds a sender, so this is no error.
            _changed = requests.changed() => {}
            () = tokio::time::sleep(LONGEST_QUIET), if is_quiet => {
                tracing::debug!("a connection was quiet for too long");
                break;
            }
        }
    }
    drop(connection);
}

/// Counts a request until its answer is ready.
pub(super) async fn count(Extension(connection): Extension<Connection>, request: Request, next: Next) -> Response {
    let _under_way = connection.requests.begin();
    next.run(request).await
}
