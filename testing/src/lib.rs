//! An engine of one's own for each test: DynamoDB in memory, over real HTTP, in the test's own process. And the gateway
//! before a function, as far as a function can tell.
#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "a test that cannot start what it needs has failed")]

mod gateway;
mod histories;
pub mod units;

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
        StreamSpecification, StreamViewType,
    },
};
use aws_types::SdkConfig;
use dynoxide::Database;
use photovote_dynamodb::{Calls, Endpoint, Item};
use photovote_event_store::Commit;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::units::ReadUnits;

pub use gateway::{Reply, Sender, get, send, send_under};
pub use histories::{ballot, election, following, history, voter};

/// The names of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tables {
    /// The events table; it has a stream.
    pub events: &'static str,
    /// The control table.
    pub control: &'static str,
    /// The documents table.
    pub documents: &'static str,
}

const TABLES: Tables =
    Tables { events: "photovote-events", control: "photovote-control", documents: "photovote-documents" };

/// An engine that holds the three tables, empty. It stops, and forgets everything, when it is dropped.
#[derive(Debug)]
pub struct Engine {
    config: SdkConfig,
    url: String,
    server: JoinHandle<Result<(), String>>,
}

impl Engine {
    /// Starts an engine on a free port of the loopback interface, in the runtime of the test.
    pub async fn start() -> Self {
        let database = Database::memory().expect("the engine opens its memory");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let until_dropped = std::future::pending();
        let server = tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, until_dropped));
        let config = photovote_dynamodb::config(&Endpoint::Local(url.clone()));
        let engine = Self { config, url, server };
        let client = engine.client();
        create(&client, TABLES.events, Some(StreamViewType::NewImage)).await;
        create(&client, TABLES.control, None).await;
        create(&client, TABLES.documents, None).await;
        engine
    }

    /// The names of the tables.
    pub const fn tables(&self) -> Tables {
        TABLES
    }

    /// Where the engine listens: `http://127.0.0.1:<port>`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The SDK's configuration for this engine.
    pub const fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// A client.
    pub fn client(&self) -> Client {
        photovote_dynamodb::client(&self.config, None)
    }

    /// A client, the count of its calls, and the sum of the units that it reads.
    pub fn metered_client(&self) -> (Client, Calls, ReadUnits) {
        units::metered(&self.config)
    }

    /// A client, and the count of its calls.
    pub fn counting_client(&self) -> (Client, Calls) {
        let calls = Calls::default();
        (photovote_dynamodb::client(&self.config, Some(calls.clone())), calls)
    }
}

impl Engine {
    /// Writes commits to the events table, as if nobody had to decide on them.
    pub async fn write(&self, commits: &[Commit]) {
        for commit in commits {
            let put = self.client().put_item().table_name(TABLES.events).set_item(Some(commit.to_item()));
            put.send().await.expect("the engine takes a commit");
        }
    }

    /// Everything that a table holds, by its keys.
    pub async fn items(&self, table: &str) -> BTreeMap<(String, String), Item> {
        let mut items = BTreeMap::new();
        let mut start = None;
        loop {
            let scan = self.client().scan().table_name(table).consistent_read(true).set_exclusive_start_key(start);
            let page = scan.send().await.expect("the engine shows a table");
            let text = |item: &Item, name: &str| item[name].as_s().cloned().unwrap_or_default();
            items.extend(page.items.unwrap_or_default().into_iter().map(|i| ((text(&i, "pk"), text(&i, "sk")), i)));
            start = page.last_evaluated_key;
            if start.is_none() {
                return items;
            }
        }
    }

    /// Takes an item away.
    pub async fn delete(&self, table: &str, (pk, sk): &(String, String)) {
        let text = |text: &String| AttributeValue::S(text.clone());
        let delete = self.client().delete_item().table_name(table).key("pk", text(pk)).key("sk", text(sk));
        delete.send().await.expect("the engine deletes an item");
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn create(client: &Client, table: &str, stream: Option<StreamViewType>) {
    let key = |name: &str, kind: KeyType| {
        KeySchemaElement::builder().attribute_name(name).key_type(kind).build().expect("a key has a name and a type")
    };
    let text = |name: &str| {
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        attribute.build().expect("an attribute has a name and a type")
    };
    let stream = stream.map(|view| {
        let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(view);
        stream.build().expect("a stream is enabled or not")
    });
    client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .attribute_definitions(text("pk"))
        .attribute_definitions(text("sk"))
        .set_stream_specification(stream)
        .send()
        .await
        .expect("the table is created");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_engine_has_the_tables_and_counts_calls() {
        let engine = Engine::start().await;
        let (client, calls) = engine.counting_client();
        let put = client.put_item().table_name(engine.tables().documents);
        let put = put.item("pk", AttributeValue::S("a".into())).item("sk", AttributeValue::S("b".into()));
        put.send().await.unwrap();
        let mut tables = client.list_tables().send().await.unwrap().table_names.unwrap();
        tables.sort();
        let Tables { events, control, documents } = engine.tables();
        assert_eq!(tables, [control, documents, events]);
        assert_eq!(calls.take(), [("ListTables".to_owned(), 1), ("PutItem".to_owned(), 1)].into());
    }

    #[tokio::test]
    async fn engines_share_nothing() {
        let (one, other) = (Engine::start().await, Engine::start().await);
        let put = one.client().put_item().table_name(one.tables().documents);
        let put = put.item("pk", AttributeValue::S("a".into())).item("sk", AttributeValue::S("b".into()));
        put.send().await.unwrap();
        let found = other.client().scan().table_name(other.tables().documents).send().await.unwrap();
        assert_eq!(found.count, 0);
    }
}
