//! An engine of one's own for each test: DynamoDB in memory, in the test's own process. And the gateway before a function,
//! as far as a function can tell.
#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "a test that cannot start what it needs has failed")]

mod buckets;
mod gateway;
mod histories;
mod needles;
mod over_http;
pub mod units;

use std::{collections::BTreeMap, fmt, sync::Arc};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use aws_types::SdkConfig;
use photovote_domain::ElectionId;
use photovote_dynamodb::{Calls, Endpoint, Item};
use photovote_embedded::{Database, Dispatcher, create_table};
use photovote_events::Commit;

use crate::units::{ReadUnits, WriteUnits};

pub use buckets::{Buckets, Object};
pub use gateway::{Reply, Sender, get, send, send_under, send_with};
pub use histories::{ballot, election, following, history, voter};
pub use needles::Needles;
pub use over_http::OverHttp;
pub use photovote_embedded::StreamName;

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

impl Tables {
    /// The setting of this name that a function reads: one of these tables, or the repair queue. Nothing else is set.
    pub fn setting(&self, name: &str) -> Option<String> {
        let setting = match name {
            "EVENTS_TABLE" => self.events,
            "CONTROL_TABLE" => self.control,
            "DOCUMENTS_TABLE" => self.documents,
            "REPAIR_QUEUE_URL" => "http://queues/1/repair",
            "PHOTOGRAPHS_QUEUE_URL" => "http://queues/1/photographs",
            "IMPORT_QUEUE_URL" => "http://queues/1/import",
            "MAIL_QUEUE_URL" => "http://queues/1/mail",
            "INVITES" => "yes",
            "ORIGINALS_BUCKET" => "originals",
            "RENDITIONS_BUCKET" => "renditions",
            "UPLOAD_URL" => "/uploads",
            "AWS_REGION" => "us-east-1",
            _ => return None,
        };
        Some(setting.to_owned())
    }
}

const TABLES: Tables =
    Tables { events: "photovote-events", control: "photovote-control", documents: "photovote-documents" };

/// An engine that holds the three tables, empty. It stops, and forgets everything, when it is dropped.
pub struct Engine {
    config: SdkConfig,
    dispatcher: Dispatcher,
    database: Arc<Database>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

impl Engine {
    /// Makes an engine.
    #[expect(clippy::unused_async, reason = "an engine may come to need a runtime, and hundreds of tests await it")]
    pub async fn start() -> Self {
        let database = Arc::new(Database::memory().expect("the engine opens its memory"));
        for table in [TABLES.events, TABLES.control, TABLES.documents] {
            create_table(&database, table, table == TABLES.events).expect("the table is created");
        }
        let dispatcher = Dispatcher::on_callers(&database);
        let config = photovote_dynamodb::config(&Endpoint::Client(dispatcher.http_client()));
        Self { config, dispatcher, database }
    }

    /// The names of the tables.
    pub const fn tables(&self) -> Tables {
        TABLES
    }

    /// The name of the stream of the events table.
    pub fn stream(&self) -> StreamName {
        photovote_embedded::stream(&self.database, TABLES.events).expect("the events table has a stream")
    }

    /// What answers requests to its tables.
    pub fn dispatcher(&self) -> Dispatcher {
        self.dispatcher.clone()
    }

    /// Serves the engine over HTTP.
    pub async fn over_http(&self) -> OverHttp {
        OverHttp::start(self.dispatcher.clone()).await
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

    /// A client, the count of its calls, and the sums of the units that it reads and writes.
    pub fn client_metered_for_writes(&self) -> (Client, Calls, ReadUnits, WriteUnits) {
        units::metered_for_writes(&self.config)
    }

    /// A client, and the count of its calls.
    pub fn counting_client(&self) -> (Client, Calls) {
        let calls = Calls::default();
        (photovote_dynamodb::client(&self.config, Some(calls.clone())), calls)
    }
}

impl Engine {
    /// Puts the gate of a shard as it is when the election is closed and has let so many casts through.
    pub async fn close_gate(&self, election: ElectionId, shard: u8, casts: u64) {
        close_gate(&self.client(), TABLES.control, election, shard, casts).await;
    }

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

/// Puts the gate of a shard of a closed election into this control table.
///
/// # Panics
/// The table does not take it.
pub async fn close_gate(client: &Client, table: &str, election: ElectionId, shard: u8, casts: u64) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = || AttributeValue::N(casts.to_string());
    let put = client.put_item().table_name(table).item("pk", text(&format!("{election}#{shard}")));
    let put = put.item("sk", text("gate")).item("status", text("closed")).item("casts", number());
    put.item("registered", number()).send().await.expect("the engine takes a gate");
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
        let Tables { events, control, documents } = engine.tables();
        for (table, count) in [(events, 0), (control, 0), (documents, 1)] {
            assert_eq!(client.scan().table_name(table).send().await.unwrap().count(), count);
        }
        assert_eq!(calls.take(), [("PutItem".to_owned(), 1), ("Scan".to_owned(), 3)].into());
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
