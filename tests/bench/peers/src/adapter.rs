//! `event-store-adapter-rs`, without snapshots. A load reads the events alone; an application would look for a snapshot
//! first.

use aws_sdk_dynamodb::{
    Client,
    types::ScalarAttributeType::{N, S},
};
use chrono::Utc;
use event_store_adapter_rs::{AggregateId, DynamoDbOptions, DynamoDbTables, EventEnvelope, EventStoreForDynamoDB};
use photovote_domain::BallotId;

use crate::{
    event::{Event, Notes},
    peer::{Peer, Table},
};

const JOURNAL: &str = "peers-journal";
const SNAPSHOT: &str = "peers-snapshot";
const HEAD: &str = "peers-head";

/// The name of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Id(String);

impl Id {
    fn of(stream: u128) -> Self {
        Self(BallotId::from_bits(stream).to_string())
    }
}

impl AggregateId for Id {
    fn type_name(&self) -> String {
        "notes".to_owned()
    }

    fn value(&self) -> String {
        self.0.clone()
    }
}

pub(crate) struct Adapter {
    store: EventStoreForDynamoDB<Id, Notes, Event>,
}

impl Peer for Adapter {
    const NAME: &'static str = "event-store-adapter-rs";
    const TABLES: &'static [Table] =
        &[(JOURNAL, &[("aid", S), ("seq_nr", N)]), (SNAPSHOT, &[("aid", S), ("skey", N)]), (HEAD, &[("aid", S)])];

    /// The event that is appended again and again.
    type Writer = Event;

    async fn open(client: Client) -> Self {
        let tables = DynamoDbTables {
            journal_table_name: JOURNAL.to_owned(),
            snapshot_table_name: SNAPSHOT.to_owned(),
            head_table_name: HEAD.to_owned(),
            // Asked only where old snapshots are kept.
            snapshot_history_index_name: "history".to_owned(),
        };
        let store = EventStoreForDynamoDB::open(client, tables, DynamoDbOptions::default()).await;
        Self { store: store.expect("the store is opened") }
    }

    fn writer(&self, bytes: usize) -> Event {
        Event::of_bytes(bytes)
    }

    async fn append(&self, event: &mut Event, stream: u128, version: u64) {
        let envelope = EventEnvelope::new(Id::of(stream), version, Utc::now(), event.clone()).with_manifest("Written");
        self.store.persist_event(envelope).await.expect("the event is appended");
    }

    async fn load(&self, stream: u128) -> Notes {
        let events = self.store.get_events_by_id_since_seq_nr(&Id::of(stream), 1).await.expect("the stream is loaded");
        let mut notes = Notes::default();
        for event in &events {
            notes.take(event.payload());
        }
        notes
    }
}
