//! What each of them can do.

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType},
};

use crate::event::{Event, Notes};

/// A table: its name, and its keys with their types, the partition's first.
pub(crate) type Table = (&'static str, &'static [(&'static str, ScalarAttributeType)]);

/// A way to append events to streams and to load them.
pub(crate) trait Peer: Sized + Send + Sync + 'static {
    /// What it is called in the report.
    const NAME: &'static str;
    /// The tables that it wants.
    const TABLES: &'static [Table];

    /// What has to be known of a stream to append to it. Nothing has to be read from the storage for that.
    type Writer: Send;

    /// Over these tables.
    async fn open(client: Client) -> Self;

    /// A stream in which nothing has happened.
    fn begin(&self, stream: u128) -> Self::Writer;

    /// Appends one event.
    fn append(&self, writer: &mut Self::Writer, event: Event) -> impl Future<Output = ()> + Send;

    /// Loads and folds a stream.
    fn load(&self, stream: u128) -> impl Future<Output = Notes> + Send;
}

/// Makes the tables of a peer.
pub(crate) async fn create_tables<P: Peer>(client: &Client) {
    for (table, keys) in P::TABLES {
        let mut request = client.create_table().table_name(*table).billing_mode(BillingMode::PayPerRequest);
        for ((name, text_or_number), kind) in keys.iter().zip([KeyType::Hash, KeyType::Range]) {
            let attribute = AttributeDefinition::builder().attribute_name(*name).attribute_type(text_or_number.clone());
            let key = KeySchemaElement::builder().attribute_name(*name).key_type(kind);
            request = request
                .attribute_definitions(attribute.build().expect("an attribute has a name and a type"))
                .key_schema(key.build().expect("a key has a name and a type"));
        }
        request.send().await.expect("the table is created");
    }
}
