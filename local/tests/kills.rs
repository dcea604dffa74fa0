//! A server that is killed ten times while an election is held on it, and started again each time: nobody notices but by having to
//! send a request again.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use crate::program::Server;
use futures::{StreamExt, stream};
use photovote::data_dir::temporary;
use photovote_tests::{Answer, Client, Request};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

const VOTERS: usize = 200;
/// How many of them are at it at the same time.
const AT_ONCE: usize = 8;
const KILLS: usize = 10;
const CANDIDATES: usize = 5;
/// What the administrator asks for: create, a competition, its candidates, open, close, release.
const STEPS: usize = 5 + CANDIDATES;
/// What each voter's ballot takes: register, rate, cast; and, once it is closed, look whether the receipt is counted.
const STEPS_OF_A_VOTER: usize = 4;

/// The way to whichever server runs.
struct Polls {
    server: watch::Receiver<Client>,
    /// The administrator's token, good on all of them.
    token: String,
    /// How many requests were answered so far.
    answered: AtomicUsize,
    one_more: Notify,
}

impl Polls {
    /// Sends a request, if need be again and again, until a server lives long enough to answer it.
    async fn ask(&self, token: Option<&str>, request: impl Fn(&Client) -> Request) -> Answer {
        let mut server = self.server.clone();
        loop {
            let anybody = server.borrow_and_update().clone();
            let client = token.map(|token| anybody.with_token(token)).unwrap_or(anybody);
            if let Ok(answer) = request(&client).try_send().await {
                return answer;
            }
            // It is gone. If the next one is there already, this does not wait.
            server.changed().await.unwrap();
        }
    }

    /// A command, always with the same key.
    async fn command(&self, token: &str, method: Method, path: &str, body: &Value) -> Answer {
        let key = format!("{method} {path} {body}");
        self.ask(Some(token), |client| client.request(method.clone(), path).key(&key).json(body)).await
    }

    /// A command of the administrator; the same again, while the ballots are being counted.
    async fn administer(&self, path: &str, body: &Value) -> Answer {
        loop {
            let answer = self.command(&self.token, Method::POST, path, body).await;
            if answer.status != 503 {
                return answer.ok();
            }
            answer.refused(503, "counting");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// One of the steps is done.
    fn done(&self) {
        self.answered.fetch_add(1, Ordering::SeqCst);
        self.one_more.notify_one();
    }

    /// Waits until so many steps are done.
    async fn reached(&self, steps: usize) {
        while self.answered.load(Ordering::SeqCst) < steps {
            self.one_more.notified().await;
        }
    }
}

/// An election on such servers.
struct Election {
    path: String,
    candidates: Vec<String>,
}

impl Election {
    async fn open(polls: &Polls) -> Self {
        let created = polls.administer("/elections", &json!({"name": "Summer", "expected_voters": VOTERS})).await;
        polls.done();
        let path = format!("/elections/{}", created.text_of("id"));
        let competition = polls.administer(&format!("{path}/competitions"), &json!({"name": "Nature"})).await;
        polls.done();
        let place = format!("{path}/competitions/{}/candidates", competition.text_of("id"));
        let mut candidates = Vec::new();
        for number in 0..CANDIDATES {
            let body = json!({"name": format!("Photograph {number}")});
            candidates.push(polls.administer(&place, &body).await.text_of("id"));
            polls.done();
        }
        polls.administer(&format!("{path}/open"), &json!({})).await;
        polls.done();
        Self { path, candidates }
    }

    /// Lets somebody vote like this: rate one half of it, and send the rest with the cast. Answers the receipt.
    async fn vote(&self, polls: &Polls, voter: usize, ballot: &BTreeMap<usize, u8>) -> String {
        let body = json!({"name": "A voter", "email": format!("voter-{voter}@example.org")});
        let registered = polls.administer(&format!("{}/voters", self.path), &body).await.json();
        let token = if let Some(token) = registered["ballot_token"].as_str() {
            token.to_owned()
        } else {
            // It was told to nobody, and is shown once: another takes its place.
            let path = format!("{}/voters/{}/token", self.path, registered["id"].as_str().unwrap());
            self.new_token(polls, &path).await
        };
        polls.done();

        let (draft, rest): (Vec<_>, Vec<_>) = ballot.iter().partition(|(candidate, _)| *candidate % 2 == 0);
        let body = |part: Vec<(&usize, &u8)>| {
            let ratings: BTreeMap<_, _> =
                part.into_iter().map(|(number, grade)| (&self.candidates[*number], grade)).collect();
            json!({"ratings": ratings})
        };
        polls.command(&token, Method::PUT, "/ballot/ratings", &body(draft)).await.status(200);
        polls.done();
        let cast = body(rest);
        let told = polls.command(&token, Method::POST, "/ballot/cast", &cast).await.status(200).json();
        // Whoever asks once more is told the same.
        let again = polls.command(&token, Method::POST, "/ballot/cast", &cast).await.status(200).json();
        assert_eq!(told, again);
        polls.done();
        told["receipt"].as_str().unwrap().to_owned()
    }

    /// Replaces a token; again with another key, if the answer that showed the new one was lost.
    async fn new_token(&self, polls: &Polls, path: &str) -> String {
        let mut key = 0;
        loop {
            key += 1;
            let key = key.to_string();
            let ask = |client: &Client| client.request(Method::POST, path).key(&key).json(&json!({}));
            let answer = polls.ask(Some(&polls.token), ask).await.status(200).json();
            if let Some(token) = answer["ballot_token"].as_str() {
                return token.to_owned();
            }
        }
    }

    /// Waits until a ballot is counted.
    async fn counted(&self, polls: &Polls, receipt: &str) {
        let path = format!("/public{}/receipts/{receipt}", self.path);
        while polls.ask(None, |client| client.request(Method::GET, &path)).await.status != 200 {
            tokio::task::yield_now().await;
        }
        polls.done();
    }
}

/// Kills the server whenever so many steps are done, and starts the next one on what it left. The last one stays.
async fn kill(
    polls: &Polls,
    mut server: Server,
    data: &Path,
    next: &watch::Sender<Client>,
    moments: BTreeSet<usize>,
) -> Server {
    for moment in moments {
        polls.reached(moment).await;
        server.kill();
        server = tokio::task::block_in_place(|| Server::start(data));
        next.send_replace(Client::new(&server.url, None));
    }
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn an_election_killed_ten_times_counts_every_ballot() {
    // The same seed kills at the same steps, though others are on their way then.
    let seed: u64 = std::env::var("SEED").map_or_else(|_| rand::rng().random(), |seed| seed.parse().unwrap());
    println!("SEED={seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let mut moments = BTreeSet::new();
    while moments.len() < KILLS {
        moments.insert(dice.random_range(1..STEPS + STEPS_OF_A_VOTER * VOTERS));
    }
    let ballots: Vec<BTreeMap<usize, u8>> =
        (0..VOTERS).map(|_| (0..CANDIDATES).map(|candidate| (candidate, dice.random_range(1..=5))).collect()).collect();

    let home = temporary().unwrap();
    let server = Server::start(home.path());
    let (next, current) = watch::channel(Client::new(&server.url, None));
    let token = server.token.clone();
    let polls = Polls { server: current, token, answered: AtomicUsize::new(0), one_more: Notify::new() };

    let hold = async {
        let election = Election::open(&polls).await;
        let votes = ballots.iter().enumerate().map(|(voter, ballot)| election.vote(&polls, voter, ballot));
        let receipts: Vec<String> = stream::iter(votes.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect().await;
        polls.administer(&format!("{}/close", election.path), &json!({})).await;
        polls.done();
        polls.administer(&format!("{}/release", election.path), &json!({})).await;
        polls.done();
        let looks = receipts.iter().map(|receipt| election.counted(&polls, receipt));
        stream::iter(looks.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
        (election, receipts)
    };
    let ((election, receipts), server) = tokio::join!(hold, kill(&polls, server, home.path(), &next, moments));

    assert_eq!(receipts.iter().collect::<BTreeSet<_>>().len(), VOTERS, "a receipt for each");
    let ask = async |rest: &str| {
        let path = format!("{}{rest}", election.path);
        polls.ask(Some(&polls.token), |client| client.request(Method::GET, &path)).await.status(200).json()
    };
    assert_eq!(ask("/turnout").await, json!({"registered": VOTERS, "cast": VOTERS}), "what the gates let through");
    let results = ask("/results").await;
    assert_eq!(results["status"], "final");
    assert_eq!((&results["cast"], &results["counted"]), (&json!(VOTERS), &json!(VOTERS)));
    let rows = results["competitions"][0]["candidates"].as_array().unwrap();
    assert_eq!(rows.len(), CANDIDATES);
    for row in rows {
        let number = election.candidates.iter().position(|id| row["candidate_id"] == **id).unwrap();
        for grade in 1..=5 {
            let given = ballots.iter().filter(|ballot| ballot[&number] == grade).count();
            let counted = row["histogram"][grade.to_string()].as_u64().unwrap_or(0);
            assert_eq!(counted, given as u64, "grade {grade} in {row}");
        }
    }
    server.stop();
}
