//! The program is killed in the middle of its work, with no chance to finish anything, and started again on what it left.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use crate::program::Server;
use futures::{StreamExt, future::join_all, stream};
use photovote::data_dir::temporary;
use photovote_tests::{Answer, Client, Election, Voter};
use reqwest::Method;
use serde_json::{Value, json};

const VOTERS: usize = 120;
/// How many of them cast at the same time.
const AT_ONCE: usize = 16;

/// An election on a server that can be killed, and what its voters know of their ballots.
struct Polls {
    server: Server,
    election: Election,
    voters: Vec<Voter>,
    /// The answers to the casts that were acknowledged, by the voter's number.
    acknowledged: BTreeMap<usize, Value>,
    /// The voters who were told that the election is closed.
    refused: BTreeSet<usize>,
}

impl Polls {
    /// An open election with its voters.
    async fn open(data: &Path) -> Self {
        let server = Server::start(data);
        let election = Election::open(Client::new(&server.url, Some(&server.token)), &[3]).await;
        let voters = join_all((0..VOTERS).map(|number| {
            let election = &election;
            async move { election.voter(&format!("voter-{number}")).await }
        }));
        let voters = voters.await;
        Self { server, election, voters, acknowledged: BTreeMap::new(), refused: BTreeSet::new() }
    }

    /// Starts the server again, wherever it may listen now. All tokens are still good.
    fn restart(&mut self, data: &Path) {
        let token = self.server.token.clone();
        self.server = Server::start(data);
        self.election.owner = Client::new(&self.server.url, Some(&token));
        for voter in &mut self.voters {
            voter.client = self.election.owner.with_token(&voter.token);
        }
    }

    fn ratings(&self, voter: usize) -> Value {
        json!({&self.election.competitions[0].candidates[voter % 3].id: 1 + voter % 5})
    }

    /// Sends a voter's cast, always with the same key. From a server that is killed, no answer comes.
    fn cast(&self, voter: usize) -> impl Future<Output = Option<Answer>> + use<> {
        let request = self.voters[voter].client.request(Method::POST, "/ballot/cast").key("cast");
        let request = request.json(&json!({"ratings": self.ratings(voter)}));
        async { request.try_send().await.ok() }
    }

    /// Closes the election, always with the same key.
    fn close(&self) -> impl Future<Output = Option<Answer>> + use<> {
        let request = self.election.owner.request(Method::POST, &self.election.path("/close"));
        async { request.key("close").json(&json!({})).try_send().await.ok() }
    }

    /// Notes what a voter was told.
    fn note(&mut self, voter: usize, answer: Answer) {
        if answer.status == 200 {
            let told = answer.json();
            assert!(!self.refused.contains(&voter), "first refused, then taken: {answer}");
            let before = self.acknowledged.insert(voter, told.clone());
            assert!(before.is_none_or(|before| before == told), "another answer to the same cast: {answer}");
        } else {
            assert!(!self.acknowledged.contains_key(&voter), "first taken, then refused: {answer}");
            answer.refused(409, "election_closed");
            self.refused.insert(voter);
        }
    }

    /// Everybody who holds no receipt casts. The server is killed as soon as it is time to, while others are on the way, and
    /// at the latest when nobody is.
    async fn cast_until_killed(&mut self, mut is_time: impl FnMut(&Self) -> bool) {
        let waiting = (0..VOTERS).filter(|voter| !self.acknowledged.contains_key(voter));
        let casts: Vec<_> = waiting
            .map(|voter| {
                let cast = self.cast(voter);
                async move { (voter, cast.await) }
            })
            .collect();
        let (mut casts, mut killed) = (stream::iter(casts).buffer_unordered(AT_ONCE), false);
        while let Some((voter, answer)) = casts.next().await {
            if let Some(answer) = answer {
                self.note(voter, answer);
            }
            if !killed && is_time(self) {
                self.server.kill();
                killed = true;
            }
        }
        // On a slow machine everybody can have an answer before it is time.
        if !killed {
            self.server.kill();
        }
    }

    /// Checks what the server has kept: all that was acknowledged, and of all else either the whole or nothing. Then
    /// everybody whom `who` names sends the same cast again.
    async fn cast_again(&mut self, who: impl Fn(&Self, usize) -> bool) {
        let ballots = join_all(self.voters.iter().map(|voter| voter.client.get("/ballot"))).await;
        let kept: BTreeMap<usize, Value> = ballots
            .into_iter()
            .map(|ballot| ballot.status(200).json()["ballot"].clone())
            .enumerate()
            .filter(|(_, ballot)| ballot["cast"] == true)
            .map(|(voter, ballot)| (voter, ballot["receipt"].clone()))
            .collect();
        for (voter, told) in &self.acknowledged {
            assert_eq!(kept.get(voter), Some(&told["receipt"]), "voter {voter} holds a receipt");
        }
        let turnout = self.election.get("/turnout").await.status(200).json();
        assert_eq!(turnout, json!({"registered": VOTERS, "cast": kept.len()}));

        let again: Vec<_> = (0..VOTERS).filter(|voter| who(self, *voter)).collect();
        let answers = join_all(again.iter().map(|voter| self.cast(*voter))).await;
        for (voter, answer) in again.into_iter().zip(answers) {
            self.note(voter, answer.expect("an answer"));
            if let Some(receipt) = kept.get(&voter) {
                assert_eq!(&self.acknowledged[&voter]["receipt"], receipt, "voter {voter}");
            }
        }
    }

    /// Checks that the results hold what was acknowledged, and nothing else. Then the server is stopped.
    async fn count(self, version: u64) {
        let results = self.election.final_results(version).await;
        let acknowledged = self.acknowledged.len();
        assert_eq!((&results["cast"], &results["counted"]), (&json!(acknowledged), &json!(acknowledged)));
        assert_eq!(self.election.get("/turnout").await.json(), json!({"registered": VOTERS, "cast": acknowledged}));

        let mut grades: BTreeMap<&str, BTreeMap<String, u64>> = BTreeMap::new();
        let candidates = &self.election.competitions[0].candidates;
        for voter in self.acknowledged.keys() {
            let given = grades.entry(&candidates[voter % 3].id).or_default();
            *given.entry((1 + voter % 5).to_string()).or_default() += 1;
        }
        let rows = results["competitions"][0]["candidates"].as_array().unwrap();
        assert_eq!(rows.len(), grades.len());
        for row in rows {
            let counted = row["histogram"].as_object().unwrap().iter().filter(|(_, ballots)| **ballots != 0);
            let counted: BTreeMap<_, _> = counted.map(|(grade, n)| (grade.clone(), n.as_u64().unwrap())).collect();
            assert_eq!(counted, grades[row["candidate_id"].as_str().unwrap()], "{row}");
        }

        let anybody = Client::new(&self.server.url, None);
        let known = self.acknowledged.values().map(|told| {
            let receipt = told["receipt"].as_str().unwrap();
            let (anybody, path) = (&anybody, format!("/public/elections/{}/receipts/{receipt}", self.election.id));
            async move {
                assert_eq!(anybody.get(&path).await.status(200).json(), json!({"receipt": receipt, "counted": true}));
            }
        });
        join_all(known).await;
        self.server.stop();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_among_casts_it_keeps_what_it_acknowledged() {
    let home = temporary().unwrap();
    let mut polls = Polls::open(home.path()).await;
    for enough in [40, 60, 80] {
        polls.cast_until_killed(|polls| polls.acknowledged.len() >= enough).await;
        polls.restart(home.path());
        polls.cast_again(|polls, voter| polls.acknowledged.contains_key(&voter)).await;
    }
    polls.cast_again(|_, _| true).await;
    assert_eq!(polls.acknowledged.len(), VOTERS, "the election is still open to all");
    let closed = polls.close().await.unwrap().status(200);
    polls.count(closed.version()).await;
}

/// Kills a server that was told to close, and lets the next one finish.
async fn close_and_kill(is_time: impl Fn(&Polls) -> bool) {
    let home = temporary().unwrap();
    let mut polls = Polls::open(home.path()).await;
    let mut closing = None;
    polls
        .cast_until_killed(|polls| match closing {
            None if polls.acknowledged.len() >= 40 => {
                closing = Some(tokio::spawn(polls.close()));
                false
            }
            None => false,
            Some(_) => is_time(polls),
        })
        .await;
    let told = closing.unwrap().await.unwrap().map(|answer| answer.status(200).json());
    polls.restart(home.path());
    let closed = polls.close().await.unwrap().status(200);
    assert!(told.is_none_or(|told| told == closed.json()), "another answer to the same close: {closed}");
    polls.cast_again(|_, _| true).await;
    assert_eq!(polls.acknowledged.len() + polls.refused.len(), VOTERS);
    polls.count(closed.version()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_when_the_close_is_sent_it_closes_after_all() {
    close_and_kill(|_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_killed_at_the_first_gate_is_finished() {
    close_and_kill(|polls| !polls.refused.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_counts_it_counts_every_ballot_once() {
    let home = temporary().unwrap();
    let mut polls = Polls::open(home.path()).await;
    polls.cast_again(|_, _| true).await;
    let closed = polls.close().await.unwrap().status(200);
    for _ in 0..3 {
        polls.server.kill();
        polls.restart(home.path());
    }
    polls.count(closed.version()).await;
}
