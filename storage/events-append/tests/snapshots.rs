//! Snapshots over the engine: what is begun with one is what the whole stream says, and what does not fit is not used.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::{collections::HashMap, fmt::Write};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use photovote_domain::{
    CandidateId, CompetitionId, Election, ElectionId, Hasher, Scale, ShardCount, Timestamp, election::ElectionEvent,
};
use photovote_dynamodb::{Calls, Item};
use photovote_events::{Commit, ElectionSource, EventReader, Snapshot, Snapshots, Stream};
use photovote_events_append::SnapshotStore;
use photovote_test_support::{Engine, following, history};

const ELECTION: ElectionId = ElectionId::from_bits(7);
const STREAM: Stream = Stream::Election(ELECTION);
/// The length from which on a stream is long here.
const LOOK: u16 = 10;

/// An engine, and a reader whose calls are counted.
struct World {
    engine: Engine,
    snapshots: Snapshots,
    store: SnapshotStore,
    calls: Calls,
}

impl World {
    /// A table with these commits.
    async fn of(commits: &[Commit]) -> Self {
        let engine = Engine::start().await;
        let (client, calls) = engine.counting_client();
        let reader = EventReader::new(client.clone(), engine.tables().events);
        let snapshots = Snapshots::new(&reader, engine.tables().control).of_streams_longer_than(LOOK);
        let store = SnapshotStore::new(client, snapshots.clone());
        let world = Self { engine, snapshots, store, calls };
        world.append(commits).await;
        world
    }

    async fn append(&self, commits: &[Commit]) {
        for commit in commits {
            let put = self.engine.client().put_item().table_name(self.engine.tables().events);
            put.set_item(Some(commit.to_item())).send().await.unwrap();
        }
    }

    /// The election as it is now, and how many Queries that took.
    async fn load(&self) -> (Snapshot<Election>, u64) {
        self.calls.take();
        let loaded = self.snapshots.load(ELECTION).await.unwrap();
        (loaded, self.calls.take().values().sum())
    }

    /// The items that are kept of the election's snapshot.
    async fn kept(&self) -> Vec<Item> {
        let query = self.engine.client().query().table_name(self.engine.tables().control);
        let query = query
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(format!("{ELECTION}#snapshot")));
        query.send().await.unwrap().items.unwrap_or_default()
    }

    async fn put(&self, item: Item) {
        let put = self.engine.client().put_item().table_name(self.engine.tables().control);
        put.set_item(Some(item)).send().await.unwrap();
    }
}

fn created(name: &str) -> Vec<ElectionEvent> {
    let (name, owner) = (name.to_owned(), "ada".to_owned());
    let (scale, shards) = (Scale::default(), ShardCount::default());
    vec![ElectionEvent::ElectionCreated { description: None, name, owner, scale, shards }]
}

/// The commits of an election of this name with a competition, whose name changes until there are so many.
fn edited(name: &str, commits: usize) -> Vec<Commit> {
    let competition = CompetitionId::from_bits(1);
    let added = vec![ElectionEvent::CompetitionAdded { competition, description: None, name: "Nature".into() }];
    let renamed = |n| vec![ElectionEvent::CompetitionNameChanged { competition, name: format!("Nature {n}") }];
    let events = [created(name), added].into_iter().chain((2..commits).map(renamed));
    history(STREAM, Timestamp::from_millis(0), events)
}

/// An election whose photographs have descriptions of so many lines, which cannot be made shorter.
fn described(candidates: u32, lines: u32) -> Vec<Commit> {
    let competition = CompetitionId::from_bits(1);
    let added = vec![ElectionEvent::CompetitionAdded { competition, description: None, name: "Nature".into() }];
    let candidate = |n: u32| {
        let mut description = String::new();
        for line in 0..lines {
            let noise = Hasher::new("test").part(&n.to_be_bytes()).part(&line.to_be_bytes()).finish();
            write!(description, "{noise}").unwrap();
        }
        let (candidate, name) = (CandidateId::from_bits(n.into()), format!("Photograph {n}"));
        vec![ElectionEvent::CandidateAdded {
            candidate,
            competition,
            description: Some(description),
            image: None,
            name,
        }]
    };
    let events = [created("Summer"), added].into_iter().chain((0..candidates).map(candidate));
    history(STREAM, Timestamp::from_millis(0), events)
}

/// What these commits lead to, with nothing left out.
fn folded(commits: &[Commit]) -> Snapshot<Election> {
    let mut whole = Snapshot::empty(STREAM);
    for commit in commits {
        whole.push(commit).unwrap();
    }
    whole
}

/// Both are the same place of the same stream, however one came there.
fn assert_same(loaded: &Snapshot<Election>, commits: &[Commit]) {
    let whole = folded(commits);
    assert_eq!((&loaded.state, loaded.version, loaded.head), (&whole.state, whole.version, whole.head));
}

#[tokio::test]
async fn a_short_stream_is_read_at_once_and_has_no_snapshot() {
    let commits = edited("Summer", LOOK.into());
    let world = World::of(&commits).await;
    let (loaded, queries) = world.load().await;
    assert_same(&loaded, &commits);
    assert_eq!(queries, 1);
    world.store.save(&loaded).await;
    assert!(world.kept().await.is_empty());
}

#[tokio::test]
async fn a_stream_of_few_but_large_commits_has_a_snapshot() {
    let commits = described(300, 60);
    let world = World::of(&commits).await;
    let snapshots = world.snapshots.clone().of_streams_longer_than(500);
    let store = SnapshotStore::new(world.engine.client(), snapshots.clone());
    store.save(&folded(&commits[..100])).await;
    assert!(world.kept().await.is_empty());
    store.load(ELECTION).await.unwrap();
    assert!(!world.kept().await.is_empty());
    world.calls.take();
    assert_same(&snapshots.load(ELECTION).await.unwrap(), &commits);
    assert_eq!(world.calls.take().values().sum::<u64>(), 3);
}

#[tokio::test]
async fn a_long_stream_is_followed_from_any_snapshot() {
    let commits = edited("Summer", 40);
    let world = World::of(&commits).await;
    let (loaded, queries) = world.load().await;
    assert_same(&loaded, &commits);
    assert_eq!((queries, world.kept().await.len()), (3, 0), "who only reads keeps nothing");
    for kept in [11, 12, 39, 40] {
        world.store.save(&folded(&commits[..kept])).await;
        let (loaded, queries) = world.load().await;
        assert_same(&loaded, &commits);
        assert_eq!(queries, 3, "{kept}: a look, the snapshot, and what follows");
        // It can be followed further.
        let mut followed = loaded.clone();
        let next = following(&commits, &[ElectionEvent::ElectionOpened { closes_at: None }]);
        followed.push(&next).unwrap();
        assert_same(&followed, &[&commits[..], &[next]].concat());
    }
}

#[tokio::test]
async fn a_snapshot_spares_the_commits_before_it() {
    let commits = edited("Summer", 200);
    let world = World::of(&commits).await;
    world.store.save(&folded(&commits[..190])).await;
    // Nobody needs these any more, and nobody misses them.
    for commit in &commits[20..189] {
        let item = commit.to_item();
        let delete = world.engine.client().delete_item().table_name(world.engine.tables().events);
        delete.key("pk", item["pk"].clone()).key("sk", item["sk"].clone()).send().await.unwrap();
    }
    assert_same(&world.load().await.0, &commits);
}

#[tokio::test]
async fn a_snapshot_is_kept_if_missing_or_far_behind() {
    let commits = edited("Summer", 60);
    let world = World::of(&commits[..30]).await;
    let keeping = world.store.clone();
    let kept_version = async || world.kept().await[0]["version"].as_n().unwrap().clone();

    keeping.load(ELECTION).await.unwrap();
    assert_eq!(kept_version().await, "30");
    // What came after it is not more than a look.
    world.append(&commits[30..40]).await;
    keeping.load(ELECTION).await.unwrap();
    assert_eq!(kept_version().await, "30");
    world.append(&commits[40..]).await;
    keeping.load(ELECTION).await.unwrap();
    assert_eq!(kept_version().await, "60");
    assert_same(&world.load().await.0, &commits);
}

#[tokio::test]
async fn a_snapshot_that_does_not_fit_is_not_used() {
    // Another history of the same stream, as after a restored backup; and one that goes on where this one ends.
    let (truth, lie) = (edited("Summer", 30), edited("Winter", 40));
    let world = World::of(&truth).await;
    let lies = [&lie[..], &lie[..30], &lie[..20]];
    for lie in lies {
        world.store.save(&folded(lie)).await;
        assert_eq!(world.kept().await.len(), 1);
        assert_same(&world.load().await.0, &truth);
    }
    let beyond = edited("Summer", 31);
    world.store.save(&folded(&beyond)).await;
    assert_same(&world.load().await.0, &truth);
}

#[tokio::test]
async fn a_snapshot_that_is_damaged_is_not_used() {
    let commits = edited("Summer", 30);
    let world = World::of(&commits).await;
    world.store.save(&folded(&commits[..25])).await;
    let [sound] = &world.kept().await[..] else { panic!("one item") };
    // What is in it would be seen.
    world.store.save(&folded(&edited("Winter", 25))).await;
    let lie = world.kept().await[0]["state"].clone();
    let with = |name: &str, value: AttributeValue| {
        let mut item: HashMap<_, _> = sound.clone();
        item.insert("state".to_owned(), lie.clone());
        item.insert(name.to_owned(), value);
        item
    };
    let number = |n: u32| AttributeValue::N(n.to_string());
    world.put(with("of", number(1))).await;
    assert_eq!(world.load().await.0.state.name, "Winter", "the lie fits, but for what follows");

    let bytes = |bytes: &[u8]| AttributeValue::B(Blob::new(bytes));
    let state = sound["state"].as_b().unwrap().as_ref();
    let mut flipped = state.to_vec();
    flipped[state.len() / 2] ^= 1;
    let damaged = [
        with("form", number(1)),
        with("form", number(0)),
        with("form", AttributeValue::S("2".into())),
        with("version", number(24)),
        with("version", number(26)),
        with("version", number(0)),
        with("version", AttributeValue::N("-1".into())),
        with("last", number(24)),
        with("last", number(0)),
        with("last", number(26)),
        with("of", number(2)),
        with("of", AttributeValue::Null(true)),
        with("head", bytes(&[0; 32])),
        with("head", bytes(&[0; 31])),
        with("state", bytes(&flipped)),
        with("state", bytes(&state[..state.len() - 1])),
        with("state", bytes(b"{}")),
        with("state", AttributeValue::S("{}".into())),
    ];
    for item in damaged {
        let described = format!("{item:?}");
        world.put(item).await;
        assert_same(&world.load().await.0, &commits);
        assert_eq!(world.load().await.0.state.name, "Summer", "{described}");
    }
}

#[tokio::test]
async fn a_large_state_lies_in_parts_that_belong_together() {
    let commits = described(800, 30);
    let world = World::of(&commits[..790]).await;
    let keep = async |commits: &[Commit]| world.store.save(&folded(commits)).await;
    keep(&commits[..780]).await;
    let earlier = world.kept().await;
    assert_eq!(earlier.len(), 3);
    assert_same(&world.load().await.0, &commits[..790]);

    // Whoever was stopped in the middle leaves parts of two.
    keep(&commits[..785]).await;
    let later = world.kept().await;
    for torn in 0..3 {
        world.put(earlier[torn].clone()).await;
        assert_same(&world.load().await.0, &commits[..790]);
        world.put(later[torn].clone()).await;
    }

    // A smaller one needs fewer; the rest stays where it is.
    world.append(&commits[790..]).await;
    let removed = ElectionEvent::CompetitionRemoved { competition: CompetitionId::from_bits(1) };
    let mut commits = commits;
    commits.push(following(&commits, &[removed]));
    world.append(&commits[800..]).await;
    keep(&commits).await;
    assert_eq!(world.kept().await.len(), 3);
    assert_same(&world.load().await.0, &commits);
    assert_eq!(world.load().await.1, 3);
}
