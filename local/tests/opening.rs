//! Elections that the clock opens on servers that are killed at moments across it: each opens, everybody has one link, and no vote that
//! was answered is lost. Which step a kill comes between is left to chance; `workers/clock/tests` and the simulation stop at each.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use crate::program::{Server, end_claims, photovote};
use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use photovote::data_dir::temporary;
use photovote_tests::{Client, Election, Letter, until};
use reqwest::Method;
use serde_json::json;

/// How often the same evening is held. Each time the kills come a little later.
const EVENINGS: u32 = 12;
const ELECTIONS: usize = 3;
const VOTERS: usize = 4;
/// How far ahead an opening is planned.
const AHEAD: SignedDuration = SignedDuration::from_secs(5);

/// A server on a directory, as the test starts it.
fn start(data: &Path) -> Server {
    Server::start_with(photovote(data).arg("--fast"))
}

/// Starts a server, and kills it after this long, whether it listens by then or not.
fn start_and_kill(data: &Path, after: Duration) {
    let mut command = photovote(data);
    let mut process = command.args(["--fast", "--port", "0"]).stdout(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    process.kill().unwrap();
    process.wait().unwrap();
}

/// Plans elections that open soon.
async fn plan(data: &Path) -> Vec<Election> {
    let mut server = start(data);
    let owner = Client::new(&server.url, Some(&server.token));
    let mut elections = Vec::new();
    for number in 0..ELECTIONS {
        let body = json!({"name": "Summer", "links": "invite", "expected_voters": VOTERS});
        let election = Election::draft_of(owner.clone(), body, &[2]).await;
        for voter in 0..VOTERS {
            let voter = json!({"name": "A voter", "email": format!("{number}-{voter}@example.org")});
            election.post("/voters", voter).await.status(201);
        }
        elections.push(election);
    }
    for election in &elections {
        let due = (Timestamp::now() + AHEAD).to_zoned(TimeZone::UTC).datetime();
        let due = due.round(jiff::Unit::Second).unwrap();
        let plan = json!({"opens_at": due.to_string(), "closes_at": "9000-01-01T00:00", "time_zone": "UTC"});
        owner.put(&election.path("/schedule"), plan).await.ok();
    }
    server.kill();
    elections
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    // Nobody else may enter it.
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy(&entry.path(), &to);
        } else if kind.is_file() {
            // A socket is the server's, which is dead.
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Waits until everybody is invited to each of these elections.
async fn all_are_invited(owner: &Client, elections: &[Election]) {
    for election in elections {
        let mailings = election.path("/mailings");
        until("everybody is invited", async || {
            let sent = owner.get(&mailings).await.status(200).json();
            sent["invitations"]["sent"] == VOTERS
        })
        .await;
    }
}

/// How long a server takes from its start until all has happened, if nobody kills it.
async fn whole(data: &Path, elections: &[Election]) -> Duration {
    let began = Instant::now();
    let server = start(data);
    all_are_invited(&Client::new(&server.url, Some(&server.token)), elections).await;
    let took = began.elapsed();
    server.stop();
    took
}

/// The tokens of those who have got their links, by their addresses.
fn links(data: &Path) -> BTreeMap<String, String> {
    let letters = Letter::all(data);
    let count = letters.len();
    let links: BTreeMap<_, _> = letters.into_iter().map(|letter| (letter.to, letter.token.unwrap())).collect();
    assert_eq!(links.len(), count, "somebody has two mails");
    links
}

/// Votes by all who have a link, while it can be done. Answers who was told that their vote is cast.
async fn vote(server: &Server, elections: &[Election], links: &BTreeMap<String, String>) -> BTreeSet<String> {
    let casts = stream::iter(links).map(|(voter, token)| async move {
        let number: usize = voter.split_once('-').unwrap().0.parse().unwrap();
        let ratings: BTreeMap<_, _> = elections[number].candidates().into_iter().map(|id| (id, 4)).collect();
        let client = Client::new(&server.url, Some(token));
        let body = json!({"ratings": ratings});
        let answer = client.request(Method::POST, "/ballot/cast").key("once").json(&body).try_send().await;
        // The others may come too early, or too late for this server.
        answer.is_ok_and(|answer| answer.status == 200).then(|| voter.clone())
    });
    casts.buffered(links.len().max(1)).filter_map(async |voter| voter).collect().await
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_openings_invite_all_and_lose_no_vote() {
    let home = temporary().unwrap();
    let planned = home.path().join("planned");
    let elections = plan(&planned).await;
    tokio::time::sleep(AHEAD.unsigned_abs()).await;
    let undisturbed = home.path().join("undisturbed");
    copy(&planned, &undisturbed);
    let whole = whole(&undisturbed, &elections).await;

    for evening in 1..=EVENINGS {
        let data = home.path().join(evening.to_string());
        copy(&planned, &data);
        // The engine starts before, and the last mails are noted after that.
        let moment = whole / 4 + whole / 2 * evening / EVENINGS;
        start_and_kill(&data, moment);
        end_claims(&data).await;
        let first = links(&data);
        let mut server = start(&data);
        let killed = Instant::now() + moment / 3;
        let answered = vote(&server, &elections, &first).await;
        tokio::time::sleep_until(killed.into()).await;
        server.kill();
        end_claims(&data).await;

        let server = start(&data);
        let owner = Client::new(&server.url, Some(&server.token));
        all_are_invited(&owner, &elections).await;
        let mailed = links(&data);
        assert_eq!(mailed.len(), ELECTIONS * VOTERS);
        assert!(first.iter().all(|link| mailed.get(link.0) == Some(link.1)), "a link was replaced");
        for voter in &answered {
            let ballot = Client::new(&server.url, Some(&mailed[voter])).get("/ballot").await.status(200).json();
            assert_eq!(ballot["ballot"]["cast"], true, "a vote is lost");
        }
        assert_eq!(vote(&server, &elections, &mailed).await.len(), ELECTIONS * VOTERS, "each link votes");
        for election in &elections {
            let turnout = owner.get(&election.path("/turnout")).await.status(200).json();
            assert_eq!((&turnout["registered"], &turnout["cast"]), (&json!(VOTERS), &json!(VOTERS)));
        }
        server.stop();
        // Disks are small.
        fs::remove_dir_all(data).unwrap();
    }
}
