//! PhotoVote's event store: its whole way from a command to a commit, and from commits to a state.

use aws_sdk_dynamodb::{Client, types::ScalarAttributeType::S};
use photovote_domain::{BallotId, ElectionId, ShardCount};
use photovote_events::{Actor, CommandRecord, Environment, History, Stream};
use photovote_events_append::EventStore;

use crate::{
    event::{Event, Notes},
    peer::{Peer, Table},
};

/// The event store that the functions use.
pub(crate) struct PhotoVote {
    store: EventStore,
}

/// The stream of this number, in an election of its own: the engines that are measured here, unlike DynamoDB, are slower
/// the more there is in a partition.
pub(crate) fn stream(number: u128) -> Stream {
    Stream::ballot(ElectionId::from_bits(number), ShardCount::default(), BallotId::from_bits(number))
}

/// A voter's command, as the edge makes it.
pub(crate) fn command(environment: &Environment) -> CommandRecord {
    CommandRecord::once("Write", Actor::Voter, environment)
}

/// The event that is appended again and again, and the stream as the last append left it.
pub(crate) struct Writer(Event, Option<History<Notes>>);

impl Peer for PhotoVote {
    const NAME: &'static str = "PhotoVote";
    const TABLES: &'static [Table] = &[("peers-photovote", &[("pk", S), ("sk", S)])];

    type Writer = Writer;

    async fn open(client: Client) -> Self {
        Self { store: EventStore::new(client, Self::TABLES[0].0, Environment::system()) }
    }

    fn writer(&self, bytes: usize) -> Writer {
        Writer(Event::of_bytes(bytes), None)
    }

    async fn append(&self, Writer(event, history): &mut Writer, number: u128, version: u64) {
        let kept = history.take().filter(|_| version > 1);
        let known = kept.unwrap_or_else(|| History::empty(stream(number)));
        let record = command(self.store.environment());
        let decide = |_: &Notes| Ok(vec![event.clone()]);
        let done = self.store.execute(known, &record, |_| true, decide).await.expect("the event is appended");
        *history = Some(done.history);
    }

    async fn load(&self, number: u128) -> Notes {
        self.store.reader().load::<Notes>(stream(number)).await.expect("the stream is loaded").state().clone()
    }
}
