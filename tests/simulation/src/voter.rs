//! A voter looks at their ballot, rates, changes their mind, and casts it; or never does, or comes too early or too late.

use std::{sync::Arc, time::Duration};

use photovote_domain::{CandidateId, ElectionId, Timestamp};
use photovote_test_support::Reply;
use serde_json::{Value, json};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use crate::{
    functions::Target,
    gateway::{Client, Request},
    journal::{Grades, What, Who},
    scenario::Scenario,
};

struct Voter {
    client: Client,
    token: String,
    candidates: Vec<CandidateId>,
}

/// What voters listen to.
#[derive(Debug, Default)]
pub(crate) struct Bells {
    /// The election is open: its administrator was told so.
    pub(crate) opening: Notify,
    /// It closes in a moment.
    pub(crate) last_call: Notify,
}

/// Votes with the token out of the latest mail of an election to this address, once one is sent after this moment. Some never look
/// into their mailbox, and others wait no longer.
pub(crate) async fn vote_by_mail(
    client: Client,
    (election, address, after): (ElectionId, String, Timestamp),
    candidates: Vec<CandidateId>,
    scenario: Scenario,
    bells: Arc<Bells>,
) {
    let dice = &client.dice;
    if dice.permille(60) {
        return;
    }
    let most = scenario.longest_open();
    let patience = Duration::from_millis(dice.within(most / 2, most * 2));
    // The voter can be sent another mail before they look.
    let look = Duration::from_millis(dice.within(0, 3_000));
    let mails = &client.gateway.cloud.mails;
    if timeout(patience, mails.latest(election, &address, after)).await.is_err() {
        return;
    }
    sleep(look).await;
    let token = mails.latest(election, &address, after).await;
    vote(client, token, candidates, scenario, bells).await;
}

/// Votes with this token. At the last call come those who have waited for it.
pub(crate) async fn vote(
    client: Client,
    token: String,
    candidates: Vec<CandidateId>,
    scenario: Scenario,
    bells: Arc<Bells>,
) {
    let voter = Voter { client, token, candidates };
    let dice = &voter.client.dice;
    voter.pause(scenario.hesitation()).await;
    for _ in 0..dice.within(0, scenario.changes) {
        match dice.below(10) {
            0..=5 => drop(voter.rate().await),
            6 => drop(voter.clear().await),
            // Two windows of one browser.
            7 => drop(tokio::join!(voter.rate(), voter.rate())),
            _ => drop(voter.show().await),
        }
        voter.pause(scenario.hesitation() / 2).await;
    }
    if scenario.rush.is_none() && dice.permille(100) {
        return;
    }
    if dice.permille(scenario.last_call) {
        let _ = timeout(Duration::from_millis(scenario.longest_open() * 3), bells.last_call.notified()).await;
        voter.pause(80).await;
    }
    for _ in 0..scenario.persistence() {
        let cast = if dice.permille(100) { tokio::join!(voter.cast(), voter.cast()).0 } else { voter.cast().await };
        match cast {
            Some(reply) if reply.status == 409 && reply.json["code"] == "election_not_open" => {
                // Too early: they look now and then, and come running once it is open.
                let patience = Duration::from_millis(dice.within(0, scenario.hesitation()));
                if timeout(patience, bells.opening.notified()).await.is_ok() {
                    voter.pause(50).await;
                }
            }
            _ => break,
        }
    }
    if dice.permille(200) {
        let shown = voter.show().await;
        if let Some(receipt) = shown.as_ref().and_then(|shown| shown.json["ballot"]["receipt"].as_str()) {
            voter.look_up(receipt).await;
        }
    }
    if dice.permille(300) {
        let _ = voter.show().await;
        let _ = voter.rate().await;
        let _ = voter.cast().await;
    }
}

impl Voter {
    fn grades(&self, least: u64) -> Grades {
        let dice = &self.client.dice;
        let count = dice.within(least, 3);
        (0..count)
            .map(|_| {
                let candidate = self.candidates[dice.place(self.candidates.len())];
                (candidate, u8::try_from(dice.within(1, 5)).unwrap_or(1))
            })
            .collect()
    }

    async fn show(&self) -> Option<Reply> {
        self.ask(Target::BallotQueries, What::ShowBallot, "GET", "/ballot".to_owned(), None).await
    }

    async fn rate(&self) -> Option<Reply> {
        let grades = self.grades(1);
        let body = json!({"ratings": named(&grades)});
        self.ask(Target::BallotCommands, What::Rate(grades), "PUT", "/ballot/ratings".to_owned(), Some(body)).await
    }

    async fn clear(&self) -> Option<Reply> {
        let candidate = self.candidates[self.client.dice.place(self.candidates.len())];
        let path = format!("/ballot/ratings/{candidate}");
        self.ask(Target::BallotCommands, What::Clear(candidate), "DELETE", path, None).await
    }

    async fn cast(&self) -> Option<Reply> {
        let grades = self.grades(0);
        let body = (!grades.is_empty()).then(|| json!({"ratings": named(&grades)}));
        self.ask(Target::BallotCommands, What::Cast(grades), "POST", "/ballot/cast".to_owned(), body).await
    }

    /// Whether a receipt is confirmed depends on how far the counting is.
    async fn look_up(&self, receipt: &str) {
        let Some(election) = self.token.split('_').nth(1) else { return };
        let path = format!("/public/elections/{election}/receipts/{receipt}");
        let (to, who, what) = (Target::PublicQueries, Who::Anybody, What::ShowReceipt);
        let _ = self.client.ask(Request { to, who, what, method: "GET", path, body: None }).await;
    }

    async fn ask(
        &self,
        to: Target,
        what: What,
        method: &'static str,
        path: String,
        body: Option<Value>,
    ) -> Option<Reply> {
        let who = Who::Voter(self.token.clone());
        self.client.ask(Request { to, who, what, method, path, body }).await
    }

    async fn pause(&self, most: u64) {
        sleep(Duration::from_millis(self.client.dice.within(0, most))).await;
    }
}

fn named(grades: &Grades) -> Value {
    grades.iter().map(|(candidate, grade)| (candidate.to_string(), Value::from(*grade))).collect()
}
