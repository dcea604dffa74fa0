//! What each of them can do.

use std::{sync::Arc, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType},
};
use futures::future::BoxFuture;

use crate::{
    event::Notes,
    measure::{self, Round},
};

/// A table: its name, and its keys with their types, the partition's first.
pub(crate) type Table = (&'static str, &'static [(&'static str, ScalarAttributeType)]);

/// A way to append events to streams, and to load these.
pub(crate) trait Peer: Sized + Send + Sync + 'static {
    /// What it is called in the report.
    const NAME: &'static str;
    /// The tables that it wants.
    const TABLES: &'static [Table];

    /// What whoever appends holds in hand, so that nothing has to be read from the storage for it.
    type Writer: Send;

    /// Works on its tables, which are there.
    fn open(client: Client) -> impl Future<Output = Self> + Send;

    /// Gets ready to append events of so many bytes.
    fn writer(&self, bytes: usize) -> Self::Writer;

    /// Appends the event that has this version in a stream. A writer begins each stream at version 1, and stays with it until
    /// it begins another one.
    fn append(&self, writer: &mut Self::Writer, stream: u128, version: u64) -> impl Future<Output = ()> + Send;

    /// Loads and folds a stream.
    fn load(&self, stream: u128) -> impl Future<Output = Notes> + Send;
}

/// A peer of whatever type. What is measured knows the type.
pub(crate) trait AnyPeer: Send + Sync {
    /// Lets so many tasks append events of so many bytes for a while.
    fn appends(self: Arc<Self>, tasks: usize, bytes: usize, time: Duration) -> BoxFuture<'static, Round>;

    /// Lets so many tasks load a stream for a while.
    fn loads(self: Arc<Self>, tasks: usize, stream: u128, time: Duration) -> BoxFuture<'static, Round>;

    /// Writes a stream of so many events of so many bytes each.
    fn write(&self, stream: u128, events: u64, bytes: usize) -> BoxFuture<'_, ()>;

    /// How many events of a stream are loaded.
    fn loaded(&self, stream: u128) -> BoxFuture<'_, u64>;
}

impl<P: Peer> AnyPeer for P {
    fn appends(self: Arc<Self>, tasks: usize, bytes: usize, time: Duration) -> BoxFuture<'static, Round> {
        Box::pin(measure::appends(self, tasks, bytes, time))
    }

    fn loads(self: Arc<Self>, tasks: usize, stream: u128, time: Duration) -> BoxFuture<'static, Round> {
        Box::pin(measure::loads(self, tasks, stream, time))
    }

    fn write(&self, stream: u128, events: u64, bytes: usize) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let mut writer = self.writer(bytes);
            for version in 1..=events {
                self.append(&mut writer, stream, version).await;
            }
        })
    }

    fn loaded(&self, stream: u128) -> BoxFuture<'_, u64> {
        Box::pin(async move { self.load(stream).await.events })
    }
}

/// A peer that can be opened.
pub(crate) struct Entrant {
    /// What it is called in the report.
    pub(crate) name: &'static str,
    /// The tables that it wants.
    pub(crate) tables: &'static [Table],
    /// Opens it, on tables that are there.
    pub(crate) open: fn(Client) -> BoxFuture<'static, Arc<dyn AnyPeer>>,
}

impl Entrant {
    /// The entry of a peer.
    pub(crate) const fn of<P: Peer>() -> Self {
        let open: fn(Client) -> BoxFuture<'static, Arc<dyn AnyPeer>> =
            |client| Box::pin(async move { Arc::new(P::open(client).await) as Arc<dyn AnyPeer> });
        Self { name: P::NAME, tables: P::TABLES, open }
    }

    /// Makes its tables. None of them has a stream.
    pub(crate) async fn create_tables(&self, client: &Client) {
        for (table, keys) in self.tables {
            let mut request = client.create_table().table_name(*table).billing_mode(BillingMode::PayPerRequest);
            for ((name, text_or_number), kind) in keys.iter().zip([KeyType::Hash, KeyType::Range]) {
                let kind_of_value = text_or_number.clone();
                let attribute = AttributeDefinition::builder().attribute_name(*name).attribute_type(kind_of_value);
                let key = KeySchemaElement::builder().attribute_name(*name).key_type(kind);
                request = request
                    .attribute_definitions(attribute.build().expect("an attribute has a name and a type"))
                    .key_schema(key.build().expect("a key has a name and a type"));
            }
            request.send().await.expect("the table is created");
        }
    }
}
