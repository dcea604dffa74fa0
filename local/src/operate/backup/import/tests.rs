use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use photovote_domain::{ElectionId, VoterId, election::ElectionEvent};
use photovote_dynamodb::{Item, answered_by};
use photovote_test_support::{Engine as InMemory, ballot, election, following, voter};
use tempfile::NamedTempFile;

use super::*;
use crate::operate::backup::line::Entry;

const SHARDS: u8 = 2;
const HERE: ElectionId = ElectionId::from_bits(1);
const ELSEWHERE: ElectionId = ElectionId::from_bits(2);

/// Two elections that are open, each with two voters, of whom one has cast.
fn streams() -> Vec<Vec<Commit>> {
    [HERE, ELSEWHERE].into_iter().flat_map(streams_of).collect()
}

fn streams_of(id: ElectionId) -> Vec<Vec<Commit>> {
    vec![
        election(id, SHARDS, None),
        voter(id, SHARDS, 1, false),
        voter(id, SHARDS, 2, false),
        ballot(id, SHARDS, 1, true),
        ballot(id, SHARDS, 2, false),
    ]
}

fn renamed(stream: &[Commit], name: &str) -> Commit {
    following(stream, &[ElectionEvent::ElectionNameChanged { name: name.into() }])
}

fn file(streams: &[Vec<Commit>]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    rewrite(&mut file, streams);
    file
}

fn rewrite(file: &mut NamedTempFile, streams: &[Vec<Commit>]) {
    let mut lines = Vec::new();
    let commits: Vec<_> = streams.iter().flatten().collect();
    for commit in &commits {
        Entry::of(commit).write(&mut lines).unwrap();
    }
    Entry::end(commits.len() as u64).write(&mut lines).unwrap();
    fs::write(file.path(), lines).unwrap();
}

async fn import_into(engine: &InMemory, client: Client, file: &Path) -> Result<(), BackupError> {
    bring(client, engine.tables().events, engine.tables().control, &Backup::check(file)?).await
}

type Items = BTreeMap<(String, String), Item>;

async fn everything(engine: &InMemory) -> (Items, Items) {
    (engine.items(engine.tables().events).await, engine.items(engine.tables().control).await)
}

/// A target into which all of this was imported.
async fn target(streams: &[Vec<Commit>]) -> InMemory {
    let engine = InMemory::start().await;
    import_into(&engine, engine.client(), file(streams).path()).await.unwrap();
    engine
}

#[tokio::test]
async fn an_import_brings_events_gates_and_guards() {
    let engine = target(&streams()).await;
    let (events, control) = everything(&engine).await;
    assert_eq!(events.len(), streams().iter().flatten().count());
    // Two gates, two guards and an entry of the schedule for each election, a counter for who created both, and nothing else.
    assert_eq!(control.len(), 2 * (2 + 2 + 1) + 1, "{:?}", control.keys());
    let reader = Control::new(engine.client(), engine.tables().control);
    assert_eq!(reader.creations().await.unwrap(), [("ada".parse().unwrap(), 2)].into());
    for id in [HERE, ELSEWHERE] {
        let turnout = reader.reader().turnout(id, SHARDS.try_into().unwrap()).await.unwrap();
        assert_eq!((turnout.registered, turnout.cast), (2, 1));
    }
    assert!(reader.importing().await.unwrap().is_empty());
    // Once more: nothing is left to be done, and nothing is done.
    import_into(&engine, engine.client(), file(&streams()).path()).await.unwrap();
    assert_eq!(everything(&engine).await, (events, control));
}

#[tokio::test]
async fn a_later_backup_of_the_same_elections_is_brought_in() {
    let later = |streams: Vec<Vec<Commit>>| {
        let mut later = streams;
        for stream in [0, 5] {
            let renamed = renamed(&later[stream], "later");
            later[stream].push(renamed);
        }
        later[4] = ballot(HERE, SHARDS, 2, true);
        later.push(voter(HERE, SHARDS, 3, false));
        later.push(ballot(HERE, SHARDS, 3, false));
        later
    };
    let engine = target(&streams()).await;
    let whole = later(streams());
    import_into(&engine, engine.client(), file(&whole).path()).await.unwrap();
    assert_eq!(everything(&engine).await, everything(&target(&whole).await).await);
}

#[tokio::test]
async fn a_refused_import_changes_nothing() {
    let fork = |stream: usize, place: usize, name: &str| {
        let mut streams = streams();
        streams[stream].truncate(place);
        let other = renamed(&streams[stream], name);
        streams[stream].push(other);
        streams
    };
    let with = |stream: usize, more: Commit| {
        let mut streams = streams();
        streams[stream].push(more);
        streams
    };
    let beside = |more: Vec<Commit>| streams().into_iter().chain([more]).collect::<Vec<_>>();
    let mut longer = fork(0, 4, "file");
    for name in ["a", "b", "c"] {
        let more = renamed(&longer[0], name);
        longer[0].push(more);
    }
    let short = |stream: usize, place: usize| {
        let mut streams = streams();
        streams[stream].truncate(place);
        streams
    };
    // What the file holds, and what the target.
    let cases = [
        ("they part at their ends", longer, fork(0, 4, "target")),
        ("they part in the last stream", fork(5, 4, "file"), fork(5, 4, "target")),
        ("the target is longer", streams(), with(0, renamed(&streams()[0], "target"))),
        ("the target's ballot is cast", short(3, 2), streams()),
        ("the target has one voter more", streams(), beside(voter(ELSEWHERE, SHARDS, 9, false))),
        ("the target has one ballot more", streams(), beside(ballot(HERE, SHARDS, 9, true))),
        (
            "each has a voter that the other lacks",
            beside(voter(HERE, SHARDS, 8, false)),
            beside(voter(HERE, SHARDS, 9, false)),
        ),
    ];
    for (name, held, standing) in cases {
        let engine = target(&standing).await;
        let before = everything(&engine).await;
        let refused = import_into(&engine, engine.client(), file(&held).path()).await.unwrap_err();
        assert!(refused.to_string().starts_with("nothing was imported: "), "{name}: {refused}");
        assert_eq!(everything(&engine).await, before, "{name}");
    }
}

#[tokio::test]
async fn an_import_fills_holes_and_refuses_tampered_targets() {
    let engine = target(&streams()).await;
    let whole = everything(&engine).await;
    let table = engine.tables().events;
    let place = (Stream::Election(HERE).partition(), Stream::Election(HERE).sort_key(Version::new(2)));
    let mut item = whole.0[&place].clone();
    engine.delete(table, &place).await;
    import_into(&engine, engine.client(), file(&streams()).path()).await.unwrap();
    assert_eq!(everything(&engine).await, whole);
    let other = &whole.0.values().find(|other| other["salt"] == item["salt"] && **other != item).unwrap()["events"];
    item.insert("events".into(), other.clone());
    engine.client().put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    let before = everything(&engine).await;
    let refused = import_into(&engine, engine.client(), file(&streams()).path()).await.unwrap_err();
    assert!(matches!(refused, BackupError::Chain { error: ChainError::Content(_), .. }), "{refused}");
    assert_eq!(everything(&engine).await, before);
}

#[tokio::test]
async fn other_elections_of_the_target_stay_as_they_are() {
    let engine = target(&streams_of(ELSEWHERE)).await;
    let damaged =
        Item::from(["pk", "sk"].map(|name| (name.to_owned(), aws_sdk_dynamodb::types::AttributeValue::S("no".into()))));
    engine.client().put_item().table_name(engine.tables().events).set_item(Some(damaged)).send().await.unwrap();
    let (events, control) = everything(&engine).await;
    import_into(&engine, engine.client(), file(&streams_of(HERE)).path()).await.unwrap();
    let (after, controlled) = everything(&engine).await;
    assert!(events.iter().all(|(key, item)| after.get(key) == Some(item)));
    // But for the counter of the one who created the other as well.
    let counter = ("creations".to_owned(), "ada".to_owned());
    assert!(control.iter().all(|(key, item)| *key == counter || controlled.get(key) == Some(item)));
    assert_eq!(controlled[&counter]["elections"].as_n().map(String::as_str), Ok("2"));
    assert_eq!(after.len(), events.len() + streams_of(HERE).iter().flatten().count());
}

#[tokio::test]
async fn a_file_that_no_export_wrote_fails_the_check() {
    let refused = |streams: &[Vec<Commit>]| Backup::check(file(streams).path()).unwrap_err();
    let twice = [streams(), vec![streams()[1].clone()]].concat();
    assert!(matches!(refused(&twice), BackupError::Twice { .. }));
    let interleaved = {
        let (mut first, mut rest) = (streams(), streams());
        first[0].truncate(2);
        rest[0].drain(..2);
        let rest = rest.remove(0);
        first.push(rest);
        first
    };
    assert!(matches!(refused(&interleaved), BackupError::Chain { .. }));
    let doubled = {
        let mut streams = streams();
        let commit = streams[0][1].clone();
        streams[0].insert(1, commit);
        streams
    };
    assert!(matches!(refused(&doubled), BackupError::Chain { .. }));
    let hole = {
        let mut streams = streams();
        streams[3].remove(1);
        streams
    };
    assert!(matches!(refused(&hole), BackupError::Chain { .. }));
    assert!(matches!(refused(&streams()[1..]), BackupError::Misplaced { .. }), "its election is missing");
    let elsewhere = [streams(), vec![voter(HERE, 64, 7, false)]].concat();
    let at_its_place = Stream::voter(HERE, SHARDS.try_into().unwrap(), VoterId::from_bits(7));
    assert_ne!(elsewhere[10][0].stream, at_its_place);
    assert!(matches!(refused(&elsewhere), BackupError::Misplaced { .. }));
    let mut newer = streams();
    let mut event = following(&newer[0], &[ElectionEvent::ElectionDeleted {}]);
    event.events[0].event_type = "ElectionPainted".into();
    newer[0].push(event);
    assert!(matches!(refused(&newer), BackupError::Chain { .. } | BackupError::Decode { .. }));
}

#[tokio::test]
async fn what_changes_after_it_was_checked_is_not_written() {
    let mut file = file(&streams());
    let backup = Backup::check(file.path()).unwrap();
    let mut changed = streams();
    let other = renamed(&changed[0], "other");
    changed[0].push(other);
    rewrite(&mut file, &changed);
    let engine = InMemory::start().await;
    let tables = engine.tables();
    let refused = bring(engine.client(), tables.events, tables.control, &backup).await.unwrap_err();
    assert!(matches!(refused, BackupError::Changed { .. }), "{refused}");
    let stream = Stream::Election(HERE);
    let (events, _) = everything(&engine).await;
    assert!(events.keys().all(|(_, sk)| !sk.starts_with(&stream.to_string())), "{events:?}");
}

/// A client whose calls fail from the one of this number on, as if the process had been killed.
fn killed_after(engine: &InMemory, calls: i64) -> Client {
    let (left, dispatcher) = (Arc::new(AtomicI64::new(calls)), engine.dispatcher());
    let http = answered_by(move |request| {
        let (dispatcher, dead) = (dispatcher.clone(), left.fetch_sub(1, Ordering::SeqCst) <= 0);
        async move {
            let gone = |text: &str| aws_smithy_runtime_api::client::result::ConnectorError::user(text.into());
            if dead {
                return Err(gone("killed"));
            }
            let answer = dispatcher.answer(request, |request| (request.operation(), request.body())).await;
            answer.map_err(|error| gone(&error.to_string()))
        }
    });
    client(&config(&Endpoint::Client(http)), None)
}

#[tokio::test]
async fn a_killed_import_blocks_use_until_it_is_repeated() {
    let (older, whole) = (streams_of(HERE), streams());
    let expected = everything(&target(&whole).await).await;
    let shards = SHARDS.try_into().unwrap();
    let mut kills = 0;
    loop {
        // One of the elections is there already, and is in use.
        let engine = target(&older).await;
        let (file, control) = (file(&whole), Control::new(engine.client(), engine.tables().control));
        let Err(_killed) = import_into(&engine, killed_after(&engine, kills), file.path()).await else { break };
        let importing = control.importing().await.unwrap();
        for id in [HERE, ELSEWHERE] {
            let has_gates = control.reader().standing(id, shards).await.unwrap().len() == 2;
            assert!(!has_gates || !importing.contains(&id), "{kills}");
            let (events, _) = everything(&engine).await;
            let partitions = |pk: &str| pk.split('#').next() == Some(id.to_string().as_str());
            let held = events.keys().filter(|(pk, _)| partitions(pk)).count();
            assert!(
                !has_gates || held == streams_of(id).iter().flatten().count(),
                "{kills}: an election with gates has all of its events, not {held}"
            );
        }
        if !importing.is_empty() {
            let reader = EventReader::new(engine.client(), engine.tables().events);
            let refused =
                photovote_restoration::restore(&reader, &control, [HERE, ELSEWHERE], photovote_restoration::Which::All)
                    .await
                    .unwrap_err();
            assert!(refused.to_string().contains("repeat `photovote import`"), "{refused}");
        }
        import_into(&engine, engine.client(), file.path()).await.unwrap();
        assert_eq!(everything(&engine).await, expected, "killed after {kills} calls");
        kills += 1;
    }
    assert!(kills > 40, "{kills}");
}
