//! Keeping snapshots of elections.

use std::{
    collections::HashMap,
    io::{self, Write},
    time::Duration,
};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use flate2::{Compression, write::ZlibEncoder};
use photovote_domain::Election;
use photovote_dynamodb::{Item, storage_error};
use tokio::time::timeout;

use crate::{
    snapshot::{Amount, Snapshot},
    snapshots::{FORM, SnapshotError, Snapshots, partition},
};

/// How much of a state goes into one item, which has at most 400 KB.
const PART_BYTES: usize = 350_000;

/// How much a look can show at most. A page of DynamoDB has a megabyte, with keys and hashes.
const LOOK_BYTES: usize = 800_000;

/// How long somebody waits for it who has an answer to give.
const PATIENCE: Duration = Duration::from_secs(3);

impl Snapshots {
    /// The same for whoever also keeps a snapshot where it was missing: after a long stream was loaded.
    #[must_use]
    pub fn keeping(self) -> Self {
        Self { keeps: true, ..self }
    }

    /// Keeps where an election has come to, if that took more than a look at its stream, or at what came after the last
    /// snapshot.
    ///
    /// It only spares work: that it fails is no failure, and whoever keeps another one meanwhile does no harm.
    pub async fn keep(&self, snapshot: &Snapshot<Election>) {
        let Amount { commits, bytes } = snapshot.taken_in;
        if commits <= self.look.into() && bytes <= LOOK_BYTES {
            return;
        }
        let put = timeout(PATIENCE, self.put(snapshot)).await;
        let why = match put {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(elapsed) => elapsed.to_string(),
        };
        let election = snapshot.stream.election();
        tracing::warn!(event = "snapshot_not_kept", %election, why, "whoever starts reads a long stream");
    }

    async fn put(&self, snapshot: &Snapshot<Election>) -> Result<(), SnapshotError> {
        for item in items(snapshot)? {
            let put = self.reader.client.put_item().table_name(&self.table).set_item(Some(item));
            put.send().await.map_err(|error| storage_error(&error))?;
        }
        Ok(())
    }
}

fn items(snapshot: &Snapshot<Election>) -> Result<Vec<Item>, SnapshotError> {
    let state = compressed(&serde_json::to_vec(&snapshot.state)?)?;
    let parts = state.chunks(PART_BYTES);
    let of = parts.len();
    let number = |n: u64| AttributeValue::N(n.to_string());
    let item = |(place, bytes): (usize, &[u8])| {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(partition(snapshot.stream.election()))),
            ("sk".to_owned(), AttributeValue::S(format!("{place:02}"))),
            ("form".to_owned(), number(FORM)),
            ("version".to_owned(), number(snapshot.version.get())),
            ("last".to_owned(), number(snapshot.last.get())),
            ("head".to_owned(), AttributeValue::B(Blob::new(snapshot.head.as_bytes()))),
            ("of".to_owned(), number(of as u64)),
            ("state".to_owned(), AttributeValue::B(Blob::new(bytes))),
        ])
    };
    Ok(parts.enumerate().map(item).collect())
}

fn compressed(state: &[u8]) -> Result<Vec<u8>, io::Error> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(state)?;
    encoder.finish()
}
