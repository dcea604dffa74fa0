//! Opening as it was planned.

use photovote_clock::Run;
use photovote_coordination::GateStatus;
use photovote_domain::{
    CompetitionId, ElectionId, Links, Schedule, ShardCount, Timestamp, Version,
    election::{ElectionCommand, Status},
    schedule::{Planned, RULES, Reminder},
};

use crate::world::{CLOSED, ELECTION, NOTHING, World};

/// A run that opens an election.
pub(crate) const OPENED: Run = Run { opened: 1, ..NOTHING };

/// A plan with these moments.
pub(crate) fn plan(opens: Option<i64>, closes: Option<i64>, reminders: &[i64]) -> ElectionCommand {
    let planned = |millis| Planned { at: Timestamp::from_millis(millis), local: "1970-01-01T00:00".into() };
    let reminder = |millis: &i64| Reminder { at: Timestamp::from_millis(*millis), before: "PT1M".into() };
    ElectionCommand::Schedule(Some(Schedule {
        closes_at: closes.map(planned),
        opens_at: opens.map(planned),
        reminders: reminders.iter().map(reminder).collect(),
        rules: RULES.into(),
        time_zone: "UTC".into(),
    }))
}

impl World {
    /// Lets so many voters come through a gate.
    pub(crate) async fn register_at_gate(&self, voters: usize, unlinked: bool) {
        let shard = ShardCount::for_voters(300).shards().next().unwrap();
        for _ in 0..voters {
            let pass = self.control.pass_registration(ELECTION, shard, Links::HandOut, unlinked, None).unwrap();
            self.engine.client().transact_write_items().transact_items(pass).send().await.unwrap();
        }
    }

    async fn status(&self) -> Status {
        self.history().await.state().status
    }
}

#[tokio::test]
async fn a_draft_opens_and_closes_as_it_was_planned() {
    let world = World::new().await;
    world.register_at_gate(1, false).await;
    world.append(plan(Some(2_000), Some(3_000), &[])).await;
    world.set(1_999);
    assert_eq!(world.run().await, NOTHING);
    assert_eq!(world.gates().await, [GateStatus::Draft]);
    world.set(2_000);
    assert_eq!(world.run().await, OPENED);
    assert_eq!((world.status().await, world.gates().await), (Status::Open, vec![GateStatus::Open]));
    assert_eq!(world.run().await, NOTHING);
    world.cast_at_gate().await;
    world.set(3_000);
    assert_eq!(world.run().await, CLOSED);
    assert_eq!(world.history().await.state().casts, Some(1));
    assert!(world.control.scheduled().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_clock_that_died_after_the_event_opens_the_gates() {
    let world = World::new().await;
    world.register_at_gate(1, false).await;
    world.append(plan(Some(2_000), None, &[])).await;
    world.set(2_000);
    world.append(ElectionCommand::OpenIfDue).await;
    assert_eq!(world.gates().await, [GateStatus::Draft]);
    assert_eq!(world.run().await, NOTHING);
    assert_eq!(world.gates().await, [GateStatus::Open]);
}

#[tokio::test]
async fn two_clocks_at_once_open_an_election_once() {
    let world = World::new().await;
    world.register_at_gate(1, false).await;
    world.append(plan(Some(2_000), None, &[])).await;
    world.set(2_000);
    let version = world.history().await.version();
    let (one, other) = (world.clock(), world.clock());
    let (one, other) = tokio::join!(one.run(), other.run());
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!((one.opened + other.opened, one.failed + other.failed), (1, 0));
    assert_eq!(world.history().await.version(), version.plus(1));
}

#[tokio::test]
async fn an_opening_that_is_planned_anew_waits() {
    let world = World::new().await;
    world.register_at_gate(1, false).await;
    world.append(plan(Some(2_000), None, &[])).await;
    // A clock has seen the first plan.
    let clock = world.clock();
    clock.run().await.unwrap();
    world.append(plan(Some(5_000), None, &[])).await;
    world.set(2_000);
    assert_eq!(clock.run().await.unwrap(), NOTHING);
    world.append(ElectionCommand::Schedule(None)).await;
    world.set(5_000);
    assert_eq!(clock.run().await.unwrap(), NOTHING);
    assert_eq!(world.status().await, Status::Draft);
    // It stays on the list: another plan may be on its way there.
    assert_eq!(world.control.scheduled().await.unwrap(), [ELECTION]);
    world.append(plan(Some(6_000), None, &[])).await;
    world.set(6_000);
    assert_eq!(clock.run().await.unwrap(), OPENED);
}

#[tokio::test]
async fn a_missed_opening_comes_once_its_cause_is_gone() {
    let world = World::new().await;
    world.append(plan(Some(2_000), Some(9_000), &[])).await;
    world.set(2_000);
    assert_eq!(world.run().await, NOTHING, "nobody could vote");
    world.register_at_gate(1, false).await;
    let empty = CompetitionId::from_bits(2);
    let name = "Towns".parse().unwrap();
    world.append(ElectionCommand::AddCompetition { competition: empty, name, description: None }).await;
    world.set(3_000);
    assert_eq!(world.run().await, NOTHING, "a competition has no candidates");
    world.append(ElectionCommand::RemoveCompetition { competition: empty }).await;
    world.set(4_000);
    assert_eq!(world.run().await, OPENED);
    assert_eq!(world.history().await.state().closes_at, Some(Timestamp::from_millis(9_000)));
}

#[tokio::test]
async fn links_that_were_never_shown_keep_it_from_opening() {
    let world = World::new().await;
    world.register_at_gate(2, true).await;
    world.append(plan(Some(2_000), None, &[])).await;
    world.set(2_000);
    assert_eq!(world.run().await, NOTHING);
    let shard = ShardCount::for_voters(300).shards().next().unwrap();
    let removal = world.control.pass_removal(ELECTION, shard, true).unwrap();
    for passed in [world.control.pass_link(ELECTION, shard).unwrap(), removal] {
        assert_eq!(world.run().await, NOTHING);
        world.engine.client().transact_write_items().transact_items(passed).send().await.unwrap();
    }
    assert_eq!(world.run().await, OPENED);
}

#[tokio::test]
async fn what_was_not_opened_in_time_stays_closed() {
    let world = World::new().await;
    world.append(plan(Some(2_000), Some(3_000), &[])).await;
    world.set(2_500);
    world.run().await;
    world.register_at_gate(1, false).await;
    world.set(3_000);
    assert_eq!(world.run().await, NOTHING);
    assert_eq!((world.status().await, world.gates().await), (Status::Draft, vec![GateStatus::Draft]));
}

#[tokio::test]
async fn a_time_that_jumps_back_opens_nothing_twice() {
    let world = World::new().await;
    world.register_at_gate(1, false).await;
    world.append(plan(Some(2_000), Some(9_000), &[])).await;
    world.set(2_000);
    assert_eq!(world.run().await, OPENED);
    let version: Version = world.history().await.version();
    for now in [1_000, 2_000, 500, 8_999] {
        world.set(now);
        assert_eq!(world.run().await, NOTHING);
    }
    assert_eq!(world.history().await.version(), version);
    assert_eq!(ELECTION, ElectionId::from_bits(7));
}
