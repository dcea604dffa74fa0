//! The tutorial of followers: a school of photography, and an application that follows it and counts its courses and pictures.
//!
//! The school is an election: its competitions are the courses, its candidates the pictures. The counts must be exact whatever the
//! way is in which commits reach the follower.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
};

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    types::{AttributeValue, Put, TransactWriteItem},
};
use photovote_coordination_write::Control;
use photovote_domain::{CandidateId, CompetitionId, ElectionId, Scale, ShardCount, Timestamp, election::ElectionEvent};
use photovote_dynamodb::{StorageError, storage_error};
use photovote_events::{Commit, DecodeError, EventReader, LoadError, Stream};
use photovote_following::{CaughtUp, Followed, Follower, Policy, Recorder};
use photovote_test_support::{Engine, history};
use proptest::{collection::vec, prelude::*, sample::Index};

const SCHOOL: ElectionId = ElectionId::from_bits(7);
const SHARDS: u8 = 2;

/// What the school has so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Counts {
    courses: u64,
    pictures: u64,
    /// How often they have changed: of two changes at once, one is made again.
    revision: u64,
}

/// The policy: what a commit adds to the counts.
struct Counting;

impl Policy for Counting {
    const NAME: &'static str = "school-counts";
    const EVENTS: &'static [&'static str] = &["CompetitionAdded", "CandidateAdded"];
    type State = Counts;
    type Command = Counts;

    fn decide(&self, commit: &Commit, counts: &Counts) -> Result<Vec<Counts>, DecodeError> {
        let mut next = Counts { revision: counts.revision + 1, ..*counts };
        for event in commit.decode::<photovote_domain::Election>()? {
            match event {
                ElectionEvent::CompetitionAdded { .. } => next.courses += 1,
                ElectionEvent::CandidateAdded { .. } => next.pictures += 1,
                _ => {}
            }
        }
        let changed = (next.courses, next.pictures) != (counts.courses, counts.pictures);
        Ok(changed.then_some(next).into_iter().collect())
    }
}

/// Keeps the counts in an item.
#[derive(Clone)]
struct Board {
    client: Client,
    table: &'static str,
    told: Arc<AtomicU64>,
}

impl Board {
    async fn counts(&self) -> Result<Counts, StorageError> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let get = self.client.get_item().table_name(self.table).key("pk", text("board")).key("sk", text("school"));
        let item = get.consistent_read(true).send().await.map_err(|error| storage_error(&error))?.item;
        let number = |name: &str| item.as_ref()?.get(name)?.as_n().ok()?.parse().ok();
        let count = |name| number(name).unwrap_or_default();
        Ok(Counts { courses: count("courses"), pictures: count("pictures"), revision: count("revision") })
    }
}

impl Recorder<Counting> for Board {
    async fn state(&self, _commit: &Commit) -> Result<Counts, LoadError> {
        Ok(self.counts().await?)
    }

    fn actions(&self, _commit: &Commit, next: &Counts) -> Result<Vec<TransactWriteItem>, BuildError> {
        let number = |number: u64| AttributeValue::N(number.to_string());
        let put = Put::builder()
            .table_name(self.table)
            .item("pk", AttributeValue::S("board".to_owned()))
            .item("sk", AttributeValue::S("school".to_owned()))
            .item("courses", number(next.courses))
            .item("pictures", number(next.pictures))
            .item("revision", number(next.revision))
            .condition_expression("attribute_not_exists(pk) OR revision = :before")
            .expression_attribute_values(":before", number(next.revision - 1));
        Ok(vec![TransactWriteItem::builder().put(put.build()?).build()])
    }

    async fn tell(
        &self,
        _commit: &Commit,
        _commands: &[Counts],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.told.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// A school, and who counts.
struct World {
    engine: Engine,
    board: Board,
    counting: Follower<Counting, Board>,
}

impl World {
    async fn new() -> Self {
        let engine = Engine::start().await;
        let (client, table) = (engine.client(), engine.tables().control);
        let board = Board { client: client.clone(), table, told: Arc::default() };
        let counting = Follower::new(Counting, board.clone(), Control::new(client, table));
        Self { engine, board, counting }
    }

    fn reader(&self) -> EventReader {
        EventReader::new(self.engine.client(), self.engine.tables().events)
    }

    async fn catch_up(&self) -> CaughtUp {
        self.counting.catch_up(&self.reader(), SCHOOL, shards()).await.unwrap()
    }

    async fn counts(&self) -> (u64, u64) {
        let Counts { courses, pictures, .. } = self.board.counts().await.unwrap();
        (courses, pictures)
    }
}

fn shards() -> ShardCount {
    ShardCount::try_from(SHARDS).unwrap()
}

/// The history of a school with a course for each number, which has so many pictures.
fn school(pictures: &[u8]) -> Vec<Commit> {
    let (name, owner, scale) = ("School".to_owned(), "ada".to_owned(), Scale::default());
    let created = ElectionEvent::ElectionCreated { description: None, name, owner, scale, shards: shards() };
    let mut commits = vec![vec![created]];
    for (course, pictures) in (1..).zip(pictures) {
        let competition = CompetitionId::from_bits(course);
        commits.push(vec![ElectionEvent::CompetitionAdded { competition, description: None, name: "Light".into() }]);
        let added = |n: u8| ElectionEvent::CandidateAdded {
            candidate: CandidateId::from_bits(1000 * course + u128::from(n)),
            competition,
            description: None,
            image: None,
            name: "Moon".into(),
        };
        // Now and then two pictures are added by one command.
        let all: Vec<_> = (0..*pictures).map(added).collect();
        commits.extend(all.chunks(2).map(<[_]>::to_vec));
    }
    history(Stream::Election(SCHOOL), Timestamp::from_millis(0), commits)
}

/// How a function is told of a commit.
fn record(number: usize, commit: &Commit) -> EventRecord {
    let mut record = EventRecord::default();
    "INSERT".clone_into(&mut record.event_name);
    record.change.new_image = commit.to_item().into();
    record.change.sequence_number = Some(number.to_string());
    record
}

fn event(commits: &[Commit]) -> Event {
    let mut event = Event::default();
    event.records = commits.iter().enumerate().map(|(number, commit)| record(number, commit)).collect();
    event
}

/// Lets a future go so far, and then no further: whoever ran it is dead.
async fn killed_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(move |context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

#[tokio::test]
async fn a_school_is_counted_from_its_history() {
    let world = World::new().await;
    let commits = school(&[3, 0, 4]);
    world.engine.write(&commits).await;
    let caught_up = world.catch_up().await;
    assert_eq!(world.counts().await, (3, 7));
    assert_eq!(
        caught_up.followed,
        commits.len() as u64 - 1,
        "all but the creation, about which there is nothing to do"
    );
    assert_eq!(world.catch_up().await.followed, 0, "each commit once");
    assert_eq!(world.counts().await, (3, 7));
}

#[tokio::test]
async fn a_school_is_counted_from_the_stream() {
    let world = World::new().await;
    let commits = school(&[3, 2]);
    for batch in commits.chunks(3) {
        assert!(world.counting.handle(event(batch)).await.batch_item_failures.is_empty());
    }
    assert_eq!(world.counts().await, (2, 5));
    // The stream delivers at least once.
    assert!(world.counting.handle(event(&commits)).await.batch_item_failures.is_empty());
    assert_eq!(world.counts().await, (2, 5));
    assert!(world.board.told.load(Ordering::SeqCst) > 6, "whoever may not have been told is told again");
}

#[tokio::test]
async fn what_is_no_commit_stops_nobody() {
    let world = World::new().await;
    let commits = school(&[2]);
    let mut batch = event(&commits);
    batch.records.insert(1, EventRecord::default());
    let mut changed = record(9, &commits[1]);
    "MODIFY".clone_into(&mut changed.event_name);
    batch.records.push(changed);
    assert!(world.counting.handle(batch).await.batch_item_failures.is_empty());
    assert_eq!(world.counts().await, (1, 2));
}

#[tokio::test]
async fn a_failed_commit_comes_again_with_its_successors() {
    let world = World::new().await;
    let mut commits = school(&[1, 1]);
    let broken = commits[2].events[0].payload.clone();
    commits[2].events[0].payload = b"{}".to_vec();
    let response = world.counting.handle(event(&commits)).await;
    let failed: Vec<_> = response.batch_item_failures.iter().filter_map(|f| f.item_identifier.as_deref()).collect();
    assert_eq!(failed, ["2"]);
    assert_eq!(world.counts().await, (1, 0));
    commits[2].events[0].payload = broken;
    assert!(world.counting.handle(event(&commits[2..])).await.batch_item_failures.is_empty());
    assert_eq!(world.counts().await, (2, 2));
}

#[tokio::test]
async fn followers_at_once_count_each_commit_once() {
    let world = World::new().await;
    let commits = school(&[5, 5]);
    let all = commits.iter().chain(&commits).map(|commit| world.counting.follow(commit));
    let mut now = 0;
    for followed in futures(all).await {
        // One of eight attempts may find the counts changed each time.
        now += usize::from(matches!(followed, Ok(Followed::Now)));
    }
    world.engine.write(&commits).await;
    let rest = world.catch_up().await.followed;
    assert_eq!(world.counts().await, (2, 10));
    assert_eq!(now + usize::try_from(rest).unwrap(), commits.len() - 1);
}

async fn futures<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = all.iter().map(|_| None).collect();
    poll_fn(move |context| {
        for (future, done) in all.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) {
            Poll::Ready(done.iter_mut().filter_map(Option::take).collect())
        } else {
            Poll::Pending
        }
    })
    .await
}

#[tokio::test]
async fn a_follower_that_forgets_counts_anew() {
    let world = World::new().await;
    world.engine.write(&school(&[2, 2])).await;
    world.catch_up().await;
    world.counting.forget(SCHOOL, shards()).await.unwrap();
    world.engine.delete(world.engine.tables().control, &("board".to_owned(), "school".to_owned())).await;
    assert_eq!(world.counts().await, (0, 0));
    world.catch_up().await;
    assert_eq!(world.counts().await, (2, 4));
}

/// What becomes of a delivery.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Arrives,
    /// The follower is killed after so many steps.
    Killed(usize),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![2 => Just(Fate::Arrives), 3 => (0..12_usize).prop_map(Fate::Killed)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_counts_are_exact_whatever_happens_on_the_way(
        pictures in vec(0..5_u8, 1..4),
        deliveries in vec((any::<Index>(), fate()), 0..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let commits = school(&pictures);
            world.engine.write(&commits).await;
            // Some commits come twice, some late, some never, and the follower is killed at any step.
            for (which, fate) in deliveries {
                let commit = which.get(&commits);
                match fate {
                    Fate::Arrives => drop(world.counting.follow(commit).await.unwrap()),
                    Fate::Killed(polls) => drop(killed_after(polls, world.counting.follow(commit)).await),
                }
            }
            let counts = world.counts().await;
            let all = (pictures.len() as u64, pictures.iter().map(|n| u64::from(*n)).sum());
            prop_assert!(counts.0 <= all.0 && counts.1 <= all.1, "never too many");
            world.catch_up().await;
            prop_assert_eq!(world.counts().await, all);
            Ok(())
        })?;
    }
}
