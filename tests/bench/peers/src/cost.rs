//! What one append and one load cost: calls, and the request units that DynamoDB would charge for them.

use std::{collections::BTreeMap, sync::Arc};

use aws_sdk_dynamodb::Client;
use photovote_dynamodb::Calls;
use photovote_test_support::units::{Contents, ReadUnits, metered};

use crate::{
    embedded::Embedded,
    measure::fresh_stream,
    peer::{AnyPeer, Entrant},
    suite::{ENTRANTS, Work, config},
};

/// What something cost.
#[derive(Debug)]
pub(crate) struct Cost {
    /// The calls: `2 Query`.
    pub(crate) calls: String,
    /// The request units, for writing or for reading.
    pub(crate) units: usize,
}

/// A peer whose calls are counted.
struct Counted<'a> {
    entrant: &'a Entrant,
    peer: Arc<dyn AnyPeer>,
    plain: &'a Client,
    calls: Calls,
    read: ReadUnits,
}

/// What one piece of each of these works costs each of them.
pub(crate) async fn costs(works: &[Work]) -> Vec<(Work, Vec<Cost>)> {
    let engine = Embedded::start();
    let config = config(engine.url().to_owned());
    let plain = photovote_dynamodb::client(&config, None);
    let mut counted = Vec::new();
    for entrant in &ENTRANTS {
        entrant.create_tables(&plain).await;
        let (client, calls, read) = metered(&config);
        let peer = (entrant.open)(client).await;
        counted.push(Counted { entrant, peer, plain: &plain, calls, read });
    }
    let mut rows = Vec::new();
    for &work in works {
        let mut costs = Vec::new();
        for peer in &counted {
            costs.push(match work {
                Work::Append { bytes } => peer.append(bytes).await,
                Work::Load { events, bytes } => peer.load(events, bytes).await,
            });
        }
        rows.push((work, costs));
    }
    rows
}

impl Counted<'_> {
    /// What the first event of a stream costs. The next ones cost as much.
    async fn append(&self, bytes: usize) -> Cost {
        let before = self.contents().await;
        self.calls.take();
        self.peer.write(fresh_stream(), 1, bytes).await;
        let calls = self.calls.take();
        let times = if calls.contains_key("TransactWriteItems") { 2 } else { 1 };
        Cost { calls: listed(calls), units: times * before.units_to(&self.contents().await) }
    }

    async fn load(&self, events: u64, bytes: usize) -> Cost {
        let stream = fresh_stream();
        self.peer.write(stream, events, bytes).await;
        self.calls.take();
        self.read.take();
        self.peer.loaded(stream).await;
        Cost { calls: listed(self.calls.take()), units: self.read.take() }
    }

    async fn contents(&self) -> Contents {
        let tables: Vec<_> = self
            .entrant
            .tables
            .iter()
            .map(|(table, keys)| (*table, keys.iter().map(|(name, _)| *name).collect::<Vec<_>>()))
            .collect();
        let tables: Vec<_> = tables.iter().map(|(table, keys)| (*table, keys.as_slice())).collect();
        Contents::of(self.plain, &tables).await
    }
}

fn listed(calls: BTreeMap<String, u64>) -> String {
    calls.into_iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}
