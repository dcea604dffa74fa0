//! A server in the test's own process, on a directory that outlives it.

use std::{path::Path, time::Duration};

use photovote::{
    host::consumer::Redelivery,
    host::engine::Durability,
    host::gateway::{AllowedHosts, Cors, MAX_CONNECTIONS, Page},
    host::mails::MailOptions,
    operate::data_copy::Source,
    operate::status::{self, Lag},
    server::{CreationRules, Options, Server, StartError},
};
use photovote_domain::Timestamp;

use crate::client::Client;

/// Enough for anything that comes about at all.
const PATIENCE: Duration = Duration::from_mins(1);
/// The pause between two looks.
const GLANCE: Duration = Duration::from_millis(20);

/// Starts one on a free port.
pub async fn serve(data: &Path, redelivery: Redelivery) -> Server {
    try_serve(data, redelivery).await.expect("the local host starts")
}

/// Tries to start one on a free port.
pub async fn try_serve(data: &Path, redelivery: Redelivery) -> Result<Server, StartError> {
    try_serve_creating(data, redelivery, CreationRules::default()).await
}

/// Starts one on a free port that lets administrators create elections by these rules.
pub async fn serve_creating(data: &Path, creation: CreationRules) -> Server {
    try_serve_creating(data, Redelivery::default(), creation).await.expect("the local host starts")
}

async fn try_serve_creating(
    data: &Path,
    redelivery: Redelivery,
    creation: CreationRules,
) -> Result<Server, StartError> {
    let options = Options {
        address: ([127, 0, 0, 1], 0).into(),
        data_dir: data.into(),
        page: Page::default(),
        cors: Cors::default(),
        allowed_hosts: AllowedHosts::default(),
        max_connections: MAX_CONNECTIONS,
        // Nobody pulls the plug of a temporary directory.
        durability: Durability::ProcessEnd,
        redelivery,
        creation,
        page_url: None,
        mail: MailOptions::default(),
    };
    Server::start(options).await
}

/// An administrator of a server.
pub fn administrator(server: &Server, subject: &str) -> Client {
    let token = server.token(&subject.parse().expect("a subject")).expect("a token");
    Client::new(&format!("http://{}", server.address()), Some(&token))
}

/// Waits for something to come about.
pub async fn until(what: &str, done: impl AsyncFn() -> bool) {
    let looks = async {
        while !done().await {
            tokio::time::sleep(GLANCE).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, looks).await.is_ok(), "there never came: {what}");
}

/// Waits until the documents behind a server have come as far as all events.
pub async fn followed(data: &Path) {
    let now = Timestamp::from_millis(0);
    let source = Source::of(data);
    let are_there = async || Box::pin(status::look(&source, now)).await.expect("a status").lag == Lag::default();
    until("the documents", are_there).await;
}
