//! Reminders before the close.

use photovote_clock::{Run, reminder_id};
use photovote_domain::{
    Links, Mailing, Timestamp, Version,
    election::{ElectionChange, ElectionCommand},
    mailing::{Kind, Recipients, Requested},
};
use photovote_events::{History, Part, Stream};

use crate::{
    opening::plan,
    world::{CLOSED, ELECTION, NOTHING, World},
};

const REMINDED: Run = Run { reminded: 1, ..NOTHING };

impl World {
    /// An election that invites its voters, with this plan. It opens at 1,000.
    async fn reminding(reminders: &[i64], closes: i64) -> Self {
        let world = Self::new().await;
        let invite = ElectionChange { links: Some(Links::Invite), ..ElectionChange::default() };
        world.append(ElectionCommand::Change(invite)).await;
        world.append(plan(None, Some(closes), reminders)).await;
        world.append(ElectionCommand::Open { closes_at: None }).await;
        world.run().await;
        world
    }

    async fn reminder(&self, at: i64) -> Option<Requested> {
        let stream = Stream::Mailing(ELECTION, reminder_id(ELECTION, Timestamp::from_millis(at)));
        let history: History<Mailing> = self.store.reader().load(stream).await.unwrap();
        assert!(history.version() <= Version::NONE.plus(1), "it is requested once");
        history.state().requested.clone()
    }

    async fn mailings(&self) -> usize {
        self.store.reader().sweep(Part::Mailings(ELECTION), None, 100).await.unwrap().commits.len()
    }
}

#[tokio::test]
async fn a_reminder_is_requested_when_due_and_once() {
    let world = World::reminding(&[2_000], 9_000).await;
    world.set(1_999);
    assert_eq!(world.run().await, NOTHING);
    world.set(2_000);
    let (one, other) = (world.clock(), world.clock());
    let (one, other) = tokio::join!(one.run(), other.run());
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!((one.reminded + other.reminded, one.failed + other.failed), (1, 0));
    for now in [2_001, 1_500, 8_999] {
        world.set(now);
        assert_eq!(world.run().await, NOTHING);
    }
    let requested = Requested { kind: Kind::Reminder, subject: None, text: None, to: Recipients::NotCast };
    assert_eq!(world.reminder(2_000).await, Some(requested));
    assert_eq!(world.mailings().await, 1);
}

#[tokio::test]
async fn a_late_clock_sends_the_last_reminder_only() {
    let world = World::reminding(&[2_000, 3_000, 8_000], 9_000).await;
    world.set(3_500);
    assert_eq!(world.run().await, REMINDED);
    assert_eq!(world.run().await, NOTHING);
    assert!(world.reminder(2_000).await.is_none() && world.reminder(3_000).await.is_some());
    world.set(8_000);
    assert_eq!(world.run().await, REMINDED);
    assert_eq!(world.mailings().await, 2);
}

#[tokio::test]
async fn nobody_is_reminded_after_the_close() {
    let world = World::reminding(&[2_000], 9_000).await;
    world.set(9_000);
    assert_eq!(world.run().await, CLOSED);
    assert_eq!(world.mailings().await, 0);
}

#[tokio::test]
async fn another_close_has_another_reminder() {
    let world = World::reminding(&[100_000], 160_000).await;
    world.set(100_000);
    assert_eq!(world.run().await, REMINDED);
    // It was a minute before the close, and is again.
    world.append(ElectionCommand::Extend { closes_at: Timestamp::from_millis(220_000) }).await;
    assert_eq!(world.run().await, NOTHING);
    world.set(160_000);
    assert_eq!(world.run().await, REMINDED);
    assert_eq!(world.mailings().await, 2);
}
