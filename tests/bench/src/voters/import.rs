//! A list that is imported by a local server, from its upload until all of its voters are shown.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use photovote::{data_dir::temporary, host::engine::Durability, server::Server};
use photovote_tests::{Client, Election};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::memory;
use crate::options;

/// How often an import is looked at.
const PERIOD: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_hours(1);
/// How many voters a page of their list has.
const PAGE: u32 = 100;

/// What was measured.
pub(super) struct Imported {
    /// From the request of the import until its file is read.
    pub(super) read: Duration,
    /// From the confirmation until the import is done.
    pub(super) registered: Duration,
    /// From the confirmation until each voter has a document.
    pub(super) shown: Duration,
    /// The memory before it, in bytes.
    pub(super) before: u64,
    /// The most memory meanwhile.
    pub(super) peak: u64,
}

/// Imports a list of so many voters.
pub(super) async fn measure(list: &str, voters: u32) -> Result<Imported, Box<dyn Error>> {
    let home = temporary()?;
    let server = Server::start(options(home.path(), Durability::PowerLoss)).await?;
    let owner = Client::new(&format!("http://{}", server.address()), Some(&server.token(&"owner".parse()?)?));
    let election = Election::draft_of(owner, json!({"name": "Summer", "expected_voters": voters}), &[2]).await;
    let before = memory::forget_peak()?;
    let began = Instant::now();
    let path = upload(&election, list).await?;
    comes_to(&election, &path, "ready").await?;
    let read = began.elapsed();
    let confirmed = Instant::now();
    let done = confirm(&election, &path).await?;
    let registered = confirmed.elapsed();
    if done["counts"]["imported"] != json!(voters) {
        return Err(format!("not all are imported: {}", done["counts"]).into());
    }
    all_are_shown(&election, voters).await?;
    let shown = confirmed.elapsed();
    let peak = memory::peak()?;
    server.stop().await;
    Ok(Imported { read, registered, shown, before, peak })
}

/// Requests an import of a list, and uploads the list. Answers the import's path.
pub(super) async fn upload(election: &Election, list: &str) -> Result<String, Box<dyn Error>> {
    let body = json!({"name": "members.csv", "bytes": list.len()});
    let requested = election.post("/imports", body).await.status(201).json();
    let sent = election.owner.upload(&requested["upload"], list.as_bytes()).await;
    if !sent.is_success() {
        return Err(format!("the upload is answered {sent}").into());
    }
    Ok(format!("/imports/{}", requested["id"].as_str().unwrap_or_default()))
}

/// Confirms an import, and waits until it is done.
pub(super) async fn confirm(election: &Election, path: &str) -> Result<Value, Box<dyn Error>> {
    election.post(&format!("{path}/confirm"), json!({})).await.status(200);
    comes_to(election, path, "done").await
}

/// Waits until an import has come to a status.
pub(super) async fn comes_to(election: &Election, path: &str, status: &str) -> Result<Value, Box<dyn Error>> {
    let began = Instant::now();
    while began.elapsed() < LONGEST {
        let import = election.get(path).await.ok().json();
        if import["status"] == status {
            return Ok(import);
        }
        if import["status"] == "refused" {
            return Err(format!("the list is refused: {}", import["problem"]).into());
        }
        sleep(PERIOD).await;
    }
    Err(format!("the import is not {status} after {LONGEST:?}").into())
}

/// Reads the list of voters page by page, as far as there are documents, until it has so many.
async fn all_are_shown(election: &Election, voters: u32) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    while began.elapsed() < LONGEST {
        let (mut count, mut cursor) = (0, Value::Null);
        loop {
            let from = cursor.as_str().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let page = election.get(&format!("/voters?limit={PAGE}{from}")).await.ok().json();
            count += page["items"].as_array().map_or(0, Vec::len);
            cursor = page["next_cursor"].clone();
            if cursor.is_null() {
                break;
            }
        }
        if count >= usize::try_from(voters)? {
            return Ok(());
        }
        sleep(PERIOD).await;
    }
    Err(format!("not all voters are shown after {LONGEST:?}").into())
}
