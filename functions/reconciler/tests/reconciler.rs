//! What the reconciler finds and heals, and what it can only report.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use photovote_control::Control;
use photovote_document_store::{DocumentStore, Generation, Saved, Scope};
use photovote_domain::{CandidateId, ElectionId, Ratings, Tally, Timestamp};
use photovote_event_store::{Commit, EventReader};
use photovote_testing::{Engine, ballot, election, voter};
use projector::Projection;
use reconciler::{Limits, Reconciler, Run};

const ID: ElectionId = ElectionId::from_bits(7);
const SHARDS: u8 = 2;
const CASTS: u32 = 12;
/// The number of the first voter: whoever has a smaller one comes before in the table.
const FIRST: u32 = 10_000;
const HOUR: Duration = Duration::from_hours(1);
const LIMITS: Limits = Limits { patience: HOUR, pages: 100, time: HOUR };
/// Later than all commits, which were made at the beginning of time.
const NOW: Timestamp = Timestamp::from_millis(7_200_000);

/// Which keys are meant.
type Like<'a> = Box<dyn Fn(&str, &str) -> bool + 'a>;

struct World {
    engine: Engine,
    documents: DocumentStore,
    control: Control,
    reconciler: Reconciler,
}

impl World {
    /// A closed election whose gates let 12 through, with all that is served of it.
    async fn new() -> Self {
        let world = Self::without_documents().await;
        let run = world.run().await;
        assert!(run.healed > 0 && run.found == 0 && run.swept, "{run:?}");
        let run = world.run().await;
        assert_eq!((run.healed, run.found, run.unfinished, run.swept), (0, 0, 0, true));
        world
    }

    async fn without_documents() -> Self {
        let engine = Engine::start().await;
        engine.write(&commits(CASTS)).await;
        let control = Control::new(engine.client(), engine.tables().control);
        for (shard, casts) in [(0, "5"), (1, "7")] {
            let put = engine.client().put_item().table_name(engine.tables().control);
            let number = |n: &str| AttributeValue::N(n.into());
            let put = put.item("pk", AttributeValue::S(format!("{ID}#{shard}"))).item("casts", number(casts));
            let put = put.item("sk", AttributeValue::S("gate".into())).item("registered", number("12"));
            put.item("status", AttributeValue::S("closed".into())).send().await.unwrap();
        }
        let documents = DocumentStore::new(engine.client(), engine.tables().documents);
        let events = EventReader::new(engine.client(), engine.tables().events);
        let reconciler = Reconciler::new(Projection::new(events, documents.clone()), control.clone());
        Self { engine, documents, control, reconciler }
    }

    async fn run(&self) -> Run {
        self.reconciler.run(NOW, LIMITS).await.unwrap()
    }

    /// Takes away what the documents table holds under keys like this.
    async fn lose(&self, like: impl Fn(&str, &str) -> bool) -> usize {
        let table = self.engine.tables().documents;
        let items = self.engine.items(table).await;
        let lost: Vec<_> = items.keys().filter(|(pk, sk)| like(pk, sk)).collect();
        for keys in &lost {
            self.engine.delete(table, keys).await;
        }
        lost.len()
    }

    /// What is served, less the parts of the tally.
    async fn served(&self) -> Vec<((String, String), photovote_dynamodb::Item)> {
        let items = self.engine.items(self.engine.tables().documents).await;
        items.into_iter().filter(|((pk, sk), _)| pk != "work" && !sk.starts_with("tally#")).collect()
    }

    async fn counted(&self) -> u64 {
        self.documents.results_input(ID, true).await.unwrap().unwrap().1.ballots
    }
}

fn keys(commit: &Commit) -> (String, String) {
    (commit.stream.partition(), commit.stream.sort_key(commit.first))
}

fn commits(casts: u32) -> Vec<Commit> {
    let people = (FIRST..FIRST + CASTS).flat_map(|n| {
        let voter = voter(ID, SHARDS, n.into(), false);
        voter.into_iter().chain(ballot(ID, SHARDS, n, n < FIRST + casts))
    });
    election(ID, SHARDS, Some(CASTS.into())).into_iter().chain(people).collect()
}

#[tokio::test]
async fn what_is_lost_is_found_and_healed() {
    let world = World::new().await;
    let whole = world.served().await;
    let receipts = format!("1#receipts#{ID}");
    let losses: [(&str, Like<'_>); 9] = [
        ("the election", Box::new(|_, sk| sk == "election")),
        ("a competition", Box::new(|_, sk| sk.starts_with("competition#"))),
        ("an entry of a list", Box::new(|pk, _| pk == "1#owner#ada")),
        ("voters", Box::new(|pk, _| pk == format!("1#voters#{ID}"))),
        ("all that was counted", Box::new(|pk, sk| pk.starts_with(&receipts) || sk.starts_with("tally#"))),
        ("the tally", Box::new(|_, sk| sk.starts_with("tally#"))),
        ("the receipts", Box::new(|pk, _| pk.starts_with(&receipts))),
        ("some of the receipts", Box::new(|pk, _| pk == format!("{receipts}#0"))),
        ("everything", Box::new(|_, _| true)),
    ];
    for (what, like) in losses {
        assert!(world.lose(like).await > 0, "{what}");
        let run = world.run().await;
        assert!(run.healed > 0 && run.found == 0, "{what}: {run:?}");
        assert_eq!(world.served().await, whole, "{what}");
        assert_eq!(world.counted().await, u64::from(CASTS), "{what}");
        assert_eq!(world.run().await.healed, 0, "{what}");
    }
}

#[tokio::test]
async fn a_document_that_is_behind_catches_up_in_every_generation() {
    let world = World::new().await;
    let kept: Generation = "2".parse().unwrap();
    world.documents.register(Scope::All, &kept).await.unwrap();
    let more = ballot(ID, SHARDS, 90, false).into_iter().chain(voter(ID, SHARDS, 90, true));
    world.engine.write(&more.collect::<Vec<_>>()).await;
    let run = world.run().await;
    assert_eq!((run.healed, run.found), (1, 0), "of the two commits of a voter, one is the newest");
    let id = photovote_domain::VoterId::from_bits(90);
    for generation in ["1".parse().unwrap(), kept] {
        assert!(world.documents.voter_in(&generation, ID, id).await.unwrap().unwrap().removed, "{generation}");
    }
}

#[tokio::test]
async fn a_tally_is_what_its_receipts_say_and_nothing_else() {
    let world = World::new().await;
    let tally = async || world.documents.results_input(ID, true).await.unwrap().unwrap().1;
    let whole = tally().await;
    // A part that was changed: there are too many ballots now, of one more candidate.
    let mut more = Tally::default();
    more.count(&Ratings::from([(CandidateId::from_bits(9), 1)]));
    let generation: Generation = "1".parse().unwrap();
    let parts = world.documents.tally_parts(&generation, ID).await.unwrap();
    assert_eq!(world.documents.set_tally(&generation, ID, &parts, &more).await.unwrap(), Saved::Yes);
    assert_eq!(world.documents.set_tally(&generation, ID, &parts, &more).await.unwrap(), Saved::Moved);
    world.control.is_to_be_counted(ID).await.unwrap();
    let run = world.run().await;
    assert_eq!((run.healed, run.found, run.unfinished), (1, 0, 0));
    assert_eq!((tally().await, world.control.counting().await.unwrap()), (whole, vec![]));
}

#[tokio::test]
async fn a_recount_goes_through_all_ballots() {
    let world = World::without_documents().await;
    // More than are read at once come before the ones that were cast.
    let drafts = (1..=600).flat_map(|n| ballot(ID, SHARDS, n, false));
    world.engine.write(&drafts.collect::<Vec<_>>()).await;
    world.run().await;
    assert!(world.lose(|_, sk| sk.starts_with("tally#")).await > 0);
    assert_eq!(world.counted().await, 0);
    let run = world.run().await;
    assert_eq!((run.healed, run.found, world.counted().await), (1, 0, CASTS.into()));
}

#[tokio::test]
async fn a_tally_that_cannot_be_read_is_counted_again() {
    let world = World::new().await;
    let whole = world.documents.results_input(ID, true).await.unwrap();
    let table = world.engine.tables().documents;
    let mut part = world.engine.items(table).await.into_iter().find(|((_, sk), _)| sk.starts_with("tally#")).unwrap().1;
    part.insert("cells".into(), AttributeValue::S("nonsense".into()));
    world.engine.client().put_item().table_name(table).set_item(Some(part)).send().await.unwrap();
    let run = world.run().await;
    assert_eq!((run.healed, run.found), (1, 0));
    assert_eq!(world.documents.results_input(ID, true).await.unwrap(), whole);
}

#[tokio::test]
async fn casts_that_no_event_tells_of_are_reported_and_not_made_up() {
    let world = World::without_documents().await;
    // It was closed with one more than there are.
    world.engine.delete(world.engine.tables().events, &keys(&ballot(ID, SHARDS, FIRST, true)[2])).await;
    world.control.is_to_be_counted(ID).await.unwrap();
    for _ in 0..2 {
        let run = world.run().await;
        assert!(run.found > 0 && run.unfinished == 1, "{run:?}");
        assert_eq!(world.counted().await, u64::from(CASTS) - 1);
    }
}

#[tokio::test]
async fn an_election_with_a_generation_of_its_own_is_still_found_in_the_lists() {
    let world = World::new().await;
    let (own, scope): (Generation, _) = ("own".parse().unwrap(), Scope::Election(ID));
    world.documents.register(scope, &own).await.unwrap();
    world.documents.switch(scope, &own).await.unwrap();
    assert!(world.run().await.healed > 0, "what there is not yet in its own generation");
    assert_eq!(world.lose(|pk, _| pk == "1#owner#ada").await, 1);
    let run = world.run().await;
    assert_eq!((run.healed, run.found), (1, 0));
    let listed = world.documents.elections_of(&"ada".parse().unwrap(), None, 9).await.unwrap();
    assert_eq!(listed.items.len(), 1);
}

#[tokio::test]
async fn gates_that_let_others_through_are_reported() {
    let world = World::new().await;
    world.engine.delete(world.engine.tables().control, &(format!("{ID}#1"), "gate".to_owned())).await;
    let run = world.run().await;
    assert_eq!((run.healed, run.found), (0, 1));
}

#[tokio::test]
async fn gates_that_count_otherwise_or_stand_open_are_reported() {
    for (name, value) in [("casts", AttributeValue::N("8".into())), ("status", AttributeValue::S("open".into()))] {
        let world = World::new().await;
        let table = world.engine.tables().control;
        let mut gate = world.engine.items(table).await[&(format!("{ID}#1"), "gate".to_owned())].clone();
        gate.insert(name.into(), value);
        world.engine.client().put_item().table_name(table).set_item(Some(gate)).send().await.unwrap();
        let run = world.run().await;
        assert_eq!((run.healed, run.found), (0, 1), "{name}");
    }
}

#[tokio::test]
async fn a_closed_election_is_on_the_list_until_all_of_it_is_counted() {
    let world = World::without_documents().await;
    world.control.is_to_be_counted(ID).await.unwrap();
    // The projector still has its time.
    let soon = Timestamp::from_millis(1_000);
    let no_sweep = Limits { pages: 0, ..LIMITS };
    let run = world.reconciler.run(soon, no_sweep).await.unwrap();
    assert_eq!((run.healed, run.unfinished), (0, 0));
    assert_eq!(world.control.counting().await.unwrap(), [ID]);
    let run = world.reconciler.run(NOW, no_sweep).await.unwrap();
    assert!(run.healed > 0 && run.unfinished == 0, "{run:?}");
    assert_eq!((world.counted().await, world.control.counting().await.unwrap()), (CASTS.into(), vec![]));
}

#[tokio::test]
async fn a_ballot_that_cannot_be_counted_is_seen_at_every_run() {
    let world = World::without_documents().await;
    let mut ghost = ballot(ID, SHARDS, FIRST, true).remove(2);
    ghost.events[0].event_type = "BallotHaunted".into();
    world.engine.write(&[ghost]).await;
    world.control.is_to_be_counted(ID).await.unwrap();
    for _ in 0..2 {
        let run = world.run().await;
        assert_eq!((run.unfinished, run.swept), (1, true));
        assert!(run.found > 0, "{run:?}");
        assert_eq!(world.counted().await, u64::from(CASTS) - 1, "the others are");
    }
}

#[tokio::test]
async fn young_commits_are_the_projectors() {
    let world = World::without_documents().await;
    let run = world.reconciler.run(Timestamp::from_millis(1_000), LIMITS).await.unwrap();
    assert_eq!((run.commits, run.healed, run.swept), (0, 0, true));
}

#[tokio::test]
async fn each_run_goes_on_where_the_one_before_left_off() {
    let world = World::without_documents().await;
    let people = (100..700).flat_map(|n| voter(ID, SHARDS, n, false));
    world.engine.write(&people.collect::<Vec<_>>()).await;
    let total = world.engine.items(world.engine.tables().events).await.len() as u64;
    let page = Limits { pages: 1, ..LIMITS };
    let first = world.reconciler.run(NOW, page).await.unwrap();
    let second = world.reconciler.run(NOW, page).await.unwrap();
    assert_eq!((first.commits + second.commits, first.swept, second.swept), (total, false, true));
    let again = world.reconciler.run(NOW, page).await.unwrap();
    assert_eq!((again.commits, again.healed, again.swept), (first.commits, 0, false));
}

#[tokio::test]
async fn what_is_no_commit_is_in_nobodys_way() {
    let world = World::without_documents().await;
    let put = world.engine.client().put_item().table_name(world.engine.tables().events);
    put.item("pk", AttributeValue::S("no".into())).item("sk", AttributeValue::S("commit".into())).send().await.unwrap();
    let run = world.run().await;
    assert_eq!((run.found, run.swept), (1, true));
    assert_eq!(world.counted().await, u64::from(CASTS));
}
