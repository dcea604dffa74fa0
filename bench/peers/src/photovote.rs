//! PhotoVote's event store: its whole way from a command to a commit, and from commits to a state.

use aws_sdk_dynamodb::{Client, types::ScalarAttributeType::S};
use photovote_domain::{BallotId, Digest, ElectionId, ShardCount};
use photovote_event_store::{Actor, CommandId, CommandRecord, Environment, EventStore, History, PrivatePart, Stream};

use crate::{
    event::{Event, Notes},
    peer::{Peer, Table},
};

pub(crate) const TABLE: &str = "peers-photovote";

pub(crate) struct PhotoVote {
    pub(crate) store: EventStore,
}

/// The stream of this number, in an election of its own: the engines that are measured here, unlike DynamoDB, are slower
/// the more there is in a partition.
pub(crate) fn stream(number: u128) -> Stream {
    Stream::ballot(ElectionId::from_bits(number), ShardCount::default(), BallotId::from_bits(number))
}

impl PhotoVote {
    /// A voter's command as the edge makes it.
    pub(crate) fn record(&self) -> CommandRecord {
        let environment = self.store.environment();
        let id = environment.random();
        let private = PrivatePart {
            actor: Actor::Voter,
            fingerprint: Digest::of(&id),
            id: CommandId::new(Digest::from_bytes(id)),
            reason: None,
            source: None,
            time: environment.now(),
        };
        CommandRecord { name: "Write", own_id: false, private }
    }
}

impl Peer for PhotoVote {
    const NAME: &'static str = "PhotoVote";
    const TABLES: &'static [Table] = &[(TABLE, &[("pk", S), ("sk", S)])];

    type Writer = Option<History<Notes>>;

    async fn open(client: Client) -> Self {
        Self { store: EventStore::new(client, TABLE, Environment::system()) }
    }

    fn begin(&self, number: u128) -> Self::Writer {
        Some(History::empty(stream(number)))
    }

    async fn append(&self, writer: &mut Self::Writer, event: Event) {
        let history = writer.take().expect("it is put back after each append");
        let decide = |_: &Notes| Ok(vec![event.clone()]);
        let done = self.store.execute(history, &self.record(), |_| true, decide).await.expect("the event is appended");
        *writer = Some(done.history);
    }

    async fn load(&self, number: u128) -> Notes {
        self.store.load(stream(number)).await.expect("the stream is loaded").state
    }
}
