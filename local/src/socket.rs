//! How a command reaches the engine of a server that runs on the same data directory.
//!
//! The server listens on a Unix socket in a directory that only its owner can enter. Where there are no Unix sockets it
//! listens on a loopback port, and answers only requests that carry a secret of this start. The file `endpoint` in the data
//! directory says which.

use std::{
    io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_types::SdkConfig;
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_TYPE, HOST, ORIGIN},
    },
    response::{IntoResponse, Response},
    routing::post,
};
use photovote_dynamodb::{Answer, Endpoint, Request, answered_by, config};
use photovote_embedded::{Dispatcher, NoAnswer};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    data_dir::{DataDir, DataDirError},
    stop::Stop,
    supervisor::Supervisor,
};

/// The longest path of a socket that every system takes, in bytes (`sun_path` has 104 on macOS and 108 on Linux).
const LONGEST_PATH: usize = 100;
/// The longest request, in bytes, as in DynamoDB.
const LONGEST_REQUEST: usize = 16 << 20;
/// What the names of the directories of sockets begin with.
const PREFIX: &str = "engine-";
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SECRET: HeaderName = HeaderName::from_static("x-photovote-secret");

/// Why a command and a server do not reach each other.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// The server cannot listen.
    #[error("the engine cannot listen for commands on this machine: {0}")]
    Listen(#[from] io::Error),
    /// The system gives no random numbers.
    #[error("no secret can be made: {0}")]
    Random(#[from] getrandom::Error),
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The file `endpoint` names no address.
    #[error("the file `endpoint` of the data directory is damaged: {0}")]
    Endpoint(#[from] serde_json::Error),
    /// The command has no HTTP client.
    #[error("the server that is using the data directory cannot be reached: {0}")]
    Connect(#[from] reqwest::Error),
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Address {
    /// On a Unix socket.
    Socket(PathBuf),
    /// On a port of the loopback interface, for requests that carry a secret.
    Loopback {
        /// The port.
        port: u16,
        /// The secret: 32 random bytes in hexadecimal digits.
        secret: String,
    },
}

/// The server's side. It listens until it is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Socket {
    dir: DataDir,
    _stop: Stop,
    served: JoinHandle<()>,
    /// It holds the socket, and is deleted with this.
    _place: Option<TempDir>,
}

#[derive(Clone)]
struct Served {
    address: Address,
    dispatcher: Dispatcher,
}

impl Socket {
    /// Listens, and says in the data directory where.
    pub(crate) async fn listen(
        dir: &DataDir,
        dispatcher: Dispatcher,
        supervisor: &Supervisor,
    ) -> Result<Self, SocketError> {
        if cfg!(unix) {
            Self::on_socket(dir, dispatcher, supervisor)
        } else {
            Self::on_loopback(dir, dispatcher, supervisor).await
        }
    }

    #[cfg(unix)]
    fn on_socket(dir: &DataDir, dispatcher: Dispatcher, supervisor: &Supervisor) -> Result<Self, SocketError> {
        let (place, path) = place(dir)?;
        let listener = tokio::net::UnixListener::bind(&path)?;
        Self::serve(dir, listener, Served { address: Address::Socket(path), dispatcher }, Some(place), supervisor)
    }

    #[cfg(not(unix))]
    fn on_socket(_dir: &DataDir, _dispatcher: Dispatcher, _supervisor: &Supervisor) -> Result<Self, SocketError> {
        Err(io::Error::from(io::ErrorKind::Unsupported).into())
    }

    async fn on_loopback(dir: &DataDir, dispatcher: Dispatcher, supervisor: &Supervisor) -> Result<Self, SocketError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = Address::Loopback { port: listener.local_addr()?.port(), secret: hex::encode(secret) };
        Self::serve(dir, listener, Served { address, dispatcher }, None, supervisor)
    }

    fn serve<L>(
        dir: &DataDir,
        listener: L,
        served: Served,
        place: Option<TempDir>,
        supervisor: &Supervisor,
    ) -> Result<Self, SocketError>
    where
        L: axum::serve::Listener,
        L::Addr: std::fmt::Debug,
    {
        dir.publish_endpoint(&serde_json::to_string(&served.address)?)?;
        let router = Router::new().route("/", post(carry_out));
        let router = router.layer(DefaultBodyLimit::max(LONGEST_REQUEST)).with_state(served);
        let (stop, stopping) = Stop::new();
        let until = stopping.clone();
        let served = supervisor.start("the socket for commands", stopping, async move {
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(until.wait()).await {
                tracing::error!(%error, "commands cannot reach the engine any more");
            }
        });
        Ok(Self { dir: dir.clone(), _stop: stop, served, _place: place })
    }

    /// Listens no more. A request that is under way loses its answer.
    pub(crate) fn stop(self) {
        self.served.abort();
        if let Err(error) = withdraw(&self.dir) {
            tracing::error!(%error, "the file `endpoint` stays behind");
        }
    }
}

/// Makes a directory that only its owner can enter, and names a socket in it. If the data directory has too long a path,
/// the directory is among the system's temporary files.
#[cfg(unix)]
fn place(dir: &DataDir) -> io::Result<(TempDir, PathBuf)> {
    for parent in [dir.path(), &std::env::temp_dir(), Path::new("/tmp")] {
        let only_the_owner = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        let place = tempfile::Builder::new().prefix(PREFIX).permissions(only_the_owner).tempdir_in(parent)?;
        let path = place.path().join("socket");
        if path.as_os_str().len() <= LONGEST_PATH {
            return Ok((place, path));
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidFilename, "the paths of all temporary directories are too long"))
}

/// Deletes the file `endpoint`, and the sockets of servers that were killed. Only the owner of the claim may do so.
pub(crate) fn withdraw(dir: &DataDir) -> Result<(), DataDirError> {
    dir.withdraw_endpoint()?;
    let failed = |source| DataDirError::Write { path: dir.path().to_owned(), source };
    for entry in std::fs::read_dir(dir.path()).map_err(failed)? {
        let place = entry.map_err(failed)?;
        if place.file_name().to_string_lossy().starts_with(PREFIX) {
            delete_socket(&place.path()).map_err(failed)?;
        }
    }
    Ok(())
}

/// Deletes a socket, and its directory unless that holds something else. Any other directory belongs to somebody else.
#[cfg(unix)]
fn delete_socket(place: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt;

    let socket = place.join("socket");
    match std::fs::symlink_metadata(&socket) {
        Ok(found) if found.file_type().is_socket() => {
            std::fs::remove_file(&socket)?;
            match std::fs::remove_dir(place) {
                Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => Err(error),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn delete_socket(_place: &Path) -> io::Result<()> {
    Ok(())
}

/// Answers a request as DynamoDB would.
async fn carry_out(State(served): State<Served>, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    if let Address::Loopback { port, secret } = &served.address {
        admit(&headers, *port, secret)?;
    }
    let target = headers.get(TARGET).and_then(|target| target.to_str().ok()).unwrap_or_default().to_owned();
    let request = (target, body);
    let Answer { status, body } = served.dispatcher.answer(request, |(target, body)| (operation(target), body)).await?;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok((status, [(CONTENT_TYPE, "application/x-amz-json-1.0")], body).into_response())
}

fn operation(target: &str) -> &str {
    target.rsplit('.').next().unwrap_or_default()
}

/// Admits a process that could read the secret, and no web page: neither one that knows the port (the browser sends `Origin`
/// or `Sec-Fetch-Site`) nor one whose name has been made to lead to this machine (the browser sends that name as `Host`).
fn admit(headers: &HeaderMap, port: u16, secret: &str) -> Result<(), Refusal> {
    let bytes = |name| headers.get(name).map_or(&[][..], HeaderValue::as_bytes);
    let from_browser = headers.contains_key(ORIGIN) || headers.contains_key(FETCH_SITE);
    let is_page = from_browser || bytes(HOST) != format!("{}:{port}", Ipv4Addr::LOCALHOST).as_bytes();
    if is_page || !bool::from(bytes(SECRET).ct_eq(secret.as_bytes())) {
        return Err(Refusal::Stranger);
    }
    Ok(())
}

/// Why a request has no answer of the engine's.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("this port is for the commands of the user who started the server")]
    Stranger,
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Stranger => StatusCode::FORBIDDEN,
            Self::NoAnswer(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, self.to_string()).into_response()
    }
}

/// The SDK's configuration for clients that reach the engine of the server that is using a data directory.
pub(crate) fn connect(dir: &DataDir) -> Result<SdkConfig, SocketError> {
    let address: Address = serde_json::from_str(&dir.endpoint()?)?;
    let (url, secret, client) = match address {
        Address::Socket(path) => ("http://localhost/".to_owned(), String::new(), over_socket(path)?),
        Address::Loopback { port, secret } => {
            let client = reqwest::Client::builder().no_proxy().build()?;
            (format!("http://{}:{port}/", Ipv4Addr::LOCALHOST), secret, client)
        }
    };
    let send = move |request: Request| {
        let post = client.post(&url).header(TARGET, request.target()).header(SECRET, &secret);
        let post = post.body(request.body().to_vec());
        async move {
            let lost = |error: reqwest::Error| ConnectorError::io(error.into());
            let answer = post.send().await.map_err(lost)?;
            Ok(Answer { status: answer.status().as_u16(), body: answer.bytes().await.map_err(lost)?.into() })
        }
    };
    Ok(config(&Endpoint::Client(answered_by(send))))
}

#[cfg(unix)]
fn over_socket(path: PathBuf) -> Result<reqwest::Client, SocketError> {
    Ok(reqwest::Client::builder().no_proxy().unix_socket(path).build()?)
}

#[cfg(not(unix))]
fn over_socket(_path: PathBuf) -> Result<reqwest::Client, SocketError> {
    Err(io::Error::from(io::ErrorKind::Unsupported).into())
}

#[cfg(test)]
mod tests {
    use photovote_dynamodb::client;

    use super::*;
    use crate::{
        data_dir::{DataDir, temporary},
        host::engine::{DOCUMENTS, Durability, Engine},
    };

    async fn engine(dir: &DataDir) -> Engine {
        Engine::start(dir, Durability::ProcessEnd).await.unwrap()
    }

    async fn is_reachable(config: &SdkConfig) -> bool {
        client(config, None).scan().table_name(DOCUMENTS).send().await.is_ok()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_command_reaches_the_engine_only_while_it_listens() {
        let home = temporary().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        let engine = engine(&dir).await;
        assert!(matches!(connect(&dir), Err(SocketError::DataDir(DataDirError::NotReady { .. }))));
        for loopback in [false, true] {
            let socket = if loopback {
                Socket::on_loopback(&dir, engine.dispatcher(), &Supervisor::new()).await.unwrap()
            } else {
                Socket::listen(&dir, engine.dispatcher(), &Supervisor::new()).await.unwrap()
            };
            let config = connect(&dir).unwrap();
            assert!(is_reachable(&config).await, "{loopback}");
            socket.stop();
            assert!(matches!(connect(&dir), Err(SocketError::DataDir(DataDirError::NotReady { .. }))));
        }
        engine.stop().await;
    }

    #[cfg(unix)]
    #[tokio::test(flavor = "multi_thread")]
    async fn a_socket_opens_at_a_long_path_and_after_a_kill() {
        let home = temporary().unwrap();
        let long = home.path().join("long ".repeat(40));
        for path in [home.path(), &long] {
            let dir = DataDir::open(path).unwrap();
            let engine = engine(&dir).await;
            let photographs = dir.file("engine-photographs");
            std::fs::create_dir(&photographs).unwrap();
            std::fs::write(photographs.join("moon.png"), "").unwrap();
            let left = Socket::listen(&dir, engine.dispatcher(), &Supervisor::new()).await.unwrap();
            left.served.abort();
            std::mem::forget(left);
            engine.stop().await;
            let engine = Engine::start(&dir, Durability::ProcessEnd).await.unwrap();
            let socket = Socket::listen(&dir, engine.dispatcher(), &Supervisor::new()).await.unwrap();
            assert!(is_reachable(&connect(&dir).unwrap()).await);
            socket.stop();
            let left = std::fs::read_dir(dir.path())
                .unwrap()
                .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(PREFIX));
            assert_eq!(left.count(), 1, "what is not ours");
            assert!(photographs.join("moon.png").exists());
            engine.stop().await;
        }
    }

    #[cfg(unix)]
    #[tokio::test(flavor = "multi_thread")]
    async fn only_the_owner_can_enter_the_sockets_directory() {
        use std::os::unix::fs::PermissionsExt;

        let home = temporary().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        let engine = engine(&dir).await;
        let socket = Socket::listen(&dir, engine.dispatcher(), &Supervisor::new()).await.unwrap();
        let Address::Socket(path) = serde_json::from_str(&dir.endpoint().unwrap()).unwrap() else { panic!() };
        let place = std::fs::metadata(path.parent().unwrap()).unwrap();
        assert_eq!(place.permissions().mode() & 0o777, 0o700);
        socket.stop();
        engine.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_port_refuses_web_pages_and_missing_secrets() {
        let home = temporary().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        let engine = engine(&dir).await;
        let socket = Socket::on_loopback(&dir, engine.dispatcher(), &Supervisor::new()).await.unwrap();
        let address = serde_json::from_str(&dir.endpoint().unwrap()).unwrap();
        let Address::Loopback { port, secret } = address else { panic!() };
        let other = secret.replace(|digit: char| digit.is_ascii_digit(), "f");
        let cases = [
            (Some(&secret), None, 200),
            (None, None, 403),
            (Some(&other), None, 403),
            (Some(&secret), Some((ORIGIN, "http://evil.example")), 403),
            (Some(&secret), Some((ORIGIN, "null")), 403),
            (Some(&secret), Some((FETCH_SITE, "none")), 403),
            (Some(&secret), Some((HOST, "evil.example")), 403),
        ];
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("http://127.0.0.1:{port}/");
        for (secret, header, status) in cases {
            let request = client.post(&url).header(TARGET, "DynamoDB_20120810.Scan");
            let secret = secret.map(|secret| (SECRET, secret.as_str()));
            let request =
                secret.into_iter().chain(header.clone()).fold(request, |all, (name, value)| all.header(name, value));
            let answer = request.body(format!(r#"{{"TableName": "{DOCUMENTS}"}}"#)).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{header:?}");
            assert!(answer.headers().keys().all(|name| !name.as_str().starts_with("access-control")));
        }
        let preflight = client.request(reqwest::Method::OPTIONS, &url).header(ORIGIN, "http://evil.example");
        let preflight = preflight.header("access-control-request-method", "POST").send().await.unwrap();
        assert_eq!(preflight.status().as_u16(), 405);
        socket.stop();
        engine.stop().await;
    }
}
