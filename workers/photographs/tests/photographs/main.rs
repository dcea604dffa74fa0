//! What the photo-processor makes of uploads, whatever gets lost, comes twice or breaks off.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod world;

use photovote_domain::{
    Digest, PhotographId,
    photograph::{PhotographEvent as E, Status},
};
use photovote_keys::objects::{incoming_key, original_key};
use photovote_queues::PhotographMessage;

use crate::world::{ELECTION, HOUR, ORIGINALS, PHOTOGRAPH, RENDITIONS, World, picture};

const ONE: PhotographMessage = PhotographMessage { election: ELECTION, photograph: Some(PHOTOGRAPH) };

#[tokio::test]
async fn an_upload_becomes_renditions() {
    let world = World::new().await;
    world.upload(picture());
    assert!(world.tell().await);
    let (photograph, events) = world.photograph().await;
    assert_eq!(photograph.status, Status::Ready);
    assert!(matches!(events[..], [E::PhotographRequested { .. }, E::PhotographUploaded {}, E::PhotographReady { .. }]));
    assert!(world.is_whole().await);
    let (pixels, keys) = world.pixels().await;
    assert_eq!(pixels.sha256, Digest::of(&picture()));
    for (key, file) in keys.iter().zip({
        let mut files = pixels.renditions;
        files.sort_by_key(photovote_domain::photograph::Rendition::file_name);
        files
    }) {
        let object = world.buckets.get(RENDITIONS, key).unwrap();
        assert_eq!((Digest::of(&object.bytes), object.bytes.len() as u64), (file.sha256, file.bytes));
        assert_eq!(object.media_type, file.media_type.media_type());
        assert_eq!(object.cache_control, "public, max-age=31536000, immutable");
    }
    let original = world.buckets.get(ORIGINALS, &original_key(ELECTION, PHOTOGRAPH)).unwrap();
    assert_eq!((original.bytes, original.cache_control), (picture(), "no-store".to_owned()));
}

#[tokio::test]
async fn a_file_that_is_no_picture_is_refused_and_deleted() {
    let world = World::new().await;
    world.upload("GIF89a");
    assert!(world.tell().await);
    let (photograph, _) = world.photograph().await;
    assert_eq!(
        (photograph.status, photograph.problem.unwrap().code),
        (Status::Refused, "unsupported_format".to_owned())
    );
    assert!(world.is_empty());
}

#[tokio::test]
async fn messages_come_twice_late_and_in_any_order() {
    let world = World::new().await;
    assert!(world.tell().await, "before the upload");
    world.upload(picture());
    let (one, other) = tokio::join!(world.tell(), world.tell());
    assert!(one || other);
    assert!(world.tell().await);
    let (_, events) = world.photograph().await;
    assert_eq!(events.len(), 3, "{events:?}");
    // The form is used once more.
    world.upload("other bytes");
    assert!(world.tell().await);
    assert_eq!(world.photograph().await.1.len(), 3);
    assert!(world.is_whole().await);
}

#[tokio::test]
async fn a_break_at_any_request_leaves_nothing_half_done() {
    for ends in 0.. {
        let world = World::new().await;
        world.upload(picture());
        world.buckets.fail_after(Some(ends));
        let is_done = world.tell().await;
        world.buckets.fail_after(None);
        assert!(world.tell().await);
        assert_eq!(world.status().await, Status::Ready, "after {ends} ends of requests");
        assert!(world.is_whole().await, "after {ends} ends of requests");
        if is_done {
            assert_eq!(ends, 10, "two ends of reading, of writing an original and two files, and of deleting");
            return;
        }
    }
}

#[tokio::test]
async fn a_message_that_is_not_understood_comes_again() {
    let world = World::new().await;
    assert!(!world.deliver("{}").await);
    assert!(world.deliver(r#"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#).await);
    let elsewhere = r#"{"Records":[{"s3":{"object":{"key":"elsewhere"}}}]}"#;
    assert!(world.deliver(elsewhere).await, "it is nobody's photograph, for ever");
}

#[tokio::test]
async fn an_upload_of_a_photograph_that_is_gone_is_deleted() {
    let world = World::new().await;
    world.remove().await;
    world.upload(picture());
    assert!(world.tell().await);
    assert!(world.is_empty());

    let world = World::new().await;
    world.delete_election().await;
    world.upload(picture());
    assert!(world.tell().await);
    assert!(world.is_empty());
    assert_eq!(world.photograph().await.1.len(), 1, "nothing was written");
}

#[tokio::test]
async fn a_removal_takes_all_files_with_it() {
    let world = World::new().await;
    world.upload(picture());
    world.tell().await;
    world.remove().await;
    assert!(world.ask(&ONE).await);
    assert!(world.is_empty());
}

#[tokio::test]
async fn a_deleted_election_leaves_no_object() {
    let world = World::new().await;
    world.upload(picture());
    world.tell().await;
    world.upload(picture());
    world.buckets.put(RENDITIONS, "photos/another", "x");
    world.delete_election().await;
    assert_eq!(world.look().await, 0);
    assert_eq!(
        (world.buckets.keys(ORIGINALS), world.buckets.keys(RENDITIONS)),
        (vec![], vec!["photos/another".to_owned()])
    );
}

#[tokio::test]
async fn an_upload_that_nobody_told_is_found() {
    let world = World::new().await;
    world.upload(picture());
    assert_eq!(world.look().await, 1);
    assert_eq!(world.status().await, Status::Ready);
    assert!(world.is_whole().await);
    assert_eq!(world.look().await, 0);
}

#[tokio::test]
async fn an_upload_that_never_comes_is_given_up_after_a_day() {
    let world = World::new().await;
    world.pass(23 * HOUR);
    world.look().await;
    assert_eq!(world.status().await, Status::Requested);
    world.pass(HOUR);
    world.look().await;
    let (photograph, _) = world.photograph().await;
    assert_eq!((photograph.status, photograph.problem.unwrap().code), (Status::Refused, "not_uploaded".to_owned()));
}

#[tokio::test]
async fn lost_renditions_are_made_again() {
    let world = World::new().await;
    world.upload(picture());
    world.tell().await;
    let (_, keys) = world.pixels().await;
    for key in &keys {
        assert!(world.buckets.lose(RENDITIONS, key));
        assert_eq!(world.look().await, 1);
        assert!(world.is_whole().await);
    }
    // Without the very same original, nothing takes their place.
    world.buckets.lose(RENDITIONS, &keys[0]);
    world.buckets.put(ORIGINALS, &original_key(ELECTION, PHOTOGRAPH), "another picture");
    let told = world.logged(world.look()).await;
    assert!(told.contains("\"event\":\"renditions_lost\""), "{told}");
    assert_eq!(world.buckets.keys(RENDITIONS), keys[1..]);
    assert_eq!(world.status().await, Status::Ready);
}

#[tokio::test]
async fn objects_that_nothing_refers_to_go_after_an_hour() {
    let world = World::new().await;
    world.upload(picture());
    world.tell().await;
    let other = PhotographId::from_bits(2);
    let stray = [
        (ORIGINALS, incoming_key(ELECTION, other)),
        (ORIGINALS, original_key(ELECTION, other)),
        (RENDITIONS, format!("photos/{ELECTION}/{other}/a.jpg")),
        (RENDITIONS, format!("photos/{ELECTION}/{PHOTOGRAPH}/a.jpg")),
        (RENDITIONS, format!("photos/{ELECTION}/not-a-photograph")),
    ];
    for (bucket, key) in &stray {
        world.buckets.put(bucket, key, "x");
    }
    world.pass(HOUR - 1_000);
    world.look().await;
    assert_eq!(world.buckets.keys(ORIGINALS).len() + world.buckets.keys(RENDITIONS).len(), 1 + 2 + stray.len());
    world.pass(1_000);
    world.look().await;
    assert!(world.is_whole().await);
}

#[tokio::test]
async fn files_of_a_photograph_in_progress_are_left_alone() {
    let world = World::new().await;
    world.upload(picture());
    let key = format!("photos/{ELECTION}/{PHOTOGRAPH}/a.jpg");
    world.buckets.put(RENDITIONS, &key, "x");
    world.pass(2 * HOUR);
    assert!(world.ask(&PhotographMessage::election(ELECTION)).await);
    assert_eq!(world.buckets.keys(RENDITIONS), [key]);
    assert_eq!(world.buckets.keys(ORIGINALS), [incoming_key(ELECTION, PHOTOGRAPH)]);
}
