//! What the reconciler finds and heals, and what it can only report.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use photovote_coordination::ControlReader;
use photovote_coordination_write::Control;
use photovote_counting::Counter;
use photovote_documents::{VoterDocument, cast_ballot};
use photovote_documents_read::Generation;
use photovote_documents_read::Scope;
use photovote_documents_write::{DocumentStore, Saved};
use photovote_domain::{
    Ballot, BallotId, ElectionId, MailingId, PhotographId, Shard, ShardCount, Tally, Timestamp, Version,
    election::{ElectionEvent, ResultsDigest},
    mailing::{Kind, MailingEvent, Recipients, Requested},
    photograph::PhotographEvent,
};
use photovote_events::{Commit, Environment, EventReader, Stream};
use photovote_events_append::EventStore;
use photovote_projection::Projection;
use photovote_queues::{CountMessage, MailMessage, PhotographMessage, Queue};
use photovote_reconciliation::{Limits, Reconciler, Run};
use photovote_test_support::{Engine, ballot, election, following, history, voter};
use tokio::sync::{Mutex, mpsc::UnboundedReceiver};

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
    counter: Counter,
    asked: Mutex<UnboundedReceiver<CountMessage>>,
    asked_for_photographs: Mutex<UnboundedReceiver<PhotographMessage>>,
    asked_for_mails: Mutex<UnboundedReceiver<MailMessage>>,
}

impl World {
    /// A closed election whose gates let 12 through, with all that is served of it.
    async fn new() -> Self {
        let world = Self::without_documents().await;
        let run = world.settle().await;
        assert!(run.healed > 0 && run.asked > 0 && run.found == 0, "{run:?}");
        let run = world.run().await;
        assert_eq!((run.healed, run.asked, run.found, run.unfinished, run.swept), (0, 0, 0, 0, true));
        world
    }

    async fn without_documents() -> Self {
        let engine = Engine::start().await;
        engine.write(&commits(CASTS)).await;
        let control = Control::new(engine.client(), engine.tables().control);
        let shards = ShardCount::try_from(SHARDS).unwrap();
        for shard in shards.shards() {
            let theirs = |n: &u32| shards.shard_of(&BallotId::from_bits((*n).into()).to_string()) == shard;
            engine.close_gate(ID, shard.get(), (FIRST..FIRST + CASTS).filter(theirs).count() as u64).await;
        }
        let documents = DocumentStore::new(engine.client(), engine.tables().documents);
        let events = EventReader::new(engine.client(), engine.tables().events);
        let (queue, asked) = Queue::in_process();
        // What it appends is old as well.
        let environment = Environment::new(|| Timestamp::from_millis(0), |bytes| *bytes = [7; 32]);
        let store = EventStore::new(engine.client(), engine.tables().events, environment);
        let gates = ControlReader::new(engine.client(), engine.tables().control);
        let counter = Counter::new(store, gates, documents.clone(), queue.clone());
        let (photo_processor, asked_for_photographs) = Queue::in_process();
        let (mailer, asked_for_mails) = Queue::in_process();
        let projection = Projection::new(events, documents.clone());
        let reconciler = Reconciler::new(projection, control.clone(), queue, photo_processor, mailer);
        let (asked_for_photographs, asked_for_mails) = (Mutex::new(asked_for_photographs), Mutex::new(asked_for_mails));
        let asked = Mutex::new(asked);
        Self { engine, documents, control, reconciler, counter, asked, asked_for_photographs, asked_for_mails }
    }

    /// Lets the counter work off what it was asked for. How much that was.
    async fn count(&self) -> usize {
        let mut asked = self.asked.lock().await;
        let mut messages = 0;
        while let Ok(message) = asked.try_recv() {
            messages += 1;
            if let Err(error) = self.counter.work_off(&message).await {
                tracing::warn!(%error, "it cannot be counted");
            }
        }
        messages
    }

    /// Runs until a run finds nothing to do; what all of them did.
    async fn settle(&self) -> Run {
        let mut all = Run::default();
        for _ in 0..6 {
            let run = self.run().await;
            all.healed += run.healed;
            all.asked += run.asked;
            all.found += run.found;
            if (run.healed, run.asked) == (0, 0) {
                return all;
            }
            self.count().await;
        }
        panic!("it does not come to rest: {all:?}");
    }

    /// What the photo-processor was asked since this was asked last.
    async fn asked_for_photographs(&self) -> Vec<PhotographMessage> {
        let mut asked = self.asked_for_photographs.lock().await;
        std::iter::from_fn(|| asked.try_recv().ok()).collect()
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

    /// What is served.
    async fn served(&self) -> Vec<((String, String), photovote_dynamodb::Item)> {
        let items = self.engine.items(self.engine.tables().documents).await;
        items.into_iter().filter(|((pk, _), _)| pk != "work").collect()
    }

    async fn counted(&self) -> u64 {
        let tally = self.documents.reader().results_input(ID, true).await.unwrap().unwrap().1;
        tally.map_or(0, |tally| tally.ballots)
    }
}

impl World {
    /// The commits of the election's own stream.
    async fn history(&self) -> Vec<Commit> {
        let events = EventReader::new(self.engine.client(), self.engine.tables().events);
        events.commits_after(&Stream::Election(ID), Version::NONE).await.unwrap()
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
    let receipts = format!("2#receipts#{ID}");
    let losses: [(&str, Like<'_>); 11] = [
        ("the election", Box::new(|_, sk| sk == "election")),
        ("a competition", Box::new(|_, sk| sk.starts_with("competition#"))),
        ("an entry of a list", Box::new(|pk, _| pk == "2#owner#ada")),
        ("voters", Box::new(|pk, _| pk == format!("2#voters#{ID}"))),
        (
            "all that was counted",
            Box::new(|pk, sk| pk.starts_with("2#counted#") || pk.starts_with(&receipts) || sk == "tally"),
        ),
        ("the tally", Box::new(|_, sk| sk == "tally")),
        ("a shard", Box::new(|pk, sk| pk.starts_with("2#counted#") && sk == "01")),
        ("the receipts", Box::new(|pk, _| pk.starts_with(&receipts))),
        ("some of the receipts", Box::new(|pk, _| pk == format!("{receipts}#0"))),
        ("what is public", Box::new(|pk, _| pk.starts_with("2#public#"))),
        ("everything", Box::new(|_, _| true)),
    ];
    for (what, like) in losses {
        assert!(world.lose(like).await > 0, "{what}");
        let run = world.settle().await;
        assert!(run.healed + run.asked > 0, "{what}: {run:?}");
        assert_eq!(world.served().await, whole, "{what}");
        assert_eq!(world.counted().await, u64::from(CASTS), "{what}");
    }
}

#[tokio::test]
async fn a_late_document_catches_up_in_every_generation() {
    let world = World::new().await;
    let kept: Generation = "3".parse().unwrap();
    world.documents.register(Scope::All, &kept).await.unwrap();
    let more = ballot(ID, SHARDS, 90, false).into_iter().chain(voter(ID, SHARDS, 90, true));
    world.engine.write(&more.collect::<Vec<_>>()).await;
    let run = world.run().await;
    assert_eq!((run.healed, run.found), (1, 0), "of the two commits of a voter, one is the newest");
    let id = photovote_domain::VoterId::from_bits(90);
    for generation in ["2".parse().unwrap(), kept] {
        assert!(
            world.documents.one_in::<VoterDocument>(&generation, ID, id).await.unwrap().unwrap().removed,
            "{generation}"
        );
    }
}

/// Exchanges what two candidates got: every number of ballots stays as it is.
fn exchanged(tally: &Tally) -> Tally {
    let mut histograms: Vec<_> = tally.candidates.values().copied().collect();
    histograms.reverse();
    Tally { candidates: tally.candidates.keys().copied().zip(histograms).collect(), ..tally.clone() }
}

#[tokio::test]
async fn a_forged_tally_is_noticed_and_counted_again() {
    let world = World::new().await;
    let whole = world.served().await;
    let generation: Generation = "2".parse().unwrap();
    let tally = world.documents.reader().results_input(ID, true).await.unwrap().unwrap().1.unwrap();
    assert_ne!(exchanged(&tally), tally);
    let public = world.documents.public_in(&generation, ID).await.unwrap().unwrap();
    let saved = world.documents.save_count(&generation, ID, &exchanged(&tally), &public).await;
    assert_eq!(saved, Ok(Saved::Yes));
    let run = world.run().await;
    assert_eq!((run.found, run.asked, world.counted().await), (1, 1, 0), "it is told, and not shown any more");
    world.count().await;
    assert_eq!(world.served().await, whole);
    let run = world.run().await;
    assert_eq!((run.found, run.asked), (0, 0));
}

#[tokio::test]
async fn a_forged_shard_is_noticed_and_counted_again() {
    let world = World::new().await;
    let whole = world.served().await;
    let (generation, shard): (Generation, _) = ("2".parse().unwrap(), Shard::new(1).unwrap());
    let counted = world.documents.counted_shards(&generation, ID).await.unwrap().remove(&shard).unwrap();
    // The same receipts, other votes.
    let receipts = |commits: Vec<Commit>| {
        let of = |commit: &Commit| match commit.stream {
            Stream::Ballot(_, of, _) if of == shard => cast_ballot(ID, of, &commit.decode::<Ballot>().unwrap()),
            _ => None,
        };
        commits.iter().filter_map(of).map(|cast| *cast.receipt.digest()).collect::<Vec<_>>()
    };
    let forged = exchanged(&counted.tally);
    assert_ne!(forged, counted.tally);
    world.documents.save_shard(&generation, ID, shard, &forged, receipts(commits(CASTS))).await.unwrap();
    let run = world.settle().await;
    assert_eq!((run.found, world.served().await), (1, whole));
}

#[tokio::test]
async fn forged_public_documents_are_noticed_and_made_again() {
    let world = World::new().await;
    let history = world.history().await;
    let digest = match world.documents.reader().election(ID, true).await.unwrap().unwrap().election.results {
        ResultsDigest::Known(digest) => digest,
        other => panic!("{other:?}"),
    };
    world.engine.write(&[following(&history, &[ElectionEvent::ResultsReleased { digest: Some(digest) }])]).await;
    let run = world.settle().await;
    assert!(run.asked > 0 && run.found == 0, "{run:?}");
    let whole = world.served().await;

    let table = world.engine.tables().documents;
    let is_document = |pk: &str, sk: &str| pk.starts_with("2#public#") && sk.starts_with("document#");
    let items = world.engine.items(table).await;
    let documents: Vec<_> = items.into_iter().filter(|((pk, sk), _)| is_document(pk, sk)).collect();
    assert_eq!(documents.len(), 2, "the results, and the election");
    for (_, mut part) in documents {
        part.insert("bytes".into(), AttributeValue::B(Blob::new(*b"something else")));
        world.engine.client().put_item().table_name(table).set_item(Some(part)).send().await.unwrap();
        let run = world.settle().await;
        assert_eq!((run.found, &world.served().await), (1, &whole));
    }
}

#[tokio::test]
async fn a_tally_that_cannot_be_read_is_counted_again() {
    let world = World::new().await;
    let whole = world.served().await;
    let table = world.engine.tables().documents;
    let mut tally = world.engine.items(table).await.into_iter().find(|((_, sk), _)| sk == "tally").unwrap().1;
    tally.insert("cells".into(), AttributeValue::S("nonsense".into()));
    world.engine.client().put_item().table_name(table).set_item(Some(tally)).send().await.unwrap();
    world.settle().await;
    assert_eq!(world.served().await, whole);
}

#[tokio::test]
async fn remains_of_a_deleted_election_are_removed() {
    let world = World::new().await;
    let history = world.history().await;
    world.engine.write(&[following(&history, &[ElectionEvent::ElectionDeleted {}])]).await;
    let run = world.settle().await;
    assert!(run.asked > 0 && run.found == 0, "{run:?}");
    let left = |((pk, _), _): &&((String, String), photovote_dynamodb::Item)| {
        ["voters", "receipts", "counted", "public"].iter().any(|kind| pk.starts_with(&format!("2#{kind}#{ID}")))
    };
    assert_eq!(world.served().await.iter().filter(left).count(), 0);
}

#[tokio::test]
async fn casts_without_events_are_reported_and_not_counted() {
    let world = World::without_documents().await;
    // It was closed with one more than there are.
    world.engine.delete(world.engine.tables().events, &keys(&ballot(ID, SHARDS, FIRST, true)[2])).await;
    world.control.add_to_counting(ID).await.unwrap();
    for _ in 0..2 {
        let run = world.run().await;
        assert!(run.asked > 0 && run.unfinished == 1, "{run:?}");
        assert!(world.count().await > 0);
        assert_eq!(world.counted().await, 0, "a part of the ballots is no count");
    }
}

#[tokio::test]
async fn an_election_with_its_own_generation_is_listed() {
    let world = World::new().await;
    let (own, scope): (Generation, _) = ("own".parse().unwrap(), Scope::Election(ID));
    world.documents.register(scope, &own).await.unwrap();
    world.documents.switch(scope, &own).await.unwrap();
    assert!(world.settle().await.healed > 0, "what there is not yet in its own generation");
    assert_eq!(world.lose(|pk, _| pk == "2#owner#ada").await, 1);
    let run = world.run().await;
    assert_eq!((run.healed, run.found), (1, 0));
    let listed = world.documents.reader().elections_of(&"ada".parse().unwrap(), None, 9).await.unwrap();
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
async fn gates_with_a_wrong_count_or_status_are_reported() {
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
async fn a_closed_election_is_listed_until_it_is_counted() {
    let world = World::without_documents().await;
    world.control.add_to_counting(ID).await.unwrap();
    // The projector still has its time.
    let soon = Timestamp::from_millis(1_000);
    let no_sweep = Limits { pages: 0, ..LIMITS };
    let run = world.reconciler.run(soon, no_sweep).await.unwrap();
    assert_eq!((run.healed, run.unfinished), (0, 0));
    assert_eq!(world.control.counting().await.unwrap(), [ID]);
    // Not as long again as it has had: the counter has not had its time.
    let later = Timestamp::from_millis(NOW.millis() - 1_000_000);
    let run = world.reconciler.run(later, no_sweep).await.unwrap();
    assert!(run.asked > 0 && run.unfinished == 0, "{run:?}");
    assert_eq!(world.reconciler.run(NOW, no_sweep).await.unwrap().unfinished, 1, "now it is late");
    world.count().await;
    // The digest is an event, and has to come into the document.
    world.settle().await;
    world.reconciler.run(NOW, no_sweep).await.unwrap();
    assert_eq!((world.counted().await, world.control.counting().await.unwrap()), (CASTS.into(), vec![]));
}

#[tokio::test]
async fn an_uncountable_ballot_is_reported_at_every_run() {
    let world = World::without_documents().await;
    let mut ghost = ballot(ID, SHARDS, FIRST, true).remove(2);
    ghost.events[0].event_type = "BallotHaunted".into();
    world.engine.write(&[ghost]).await;
    world.control.add_to_counting(ID).await.unwrap();
    for _ in 0..2 {
        let run = world.run().await;
        assert_eq!((run.unfinished, run.swept), (1, true));
        assert!(run.found > 0, "{run:?}");
        world.count().await;
        assert_eq!(world.counted().await, 0, "nor are the others");
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
    world.count().await;
    assert_eq!(world.counted().await, u64::from(CASTS));
}

#[tokio::test]
async fn photographs_that_wait_are_looked_after_at_each_run() {
    let world = World::new().await;
    let whole_round = world.asked_for_photographs().await;
    assert_eq!(whole_round, [PhotographMessage::election(ID)], "a first look at all elections");
    let stream = Stream::Photograph(ID, PhotographId::from_bits(1));
    let requested = PhotographEvent::PhotographRequested { bytes: 1, name: "a.jpg".into() };
    let mut photograph = history(stream, Timestamp::from_millis(0), [vec![requested]]);
    world.engine.write(&photograph).await;
    let looked = async || (world.run().await.photographs, world.asked_for_photographs().await.len());
    assert_eq!(looked().await, (1, 1));
    photograph.push(following(&photograph, &[PhotographEvent::PhotographUploaded {}]));
    world.engine.write(&photograph[1..]).await;
    assert_eq!(looked().await, (1, 1));
    photograph.push(following(&photograph, &[PhotographEvent::PhotographRemoved {}]));
    world.engine.write(&photograph[2..]).await;
    assert_eq!(looked().await, (0, 0), "it waits for nothing");

    let next_day = Timestamp::from_millis(NOW.millis() + 86_400_000);
    assert_eq!(world.reconciler.run(next_day, LIMITS).await.unwrap().photographs, 1, "a round");
    assert_eq!(world.reconciler.run(next_day, LIMITS).await.unwrap().photographs, 0);
}

#[tokio::test]
async fn what_waits_in_a_deleted_election_is_left_alone() {
    let world = World::new().await;
    world.asked_for_photographs().await;
    let stream = Stream::Photograph(ID, PhotographId::from_bits(1));
    let requested = PhotographEvent::PhotographRequested { bytes: 1, name: "a.jpg".into() };
    world.engine.write(&history(stream, Timestamp::from_millis(0), [vec![requested]])).await;
    let commits = election(ID, SHARDS, Some(CASTS.into()));
    world.engine.write(&[following(&commits, &[ElectionEvent::ElectionDeleted {}])]).await;
    assert_eq!((world.run().await.photographs, world.asked_for_photographs().await), (0, vec![]));
}

#[tokio::test]
async fn open_elections_mails_are_looked_after_every_hour() {
    let world = World::new().await;
    let open = ElectionId::from_bits(77);
    let mut commits = election(open, SHARDS, None);
    world.engine.write(&commits).await;
    let later = |hours: i64| Timestamp::from_millis(NOW.millis() + hours * 3_600_000);
    let run = async |now| world.reconciler.run(now, LIMITS).await.unwrap().mails;
    assert_eq!((run(later(1)).await, run(later(1)).await), (1, 0));
    assert_eq!(run(later(2)).await, 1);
    commits.push(following(&commits, &[ElectionEvent::ElectionClosing {}]));
    world.engine.write(&commits[commits.len() - 1..]).await;
    assert_eq!(run(later(3)).await, 0);
    let mut asked = world.asked_for_mails.lock().await;
    let asked: Vec<_> = std::iter::from_fn(|| asked.try_recv().ok()).collect();
    assert_eq!(asked, [MailMessage::election(open), MailMessage::election(open)]);
}

/// The message of a mailing may be lost after the election ended, as that of its results.
#[tokio::test]
async fn ended_elections_mailings_are_tended_for_a_week() {
    let world = World::new().await;
    let ended = ElectionId::from_bits(77);
    let mut commits = election(ended, SHARDS, None);
    commits.push(following(&commits, &[ElectionEvent::ElectionClosing {}]));
    world.engine.write(&commits).await;
    let later = |hours: i64| Timestamp::from_millis(NOW.millis() + hours * 3_600_000);
    let run = async |now| world.reconciler.run(now, LIMITS).await.unwrap().mails;
    assert_eq!(run(later(1)).await, 0);
    let requested = Requested { kind: Kind::Results, subject: None, text: None, to: Recipients::All };
    let stream = Stream::Mailing(ended, MailingId::from_bits(8));
    world.engine.write(&history(stream, NOW, [vec![MailingEvent::MailingRequested(requested)]])).await;
    assert_eq!((run(later(2)).await, run(later(3)).await), (1, 1));
    assert_eq!((run(later(167)).await, run(later(168)).await), (1, 0));
    let mut asked = world.asked_for_mails.lock().await;
    let asked: Vec<_> = std::iter::from_fn(|| asked.try_recv().ok()).collect();
    assert_eq!(asked, std::array::from_fn::<_, 3, _>(|_| MailMessage::election(ended)));
}
