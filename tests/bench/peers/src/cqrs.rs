//! `cqrs-es` over `dynamo-es`, with the events as the only truth.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    types::ScalarAttributeType::{N, S},
};
use cqrs_es::{
    EventStore,
    persist::{EventStoreAggregateContext, PersistedEventStore},
};
use dynamo_es::DynamoEventRepository;
use photovote_domain::BallotId;

use crate::{
    event::{Event, Notes},
    peer::{Peer, Table},
};

pub(crate) struct DynamoEs {
    store: PersistedEventStore<DynamoEventRepository, Notes>,
}

impl Peer for DynamoEs {
    const NAME: &'static str = "dynamo-es";
    const TABLES: &'static [Table] = &[
        ("Events", &[("AggregateTypeAndId", S), ("AggregateIdSequence", N)]),
        ("Snapshots", &[("AggregateTypeAndId", S)]),
    ];

    /// The event that is appended again and again.
    type Writer = Event;

    async fn open(client: Client) -> Self {
        Self { store: PersistedEventStore::new_event_store(DynamoEventRepository::new(client)) }
    }

    fn writer(&self, bytes: usize) -> Event {
        Event::of_bytes(bytes)
    }

    async fn append(&self, event: &mut Event, stream: u128, version: u64) {
        let context = EventStoreAggregateContext {
            aggregate_id: BallotId::from_bits(stream).to_string(),
            aggregate: Notes::default(),
            current_sequence: usize::try_from(version - 1).expect("a stream is not that long"),
            current_snapshot: None,
        };
        self.store.commit(vec![event.clone()], context, HashMap::new()).await.expect("the event is appended");
    }

    async fn load(&self, stream: u128) -> Notes {
        let id = BallotId::from_bits(stream).to_string();
        self.store.load_aggregate(&id).await.expect("the stream is loaded").aggregate
    }
}
