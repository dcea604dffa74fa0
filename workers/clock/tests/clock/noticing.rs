//! Telling an organiser what prevents an opening.

use photovote_domain::{
    Timestamp,
    election::{ElectionChange, ElectionCommand, Obstacle},
};
use photovote_queues::{MailMessage, Notice, NoticeKind};

use crate::{
    opening::plan,
    world::{ELECTION, World},
};

const HOUR: i64 = 3_600_000;
const OPENS: i64 = 100 * HOUR;

impl World {
    /// An election with an organiser, without voters.
    async fn with_contact() -> Self {
        let world = Self::new().await;
        let contact = Some(Some("club@example.org".parse().unwrap()));
        world.append(ElectionCommand::Change(ElectionChange { contact, ..ElectionChange::default() })).await;
        world.append(plan(Some(OPENS), Some(OPENS + HOUR), &[])).await;
        world
    }

    /// What the organiser is told in a run at this time.
    async fn told_at(&self, now: i64) -> Vec<(NoticeKind, Vec<Obstacle>)> {
        self.set(now);
        self.run().await;
        let notice = |message: MailMessage| {
            let Notice { kind, opens_at, obstacles } = message.notice.unwrap();
            assert_eq!((message.election, opens_at), (ELECTION, Timestamp::from_millis(OPENS)));
            (kind, obstacles)
        };
        self.asked().into_iter().map(notice).collect()
    }
}

#[tokio::test]
async fn an_organiser_is_told_a_day_an_hour_and_then() {
    let world = World::with_contact().await;
    let nobody = || vec![Obstacle::NoVoters];
    assert_eq!(world.told_at(OPENS - 24 * HOUR - 1).await, []);
    assert_eq!(world.told_at(OPENS - 24 * HOUR).await, [(NoticeKind::Day, nobody())]);
    assert_eq!(world.told_at(OPENS - 2 * HOUR).await, []);
    assert_eq!(world.told_at(OPENS - HOUR).await, [(NoticeKind::Hour, nobody())]);
    assert_eq!(world.told_at(OPENS - 1).await, []);
    assert_eq!(world.told_at(OPENS).await, [(NoticeKind::Missed, nobody())]);
    assert_eq!(world.told_at(OPENS + 1).await, []);
}

#[tokio::test]
async fn an_organiser_hears_nothing_if_nothing_prevents_it() {
    let world = World::with_contact().await;
    world.register_at_gate(1, false).await;
    for now in [OPENS - 24 * HOUR, OPENS - HOUR, OPENS, OPENS + 1] {
        assert_eq!(world.told_at(now).await, []);
    }
}

#[tokio::test]
async fn an_organiser_is_told_if_it_never_opened() {
    let world = World::with_contact().await;
    world.register_at_gate(1, false).await;
    // No clock came while it could have opened.
    assert_eq!(world.told_at(OPENS + HOUR).await, [(NoticeKind::Missed, vec![])]);
    assert_eq!(world.told_at(OPENS + 2 * HOUR).await, []);
}

#[tokio::test]
async fn nobody_is_told_without_an_address() {
    let world = World::new().await;
    world.append(plan(Some(OPENS), None, &[])).await;
    assert_eq!(world.told_at(OPENS).await, []);
}
