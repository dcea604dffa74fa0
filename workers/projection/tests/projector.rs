//! The projector against the embedded engine: documents are the fold of the events.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod world;

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue::{L, S};
use photovote_documents::{ElectionDocument, VoterDocument};
use photovote_domain::{
    Digest, Election, ElectionId, Timestamp, Version, Voter, VoterId,
    election::{Role, Status},
    fold,
};
use photovote_events::{Commit, StoredEvent, Stream};
use photovote_projection::CommitKeys;
use photovote_queues::{CountMessage, PhotographMessage};
use photovote_test_support::{following, history};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use world::{Missing, World, ballot, election, failure, inserted, record, voter};

const ELECTION: ElectionId = ElectionId::from_bits(7);
const OTHER: ElectionId = ElectionId::from_bits(8);

fn keys(commit: &Commit) -> CommitKeys {
    CommitKeys { pk: commit.stream.partition(), sk: commit.stream.sort_key(commit.first) }
}

/// The same commit with an event that no program knows.
fn poisoned(commit: &Commit) -> Commit {
    let unknown = StoredEvent { event_type: "Unheard".into(), schema_version: 1, payload: b"{}".into() };
    Commit { events: vec![unknown; commit.events.len()], ..commit.clone() }
}

async fn document(world: &World, id: ElectionId) -> Option<ElectionDocument> {
    world.documents.reader().election(id, true).await.unwrap()
}

async fn version(world: &World, id: ElectionId) -> u64 {
    document(world, id).await.map_or(0, |document| document.version.get())
}

/// The fold of an election's commits.
fn state(commits: &[Commit]) -> Election {
    let events: Vec<_> = commits.iter().flat_map(|commit| commit.decode::<Election>().unwrap()).collect();
    fold::<Election>(&events)
}

async fn voters(world: &World, id: ElectionId) -> Vec<VoterDocument> {
    world.documents.reader().voters(id, None, 1_000).await.unwrap().items
}

fn calls<const N: usize>(calls: [(&str, u64); N]) -> BTreeMap<String, u64> {
    calls.map(|(name, count)| (name.to_owned(), count)).into()
}

#[tokio::test]
async fn commits_become_documents() {
    let world = World::new().await;
    let election = election(ELECTION, 2);
    let batch = [election.clone(), voter(ELECTION, 1, false), voter(ELECTION, 2, true), ballot(ELECTION, 1)].concat();
    assert_eq!(world.deliver(&batch).await, None);

    let document = document(&world, ELECTION).await.unwrap();
    assert_eq!((document.version, document.election), (election[3].last(), state(&election)));
    assert_eq!(voters(&world, ELECTION).await.iter().map(|voter| voter.id.bits()).collect::<Vec<_>>(), [1]);
    let listed = world.documents.reader().elections_of(&"ada".parse().unwrap(), None, 10).await.unwrap();
    assert_eq!(listed.items.iter().map(|summary| summary.status).collect::<Vec<_>>(), [Status::Open]);
    assert_eq!(world.repaired(), []);
}

#[tokio::test]
async fn projecting_stays_within_the_budget() {
    let world = World::new().await;
    let election = election(ELECTION, 1);
    let generation = ("GetItem", 1);
    world.deliver(&election[..1]).await;
    assert_eq!(world.calls.take(), calls([generation, ("TransactWriteItems", 1)]));
    world.deliver(&election[1..]).await;
    assert_eq!(world.calls.take(), calls([("Query", 1), ("TransactWriteItems", 1)]));
    world.deliver(&voter(ELECTION, 1, false)).await;
    assert_eq!(world.calls.take(), calls([("PutItem", 1)]));
}

#[tokio::test]
async fn ballots_leave_no_trace_in_documents() {
    let world = World::new().await;
    world.deliver(&election(ELECTION, 1)).await;
    world.calls.take();
    let table = world.engine.tables().documents;
    let before = world.engine.items(table).await;
    let ballots: Vec<_> = (0..100).flat_map(|n| ballot(ELECTION, n)).collect();
    world.write(&ballots).await;
    assert_eq!(world.deliver(&ballots).await, None);
    assert_eq!(world.deliver([&ballots[2], &poisoned(&ballots[5])]).await, None);
    assert_eq!(world.calls.take().keys().filter(|call| *call != "PutItem").count(), 0, "nothing is even read");
    assert_eq!((world.engine.items(table).await, world.repaired(), world.told()), (before, vec![], vec![]));
}

#[tokio::test]
async fn the_counter_is_told_when_it_has_something_to_do() {
    use photovote_domain::election::ElectionEvent as E;
    let world = World::new().await;
    let mut commits = election(ELECTION, 1);
    let told = |times: usize| vec![CountMessage::election(ELECTION, "2".parse().unwrap()); times];
    assert_eq!(world.deliver(&commits).await, None);
    assert_eq!(world.told(), told(0));
    let digest = Digest::of(b"results");
    let then = [
        (E::ElectionClosing {}, 0),
        (E::ElectionClosed { casts: 0, digest_follows: true, registered: Some(0) }, 1),
        (E::ResultsCounted { digest }, 1),
        (E::AdministratorAdded { role: Role::Editor, subject: "eve".into() }, 0),
        (E::ResultsReleased { digest: Some(digest) }, 1),
        (E::ElectionDeleted {}, 1),
    ];
    for (event, times) in then {
        commits.push(following(&commits, std::slice::from_ref(&event)));
        assert_eq!(world.deliver(&commits[commits.len() - 1..]).await, None);
        assert_eq!(world.told(), told(times), "{event:?}");
    }
    // It is told again if the record comes again: it may have been lost.
    assert_eq!(world.deliver(&commits).await, None);
    assert_eq!(world.told(), told(1));
}

#[tokio::test]
async fn a_close_comes_again_if_the_counter_cannot_be_told() {
    let world = World::new().await;
    let closed = photovote_test_support::election(ELECTION, 1, Some(0));
    let projector = world.projector_without(Missing::Counter);
    let last = closed.len() - 1;
    assert_eq!(failure(&projector, closed.iter().map(inserted)).await, Some(last.to_string()));
    assert_eq!(world.deliver(&closed[last..]).await, None);
    assert_eq!(world.told().len(), 1);
}

#[tokio::test]
async fn the_photo_processor_is_told_what_to_delete() {
    use photovote_domain::{PhotographId, election::ElectionEvent, photograph::PhotographEvent};
    let world = World::new().await;
    let id = PhotographId::from_bits(1);
    let requested = PhotographEvent::PhotographRequested { bytes: 1, name: "a.jpg".into() };
    let stream = Stream::Photograph(ELECTION, id);
    let mut photograph = history(stream, Timestamp::from_millis(0), [vec![requested]]);
    let mut commits = election(ELECTION, 1);
    assert_eq!(world.deliver(commits.iter().chain(&photograph)).await, None);
    assert_eq!(world.told_of_photographs(), []);

    photograph.push(following(&photograph, &[PhotographEvent::PhotographRemoved {}]));
    commits.push(following(&commits, &[ElectionEvent::ElectionDeleted {}]));
    let last = [&photograph[1], &commits[commits.len() - 1]];
    let projector = world.projector_without(Missing::PhotoProcessor);
    assert_eq!(failure(&projector, last.into_iter().map(inserted)).await, Some("0".to_owned()));
    assert_eq!(world.deliver(last).await, None);
    let removed = PhotographMessage { election: ELECTION, photograph: Some(id) };
    assert_eq!(world.told_of_photographs(), [PhotographMessage::election(ELECTION), removed]);
}

#[tokio::test]
async fn a_gap_is_filled_from_the_events_table() {
    let world = World::new().await;
    let election = election(ELECTION, 20);
    let removed = voter(ELECTION, 1, true);
    world.write(&election).await;
    world.write(&removed).await;
    assert_eq!(world.deliver([&election[0], &election[5], &election[9], &removed[1]]).await, None);
    let document = document(&world, ELECTION).await.unwrap();
    assert_eq!((document.version, document.election), (election[21].last(), state(&election)));
    let generation = "2".parse().unwrap();
    let voter =
        world.documents.one_in::<VoterDocument>(&generation, ELECTION, VoterId::from_bits(1)).await.unwrap().unwrap();
    assert_eq!((voter.version, voter.removed), (Version::new(2), true));

    world.calls.take();
    assert_eq!(world.deliver([&election[21], &election[3]]).await, None);
    assert_eq!(world.calls.take(), calls([("Query", 1)]), "duplicates need one look");
}

#[test]
fn documents_are_the_fold_in_any_order_of_delivery() {
    let commits = || {
        let ballots = (0..60).flat_map(|n| ballot(ELECTION, n));
        let voters = (0..6).flat_map(|n| voter(ELECTION, n, n % 2 == 1));
        election(ELECTION, 9).into_iter().chain(voters).chain(ballots).collect::<Vec<_>>()
    };
    let count = commits().len();
    // What comes in which order before everything comes once more, and how it is cut into batches.
    let early = vec(0..count, 0..80);
    let order = Just((0..count).collect::<Vec<_>>()).prop_shuffle();
    let mut runner = TestRunner::new(Config::with_cases(12));
    let outcome = runner.run(&(early, order, 1..70_usize), |(early, order, batch)| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (world, commits) = (World::new().await, commits());
            world.write(&commits).await;
            let deliveries: Vec<_> = early.into_iter().chain(order).collect();
            let batches: Vec<_> = deliveries.chunks(batch).collect();
            // Two projectors at once, as when an old shard of the stream overlaps with a new one.
            let (one, other) = batches.split_at(batches.len() / 2);
            let deliver = async |batches: &[&[usize]]| {
                for batch in batches {
                    assert_eq!(world.deliver(batch.iter().map(|at| &commits[*at])).await, None);
                }
            };
            tokio::join!(deliver(one), deliver(other));

            let document = document(&world, ELECTION).await.unwrap();
            assert_eq!(document.election, state(&election(ELECTION, 9)));
            assert_eq!(document.version, Version::new(20));
            let voters = voters(&world, ELECTION).await;
            assert_eq!(voters.iter().map(|voter| voter.id.bits()).collect::<Vec<_>>(), [0, 2, 4]);
            assert_eq!(world.repaired(), []);
        });
        Ok(())
    });
    outcome.unwrap();
}

#[tokio::test]
async fn a_poisoned_commit_goes_to_repair_and_blocks_nobody() {
    let world = World::new().await;
    let (one, other) = (election(ELECTION, 1), election(OTHER, 1));
    let (bad, bad_voter) = (poisoned(&one[1]), poisoned(&voter(ELECTION, 1, false)[0]));
    world.write(&[one[0].clone(), bad.clone(), one[2].clone()]).await;
    let good = [&one[0], &bad, &bad_voter, &one[2], &other[0], &other[1], &other[2]];
    assert_eq!(world.deliver(good.into_iter().chain(&voter(ELECTION, 2, false))).await, None);

    assert_eq!(version(&world, ELECTION).await, 1, "what came before is applied");
    assert_eq!(version(&world, OTHER).await, other[2].last().get());
    assert_eq!(voters(&world, ELECTION).await.iter().map(|voter| voter.id.bits()).collect::<Vec<_>>(), [2]);
    // What follows a commit that cannot be applied cannot be applied either.
    assert_eq!(world.repaired(), [keys(&bad), keys(&bad_voter), keys(&one[2])]);
}

#[tokio::test]
async fn a_hole_in_history_goes_to_repair() {
    let world = World::new().await;
    let election = election(ELECTION, 2);
    world.write(&[election[0].clone(), election[2].clone()]).await;
    assert_eq!(world.deliver([&election[2]]).await, None);
    assert_eq!(version(&world, ELECTION).await, 1);
    assert_eq!(world.repaired(), [keys(&election[2])]);
}

#[tokio::test]
async fn what_is_no_commit_goes_to_repair() {
    let world = World::new().await;
    let election = election(ELECTION, 0);
    let mut no_events = inserted(&election[0]);
    no_events["dynamodb"]["NewImage"].as_object_mut().unwrap().remove("events");
    let mut no_stream = inserted(&election[0]);
    for part in ["Keys", "NewImage"] {
        no_stream["dynamodb"][part]["sk"] = json!({"S": "something else"});
    }
    assert_eq!(failure(&world.projector, [no_events, no_stream, inserted(&election[0])]).await, None);
    let odd = CommitKeys { pk: ELECTION.to_string(), sk: "something else".into() };
    assert_eq!(world.repaired(), [keys(&election[0]), odd]);
    assert_eq!(version(&world, ELECTION).await, 1);
}

#[tokio::test]
async fn a_bad_commit_comes_again_if_the_repair_queue_fails() {
    let world = World::new().await;
    let projector = world.projector_without(Missing::Queue);
    let (one, other) = (election(ELECTION, 0), election(OTHER, 0));
    let batch = [&one[0], &poisoned(&one[1]), &other[0]].map(inserted);
    assert_eq!(failure(&projector, batch).await.as_deref(), Some("1"));
    assert_eq!((version(&world, ELECTION).await, version(&world, OTHER).await), (1, 1));
}

#[tokio::test]
async fn the_first_record_that_must_come_again_is_reported() {
    let world = World::new().await;
    let (one, other, third) = (election(ELECTION, 2), election(OTHER, 0), election(ElectionId::from_bits(9), 0));
    world.write(&one).await;
    world.write(&other).await;
    // Where something is missing the events table is asked, and it does not answer.
    let projector = world.projector_without(Missing::Events);
    let batch = [&third[0], &other[1], &one[1], &third[1], &one[2], &poisoned(&voter(ELECTION, 1, false)[0])];
    assert_eq!(failure(&projector, batch.map(inserted)).await.as_deref(), Some("1"));
    assert_eq!(version(&world, ElectionId::from_bits(9)).await, 2);
    assert_eq!(world.repaired(), [], "it comes again, too");
    // And so it does.
    assert_eq!(world.deliver(batch).await, None);
    assert_eq!((version(&world, ELECTION).await, version(&world, OTHER).await), (one[3].last().get(), 2));
    assert_eq!(world.repaired().len(), 1);
}

#[tokio::test]
async fn records_come_again_while_documents_are_unreachable() {
    let world = World::new().await;
    let projector = world.projector_without(Missing::Documents);
    let election = election(ELECTION, 0);
    let batch = || [record("REMOVE", &election[0]), inserted(&election[0]), inserted(&election[1])];
    assert_eq!(failure(&projector, batch()).await.as_deref(), Some("1"));
    assert_eq!(failure(&world.projector, batch()).await, None);
    assert_eq!(version(&world, ELECTION).await, 2);
}

#[tokio::test]
async fn changed_history_is_not_applied_and_raises_an_alarm() {
    let world = World::new().await;
    let election = election(ELECTION, 1);
    let (log, guard) = logged();
    world.deliver(&election[..1]).await;
    assert_eq!(alarms(&log), Vec::<Value>::new());
    let touched = [record("MODIFY", &election[1]), record("REMOVE", &election[0]), inserted(&election[1])];
    assert_eq!(failure(&world.projector, touched).await, None);
    drop(guard);
    assert_eq!(document(&world, ELECTION).await.unwrap().election, state(&election[..2]));
    let changes: Vec<_> = alarms(&log).iter().map(|alarm| (alarm["change"].clone(), alarm["sk"].clone())).collect();
    assert_eq!(
        changes,
        [("MODIFY", 2), ("REMOVE", 1)]
            .map(|(change, version)| { (json!(change), json!(election[0].stream.sort_key(Version::new(version)))) })
    );
    assert_eq!(world.repaired(), []);
}

#[tokio::test]
async fn every_active_generation_is_written() {
    let world = World::new().await;
    let put = world.engine.client().put_item().table_name(world.engine.tables().documents);
    let put = put.item("pk", S("generations".into())).item("sk", S("form-2".into())).item("serving", S("2".into()));
    put.item("active", L(vec![S("2".into()), S("3".into())])).send().await.unwrap();
    let election = election(ELECTION, 1);
    let batch = [election.clone(), voter(ELECTION, 1, false)].concat();
    assert_eq!(world.deliver(&batch).await, None);
    for generation in ["2", "3"].map(|name| name.parse().unwrap()) {
        let document = world.documents.reader().election_in(&generation, ELECTION, true).await.unwrap().unwrap();
        assert_eq!(document.election, state(&election));
        let voter = world
            .documents
            .one_in::<VoterDocument>(&generation, ELECTION, VoterId::from_bits(1))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(voter.name, "voter 1");
    }

    // A commit that none of them can take is sent to repair once.
    let bad = [poisoned(&voter(ELECTION, 3, false)[0]), poisoned(&self::election(OTHER, 0)[0])];
    assert_eq!(world.deliver(&bad).await, None);
    assert_eq!(world.repaired(), [keys(&bad[0]), keys(&bad[1])]);
}

/// What was logged, a line of JSON for each event.
type Log = std::sync::Arc<std::sync::Mutex<Vec<u8>>>;

fn logged() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let writer = Writer(log.clone());
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone()).finish();
    (log, tracing::subscriber::set_default(subscriber))
}

#[derive(Clone)]
struct Writer(Log);

impl std::io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn alarms(log: &Log) -> Vec<Value> {
    let log = log.lock().unwrap();
    let lines = log.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    lines.filter(|line| line["event"] == "history_touched" && line["level"] == "ERROR").collect()
}

#[test]
fn a_poisoned_commit_is_really_poisoned() {
    let commit = &voter(ELECTION, 1, false)[0];
    assert!(commit.decode::<Voter>().is_ok());
    assert!(poisoned(commit).decode::<Voter>().is_err());
}
