//! Programs of two releases at once on one set of tables, as they are while a new one is deployed or taken back.
//!
//! The release that is not this one is played by this program: it then knows one event less, or writes an older version of
//! it (the feature `rehearsal` of the event store).

mod world;

use photovote_events::rehearsal::Release;
use photovote_test_support::Sender;
use serde_json::{Value, json};
use world::{OWNER, Program, World};

/// Knows nothing of the third version of `ElectionClosed`.
const BEFORE: Release = Release { event_type: "ElectionClosed", reads: 2, writes: 2 };
/// Reads it.
const BETWEEN: Release = Release { event_type: "ElectionClosed", reads: 3, writes: 2 };
/// Writes it.
const AFTER: Release = Release { event_type: "ElectionClosed", reads: 3, writes: 3 };

const NONE: Value = Value::Null;

/// Takes programs in turn.
struct Turns<'a>([&'a Program<'a>; 2]);

impl<'a> Turns<'a> {
    fn next(&mut self) -> &'a Program<'a> {
        self.0.reverse();
        self.0[1]
    }
}

/// An open election of two candidates: its path, a candidate, and the tokens of two voters.
async fn open(turns: &mut Turns<'_>, name: &str) -> (String, String, [String; 2]) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let created = turns.next().done(OWNER, "POST", "/elections", json!({"name": name})).await;
    let election = format!("/elections/{}", text(&created["id"]));
    let nature = json!({"name": "Nature"});
    let competition = turns.next().done(OWNER, "POST", &format!("{election}/competitions"), nature).await;
    let candidates = format!("{election}/competitions/{}/candidates", text(&competition["id"]));
    let moon = turns.next().done(OWNER, "POST", &candidates, json!({"name": "Moon"})).await;
    turns.next().done(OWNER, "POST", &candidates, json!({"name": "Sun"})).await;
    turns.next().done(OWNER, "POST", &format!("{election}/open"), NONE).await;
    let mut tokens = [String::new(), String::new()];
    for (number, token) in tokens.iter_mut().enumerate() {
        let voter = json!({"name": "A voter", "email": format!("{number}@example.org")});
        let registered = turns.next().done(OWNER, "POST", &format!("{election}/voters"), voter).await;
        *token = text(&registered["ballot_token"]);
    }
    (election, text(&moon["id"]), tokens)
}

/// Everything that can be asked of a closed election.
async fn answers(program: &Program<'_>, election: &str) -> Vec<Value> {
    let mut answers = Vec::new();
    for path in ["", "/results", "/turnout", "/voters", "/audit"] {
        answers.push(program.done(OWNER, "GET", &format!("{election}{path}"), NONE).await);
    }
    answers
}

#[tokio::test]
async fn programs_one_release_apart_work_on_one_table() {
    for (old, new, versions) in [(BEFORE, BETWEEN, ["2", "2"]), (BETWEEN, AFTER, ["2", "3"])] {
        let world = World::new().await;
        let (old, new) = (world.program(old), world.program(new));
        for turns in [[&old, &new], [&new, &old]] {
            let mut turns = Turns(turns);
            let (election, moon, [one, _]) = open(&mut turns, "Summer").await;
            let ratings = json!({"ratings": {moon: 5}});
            turns.next().done(Sender::Bearer(&one), "PUT", "/ballot/ratings", ratings).await;
            turns.next().project().await;
            turns.next().done(Sender::Bearer(&one), "POST", "/ballot/cast", NONE).await;
            turns.next().done(OWNER, "POST", &format!("{election}/close"), NONE).await;
            turns.next().project().await;
            turns.next().done(Sender::Bearer(&one), "GET", "/ballot", NONE).await;
            assert_eq!(turns.next().look_after().await, 0);
            turns.next().done(OWNER, "POST", &format!("{election}/release"), NONE).await;
            turns.next().project().await;
            assert_eq!(answers(&old, &election).await, answers(&new, &election).await);
        }
        assert_eq!(world.repairs(), Vec::<String>::new());
        let mut stored = world.stored_versions("ElectionClosed").await;
        stored.sort();
        assert_eq!(stored, versions);
    }
}

#[tokio::test]
async fn skipping_a_release_waits_and_loses_nothing() {
    let world = World::new().await;
    let (old, new) = (world.program(BEFORE), world.program(AFTER));
    let (election, moon, [one, two]) = open(&mut Turns([&old, &new]), "Summer").await;
    let (other, sun, [three, _]) = open(&mut Turns([&old, &new]), "Winter").await;
    old.project().await;
    let rated = |candidate: &str| json!({"ratings": {candidate: 5}});
    old.done(Sender::Bearer(&one), "POST", "/ballot/cast", rated(&moon)).await;
    new.done(OWNER, "POST", &format!("{election}/close"), NONE).await;
    old.done(Sender::Bearer(&three), "POST", "/ballot/cast", rated(&sun)).await;
    old.done(OWNER, "PUT", &format!("{other}/administrators/bea"), json!({"role": "editor"})).await;

    // The old projector does what it can, and names what it cannot.
    old.project().await;
    let id = |path: &str| path.trim_start_matches("/elections/").to_owned();
    let bea = "bea".parse().unwrap();
    assert!(world.document(&id(&other)).await.election.administrators.role_of(&bea).is_some());
    let repairs = world.repairs();
    assert!(repairs.len() == 1 && repairs[0].contains(&id(&election)), "{repairs:?}");
    assert!(!old.repairs(&repairs[0]).await, "it stays in the queue");

    // Old functions say "later", and write nothing.
    let stored = world.stored_versions("ElectionClosed").await;
    for (sender, method, path) in [
        (OWNER, "POST", format!("{election}/release")),
        (OWNER, "POST", format!("{election}/close")),
        (OWNER, "DELETE", election.clone()),
        (OWNER, "POST", format!("{election}/voters")),
        (OWNER, "GET", format!("{election}/audit")),
        (Sender::Bearer(&two), "GET", "/ballot".to_owned()),
    ] {
        let body = if path.ends_with("voters") { json!({"name": "A", "email": "a@example.org"}) } else { NONE };
        let reply = world.program(BEFORE).ask(sender, method, &path, body).await;
        assert_eq!(reply.problem(), (503, "being_updated"), "{method} {path}");
        assert_eq!(reply.header("retry-after"), "5");
    }
    // With what it remembers of the election, an old function asks the gate, which needs no reading of events.
    let late = old.ask(Sender::Bearer(&two), "POST", "/ballot/cast", rated(&moon)).await;
    assert_eq!(late.problem(), (409, "election_closed"));
    assert_eq!(world.stored_versions("ElectionClosed").await, stored);
    assert_eq!(old.look_after().await, 0, "what is closed is not on the schedule");

    // Once the functions are new, the queue heals what was behind.
    assert!(new.repairs(&repairs[0]).await);
    let document = world.document(&id(&election)).await;
    assert_eq!((document.election.casts, document.election.registered), (Some(1), Some(2)));
    new.done(OWNER, "POST", &format!("{election}/release"), NONE).await;
    new.project().await;
    let results = new.done(Sender::Nobody, "GET", &format!("/public{election}/results"), NONE).await;
    assert_eq!((&results["counted"], &results["registered"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn elections_closed_by_an_older_release_do_not_change() {
    let world = World::new().await;
    let first = Release { event_type: "ElectionClosed", reads: 1, writes: 1 };
    let (old, new) = (world.program(first), world.program(AFTER));
    let (election, moon, [one, _]) = open(&mut Turns([&old, &old]), "Summer").await;
    old.done(Sender::Bearer(&one), "POST", "/ballot/cast", json!({"ratings": {moon: 5}})).await;
    old.done(OWNER, "POST", &format!("{election}/close"), NONE).await;
    old.project().await;
    let before = answers(&old, &election).await;
    assert_eq!(answers(&new, &election).await, before, "digest, hashes and all");
    assert_eq!(before[1]["status"], "final");
    assert_eq!(before[1].get("registered"), None);
    new.done(OWNER, "POST", &format!("{election}/release"), NONE).await;
    new.project().await;
    assert_eq!(world.document(election.trim_start_matches("/elections/")).await.election.registered, None);
    assert_eq!(world.repairs(), Vec::<String>::new());
}

#[tokio::test]
async fn who_does_not_know_a_type_of_event_waits_as_well() {
    let world = World::new().await;
    let unaware = Release { event_type: "VoterTokenReplaced", reads: 0, writes: 0 };
    let (old, new) = (world.program(unaware), world.program(AFTER));
    let (election, ..) = open(&mut Turns([&old, &old]), "Summer").await;
    old.project().await;
    let voters = old.done(OWNER, "GET", &format!("{election}/voters"), NONE).await;
    let one = format!("{election}/voters/{}", voters["items"][0]["id"].as_str().unwrap());
    new.done(OWNER, "POST", &format!("{one}/token"), NONE).await;
    for (method, path) in [("POST", format!("{one}/token")), ("DELETE", one.clone())] {
        assert_eq!(old.ask(OWNER, method, &path, NONE).await.problem(), (503, "being_updated"), "{method}");
    }
    old.project().await;
    let repairs = world.repairs();
    assert!(repairs.len() == 1 && !old.repairs(&repairs[0]).await, "{repairs:?}");
    assert!(new.repairs(&repairs[0]).await);
    let voters = old.done(OWNER, "GET", &format!("{election}/voters"), NONE).await;
    assert_eq!(voters["items"][0]["version"], 2);
}
