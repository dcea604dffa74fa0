//! An embedded database over HTTP, for programs that can be given nothing but a URL.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use photovote_dynamodb::Answer;
use photovote_embedded::Dispatcher;
use tokio::{net::TcpListener, task::JoinHandle};

/// A server before a database. It stops when it is dropped.
#[derive(Debug)]
pub struct OverHttp {
    url: String,
    server: JoinHandle<()>,
}

impl OverHttp {
    /// Serves on a free port of the loopback interface.
    pub async fn start(dispatcher: Dispatcher) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let router = Router::new().route("/", post(answer)).with_state(dispatcher);
        let server = tokio::spawn(async { axum::serve(listener, router).await.expect("the server runs") });
        Self { url, server }
    }

    /// Where it listens: `http://127.0.0.1:<port>`.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for OverHttp {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(dispatcher): State<Dispatcher>, headers: HeaderMap, body: Bytes) -> (StatusCode, Vec<u8>) {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let answer = dispatcher.answer((operation, body), |(operation, body)| (operation, body)).await;
    let Answer { status, body } = answer.expect("the database answers");
    (StatusCode::from_u16(status).expect("a status has three digits"), body)
}
