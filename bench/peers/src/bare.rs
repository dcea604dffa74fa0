//! The limit: nothing but the calls that cannot be done without.

use std::{collections::HashMap, marker::PhantomData};

use aws_sdk_dynamodb::{
    Client,
    primitives::Blob,
    types::{
        AttributeValue,
        ScalarAttributeType::{self, S},
    },
};
use photovote_domain::Version;
use photovote_event_store::{Environment, EventStore, History};

use crate::{
    event::{Event, Notes},
    peer::{Peer, Table},
    photovote::{PhotoVote, stream},
};

type Item = HashMap<String, AttributeValue>;

const KEYS: &[(&str, ScalarAttributeType)] = &[("pk", S), ("sk", S)];

/// What the items hold.
pub(crate) trait Content: Send + Sync + 'static {
    const NAME: &'static str;
    const TABLES: &'static [Table];

    /// An item that holds an event; the place is put in later.
    fn item(event: &Event) -> Item;
    /// The JSON of its event.
    fn json(item: &Item) -> &Blob;
    /// The event that this JSON is.
    fn event(json: &[u8]) -> Event;
}

/// The event, and nothing else.
pub(crate) struct EventAlone;

/// All that PhotoVote's items hold, without doing anything for it: hashes and the command's private part are always the
/// same ones.
pub(crate) struct PhotoVotesItem;

impl Content for EventAlone {
    const NAME: &'static str = "bare calls, the event alone";
    const TABLES: &'static [Table] = &[("peers-bare", KEYS)];

    fn item(event: &Event) -> Item {
        let json = serde_json::to_vec(event).expect("an event has JSON");
        HashMap::from([("event".to_owned(), AttributeValue::B(Blob::new(json)))])
    }

    fn json(item: &Item) -> &Blob {
        item["event"].as_b().expect("it was written as bytes")
    }

    fn event(json: &[u8]) -> Event {
        serde_json::from_slice(json).expect("it was written as JSON")
    }
}

impl Content for PhotoVotesItem {
    const NAME: &'static str = "bare calls, PhotoVote's item";
    const TABLES: &'static [Table] = &[("peers-bare-photovote", KEYS)];

    fn item(event: &Event) -> Item {
        let config = aws_sdk_dynamodb::Config::builder().behavior_version_latest().build();
        let store = EventStore::new(Client::from_conf(config), "", Environment::system());
        let record = PhotoVote { store: store.clone() }.record();
        let commit = store.commit(&History::<Notes>::empty(stream(0)), std::slice::from_ref(event), &record);
        commit.expect("an event is a commit").to_item()
    }

    fn json(item: &Item) -> &Blob {
        let events = item["events"].as_l().expect("a commit has events");
        events[0].as_m().expect("an event has attributes")["p"].as_b().expect("a payload is bytes")
    }

    fn event(json: &[u8]) -> Event {
        #[derive(serde::Deserialize)]
        struct Written {
            text: String,
        }
        let Written { text } = serde_json::from_slice(json).expect("it was written as JSON");
        Event::Written { text }
    }
}

/// Bare calls for items with this content.
pub(crate) struct Bare<C> {
    client: Client,
    content: PhantomData<C>,
}

/// A stream, the number of its events, and the last event's item: the next one differs only in its place.
pub(crate) struct Writer {
    number: u128,
    version: u64,
    last: Option<(usize, Item)>,
}

impl<C: Content> Peer for Bare<C> {
    const NAME: &'static str = C::NAME;
    const TABLES: &'static [Table] = C::TABLES;

    type Writer = Writer;

    async fn open(client: Client) -> Self {
        Self { client, content: PhantomData }
    }

    fn begin(&self, number: u128) -> Writer {
        Writer { number, version: 0, last: None }
    }

    async fn append(&self, writer: &mut Writer, event: Event) {
        writer.version += 1;
        let Event::Written { text } = &event;
        let same = writer.last.take_if(|(length, _)| *length == text.len());
        let (length, item) = same.unwrap_or_else(|| (text.len(), C::item(&event)));
        let stream = stream(writer.number);
        let put = self
            .client
            .put_item()
            .table_name(C::TABLES[0].0)
            .set_item(Some(item.clone()))
            .item("pk", AttributeValue::S(stream.partition()))
            .item("sk", AttributeValue::S(stream.sort_key(Version::new(writer.version))))
            .condition_expression("attribute_not_exists(sk)");
        put.send().await.expect("the item is put");
        writer.last = Some((length, item));
    }

    async fn load(&self, number: u128) -> Notes {
        let mut notes = Notes::default();
        let mut start = None;
        loop {
            let query = self
                .client
                .query()
                .table_name(C::TABLES[0].0)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(stream(number).partition()))
                .consistent_read(true)
                .set_exclusive_start_key(start);
            let page = query.send().await.expect("the page is read");
            for item in page.items() {
                notes.take(&C::event(C::json(item).as_ref()));
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return notes;
            }
        }
    }
}
