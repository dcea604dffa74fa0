//! An administrator holds an election: sets it up, registers voters, opens it, moderates, closes it, looks at the results.

mod uploading;

use std::{sync::Arc, time::Duration};

use photovote_domain::{CandidateId, ElectionId, Links, Timestamp};
use photovote_test_support::Reply;
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::sleep};

use crate::{
    functions::Target,
    gateway::{Client, Request, SENDINGS},
    journal::{What, Who},
    scenario::Scenario,
    voter::{self, Bells},
};

/// For how long an administrator asks for final results, in seconds.
const MOST_LOOKS: usize = 20;

/// Somebody who holds an election.
#[derive(Debug, Clone)]
pub(crate) struct Administrator {
    pub(crate) client: Client,
    pub(crate) subject: String,
    pub(crate) scenario: Scenario,
    pub(crate) bells: Arc<Bells>,
}

/// An election, as its administrator knows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held<'a> {
    id: ElectionId,
    pub(crate) path: &'a str,
    /// Who hands out its voters' links.
    pub(crate) links: Links,
    candidates: &'a [CandidateId],
}

/// A voter who is registered, as far as their administrator was told.
#[derive(Debug, Clone)]
struct Registered {
    id: String,
    address: String,
    /// What opens their ballot, if the answer has it.
    token: Option<String>,
}

/// What an administrator gave up: the answer never came, or said no.
pub(crate) struct GaveUp;

pub(crate) type Outcome<T> = Result<T, GaveUp>;

impl Administrator {
    /// Holds an election from beginning to end, or as far as it gets.
    pub(crate) async fn hold_election(self) {
        let mut voters = Vec::new();
        let _ = self.story(&mut voters).await;
        for voter in voters {
            voter.await.expect("no voter panics");
        }
    }

    async fn story(&self, voters: &mut Vec<JoinHandle<()>>) -> Outcome<()> {
        let dice = &self.client.dice;
        let invites = dice.permille(self.scenario.inviting());
        let links = if invites { Links::Invite } else { Links::HandOut };
        let election = self.create(links).await?;
        let path = format!("/elections/{election}");
        let candidates = self.set_up(&path).await?;
        let mut held = Held { id: election, path: &path, links, candidates: &candidates };
        let mut registered = Vec::new();
        if self.scenario.rush.is_none() && dice.permille(200) {
            let first = self.change_links(&mut held).await?;
            registered.extend(self.admitted(held, first, voters).await);
        }
        if self.scenario.rush.is_none() && dice.permille(350) {
            // It goes on while the election is opened, or deleted.
            voters.push(tokio::spawn(self.clone().upload_photographs(election)));
        }
        if self.scenario.rush.is_none() && dice.permille(350) {
            // So does this.
            voters.push(tokio::spawn(self.clone().import_voters(election)));
        }
        let scenario = &self.scenario;
        // Thousands are let in once they can cast: they would ask for hours.
        let early = if scenario.rush.is_some() { 0 } else { dice.within(0, scenario.voters) };
        registered.extend(self.register_all(held, 0..early, voters).await);
        if scenario.rush.is_none() && !registered.is_empty() && dice.permille(150) {
            // It is too late for that.
            let _ = self.ask_for_links(&path, other(held.links)).await;
        }
        if scenario.rush.is_none() && dice.permille(40) {
            self.command(What::Delete, "DELETE", &path, None).await?;
            return Ok(());
        }

        if scenario.rush.is_none() && dice.permille(400) {
            // Who has a token already is impatient.
            self.pause(0, scenario.hesitation()).await;
        }

        let closes_at = if scenario.rush.is_none() && !registered.is_empty() && dice.permille(350) {
            Some(self.open_by_the_clock(held).await?)
        } else {
            self.open(held).await?
        };
        self.bells.opening.notify_waiters();
        if held.links == Links::Invite && dice.permille(400) {
            // The mails to the voters of the draft are on their way.
            self.moderate(held, &mut registered, voters).await;
        }
        registered.extend(self.register_all(held, early..scenario.voters, voters).await);

        self.pause(0, 15_000).await;
        if let Some(at) = closes_at.filter(|_| dice.permille(400)) {
            let later = json!({"closes_at": rfc3339(at + 20_000)});
            let _ = self.command(What::Change, "POST", &format!("{path}/extend"), Some(later)).await;
        }
        if held.links == Links::Invite && dice.permille(500) {
            let body = json!({"kind": "reminder", "to": "not_cast"});
            let _ = self.command(What::RequestMailing, "POST", &format!("{path}/mailings"), Some(body)).await;
        }
        self.moderate(held, &mut registered, voters).await;
        match closes_at {
            // Some stay open, and everybody has to be mailed in the end.
            None if held.links == Links::Invite && dice.permille(300) => return Ok(()),
            // Nobody but the clock closes it.
            Some(at) if dice.permille(400) => {
                self.until(at).await;
                self.bells.last_call.notify_waiters();
            }
            Some(at) if dice.permille(350) => {
                self.until(at).await;
                self.pause(0, 40_000).await;
                self.close(&path).await?;
            }
            _ => {
                self.pause(scenario.longest_open() / 2, scenario.longest_open()).await;
                self.close(&path).await?;
            }
        }
        self.look_at_results(&path).await?;
        if dice.permille(500) {
            self.command(What::Change, "POST", &format!("{path}/release"), None).await?;
        }
        if dice.permille(100) {
            self.command(What::Delete, "DELETE", &path, None).await?;
        }
        Ok(())
    }

    /// Opens an election by hand. Answers when it closes by itself.
    async fn open(&self, held: Held<'_>) -> Outcome<Option<i64>> {
        let (scenario, dice) = (&self.scenario, &self.client.dice);
        let closes_at =
            (scenario.rush.is_none() && dice.permille(500)).then(|| self.now() + scenario.seconds_open(dice));
        let opening = closes_at.map_or_else(|| json!({}), |at| json!({"closes_at": rfc3339(at)}));
        let opening = self.request(What::Open, "POST", format!("{}/open", held.path), Some(opening));
        // Some do not ask twice: what they leave half done is the clock's.
        let sendings = if scenario.rush.is_none() && dice.permille(500) { 1 } else { SENDINGS };
        self.client.ask_up_to(sendings, opening).await.filter(|reply| reply.status < 300).ok_or(GaveUp)?;
        Ok(closes_at)
    }

    async fn create(&self, links: Links) -> Outcome<ElectionId> {
        let dice = &self.client.dice;
        let mut body = json!({"name": "Autumn", "expected_voters": self.scenario.expected_voters(dice)});
        if links != Links::default() {
            body["links"] = links.as_str().into();
        }
        if dice.permille(300) {
            body["id"] = ElectionId::from_bits(bits(dice)).to_string().into();
        }
        let created = self.command(What::Create, "POST", "/elections", Some(body)).await?;
        created.json["id"].as_str().and_then(|id| id.parse().ok()).ok_or(GaveUp)
    }

    /// Lets others hand out the links while the first voter is being registered: one of the two is too late. Answers that voter.
    async fn change_links(&self, held: &mut Held<'_>) -> Outcome<Option<Registered>> {
        let (path, links, number) = (held.path, other(held.links), self.scenario.voters + 100);
        let register = async {
            self.pause(0, 60).await;
            self.register(path, number).await
        };
        let (changed, first) = tokio::join!(self.ask_for_links(path, links), register);
        let changed = changed.ok_or(GaveUp)?;
        match changed.problem() {
            (200, _) => held.links = links,
            (409, "election_has_voters") => {}
            _ => return Err(GaveUp),
        }
        Ok(first)
    }

    async fn ask_for_links(&self, path: &str, links: Links) -> Option<Reply> {
        self.ask(What::Change, "PATCH", path.to_owned(), Some(json!({"links": links.as_str()}))).await
    }

    /// Adds competitions and candidates, now and then from two devices at once.
    async fn set_up(&self, path: &str) -> Outcome<Vec<CandidateId>> {
        let dice = &self.client.dice;
        let mut candidates = Vec::new();
        for number in 0..dice.within(1, 2) {
            let body = json!({"name": format!("competition {number}")});
            let added = self.command(What::Change, "POST", &format!("{path}/competitions"), Some(body)).await?;
            let id = added.json["id"].as_str().ok_or(GaveUp)?.to_owned();
            let path_of_candidates = format!("{path}/competitions/{id}/candidates");
            let adding = (0..dice.within(2, 3)).map(|number| {
                let body = json!({"name": format!("candidate {number}")});
                self.command(What::Change, "POST", &path_of_candidates, Some(body))
            });
            let (added, _shown) = tokio::join!(futures::future::join_all(adding.collect::<Vec<_>>()), self.look(path));
            for added in added {
                candidates.extend(added?.json["id"].as_str().and_then(|id| id.parse::<CandidateId>().ok()));
            }
        }
        if dice.permille(300) {
            let body = json!({"name": "Autumn, at last", "description": null});
            let changed = self.command(What::Change, "PATCH", path, Some(body)).await?;
            let path = format!("{path}?min_version={}", changed.json["version"]);
            let _ = self.query(What::ShowElection, &path).await;
        }
        Ok(candidates)
    }

    /// Looks at the election, while it is being set up, or not.
    async fn look(&self, path: &str) {
        if self.client.dice.permille(300) {
            self.pause(0, 2000).await;
            let _ = self.query(What::ShowElection, path).await;
        }
    }

    /// Registers voters, and lets each vote.
    async fn register_all(
        &self,
        held: Held<'_>,
        numbers: std::ops::Range<u64>,
        voters: &mut Vec<JoinHandle<()>>,
    ) -> Vec<Registered> {
        let numbers: Vec<u64> = numbers.collect();
        let mut all = Vec::new();
        for some in numbers.chunks(self.scenario.at_once) {
            let registered =
                futures::future::join_all(some.iter().map(|number| self.register(held.path, *number))).await;
            for registered in registered {
                all.extend(self.admitted(held, registered, voters).await);
            }
        }
        all
    }

    /// Lets a voter vote who is registered, if they are.
    async fn admitted(
        &self,
        held: Held<'_>,
        registered: Option<Registered>,
        voters: &mut Vec<JoinHandle<()>>,
    ) -> Option<Registered> {
        let registered = registered?;
        if held.links == Links::Invite {
            voters.push(self.vote_by_mail(held, &registered.address, Timestamp::from_millis(0)));
            return Some(registered);
        }
        let mut token = registered.token.clone();
        // It was shown, and the answer was lost.
        for _ in 0..5 {
            if token.is_none() {
                token = self.replace_token(held.path, &registered.id).await;
            }
        }
        voters.push(self.vote(token?, held.candidates));
        Some(registered)
    }

    fn vote(&self, token: String, candidates: &[CandidateId]) -> JoinHandle<()> {
        let client = Client { gateway: Arc::clone(&self.client.gateway), dice: self.client.dice.of(&token) };
        let candidates = candidates.to_vec();
        tokio::spawn(voter::vote(client, token, candidates, self.scenario.clone(), Arc::clone(&self.bells)))
    }

    /// Lets the reader of the mails to an address vote, once one is sent after this moment.
    fn vote_by_mail(&self, held: Held<'_>, address: &str, after: Timestamp) -> JoinHandle<()> {
        let dice = self.client.dice.of((held.id, address, after.millis()));
        let client = Client { gateway: Arc::clone(&self.client.gateway), dice };
        let (mailbox, candidates) = ((held.id, address.to_owned(), after), held.candidates.to_vec());
        tokio::spawn(voter::vote_by_mail(client, mailbox, candidates, self.scenario.clone(), Arc::clone(&self.bells)))
    }

    /// Registers a voter.
    async fn register(&self, path: &str, number: u64) -> Option<Registered> {
        let dice = &self.client.dice;
        // Two voters sometimes have one address, and one of them is refused.
        let number_of_address = if self.scenario.rush.is_none() && dice.permille(50) { number / 2 } else { number };
        let address = format!("{number_of_address}@example.org");
        let body = json!({"name": format!("voter {number}"), "email": address});
        let registered = self.command(What::Register, "POST", &format!("{path}/voters"), Some(body)).await.ok()?;
        let id = registered.json["id"].as_str()?.to_owned();
        Some(Registered { id, address, token: registered.json["ballot_token"].as_str().map(ToOwned::to_owned) })
    }

    async fn replace_token(&self, path: &str, voter: &str) -> Option<String> {
        let path = format!("{path}/voters/{voter}/token");
        let replaced = self.command(What::ReplaceToken, "POST", &path, None).await.ok()?;
        replaced.json["ballot_token"].as_str().map(ToOwned::to_owned)
    }

    /// Gives a voter another address, which nobody has. Answers it.
    async fn correct_address(&self, path: &str, voter: &str) -> Option<String> {
        let address = format!("{:032x}@example.net", bits(&self.client.dice));
        let body = json!({"email": address});
        let path = format!("{path}/voters/{voter}");
        self.command(What::CorrectAddress, "PATCH", &path, Some(body)).await.ok().map(|_| address)
    }

    /// What an administrator does while people vote.
    async fn moderate(&self, held: Held<'_>, registered: &mut [Registered], voters: &mut Vec<JoinHandle<()>>) {
        let (dice, path) = (&self.client.dice, held.path);
        let _ = self.query(What::Turnout, &format!("{path}/turnout")).await;
        if registered.is_empty() {
            return;
        }
        if dice.permille(250) {
            let voter = &registered[dice.place(registered.len())].id;
            let _ = self.command(What::Remove, "DELETE", &format!("{path}/voters/{voter}"), None).await;
        }
        if dice.permille(450) {
            let voter = &registered[dice.place(registered.len())];
            let before = Timestamp::from_millis(self.now());
            let token = self.replace_token(path, &voter.id).await;
            if held.links == Links::Invite {
                voters.push(self.vote_by_mail(held, &voter.address, before));
            } else if let Some(token) = token {
                voters.push(self.vote(token, held.candidates));
            }
        }
        if self.scenario.rush.is_none() && dice.permille(if held.links == Links::Invite { 450 } else { 100 }) {
            let place = dice.place(registered.len());
            self.correct(held, &mut registered[place], voters).await;
        }
        if self.scenario.rush.is_none() && dice.permille(100) {
            // It is open, and nothing of it changes any more.
            let _ = self.ask_for_links(path, other(held.links)).await;
        }
        if dice.permille(200) {
            let shown = self.query(What::ShowElection, path).await;
            let competition = shown.as_ref().and_then(|shown| shown.json["competitions"].get(0));
            if let Some(competition) = competition {
                let (id, candidate) = (&competition["id"], &competition["candidates"][0]["id"]);
                if let (Some(id), Some(candidate)) = (id.as_str(), candidate.as_str()) {
                    let path = format!("{path}/competitions/{id}/candidates/{candidate}/disqualify");
                    let _ =
                        self.command(What::Change, "POST", &path, Some(json!({"reason": "not a photograph"}))).await;
                }
            }
        }
    }

    /// Corrects a voter's address, now and then from one device while another one replaces the token. Whoever reads the mails to
    /// the old address still tries to vote.
    async fn correct(&self, held: Held<'_>, voter: &mut Registered, voters: &mut Vec<JoinHandle<()>>) {
        let both = self.client.dice.permille(250);
        let replace = async { if both { self.replace_token(held.path, &voter.id).await } else { None } };
        let (corrected, _token) = tokio::join!(self.correct_address(held.path, &voter.id), replace);
        if let Some(address) = corrected {
            if held.links == Links::Invite {
                voters.push(self.vote_by_mail(held, &address, Timestamp::from_millis(0)));
            }
            voter.address = address;
        }
    }

    /// Closes the election, sometimes from two devices at once, while somebody still registers a voter. That somebody
    /// else has closed it is fine.
    async fn close(&self, path: &str) -> Outcome<()> {
        let dice = &self.client.dice;
        self.bells.last_call.notify_waiters();
        self.pause(0, if self.scenario.last_call > 500 { 200 } else { 60 }).await;
        let close = || self.ask(What::Close, "POST", format!("{path}/close"), None);
        let late = futures::future::join_all((0..dice.within(0, 4)).map(async |number| {
            self.pause(0, 120).await;
            let _ = self.register(path, self.scenario.voters + number).await;
        }));
        let again = async { if dice.permille(200) { close().await } else { None } };
        let (one, other, _) = tokio::join!(close(), again, late);
        one.or(other).map(drop).ok_or(GaveUp)
    }

    async fn look_at_results(&self, path: &str) -> Outcome<()> {
        for _ in 0..MOST_LOOKS {
            let results = self.query(What::Results, &format!("{path}/results")).await.ok_or(GaveUp)?;
            self.pause(1001, 2000).await;
            if results.json["status"] == "final" {
                // They look once more, to show somebody.
                let _ = self.query(What::Results, &format!("{path}/results")).await;
                return Ok(());
            }
        }
        Err(GaveUp)
    }

    pub(crate) async fn command(
        &self,
        what: What,
        method: &'static str,
        path: &str,
        body: Option<Value>,
    ) -> Outcome<Reply> {
        let reply = self.ask(what, method, path.to_owned(), body).await.ok_or(GaveUp)?;
        if reply.status < 300 { Ok(reply) } else { Err(GaveUp) }
    }

    pub(crate) async fn query(&self, what: What, path: &str) -> Option<Reply> {
        let who = Who::Administrator(self.subject.clone());
        let request =
            Request { to: Target::ElectionQueries, who, what, method: "GET", path: path.to_owned(), body: None };
        self.client.ask(request).await
    }

    pub(crate) async fn ask(
        &self,
        what: What,
        method: &'static str,
        path: String,
        body: Option<Value>,
    ) -> Option<Reply> {
        self.client.ask(self.request(what, method, path, body)).await
    }

    fn request(&self, what: What, method: &'static str, path: String, body: Option<Value>) -> Request {
        let who = Who::Administrator(self.subject.clone());
        Request { to: Target::ElectionCommands, who, what, method, path, body }
    }

    /// Waits until just before a moment.
    pub(crate) async fn until(&self, at: i64) {
        let left = at.saturating_sub(self.now()).max(0).unsigned_abs();
        sleep(Duration::from_millis(left.saturating_sub(self.client.dice.within(0, 200)))).await;
    }

    pub(crate) async fn pause(&self, least: u64, most: u64) {
        sleep(Duration::from_millis(self.client.dice.within(least, most))).await;
    }

    pub(crate) fn now(&self) -> i64 {
        self.client.gateway.cloud.clock.now().millis()
    }
}

/// The other one who can hand out links.
fn other(links: Links) -> Links {
    match links {
        Links::HandOut => Links::Invite,
        Links::Invite => Links::HandOut,
    }
}

fn bits(dice: &crate::dice::Dice) -> u128 {
    dice.bytes().iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(*byte)) >> 1
}

fn rfc3339(millis: i64) -> String {
    let moment = Timestamp::from_millis(millis);
    jiff::Timestamp::from_millisecond(moment.millis()).expect("simulations end soon").to_string()
}
