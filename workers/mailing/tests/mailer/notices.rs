//! Notices to an organiser whose election something keeps from opening.

use photovote_domain::{
    Schedule,
    election::Obstacle,
    schedule::{Planned, RULES},
};
use photovote_queues::{Notice, NoticeKind};

use super::*;

/// 2026-11-28T17:00:00Z.
const OPENS: Timestamp = Timestamp::from_millis(1_795_885_200_000);

fn notice(opens_at: Timestamp, kind: NoticeKind) -> MailMessage {
    let obstacles = vec![Obstacle::NoVoters, Obstacle::PhotographsProcessing { count: 3 }];
    MailMessage::notice(ELECTION, Notice { kind, opens_at, obstacles })
}

/// A draft that is to open at this moment, with this address of its organiser.
async fn draft(contact: Option<&str>) -> World {
    let world = World::with(Links::Invite, false, 0).await;
    let schedule = Schedule {
        closes_at: None,
        opens_at: Some(Planned { at: OPENS, local: "2026-11-28T18:00".into() }),
        reminders: Vec::new(),
        rules: RULES.into(),
        time_zone: "Europe/Berlin".into(),
    };
    let contact = ElectionEvent::ElectionContactChanged { contact: contact.map(Into::into) };
    let planned = ElectionEvent::ElectionScheduled { schedule };
    let (store, start) = (world.store(), photovote_domain::Version::NONE);
    let commits = store.reader().commits_after(&Stream::Election(ELECTION), start).await.unwrap();
    world.engine.write(&[following(&commits, &[contact, planned])]).await;
    world
}

fn written(world: &World) -> Vec<String> {
    let mails = fs::read_dir(world.outbox.path()).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    mails.map(|mail| String::from_utf8(mail).unwrap().replace("=\r\n", "")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organiser_is_told_what_prevents_the_opening() {
    let world = draft(Some("club@example.net")).await;
    let message = notice(OPENS, NoticeKind::Missed);
    assert_eq!(world.run(message.clone()).await, 0);
    // Whoever asks again asks for the same mail.
    assert_eq!(world.run(message).await, 0);
    let mails = written(&world);
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    for part in [
        "To: <club@example.net>",
        "Summer did not open",
        "Saturday, 28 November 2026, at 18:00 (Europe/Berlin)",
        "Nobody is registered to vote.",
        "still being processed: 3.",
        "https://vote.example.org/admin#/e/",
    ] {
        assert!(mail.contains(part), "{part}: {mail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_what_is_not_planned_any_more() {
    let world = draft(Some("club@example.net")).await;
    let earlier = Timestamp::from_millis(OPENS.millis() - 1);
    assert_eq!(world.run(notice(earlier, NoticeKind::Hour)).await, 0);
    let without = draft(None).await;
    assert_eq!(without.run(notice(OPENS, NoticeKind::Day)).await, 0);
    let opened = draft(Some("club@example.net")).await;
    let (store, start) = (opened.store(), photovote_domain::Version::NONE);
    let commits = store.reader().commits_after(&Stream::Election(ELECTION), start).await.unwrap();
    opened.engine.write(&[following(&commits, &[ElectionEvent::ElectionOpened { closes_at: None }])]).await;
    assert_eq!(opened.run(notice(OPENS, NoticeKind::Missed)).await, 0);
    assert!([&world, &without, &opened].into_iter().all(|world| written(world).is_empty()));
}
