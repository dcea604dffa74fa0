//! Rebuilding on one machine, over HTTP: what was lost comes back the same, beside a server that goes on, as far as that is
//! possible, and beside a stopped one otherwise.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::types::AttributeValue;
use photovote::{
    data_dir::{DataDir, temporary},
    host::consumer::Redelivery,
    host::engine::{CONTROL, DOCUMENTS, Durability, EVENTS, Engine},
    operate::rebuild::{self, FailedRebuild, Task, Work},
    server::Server,
};
use photovote_coordination_write::Control;
use photovote_documents_read::Scope;
use photovote_domain::ShardCount;
use photovote_dynamodb::Item;
use photovote_events::{ElectionSource, EventReader, Snapshots};
use photovote_events_append::SnapshotStore;
use photovote_tests::{
    Answers, Client, Election, Everything, Tables, Voter, administrator, assert_same, followed, serve, try_serve, until,
};
use serde_json::json;

/// The pause between two casts.
const BREATH: Duration = Duration::from_millis(150);
/// How many cast while something goes on, at most.
const CROWD: usize = 60;
/// As long as generations are remembered, and then some.
const SETTLE: u32 = 6;
/// Who owns the election in which casts go on: nobody else's list changes.
const MOVER: &str = "mover";

async fn start(home: &Path) -> Server {
    serve(home, Redelivery::default()).await
}

/// The administrators of a server.
fn on(server: &Server) -> impl Fn(&str) -> Client {
    |subject| administrator(server, subject)
}

async fn command(home: &Path, task: Task, scope: Scope) -> Result<String, FailedRebuild> {
    let work = Work { task, scope, settle: Some(SETTLE) };
    let mut out = Vec::new();
    Box::pin(rebuild::run(home, Durability::ProcessEnd, work, &mut out)).await?;
    Ok(String::from_utf8(out).unwrap())
}

fn anew() -> Task {
    Task::Rebuild { rate: 100_000 }
}

fn one(election: &Election) -> Scope {
    Scope::Election(election.id.parse().unwrap())
}

/// An election in which casts go on.
struct Moving {
    election: Election,
    voters: std::vec::IntoIter<Voter>,
    receipts: Vec<String>,
}

impl Moving {
    async fn new(server: &Server, voters: usize) -> Self {
        let election = Election::open(administrator(server, MOVER), &[2]).await;
        let voters = election.voters(voters).await.into_iter();
        Self { election, voters, receipts: Vec::new() }
    }

    /// Does something while ballots are cast, one after the other.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> T {
        let enough = Arc::new(AtomicBool::new(false));
        let candidate = &self.election.candidates()[0];
        let before = self.receipts.len();
        let casting = async {
            for voter in self.voters.by_ref().take(CROWD) {
                let cast = voter.cast_with(json!({candidate: 5})).await.status(200);
                self.receipts.push(cast.text_of("receipt"));
                if enough.load(Ordering::Relaxed) {
                    break;
                }
                tokio::time::sleep(BREATH).await;
            }
        };
        let working = async {
            let done = work.await;
            enough.store(true, Ordering::Relaxed);
            done
        };
        let (done, ()) = tokio::join!(Box::pin(working), Box::pin(casting));
        assert!(self.receipts.len() > before, "casts went on");
        done
    }

    /// Closes it, and sees that all that was cast is counted, and nothing else. Then everything that can be asked about it.
    async fn end(mut self, home: &Path, server: &Server) -> Everything {
        let closed = self.election.post("/close", json!({})).await.status(200).version();
        let results = self.election.final_results(closed).await;
        let casts = self.receipts.len();
        assert_eq!((&results["cast"], &results["counted"]), (&json!(casts), &json!(casts)));
        assert_eq!(results["competitions"][0]["candidates"][0]["sum"], 5 * casts);
        self.election.post("/release", json!({})).await.status(200);
        followed(home).await;
        let all = Everything {
            elections: [("released", self.election)].into(),
            subjects: vec![MOVER],
            tokens: self.voters.next().into_iter().map(|voter| voter.token).collect(),
            receipts: self.receipts,
            photographs: Vec::new(),
            imports: Vec::new(),
        };
        let answers = all.answers(on(server)).await;
        for receipt in &all.receipts {
            let found = answers.iter().find(|(question, _)| question.ends_with(receipt));
            assert_eq!(found.unwrap().1["status"], 200, "every receipt is found: {receipt}");
        }
        all
    }
}

/// Asks for everything again and again while something goes on, and always gets the same answers.
async fn always_the_same<T>(all: &Everything, server: &Server, before: &Answers, work: impl Future<Output = T>) -> T {
    let enough = AtomicBool::new(false);
    let asking = async {
        while !enough.load(Ordering::Relaxed) {
            assert_same(&all.answers(on(server)).await, before);
        }
    };
    let working = async {
        let done = work.await;
        enough.store(true, Ordering::Relaxed);
        done
    };
    tokio::join!(Box::pin(working), Box::pin(asking)).0
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_documents_are_rebuilt_while_casts_go_on() {
    let home = temporary().unwrap();
    let home = home.path();
    let server = start(home).await;
    let tables = Tables::at(server.dynamodb());
    let all = Box::pin(Everything::hold(on(&server))).await;
    let mut moving = Moving::new(&server, 3 * CROWD + 1).await;
    followed(home).await;
    let before = all.answers(on(&server)).await;

    tables.lose(DOCUMENTS, |_, _| true).await;
    all.elections["released"].get("").await.refused(404, "election_not_found");
    let said = moving.meanwhile(command(home, anew(), Scope::All)).await.unwrap();
    assert!(said.contains("0 cannot be applied") && said.contains("0 things lack"), "{said}");
    // Everybody goes by the pointer that they remember, for a moment.
    until("what was served", async || all.elections["released"].get("").await.status == 200).await;
    until("all of it", async || all.answers(on(&server)).await == before).await;

    // Again, beside documents that are there: nobody sees anything of it, and there is a way back.
    command(home, Task::Retire, Scope::All).await.unwrap();
    let rebuilding = moving.meanwhile(command(home, anew(), Scope::All));
    always_the_same(&all, &server, &before, rebuilding).await.unwrap();
    let back = moving.meanwhile(command(home, Task::RollBack, Scope::All));
    let said = always_the_same(&all, &server, &before, back).await.unwrap();
    assert!(said.contains("still up to date"), "{said}");

    let moved = moving.end(home, &server).await;
    server.stop().await;
    // A server that starts remembers no pointer.
    let server = start(home).await;
    let ended = moved.answers(on(&server)).await;
    assert_same(&all.answers(on(&server)).await, &before);
    server.stop().await;
    command(home, Task::RollBack, Scope::All).await.unwrap();
    let server = start(home).await;
    assert_same(&moved.answers(on(&server)).await, &ended);
    assert_same(&all.answers(on(&server)).await, &before);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_lost_election_is_rebuilt_while_casts_go_on() {
    let home = temporary().unwrap();
    let home = home.path();
    let server = start(home).await;
    let tables = Tables::at(server.dynamodb());
    let all = Box::pin(Everything::hold(on(&server))).await;
    let mut moving = Moving::new(&server, 2 * CROWD + 1).await;
    followed(home).await;
    let before = all.answers(on(&server)).await;

    // The administrators' lists are everybody's, and no election's.
    let lose = async |election: &Election| {
        let id = election.id.clone();
        let lost = tables.lose(DOCUMENTS, |pk, _| pk.contains(&id)).await;
        assert!(lost > 0);
        election.get("").await.refused(404, "election_not_found");
    };
    lose(&moving.election).await;
    let rebuilding = command(home, anew(), one(&moving.election));
    let rebuilding = moving.meanwhile(rebuilding);
    always_the_same(&all, &server, &before, rebuilding).await.unwrap();
    let released = &all.elections["released"];
    lose(released).await;
    moving.meanwhile(command(home, anew(), one(released))).await.unwrap();
    until("all of it", async || all.answers(on(&server)).await == before).await;

    // What came of it is what a rebuild of everything makes.
    let moved = moving.end(home, &server).await;
    let ended = moved.answers(on(&server)).await;
    server.stop().await;
    command(home, anew(), Scope::All).await.unwrap();
    let server = start(home).await;
    assert_same(&moved.answers(on(&server)).await, &ended);
    assert_same(&all.answers(on(&server)).await, &before);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_gates_and_guards_are_restored_from_events() {
    let home = temporary().unwrap();
    let home = home.path();
    let server = start(home).await;
    let all = Box::pin(Everything::hold(on(&server))).await;
    let open = Election::draft(administrator(&server, MOVER), &[2]).await;
    let leaving = open.voter("leaving").await;
    let (ada, bob) = (open.voter("ada").await, open.voter("bob").await);
    open.owner.delete(&open.path(&format!("/voters/{}", leaving.id))).await.status(200);
    open.post("/open", json!({"closes_at": "2999-01-01T12:00:00Z"})).await.status(200);
    let ratings = json!({&open.candidates()[0]: 3});
    ada.cast_with(ratings.clone()).await.status(200);
    followed(home).await;
    let before = all.answers(on(&server)).await;
    let turnout = open.get("/turnout").await.status(200).json();
    let refused = command(home, Task::Control, Scope::All).await.unwrap_err();
    assert!(refused.to_string().starts_with("another photovote is using "), "{refused}");
    // A draft that was deleted stays on the schedule until the clock has seen that its gates are closed.
    let deleted = ("schedule".to_owned(), all.elections["deleted"].id.clone());
    let tables = Tables::at(server.dynamodb());
    until("the clock", async || !tables.items(CONTROL).await.contains_key(&deleted)).await;
    server.stop().await;

    let engine = Engine::start(&DataDir::open(home).unwrap(), Durability::ProcessEnd).await.unwrap();
    let tables = Tables::at(engine.config());
    let control = tables.items(CONTROL).await;
    assert!(control.len() > 5 * 16);
    tables.lose(CONTROL, |_, _| true).await;
    // A guard of nobody's, too.
    let text = |text: &str| AttributeValue::S(text.into());
    let guard = [("pk".to_owned(), text(&format!("{}#0", open.id))), ("sk".to_owned(), text("email#nobody"))];
    tables.put(CONTROL, Item::from(guard)).await;
    // And a snapshot that may be of another history.
    let reader = EventReader::new(engine.client(), EVENTS);
    let snapshots = Snapshots::new(&reader, CONTROL).of_streams_longer_than(1);
    SnapshotStore::new(engine.client(), snapshots).load(open.id.parse().unwrap()).await.unwrap();
    assert_eq!(tables.items(CONTROL).await.len(), 2);
    engine.stop().await;
    let said = command(home, Task::Control, Scope::All).await.unwrap();
    assert!(said.starts_with("Gates and guards of 6 elections"), "{said}");
    assert!(said.contains("1 deleted"), "{said}");

    let server = start(home).await;
    let restored = Tables::at(server.dynamodb()).items(CONTROL).await;
    let but_what_is_counted = |items: BTreeMap<(String, String), Item>| {
        let items = items.into_iter().filter(|(keys, _)| keys.0 != "counting");
        // A gate that counts no photograph any more says so, and a new one says nothing.
        let plain = |(keys, mut item): (_, Item)| {
            item.retain(|name, value| name != "photographs" || *value != AttributeValue::N("0".into()));
            (keys, item)
        };
        items.map(plain).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(but_what_is_counted(restored), but_what_is_counted(control));
    assert_same(&all.answers(on(&server)).await, &before);
    let open = Election { owner: administrator(&server, MOVER), ..open };
    assert_eq!(open.get("/turnout").await.status(200).json(), turnout);
    let bob = open.owner.with_token(&bob.token);
    bob.post("/ballot/cast", json!({"ratings": ratings})).await.status(200);
    open.post("/voters", json!({"name": "x", "email": "ada@example.org"})).await.refused(409, "email_taken");
    open.post("/voters", json!({"name": "x", "email": "leaving@example.org"})).await.status(201);
    let of = |status| Election { owner: administrator(&server, "owner"), ..all.elections[status].clone() };
    of("draft").post("/voters", json!({"name": "x", "email": "x@example.org"})).await.status(201);
    let late = of("released").post("/voters", json!({"name": "x", "email": "x@example.org"})).await;
    late.refused(409, "registration_closed");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_restores_the_gates_that_are_missing() {
    let home = temporary().unwrap();
    let home = home.path();
    let server = start(home).await;
    // Two elections, of which one loses a single gate, and one that loses nothing.
    let mut voters = Vec::new();
    for name in ["one gate", "all gates", "none"] {
        let election = Election::open(administrator(&server, MOVER), &[2]).await;
        let ballots = [election.voter("ada").await, election.voter("bob").await];
        ballots[0].cast_with(json!({&election.candidates()[0]: 3})).await.status(200);
        voters.push((name, election, ballots));
    }
    server.stop().await;
    let engine = Engine::start(&DataDir::open(home).unwrap(), Durability::ProcessEnd).await.unwrap();
    let tables = Tables::at(engine.config());
    let control = tables.items(CONTROL).await;
    let (one, all) = (&voters[0].1.id, &voters[1].1.id);
    assert_eq!(tables.lose(CONTROL, |pk, sk| sk == "gate" && pk == format!("{one}#3")).await, 1);
    assert_eq!(tables.lose(CONTROL, |pk, sk| pk.starts_with(all) || sk == all).await, 16 + 2 + 1);
    engine.stop().await;

    let server = start(home).await;
    assert_eq!(Tables::at(server.dynamodb()).items(CONTROL).await, control);
    for (name, election, ballots) in voters {
        let election = Election { owner: administrator(&server, MOVER), ..election };
        let ratings = json!({"ratings": {&election.candidates()[0]: 5}});
        let bob = election.owner.with_token(&ballots[1].token);
        bob.post("/ballot/cast", ratings).await.status(200);
        let closed = election.post("/close", json!({})).await.status(200);
        let results = election.final_results(closed.version()).await;
        assert_eq!((&results["cast"], &results["registered"]), (&json!(2), &json!(2)), "{name}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_import_is_not_served() {
    let home = temporary().unwrap();
    let home = home.path();
    let engine = Engine::start(&DataDir::open(home).unwrap(), Durability::ProcessEnd).await.unwrap();
    let control = Control::new(engine.client(), CONTROL);
    let (election, shards) = ("01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(), ShardCount::default());
    control.begin_import(election, shards).await.unwrap();
    engine.stop().await;
    let refused = try_serve(home, Redelivery::default()).await.err().unwrap().to_string();
    assert!(refused.contains("was interrupted") && refused.contains("repeat `photovote import`"), "{refused}");
    let refused = command(home, Task::Control, Scope::All).await.unwrap_err().to_string();
    assert!(refused.contains("repeat `photovote import`"), "{refused}");
}
