//! The counter against the embedded engine: each ballot once, whoever counts and however often, or nothing at all.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod world;

use photovote_documents::PublicDocument;
use photovote_documents_read::{PublicHeader, Released};
use photovote_domain::{
    CandidateId, CompetitionId, Shard, Tally,
    election::{ElectionEvent as E, ResultsDigest, Status},
};
use photovote_queues::CountMessage;
use world::{ID, World, closed, generation, receipts, sum};

#[tokio::test]
async fn a_count_includes_every_ballot_and_records_results() {
    let world = World::new(closed(true)).await;
    world.count().await;
    let (election, tally) = world.served().await;
    assert_eq!((election.status, &tally), (Status::Closed, &Some(sum())));
    let results = world.results(&election, &sum());
    assert_eq!(election.results, ResultsDigest::Known(results.digest.0));
    assert_eq!(world.documents.reader().public(ID).await, Ok(Some(PublicHeader::default())));
    for receipt in receipts() {
        assert_eq!(world.documents.reader().receipt(ID, &receipt).await, Ok(true));
    }
}

#[tokio::test]
async fn nothing_is_public_before_all_shards_are_counted() {
    let world = World::new(closed(true)).await;
    let first = CountMessage { shard: Shard::new(0), ..CountMessage::election(ID, generation()) };
    world.counter.work_off(&first).await.unwrap();
    assert_eq!(world.documents.reader().counted_so_far(ID).await, Ok(world.passed(0)));
    assert_eq!(world.documents.reader().public(ID).await, Ok(None));
    assert_eq!(world.served().await.1, None);
}

#[tokio::test]
async fn repeated_and_reordered_messages_change_nothing() {
    let world = World::new(closed(true)).await;
    world.count().await;
    let (documents, history) = (world.items().await, world.history().await);
    let election = CountMessage::election(ID, generation());
    for shard in [None, Shard::new(1), Shard::new(0), None, Shard::new(1)] {
        world.counter.work_off(&CountMessage { shard, ..election.clone() }).await.unwrap();
        world.count().await;
    }
    assert_eq!((world.items().await, world.history().await), (documents, history));
}

#[tokio::test]
async fn a_shard_counted_in_steps_gives_the_same_items() {
    let whole = World::new(closed(true)).await;
    whole.count().await;
    let steps = World::new(closed(true)).await.in_steps_of(1);
    let worked_off = steps.count().await;
    // The election, two shards, the election, and its digest in as many steps as pages.
    assert!(worked_off > 8, "{worked_off} messages");
    assert_eq!(steps.items().await, whole.items().await, "byte for byte, and nothing is left of the steps");
}

#[tokio::test]
async fn two_workers_at_one_shard_come_to_the_same() {
    let whole = World::new(closed(true)).await;
    whole.count().await;
    let world = World::new(closed(true)).await.in_steps_of(1);
    let shard = CountMessage { shard: Shard::new(0), ..CountMessage::election(ID, generation()) };
    // Each step twice, the second by a worker that does not know of the first.
    for _ in 0..8 {
        let (one, other) = (world.counter.clone().with_pages(1), world.counter.clone().with_pages(2));
        let (one, other) = tokio::join!(one.work_off(&shard), other.work_off(&shard));
        one.unwrap();
        other.unwrap();
    }
    world.count().await;
    assert_eq!(world.items().await, whole.items().await);
}

#[tokio::test]
async fn a_shard_that_differs_from_its_gate_is_not_counted() {
    for casts in [-1, 1] {
        let world = World::new(closed(true)).await;
        // The sum is right, each of two gates is not.
        world.gate(0, world.passed(0).checked_add_signed(casts).unwrap()).await;
        world.gate(1, world.passed(1).checked_add_signed(-casts).unwrap()).await;
        let before = world.items().await;
        let log = world.logged(world.count()).await;
        assert!(log.contains("count_differs") && log.contains("its gate let"), "{log}");
        assert_eq!(world.items().await, before, "nothing is written of either shard");
        assert_eq!(world.served().await.1, None);
    }
}

#[tokio::test]
async fn nothing_is_counted_if_gates_differ_from_the_close() {
    let world = World::new(closed(true)).await;
    world.gate(1, world.passed(1) + 1).await;
    let log = world.logged(world.count()).await;
    assert!(log.contains("count_differs") && log.contains("was closed with"), "{log}");
    assert_eq!(world.served().await.1, None);
}

#[tokio::test]
async fn an_unreadable_ballot_keeps_its_shard_uncounted() {
    let world = World::new(closed(true)).await;
    world.spoil_a_cast().await;
    let log = world.logged(world.count()).await;
    assert!(log.contains("count_failed"), "{log}");
    assert_eq!(world.served().await.1, None);
}

#[tokio::test]
async fn without_its_gates_an_election_is_not_counted() {
    let world = World::new(closed(true)).await;
    let table = world.engine.tables().control;
    for key in world.engine.items(table).await.into_keys() {
        world.engine.delete(table, &key).await;
    }
    let message = serde_json::to_string(&CountMessage::election(ID, generation())).unwrap();
    world.handle(&[&message]).await;
    let log = world.logged(async {
        let handled = world.handle_what_is_asked_for().await;
        assert_eq!(handled, 2 * (1 + 8), "both shards, each eight times again");
    });
    let log = Box::pin(log).await;
    assert!(log.contains("count_put_off"), "{log}");
    assert_eq!(world.served().await.1, None);
}

#[tokio::test]
async fn gates_that_come_late_are_waited_for() {
    let world = World::new(closed(true)).await;
    let table = world.engine.tables().control;
    let gates = world.engine.items(table).await;
    for key in gates.keys() {
        world.engine.delete(table, key).await;
    }
    let message =
        serde_json::to_string(&CountMessage { shard: Shard::new(0), ..CountMessage::election(ID, generation()) });
    assert_eq!(world.handle(&[&message.unwrap()]).await, Vec::<String>::new());
    for shard in 0..2 {
        world.gate(shard, world.passed(shard)).await;
    }
    world.handle_what_is_asked_for().await;
    assert_eq!(world.documents.reader().counted_so_far(ID).await, Ok(world.passed(0)));
}

#[tokio::test]
async fn a_forged_tally_is_never_the_result() {
    let world = World::new(closed(true)).await;
    world.count().await;
    let forged = {
        let mut tally =
            world.documents.counted_shards(&generation(), ID).await.unwrap()[&Shard::new(0).unwrap()].tally.clone();
        let mut histograms: Vec<_> = tally.candidates.values().copied().collect();
        histograms.reverse();
        tally.candidates = tally.candidates.keys().copied().zip(histograms).collect();
        tally
    };
    world.documents.save_shard(&generation(), ID, Shard::new(0).unwrap(), &forged, Vec::new()).await.unwrap();
    let log = world.logged(world.count()).await;
    assert!(log.contains("count_differs") && log.contains("history says"), "{log}");
    assert_eq!(world.served().await.1, Some(sum()), "what was there before is not replaced");
}

#[tokio::test]
async fn a_digest_is_appended_once_however_many_count() {
    let world = World::new(closed(true)).await;
    let counters: Vec<_> = (0..4).map(|_| world.counter.clone()).collect();
    for shard in 0..2 {
        let message = CountMessage { shard: Shard::new(shard), ..CountMessage::election(ID, generation()) };
        world.counter.work_off(&message).await.unwrap();
    }
    let look = CountMessage::election(ID, generation());
    let [a, b, c, d] = counters.as_slice() else { panic!("four of them") };
    let done = tokio::join!(a.work_off(&look), b.work_off(&look), c.work_off(&look), d.work_off(&look));
    done.0.unwrap();
    done.1.unwrap();
    done.2.unwrap();
    done.3.unwrap();
    let counted = |event: &&E| matches!(event, E::ResultsCounted { .. });
    assert_eq!(world.events().await.iter().filter(counted).count(), 1);
}

#[tokio::test]
async fn after_a_disqualification_there_is_a_new_digest() {
    let world = World::new(closed(true)).await;
    world.count().await;
    let (before, _) = world.served().await;
    let (competition, candidate) = (CompetitionId::from_bits(1), CandidateId::from_bits(2));
    world.append(E::CandidateDisqualified { candidate, competition, reason: "a painting".into() }).await;
    assert_eq!(world.served().await.0.results, ResultsDigest::Awaited);
    world.count().await;
    let (after, tally) = world.served().await;
    assert_ne!(after.results, before.results);
    assert_eq!(after.results, ResultsDigest::Known(world.results(&after, &sum()).digest.0));
    assert_eq!(tally, Some(sum()));
}

#[tokio::test]
async fn released_results_are_stored_and_found_by_their_tag() {
    let world = World::new(closed(true)).await;
    world.count().await;
    let ResultsDigest::Known(digest) = world.served().await.0.results else { panic!("counted") };
    world.append(E::ResultsReleased { digest: Some(digest) }).await;
    world.count().await;
    let (election, _) = world.served().await;
    let expected = PublicDocument::of_results(&world.results(&election, &sum())).unwrap();
    let shown = PublicDocument::of_election(&election).unwrap();
    let released = Released { results: expected.tag.clone(), election: shown.tag.clone(), digest: Some(digest) };
    assert_eq!(world.documents.reader().public(ID).await, Ok(Some(PublicHeader { released: Some(released) })));
    for document in [expected, shown] {
        assert_eq!(world.documents.reader().public_document(ID, &document.tag).await, Ok(document));
    }
}

#[tokio::test]
async fn counting_an_older_close_appends_no_event() {
    let world = World::new(closed(false)).await;
    world.append(E::ResultsReleased { digest: None }).await;
    let before = world.history().await;
    world.count().await;
    assert_eq!(world.history().await, before);
    let (election, tally) = world.served().await;
    assert_eq!((election.results, tally), (ResultsDigest::None, Some(sum())));
    let public = world.documents.reader().public(ID).await.unwrap().unwrap().released.unwrap();
    assert_eq!(public.digest, None);
}

#[tokio::test]
async fn a_deleted_election_has_no_count_and_leaves_nothing() {
    let world = World::new(closed(true)).await;
    world.append(E::ElectionDeleted {}).await;
    world.count().await;
    assert_eq!(world.served().await.1, None::<Tally>);

    let world = World::new(closed(true)).await;
    world.count().await;
    world.append(E::ElectionDeleted {}).await;
    world.count().await;
    let left: Vec<_> =
        world.items().await.into_keys().filter(|(_, sk)| sk != "election" && !sk.starts_with("competition#")).collect();
    assert_eq!(left, []);
}

#[tokio::test]
async fn nothing_is_counted_before_the_close() {
    let open = closed(true)[..4].to_vec();
    let world = World::new(open).await;
    let before = world.items().await;
    let message = CountMessage { shard: Shard::new(0), ..CountMessage::election(ID, generation()) };
    world.counter.work_off(&message).await.unwrap();
    world.count().await;
    assert_eq!(world.items().await, before);
}

#[tokio::test]
async fn a_message_that_is_not_understood_comes_again() {
    let world = World::new(closed(true)).await;
    assert_eq!(world.handle(&["{}", "not JSON"]).await, ["0", "1"]);
    let message = serde_json::to_string(&CountMessage::election(ID, generation())).unwrap();
    assert_eq!(world.handle(&[&message]).await, Vec::<String>::new());
}
