//! The measure for all else: the engine's own conditional write, of an item as large as a small commit.

use std::{
    error::Error,
    sync::atomic::{AtomicU64, Ordering},
};

use aws_sdk_dynamodb::{
    Client,
    primitives::Blob,
    types::{AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType},
};
use photovote_dynamodb::Endpoint;

use crate::load::{self, Samples};

const TABLE: &str = "photovote-bench";
/// About as many bytes as a commit has that rates five photographs.
const ITEM: usize = 900;

/// A table without a stream, and how many items were put into it.
pub(crate) struct Puts {
    client: Client,
    count: AtomicU64,
}

impl Puts {
    /// Makes the table in the engine at this endpoint.
    pub(crate) async fn prepare(endpoint: &str) -> Result<Self, Box<dyn Error>> {
        let config = photovote_dynamodb::config(&Endpoint::Local(endpoint.to_owned())).await;
        let client = photovote_dynamodb::client(&config, None);
        let mut table = client.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
        for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
            let text = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
            let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
            table = table.attribute_definitions(text.build()?).key_schema(key.build()?);
        }
        table.send().await?;
        Ok(Self { client, count: AtomicU64::new(0) })
    }

    /// Puts items, each at a place that must be free.
    pub(crate) async fn run(&self, clients: usize) -> Samples {
        load::run(clients, || Some(self.put())).await
    }

    async fn put(&self) {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let put = self
            .client
            .put_item()
            .table_name(TABLE)
            .item("pk", AttributeValue::S((number % 1_000).to_string()))
            .item("sk", AttributeValue::S(format!("{number:010}")))
            .item("bytes", AttributeValue::B(Blob::new(vec![0; ITEM])))
            .condition_expression("attribute_not_exists(sk)");
        put.send().await.expect("the engine takes the item");
    }
}
