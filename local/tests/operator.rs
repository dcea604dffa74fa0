//! What an operator asks of the program, and a backup brought back: through the binary, beside a server that runs and without.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use crate::program::{Server, photovote};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_types::SdkConfig;
use photovote::{
    data_dir::{DataDir, temporary},
    host::checkpoint::{self, Checkpoint},
    host::consumer::Redelivery,
    host::engine::{CONTROL, DOCUMENTS, Durability, EVENTS, Engine},
    host::stream::number,
    server::{DEAD_LETTERS, REPAIR_QUEUE, Server as Here},
};
use photovote_domain::Digest;
use photovote_dynamodb::{Item, client};
use photovote_test_support::OverHttp;
use photovote_tests::{Answers, Client, Election, Everything, Tables, administrator, assert_same, followed, serve};
use serde_json::{Value, json};

/// Runs a command to its end.
fn run(data: &Path, arguments: &[&str]) -> Output {
    photovote(data).args(arguments).output().unwrap()
}

/// What a command prints, which must succeed.
pub(crate) fn said(data: &Path, arguments: &[&str]) -> String {
    let output = run(data, arguments);
    assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Why a command fails.
pub(crate) fn refused(data: &Path, arguments: &[&str]) -> String {
    let output = run(data, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn status(data: &Path) -> Value {
    serde_json::from_str(&said(data, &["status", "--json"])).unwrap()
}

/// A server in this process, whose tables a test can reach.
pub(crate) async fn here(home: &Path) -> Here {
    serve(home, Redelivery::default()).await
}

pub(crate) fn owner(server: &Here) -> Client {
    administrator(server, "admin")
}

pub(crate) async fn items(config: &SdkConfig, table: &str) -> Vec<Item> {
    Tables::at(config).items(table).await.into_values().collect()
}

/// The administrators of a server that answers at this address, with its data in this directory.
fn at(url: &str, data: &Path) -> impl Fn(&str) -> Client {
    move |subject| Client::new(url, Some(said(data, &["token", "--subject", subject]).trim()))
}

/// An election in which three of four voters cast their ballots. One more is still open, with a voter, and one who was removed.
async fn held(owner: Client) -> Election {
    let election = Election::open(owner.clone(), &[3, 2]).await;
    let candidates = election.candidates();
    for (number, voter) in election.voters(4).await.iter().enumerate().skip(1) {
        voter.cast_with(json!({&candidates[number]: 5, &candidates[0]: 2})).await.status(200);
    }
    let closed = election.post("/close", json!({})).await.status(200);
    election.final_results(closed.version()).await;
    let released = election.post("/release", json!({})).await.status(200);
    election.at(released.version()).await.status(200);
    let other = Election::open(owner, &[2]).await;
    other.voter("ada").await;
    let gone = other.voter("gone").await;
    other.owner.delete(&other.path(&format!("/voters/{}", gone.id))).await.status(200);
    election
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_brings_back_the_same_answers() {
    let (home, place) = (temporary().unwrap(), temporary().unwrap());
    let file = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let mut server = Server::start(home.path());
    let all = Box::pin(Everything::hold(at(&server.url, home.path()))).await;
    // More commits in one partition than are read at once.
    let long = Election::draft(at(&server.url, home.path())("busy"), &[]).await;
    for number in 0..200 {
        long.owner.patch(&long.path(""), json!({"name": format!("Draft {number}")})).await.status(200);
    }
    followed(home.path()).await;
    let before = all.answers(at(&server.url, home.path())).await;

    let exported = said(home.path(), &["export", &file("running")]);
    let amount = exported.strip_prefix("exported ").unwrap();
    server.kill();
    said(home.path(), &["export", &file("killed")]);
    assert_eq!(fs::read(file("running")).unwrap(), fs::read(file("killed")).unwrap());
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(file("running")).unwrap());
    assert_eq!(mode & 0o077, 0, "it holds ballots: nobody else can read it");
    assert!(refused(home.path(), &["export", &file("running")]).contains("exists"));

    let fresh = temporary().unwrap();
    // Twice: what was stopped half-way is done again.
    for _ in 0..2 {
        assert_eq!(said(fresh.path(), &["import", &file("running")]).strip_prefix("imported "), Some(amount));
    }
    let restored = Server::start(fresh.path());
    followed(fresh.path()).await;
    assert_same(&all.answers(at(&restored.url, fresh.path())).await, &before);
    assert_eq!(shown(&before, &Client::new(&restored.url, None)).await, 2, "a JPEG and a WebP");
    let running = refused(fresh.path(), &["import", &file("running")]);
    assert!(running.contains("another photovote is using"), "{running}");
    restored.stop();
    // What the projector made of it is what a rebuild makes.
    said(fresh.path(), &["rebuild"]);
    let rebuilt = Server::start(fresh.path());
    assert_same(&all.answers(at(&rebuilt.url, fresh.path())).await, &before);
    rebuilt.stop();
    said(fresh.path(), &["export", &file("again")]);
    assert_eq!(fs::read(file("again")).unwrap(), fs::read(file("running")).unwrap(), "byte for byte");
}

/// How many files the answers name that show photographs. Each of them must be there as it is named.
async fn shown(answers: &Answers, client: &Client) -> usize {
    let text = serde_json::to_string(answers).unwrap();
    // The API's document has an example, which is shorter.
    let paths: BTreeSet<_> = text.split('"').filter(|text| text.starts_with("/photos/") && text.len() > 120).collect();
    for path in &paths {
        let file = client.file(path).await;
        assert!(file.is_some_and(|file| path.contains(&Digest::of(&file).to_string())), "{path}");
    }
    paths.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_without_its_pictures_is_refused() {
    let (home, fresh, place) = (temporary().unwrap(), temporary().unwrap(), temporary().unwrap());
    let file = place.path().join("events.jsonl");
    let objects = place.path().join("events.jsonl.objects/photovote-renditions");
    let file = file.to_str().unwrap();
    let server = Server::start(home.path());
    let election = Election::draft(Client::new(&server.url, Some(&server.token)), &[1]).await;
    election.photograph("a.png").await;
    server.stop();
    said(home.path(), &["export", file]);
    let picture = fs::read_dir(&objects).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&picture).unwrap();

    fs::write(&picture, [&whole[..10], b"changed", &whole[17..]].concat()).unwrap();
    assert!(refused(fresh.path(), &["import", file]).contains("is damaged"));
    fs::remove_file(&picture).unwrap();
    assert!(refused(fresh.path(), &["import", file]).contains("nothing was imported"));
    fs::write(objects.join("another"), &whole).unwrap();
    assert!(refused(fresh.path(), &["import", file]).contains("is not a file that `export` wrote"));
    fs::remove_file(objects.join("another")).unwrap();
    assert!(refused(fresh.path(), &["status"]).contains("there is no data"));

    said(fresh.path(), &["import", file, "--without-photographs"]);
    fs::write(&picture, &whole).unwrap();
    said(fresh.path(), &["import", file]);
    fs::remove_dir_all(place.path().join("events.jsonl.objects")).unwrap();
    said(fresh.path(), &["import", file]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_election_goes_on_from_its_backup() {
    let (home, fresh) = (temporary().unwrap(), temporary().unwrap());
    let file = home.path().join("events.jsonl");
    let file = file.to_str().unwrap();
    let server = Server::start(home.path());
    let election = Election::open(Client::new(&server.url, Some(&server.token)), &[2]).await;
    let (ada, bob) = (election.voter("ada").await, election.voter("bob").await);
    ada.cast_with(json!({&election.candidates()[0]: 5})).await.status(200);
    server.stop();
    said(home.path(), &["export", file]);
    said(fresh.path(), &["import", file]);
    let server = Server::start(fresh.path());
    let election = Election { owner: at(&server.url, fresh.path())("admin"), ..election };
    followed(fresh.path()).await;
    assert_eq!(election.get("/turnout").await.status(200).json(), json!({"registered": 2, "cast": 1}));
    let vote = json!({"ratings": {&election.candidates()[0]: 4}});
    election.owner.with_token(&bob.token).post("/ballot/cast", vote.clone()).await.status(200);
    election.owner.with_token(&ada.token).post("/ballot/cast", vote).await.refused(409, "ballot_cast_already");
    let closed = election.post("/close", json!({})).await.status(200);
    let results = election.final_results(closed.version()).await;
    assert_eq!((&results["cast"], &results["registered"]), (&json!(2), &json!(2)));
    server.stop();
    // It has gone on: the backup does not fit into it any more, and changes nothing.
    let events = |name: &str| {
        let path = fresh.path().join(name);
        said(fresh.path(), &["export", path.to_str().unwrap()]);
        fs::read(path).unwrap()
    };
    let before = events("before");
    assert!(refused(fresh.path(), &["import", file]).contains("nothing was imported"));
    assert_eq!(events("after"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_table_is_brought_into_a_stack_that_runs() {
    let (home, fresh, place) = (temporary().unwrap(), temporary().unwrap(), temporary().unwrap());
    let file = place.path().join("events");
    let file = file.to_str().unwrap();
    let beside = async |server: &Here, arguments: &[&str]| {
        let tables = OverHttp::start(server.dispatcher()).await;
        let mut run = photovote(home.path());
        run.args(arguments).env("AWS_ENDPOINT_URL", tables.url());
        run.envs([("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local"), ("AWS_REGION", "eu-central-1")]);
        let output = run.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let server = here(home.path()).await;
    let all = Box::pin(Everything::hold(|subject| administrator(&server, subject))).await;
    followed(home.path()).await;
    let before = all.answers(|subject| administrator(&server, subject)).await;
    beside(&server, &["export", file, "--events-table", EVENTS]).await;
    server.stop().await;
    // The stream of the new table brings the documents up to date while it is being filled.
    let other = here(fresh.path()).await;
    let tables = ["--events-table", EVENTS, "--control-table", CONTROL];
    beside(&other, &[&["import", file][..], &tables].concat()).await;
    followed(fresh.path()).await;
    assert_same(&all.answers(|subject| administrator(&other, subject)).await, &before);
    // The control table is lost, and comes back beside the running stack. What has its gates is not touched.
    let lost = Tables::at(other.dynamodb()).lose(CONTROL, |pk, _| pk != "counting").await;
    assert!(lost > 5 * 16, "{lost}");
    let restore = beside(&other, &[&["rebuild", "--control"][..], &tables].concat()).await;
    assert!(restore.starts_with("Gates and guards of 5 elections: "), "{restore}");
    let again = beside(&other, &[&["rebuild", "--control"][..], &tables].concat()).await;
    assert!(again.starts_with("Gates and guards of 0 elections: 0 items written"), "{again}");
    assert_same(&all.answers(|subject| administrator(&other, subject)).await, &before);
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_was_changed_or_cut_is_not_imported() {
    let (home, place) = (temporary().unwrap(), temporary().unwrap());
    let server = here(home.path()).await;
    Election::open(owner(&server), &[2]).await.voter("ada").await;
    server.stop().await;
    let whole = place.path().join("whole");
    // What is damaged is not made a backup of: a commit that was changed, one that is missing, and what is none.
    let engine = Engine::start(&DataDir::open(home.path()).unwrap(), Durability::ProcessEnd).await.unwrap();
    let tables = Tables::at(engine.config());
    let events = tables.items(EVENTS).await;
    let (key, commit) = events.iter().find(|((_, sk), _)| sk.starts_with("election#")).unwrap();
    let exported = |damage: &str, says: &str| {
        let said = refused(home.path(), &["export", whole.to_str().unwrap()]);
        assert!(said.contains(says) && !whole.exists(), "{damage}: {said}");
    };
    let mut changed = commit.clone();
    changed.insert("hash".into(), events.values().find(|other| *other != commit).unwrap()["hash"].clone());
    tables.put(EVENTS, changed).await;
    exported("changed", "is not what it was");
    tables.lose(EVENTS, |pk, sk| (pk, sk) == (&*key.0, &*key.1)).await;
    exported("missing", "is not what it was");
    tables.put(EVENTS, commit.clone()).await;
    let text = |text: &str| AttributeValue::S(text.into());
    tables.put(EVENTS, Item::from([("pk".into(), text("no")), ("sk".into(), text("commit"))])).await;
    exported("none", "");
    tables.lose(EVENTS, |pk, _| pk == "no").await;
    engine.stop().await;
    said(home.path(), &["export", whole.to_str().unwrap()]);
    let text = fs::read_to_string(&whole).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let empty = temporary().unwrap();
    let import = |name: &str, content: String| {
        let path: PathBuf = place.path().join(name);
        fs::write(&path, content).unwrap();
        refused(empty.path(), &["import", path.to_str().unwrap()])
    };
    let joined = |lines: &[&str]| lines.join("\n") + "\n";
    let last = lines.len() - 1;
    assert!(import("cut", joined(&lines[..last])).contains("is not whole"));
    assert!(import("short", joined(&[&lines[..last - 1], &lines[last..]].concat())).contains("is not whole"));
    assert!(import("longer", text.clone() + lines[0] + "\n").contains("is not whole"));
    assert!(import("garbled", text.replacen("{\"commit\"", "{\"komitee\"", 1)).contains("line 1 "));
    // A commit in the middle of the election's stream is missing, its number made good.
    let end = format!("{{\"end\":{{\"commits\":{}}}}}", last - 1);
    let without = [&lines[..1], &lines[2..last], &[end.as_str()]].concat();
    assert!(import("gap", joined(&without)).contains("does not follow"));
    // A letter of an event, in base64.
    let place_of = text.find("\"p\":\"").unwrap() + 9;
    let other = if text.as_bytes()[place_of] == b'A' { "B" } else { "A" };
    let mut changed = text.clone();
    changed.replace_range(place_of..=place_of, other);
    assert!(import("changed", changed).contains("is not what was hashed"));
    assert!(refused(empty.path(), &["status"]).contains("there is no data in"), "nothing was written");

    // Elsewhere, another election stands in the same place.
    let elsewhere = here(empty.path()).await;
    Election::open(owner(&elsewhere), &[2]).await;
    let client = client(elsewhere.dynamodb(), None);
    let mut other = items(elsewhere.dynamodb(), EVENTS).await.remove(0);
    let first: Value = serde_json::from_str(lines[0]).unwrap();
    for key in ["pk", "sk"] {
        other.insert(key.into(), AttributeValue::S(first["commit"][key].as_str().unwrap().into()));
    }
    client.put_item().table_name(EVENTS).set_item(Some(other)).send().await.unwrap();
    elsewhere.stop().await;
    assert!(refused(empty.path(), &["import", whole.to_str().unwrap()]).contains("another commit"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_is_the_same_with_and_without_a_server() {
    let home = temporary().unwrap();
    let nothing = home.path().join("nothing");
    assert!(refused(&nothing, &["status"]).contains("there is no data in"));
    assert!(!nothing.exists());
    let server = Server::start(home.path());
    let owner = Client::new(&server.url, Some(&server.token));
    held(owner.clone()).await;
    // More voters than are looked at together.
    Election::open(owner, &[2]).await.voters(101).await;
    followed(home.path()).await;
    let mut running = status(home.path());
    while running["lag"]["streams"] != 0 || running["followers"] != json!({"invitations": {"commits": 0}}) {
        running = status(home.path());
    }
    assert_eq!(running["running"], true);
    assert_eq!(running["elections"], json!({"open": 2, "released": 1}));
    let Value::Object(events) = &running["events"] else { unreachable!("events are counted") };
    assert_eq!((&events["voters"], &events["ballots"], &events["cast"]), (&json!(106), &json!(106), &json!(3)));
    assert_eq!(running["lag"], json!({"streams": 0, "ballots": 0}));
    assert_eq!((&running["unsettled"], &running["damaged"]), (&json!([]), &json!([])));
    assert_eq!((&running["queues"][DEAD_LETTERS], &running["queues"][REPAIR_QUEUE]), (&json!(0), &json!(0)));
    server.stop();
    let mut stopped = status(home.path());
    assert_eq!(stopped["running"], false);
    stopped["running"] = json!(true);
    assert_eq!(stopped, running);
    let people = said(home.path(), &["status"]);
    assert!(people.contains("2 open, 1 released") && people.contains("up to date"), "{people}");
    let left: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("copy-")), "{left:?}");

    // A gate that counts one more than were cast, and nothing else that is wrong.
    let engine = Engine::start(&DataDir::open(home.path()).unwrap(), Durability::ProcessEnd).await.unwrap();
    let tables = Tables::at(engine.config());
    let (_, mut gate) = tables.items(CONTROL).await.into_iter().find(|((_, sk), _)| sk == "gate").unwrap();
    let casts: u64 = gate["casts"].as_n().unwrap().parse().unwrap();
    gate.insert("casts".into(), AttributeValue::N((casts + 1).to_string()));
    let of = gate["pk"].as_s().unwrap().split_once('#').unwrap().0.to_owned();
    tables.put(CONTROL, gate).await;
    engine.stop().await;
    let unsettled = &status(home.path())["unsettled"][0];
    assert_eq!(unsettled["election"], of.as_str());
    assert_eq!(unsettled["gates"].as_u64(), unsettled["cast"].as_u64().map(|cast| cast + 1));
    assert_eq!(unsettled["counted"], unsettled["cast"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_tells_lag_and_counts_that_disagree() {
    let home = temporary().unwrap();
    let server = here(home.path()).await;
    let election = held(owner(&server)).await;
    server.queues().queue(DEAD_LETTERS).send("{}").unwrap();
    while status(home.path())["followers"] != json!({"invitations": {"commits": 0}}) {}
    server.stop().await;
    // With the engine alone, nobody makes up for what is lost.
    let engine = Engine::start(&DataDir::open(home.path()).unwrap(), Durability::ProcessEnd).await.unwrap();
    let client = engine.client();
    for table in [DOCUMENTS, CONTROL] {
        for item in items(engine.config(), table).await {
            // All documents, and one gate that ballots went through.
            let gate = item["sk"] == AttributeValue::S("gate".into()) && item["casts"] != AttributeValue::N("0".into());
            if table == DOCUMENTS || gate {
                let key = ["pk", "sk"].map(|name| (name.to_owned(), item[name].clone()));
                client.delete_item().table_name(table).set_key(Some(key.into())).send().await.unwrap();
            }
        }
    }
    // The follower has looked at all commits but the last three.
    let stream = engine.events().unwrap();
    let fourth = stream.after(None, 1_000).unwrap().records.iter().rev().nth(3).map(|record| number(record).unwrap());
    let place = checkpoint::name(stream.arn(), Some("invitations"));
    let dir = DataDir::open(home.path()).unwrap();
    Checkpoint::open(&dir, &place).unwrap().save(fourth.unwrap()).unwrap();
    engine.stop().await;
    let status = status(home.path());
    let follower = &status["followers"]["invitations"];
    assert_eq!(follower["commits"], 3);
    // The stream knows when its records were written, to the second.
    assert!((0..3_600_000).contains(&follower["oldest_ms"].as_i64().unwrap()), "{follower}");
    assert_eq!(status["queues"][DEAD_LETTERS], 1);
    assert_eq!((&status["events"]["voters"], &status["events"]["ballots"]), (&json!(5), &json!(5)), "one was removed");
    // Two elections and five voters.
    assert_eq!((&status["lag"]["streams"], &status["lag"]["ballots"]), (&json!(7), &json!(3)));
    assert!(status["lag"]["oldest_ms"].as_i64().unwrap() >= 0);
    let expected = json!([{
        "election": election.id, "status": "released", "cast": 3, "counted": 0, "gates": null, "closed_with": 3,
    }]);
    assert_eq!(status["unsettled"], expected);
    let people = said(home.path(), &["status"]);
    assert!(people.contains("7 streams and 3 ballots behind") && people.contains("a gate is missing"), "{people}");
    assert!(people.contains("Followers   invitations 3 commits behind, for "), "{people}");
    // Without a place in the stream, it has looked at nothing.
    fs::remove_file(home.path().join("local.db")).unwrap();
    let nothing: Value = serde_json::from_str(&said(home.path(), &["status", "--json"])).unwrap();
    assert_eq!(nothing["followers"]["invitations"]["commits"], nothing["events"]["commits"]);
}
