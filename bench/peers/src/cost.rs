//! What one append and one load cost: calls and request units.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use photovote_dynamodb::Calls;
use photovote_testing::units::{Contents, ReadUnits, metered};

use crate::{event::Event, measure::fresh_stream, peer::Peer};

/// What something cost.
#[derive(Debug, Clone)]
pub(crate) struct Cost {
    /// The calls: `"2 Query"`.
    pub(crate) calls: String,
    /// The request units.
    pub(crate) units: usize,
    /// How many events were in the stream, and how many came back.
    pub(crate) events: Option<(usize, usize)>,
}

/// A client of an endpoint that counts.
pub(crate) struct Counting {
    pub(crate) client: Client,
    calls: Calls,
    read: ReadUnits,
}

impl Counting {
    pub(crate) async fn new(url: &str) -> Self {
        let config = photovote_dynamodb::config(&photovote_dynamodb::Endpoint::Local(url.to_owned())).await;
        let (client, calls, read) = metered(&config);
        Self { client, calls, read }
    }

    /// What the next event of a stream that has ten costs.
    pub(crate) async fn append<P: Peer>(&self, plain: &Client, peer: &P, bytes: usize) -> Cost {
        let keys: Vec<Vec<_>> = P::TABLES.iter().map(|(_, keys)| keys.iter().map(|(name, _)| *name).collect()).collect();
        let tables: Vec<_> = P::TABLES.iter().zip(&keys).map(|((table, _), keys)| (*table, keys.as_slice())).collect();
        let mut writer = peer.begin(fresh_stream());
        for _ in 0..10 {
            peer.append(&mut writer, Event::of_bytes(bytes)).await;
        }
        let before = Contents::of(plain, &tables).await;
        self.calls.take();
        peer.append(&mut writer, Event::of_bytes(bytes)).await;
        let calls = self.calls.take();
        let times = if calls.contains_key("TransactWriteItems") { 2 } else { 1 };
        let units = times * before.units_to(&Contents::of(plain, &tables).await);
        Cost { calls: listed(calls), units, events: None }
    }

    /// What loading this stream costs.
    pub(crate) async fn load<P: Peer>(&self, peer: &P, stream: u128, events: usize) -> Cost {
        self.calls.take();
        self.read.take();
        let loaded = peer.load(stream).await.events;
        Cost { calls: listed(self.calls.take()), units: self.read.take(), events: Some((events, loaded)) }
    }
}

fn listed(calls: BTreeMap<String, u64>) -> String {
    let call = |(name, count): (String, u64)| if count == 1 { name } else { format!("{count} {name}") };
    calls.into_iter().map(call).collect::<Vec<_>>().join(", ")
}
