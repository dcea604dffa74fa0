//! Registering and removing voters over the engine, while others change them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use photovote_coordination::ControlError;
use photovote_coordination_write::Control;
use photovote_domain::{
    BallotId, Digest, Election, ElectionId, Email, Links, ShardCount, Timestamp, Version, Voter, VoterId,
    voter::{Status, VoterEvent},
};
use photovote_events::{Actor, CommandRecord, Environment, History, Stream};
use photovote_events_append::EventStore;
use photovote_registration::{NewVoter, Registrar, RegistrationError};
use photovote_test_support::{Engine, election, following};

const ELECTION: ElectionId = ElectionId::from_bits(7);
const VOTER: VoterId = VoterId::from_bits(8);
const EARLIER: &str = "earlier@example.org";
const LATER: &str = "later@example.org";

/// A draft with a voter whose address is `EARLIER`.
struct World {
    engine: Engine,
    control: Control,
    store: EventStore,
    registrar: Registrar,
}

impl World {
    async fn new() -> Self {
        let engine = Engine::start().await;
        engine.write(&election(ELECTION, shards().get(), None)[..3]).await;
        let store = EventStore::new(engine.client(), engine.tables().events, Environment::system());
        let control = Control::new(engine.client(), engine.tables().control);
        control.transact(|| control.create_gates(ELECTION, shards(), Links::HandOut)).await.unwrap();
        let registrar = Registrar::new(store.clone(), control.clone());
        let world = Self { engine, control, store, registrar };
        let (name, email) = ("Ada".parse().unwrap(), EARLIER.parse().unwrap());
        let new = NewVoter { id: VOTER, name, email, ballot: BallotId::from_bits(9), token: None, import: None };
        world.registrar.register(&world.election().await, new, &record("RegisterVoter")).await.unwrap();
        world
    }

    async fn election(&self) -> History<Election> {
        self.store.reader().load(Stream::Election(ELECTION)).await.unwrap()
    }

    async fn voter(&self) -> History<Voter> {
        self.store.reader().load(stream()).await.unwrap()
    }

    /// Another administrator corrects the voter's address.
    async fn correct(&self) {
        let commits = self.store.reader().commits_after(&stream(), Version::NONE).await.unwrap();
        self.engine.write(&[following(&commits, &[VoterEvent::VoterEmailChanged { email: LATER.to_owned() }])]).await;
        let moved = || {
            Ok(vec![
                self.control.release_email(ELECTION, shards(), &key(EARLIER), VOTER)?,
                self.control.reserve_email(ELECTION, shards(), &key(LATER), VOTER)?,
            ])
        };
        self.control.transact(moved).await.unwrap();
    }

    /// Removes the voter, as they were loaded.
    async fn remove(&self, seen: &History<Voter>) -> Result<Status, RegistrationError> {
        let done = self.registrar.remove(&self.election().await, seen, &record("RemoveVoter"), |_| true).await?;
        Ok(done.history.state().status)
    }

    /// How many of both addresses are reserved.
    async fn reserved(&self) -> usize {
        self.control.reader().guards(ELECTION, shards(), &[key(EARLIER), key(LATER)]).await.unwrap().len()
    }
}

fn shards() -> ShardCount {
    ShardCount::try_from(2).unwrap()
}

fn stream() -> Stream {
    Stream::voter(ELECTION, shards(), VOTER)
}

fn key(email: &str) -> Digest {
    email.parse::<Email>().unwrap().key()
}

fn record(name: &'static str) -> CommandRecord {
    let (actor, request) = (Actor::Administrator("ada".parse().unwrap()), Digest::of(name.as_bytes()));
    CommandRecord::new(name, actor, request, Timestamp::from_millis(0))
}

#[tokio::test]
async fn a_removal_gives_back_the_voters_present_address() {
    let world = World::new().await;
    let seen = world.voter().await;
    world.correct().await;
    assert_eq!(world.remove(&seen).await.unwrap(), Status::Removed);
    assert_eq!(world.reserved().await, 0);
    // A command that is repeated gets its answer again.
    assert_eq!(world.remove(&seen).await.unwrap(), Status::Removed);
}

#[tokio::test]
async fn an_address_without_a_guard_is_reported() {
    let world = World::new().await;
    let release = || Ok(vec![world.control.release_email(ELECTION, shards(), &key(EARLIER), VOTER)?]);
    world.control.transact(release).await.unwrap();
    let removed = world.remove(&world.voter().await).await;
    assert!(matches!(removed, Err(RegistrationError::Control(ControlError::Unguarded { .. }))), "{removed:?}");
    assert_eq!(world.voter().await.state().status, Status::Registered);
}
