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

/// The name of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Id(String);

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
    const NAME: &'static str = "event-store-adapter-rs 5.2.0";
    const TABLES: &'static [Table] = &[
        ("peers-journal", &[("aid", S), ("seq_nr", N)]),
        ("peers-snapshot", &[("aid", S), ("skey", N)]),
        ("peers-head", &[("aid", S)]),
    ];

    type Writer = (Id, u64);

    async fn open(client: Client) -> Self {
        let tables = DynamoDbTables {
            journal_table_name: "peers-journal".to_owned(),
            snapshot_table_name: "peers-snapshot".to_owned(),
            head_table_name: "peers-head".to_owned(),
            // Only where old snapshots are kept.
            snapshot_history_index_name: "history".to_owned(),
        };
        let store = EventStoreForDynamoDB::open(client, tables, DynamoDbOptions::default()).await;
        Self { store: store.expect("the store is opened") }
    }

    fn begin(&self, stream: u128) -> Self::Writer {
        (Id(BallotId::from_bits(stream).to_string()), 0)
    }

    async fn append(&self, (id, version): &mut Self::Writer, event: Event) {
        *version += 1;
        let envelope = EventEnvelope::new(id.clone(), *version, Utc::now(), event).with_manifest("Written");
        self.store.persist_event(envelope).await.expect("the event is appended");
    }

    async fn load(&self, stream: u128) -> Notes {
        let id = Id(BallotId::from_bits(stream).to_string());
        let events = self.store.get_events_by_id_since_seq_nr(&id, 1).await.expect("the stream is loaded");
        let mut notes = Notes::default();
        events.iter().for_each(|event| notes.take(event.payload()));
        notes
    }
}
