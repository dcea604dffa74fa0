//! The measure for all else: the engine's own conditional write, of an item as large as a small commit.

use std::{
    error::Error,
    sync::atomic::{AtomicU64, Ordering},
};

use aws_sdk_dynamodb::{Client, primitives::Blob, types::AttributeValue};
use photovote::{
    data_dir::{DataDir, temporary},
    host::engine::{DOCUMENTS, Durability, Engine},
};
use tempfile::TempDir;

use crate::load::{self, Samples};

/// About as many bytes as a commit has that rates five photographs.
const ITEM: usize = 900;

/// An engine of its own, and how many items were put into a table of it that has no stream.
pub(crate) struct Puts {
    client: Client,
    count: AtomicU64,
    _engine: Engine,
    _data: TempDir,
}

impl Puts {
    /// Starts the engine.
    pub(crate) async fn prepare(durability: Durability) -> Result<Self, Box<dyn Error>> {
        let data = temporary()?;
        let engine = Engine::start(&DataDir::open(data.path())?, durability).await?;
        Ok(Self { client: engine.client(), count: AtomicU64::new(0), _engine: engine, _data: data })
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
            .table_name(DOCUMENTS)
            .item("pk", AttributeValue::S((number % 1_000).to_string()))
            .item("sk", AttributeValue::S(format!("{number:010}")))
            .item("bytes", AttributeValue::B(Blob::new(vec![0; ITEM])))
            .condition_expression("attribute_not_exists(sk)");
        put.send().await.expect("the engine takes the item");
    }
}
