//! `cqrs-es` over `dynamo-es`, as a pure event store.

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

/// The stream's id, and how many events it has.
pub(crate) struct Writer(String, usize);

impl DynamoEs {
    /// Appends, if the stream is where it is believed to be.
    pub(crate) async fn try_append(&self, stream: String, version: usize, event: Event) -> Result<(), String> {
        let context = EventStoreAggregateContext {
            aggregate_id: stream,
            aggregate: Notes::default(),
            current_sequence: version,
            current_snapshot: None,
        };
        self.store.commit(vec![event], context, HashMap::new()).await.map(drop).map_err(|error| error.to_string())
    }
}

impl Peer for DynamoEs {
    const NAME: &'static str = "dynamo-es 0.5.0";
    const TABLES: &'static [Table] = &[
        ("Events", &[("AggregateTypeAndId", S), ("AggregateIdSequence", N)]),
        ("Snapshots", &[("AggregateTypeAndId", S)]),
    ];

    type Writer = Writer;

    async fn open(client: Client) -> Self {
        Self { store: PersistedEventStore::new_event_store(DynamoEventRepository::new(client)) }
    }

    fn begin(&self, stream: u128) -> Writer {
        Writer(BallotId::from_bits(stream).to_string(), 0)
    }

    async fn append(&self, Writer(stream, version): &mut Writer, event: Event) {
        self.try_append(stream.clone(), *version, event).await.expect("the event is appended");
        *version += 1;
    }

    async fn load(&self, stream: u128) -> Notes {
        let id = BallotId::from_bits(stream).to_string();
        self.store.load_aggregate(&id).await.expect("the stream is loaded").aggregate
    }
}
