//! Rebuilding beside a server that runs, and what only a stopped one allows.

#![expect(clippy::unwrap_used, reason = "all of this is a test, the functions around it too")]

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::{Client as DynamoDb, types::AttributeValue};
use photovote::{
    consumer::Redelivery,
    data_dir::DataDir,
    engine::{CONTROL, DOCUMENTS, Durability, Engine},
    gateway::Cors,
    rebuild::{self, FailedRebuild, Task, Work},
    server::{Options, Server},
};
use photovote_document_store::Scope;
use photovote_domain::Tally;
use photovote_dynamodb::{Endpoint, Item, client, config};
use photovote_projections::unpack;
use photovote_tests::{Client, Election, Voter};
use serde_json::{Value, json};

/// Enough for anything that comes about at all.
const PATIENCE: Duration = Duration::from_mins(1);
/// The pause between two looks.
const GLANCE: Duration = Duration::from_millis(20);
/// The pause between two casts.
const BREATH: Duration = Duration::from_millis(150);
/// How many cast while something goes on, at most.
const CROWD: usize = 60;
/// As long as generations are remembered, and then some.
const SETTLE: u32 = 6;

type Items = BTreeMap<(String, String), Item>;

async fn start(home: &Path) -> Server {
    let options = Options {
        address: ([127, 0, 0, 1], 0).into(),
        data_dir: home.to_owned(),
        cors: Cors::default(),
        durability: Durability::ProcessEnd,
        redelivery: Redelivery::default(),
    };
    Server::start(options).await.unwrap()
}

fn owner(server: &Server) -> Client {
    let token = server.token(&"owner".parse().unwrap()).unwrap();
    Client::new(&format!("http://{}", server.address()), Some(&token))
}

/// The same election, asked for on this server.
fn on(server: &Server, election: &Election) -> Election {
    Election { owner: owner(server), ..election.clone() }
}

fn dynamodb(endpoint: &str) -> DynamoDb {
    client(&config(&Endpoint::Local(endpoint.into())), None)
}

async fn command(home: &Path, task: Task, scope: Scope) -> Result<String, FailedRebuild> {
    let work = Work { task, scope, settle: Some(SETTLE) };
    let mut out = Vec::new();
    rebuild::run(home, Durability::ProcessEnd, work, &mut out).await?;
    Ok(String::from_utf8(out).unwrap())
}

async fn items(client: &DynamoDb, table: &str) -> Items {
    let (mut items, mut start) = (Items::new(), None);
    loop {
        let page = client.scan().table_name(table).set_exclusive_start_key(start).send().await.unwrap();
        let text = |item: &Item, name: &str| item[name].as_s().unwrap().clone();
        items.extend(page.items.unwrap_or_default().into_iter().map(|i| ((text(&i, "pk"), text(&i, "sk")), i)));
        start = page.last_evaluated_key;
        if start.is_none() {
            return items;
        }
    }
}

async fn delete_all(client: &DynamoDb, table: &str) {
    for (pk, sk) in items(client, table).await.into_keys() {
        let delete = client.delete_item().table_name(table);
        delete.key("pk", AttributeValue::S(pk)).key("sk", AttributeValue::S(sk)).send().await.unwrap();
    }
}

/// What is served of the election with this id, whatever the generation is called: items, and the sum of the tally.
fn served(items: &Items, election: &str) -> (Items, Tally) {
    let pointer = items.get(&("generations".into(), "generations".into()));
    let serving = pointer.map_or("1", |pointer| pointer["serving"].as_s().unwrap());
    let (mut of, mut tally) = (Items::new(), Tally::default());
    for ((pk, sk), item) in items {
        let Some(rest) = pk.strip_prefix(&format!("{serving}#")) else { continue };
        if !rest.contains(election) && sk != election {
            continue;
        }
        if sk.starts_with("tally#") {
            tally.merge(&unpack(item["cells"].as_b().unwrap().as_ref()).unwrap());
        } else {
            let mut item = item.clone();
            item.remove("pk");
            of.insert((rest.to_owned(), sk.clone()), item);
        }
    }
    (of, tally)
}

/// Waits for something to come about.
async fn until(what: &str, done: impl AsyncFn() -> bool) {
    let looks = async {
        while !done().await {
            tokio::time::sleep(GLANCE).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, looks).await.is_ok(), "there never came: {what}");
}

/// All that can be asked about an election that is released.
async fn answers(election: &Election, receipt: &str) -> Vec<Value> {
    let mut answers = Vec::new();
    for path in ["", "/results", "/voters", "/turnout", "/administrators", "/audit"] {
        let answer = election.get(path).await;
        answers.push(json!([path, answer.status.as_u16(), answer.json()]));
    }
    let public = format!("/public/elections/{}", election.id);
    for path in ["/elections".to_owned(), format!("{public}/results"), format!("{public}/receipts/{receipt}")] {
        let answer = election.owner.get(&path).await;
        answers.push(json!([path, answer.status.as_u16(), answer.json()]));
    }
    answers
}

/// An election of three that is released, and a receipt.
async fn released(owner: Client) -> (Election, String) {
    let election = Election::open(owner, &[2, 3]).await;
    let mut receipt = String::new();
    for voter in election.voters(3).await {
        receipt = voter.cast_with(json!({&election.candidates()[1]: 4})).await.status(200).text_of("receipt");
    }
    let closed = election.post("/close", json!({})).await.status(200).version();
    election.final_results(closed).await;
    let version = election.post("/release", json!({})).await.status(200).version();
    election.get(&format!("?min_version={version}")).await.status(200);
    (election, receipt)
}

/// Lets voters cast, one after the other, until somebody says that it is enough. Answers how many did.
async fn cast_on(voters: impl Iterator<Item = Voter>, candidate: String, enough: Arc<AtomicBool>) -> u64 {
    let mut casts = 0;
    for voter in voters {
        voter.cast_with(json!({&candidate: 5})).await.status(200);
        casts += 1;
        if enough.load(Ordering::Relaxed) {
            break;
        }
        tokio::time::sleep(BREATH).await;
    }
    casts
}

/// Does something while ballots are cast. Answers how many were.
async fn while_casts_go_on<T>(
    voters: &mut impl Iterator<Item = Voter>,
    election: &Election,
    work: impl Future<Output = T>,
) -> (T, u64) {
    let enough = Arc::new(AtomicBool::new(false));
    let casting = cast_on(voters.take(CROWD), election.candidates()[0].clone(), enough.clone());
    let working = async {
        let done = work.await;
        enough.store(true, Ordering::Relaxed);
        done
    };
    tokio::join!(working, casting)
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_are_lost_while_casts_go_on_come_back_as_they_were() {
    let home = tempfile::tempdir().unwrap();
    let server = start(home.path()).await;
    let engine = dynamodb(server.dynamodb());
    let (first, receipt) = released(owner(&server)).await;
    let second = Election::open(owner(&server), &[2]).await;
    let mut voters = second.voters(3 * CROWD).await.into_iter();
    until("the voters", async || {
        let rows = items(&engine, DOCUMENTS).await;
        rows.keys().filter(|(pk, _)| *pk == format!("1#voters#{}", second.id)).count() == 3 * CROWD
    })
    .await;
    let before = answers(&first, &receipt).await;
    let documents = served(&items(&engine, DOCUMENTS).await, &first.id);
    assert_eq!(documents.1.ballots, 3);

    delete_all(&engine, DOCUMENTS).await;
    first.get("").await.refused(404, "election_not_found");
    let rebuilding = command(home.path(), Task::Rebuild { rate: 100_000 }, Scope::All);
    let (said, mut casts) = Box::pin(while_casts_go_on(&mut voters, &second, rebuilding)).await;
    assert!(said.unwrap().contains("0 cannot be applied"));
    assert!(casts > 0);
    until("what was served", async || first.get("").await.status == 200).await;
    until("the same answers", async || answers(&first, &receipt).await == before).await;
    assert_eq!(served(&items(&engine, DOCUMENTS).await, &first.id), documents);

    // Again, beside documents that are there: casts go on in both generations, so that there is a way back.
    command(home.path(), Task::Retire, Scope::All).await.unwrap();
    let rebuilding = command(home.path(), Task::Rebuild { rate: 100_000 }, Scope::All);
    let (said, more) = Box::pin(while_casts_go_on(&mut voters, &second, rebuilding)).await;
    said.unwrap();
    casts += more;
    assert!(more > 0);
    let (said, more) =
        Box::pin(while_casts_go_on(&mut voters, &second, command(home.path(), Task::RollBack, Scope::All))).await;
    assert!(said.unwrap().contains("still up to date"));
    casts += more;
    let closed = second.post("/close", json!({})).await.status(200).version();
    let results = tokio::time::timeout(PATIENCE, second.final_results(closed)).await.unwrap();
    assert_eq!((&results["cast"], &results["counted"]), (&json!(casts), &json!(casts)));
    let back = items(&engine, DOCUMENTS).await;
    command(home.path(), Task::RollBack, Scope::All).await.unwrap();
    let forth = items(&engine, DOCUMENTS).await;
    for election in [&first.id, &second.id] {
        assert_eq!(served(&back, election), served(&forth, election), "both generations are up to date");
    }
    // In the list, the other one is closed now.
    let but_for_the_list =
        |answers: Vec<Value>| answers.into_iter().filter(|answer| answer[0] != "/elections").collect::<Vec<_>>();
    assert_eq!(but_for_the_list(answers(&first, &receipt).await), but_for_the_list(before));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gates_and_guards_that_are_lost_come_back_while_no_server_runs() {
    let home = tempfile::tempdir().unwrap();
    let server = start(home.path()).await;
    let (released, _) = released(owner(&server)).await;
    let open = Election::draft(owner(&server), &[2]).await;
    let leaving = open.voter("leaving").await;
    let (ada, bob) = (open.voter("ada").await, open.voter("bob").await);
    open.owner.delete(&open.path(&format!("/voters/{}", leaving.id))).await.status(200);
    open.post("/open", json!({"closes_at": "2999-01-01T12:00:00Z"})).await.status(200);
    let ratings = json!({&open.candidates()[0]: 3});
    ada.cast_with(ratings.clone()).await.status(200);
    let draft = Election::draft(owner(&server), &[1]).await;
    let turnout = open.get("/turnout").await.status(200).json();
    let refused = command(home.path(), Task::Control, Scope::All).await.unwrap_err();
    assert!(refused.to_string().starts_with("another photovote is using "), "{refused}");
    server.stop().await;

    let counted = |(keys, _): &(&(String, String), &Item)| keys.0 != "counting";
    let engine = Engine::start(&DataDir::open(home.path()).unwrap(), Durability::ProcessEnd).await.unwrap();
    let sdk = dynamodb(engine.endpoint());
    let before = items(&sdk, CONTROL).await;
    assert!(before.len() > 3 * 16 + 3);
    delete_all(&sdk, CONTROL).await;
    // A guard of nobody's, too.
    let put = sdk.put_item().table_name(CONTROL).item("pk", AttributeValue::S(format!("{}#0", open.id)));
    put.item("sk", AttributeValue::S("email#nobody".into())).send().await.unwrap();
    engine.stop().await;
    let said = command(home.path(), Task::Control, Scope::All).await.unwrap();
    assert!(said.starts_with("Gates and guards of 3 elections"), "{said}");
    assert!(said.contains("1 deleted"), "{said}");

    let server = start(home.path()).await;
    let after = items(&dynamodb(server.dynamodb()), CONTROL).await;
    let (before, after): (Vec<_>, Vec<_>) =
        (before.iter().filter(counted).collect(), after.iter().filter(counted).collect());
    assert_eq!(after, before);
    let open = on(&server, &open);
    assert_eq!(open.get("/turnout").await.status(200).json(), turnout);
    let bob = open.owner.with_token(&bob.token);
    bob.post("/ballot/cast", json!({"ratings": ratings})).await.status(200);
    open.post("/voters", json!({"name": "x", "email": "ada@example.org"})).await.refused(409, "email_taken");
    open.post("/voters", json!({"name": "x", "email": "leaving@example.org"})).await.status(201);
    on(&server, &draft).post("/voters", json!({"name": "x", "email": "x@example.org"})).await.status(201);
    on(&server, &released)
        .post("/voters", json!({"name": "x", "email": "x@example.org"}))
        .await
        .refused(409, "registration_closed");
    server.stop().await;
}
