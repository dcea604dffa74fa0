//! The limit: nothing but the calls that cannot be done without.

use std::{collections::HashMap, marker::PhantomData};

use aws_sdk_dynamodb::{
    Client,
    primitives::Blob,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure, ScalarAttributeType::S},
};
use photovote_domain::Version;
use photovote_events::{Commit, Environment, first_link};

use crate::{
    event::{Event, Notes},
    peer::{Peer, Table},
    photovote::{command, stream},
};

type Item = HashMap<String, AttributeValue>;

/// What the items hold.
pub(crate) trait Content: Send + Sync + 'static {
    const NAME: &'static str;
    const TABLE: Table;

    /// An item that holds an event; the place is put in later.
    fn item(event: &Event) -> Item;
    /// The event in an item.
    fn event(item: &Item) -> Event;
}

/// Byte for byte as much as PhotoVote's items hold, without doing anything for it: the same hashes, salt and command are put
/// again and again.
pub(crate) struct SameItem;

/// The event, and nothing else.
pub(crate) struct EventAlone;

impl Content for SameItem {
    const NAME: &'static str = "bare calls, the same item";
    const TABLE: Table = ("peers-bare-same", &[("pk", S), ("sk", S)]);

    fn item(event: &Event) -> Item {
        let (environment, stream) = (Environment::system(), stream(0));
        let (record, salt) = (command(&environment), environment.random());
        let events = std::slice::from_ref(event);
        let commit = Commit::new(stream, Version::NONE, first_link(&stream), events, &record, salt);
        commit.expect("an event is a commit").to_item()
    }

    fn event(item: &Item) -> Event {
        #[derive(serde::Deserialize)]
        struct Written {
            text: String,
        }
        let events = item["events"].as_l().expect("a commit has events");
        let json = events[0].as_m().expect("an event has attributes")["p"].as_b().expect("a payload is bytes");
        let Written { text } = serde_json::from_slice(json.as_ref()).expect("it was written as JSON");
        Event::Written { text }
    }
}

impl Content for EventAlone {
    const NAME: &'static str = "bare calls, the event alone";
    const TABLE: Table = ("peers-bare-event", &[("pk", S), ("sk", S)]);

    fn item(event: &Event) -> Item {
        let json = serde_json::to_vec(event).expect("an event has JSON");
        HashMap::from([("event".to_owned(), AttributeValue::B(Blob::new(json)))])
    }

    fn event(item: &Item) -> Event {
        let json = item["event"].as_b().expect("it was written as bytes");
        serde_json::from_slice(json.as_ref()).expect("it was written as JSON")
    }
}

/// Bare calls for items with this content.
pub(crate) struct Bare<C> {
    client: Client,
    content: PhantomData<C>,
}

impl<C: Content> Peer for Bare<C> {
    const NAME: &'static str = C::NAME;
    const TABLES: &'static [Table] = &[C::TABLE];

    /// The item that is put; only its place differs from one to the next.
    type Writer = Item;

    async fn open(client: Client) -> Self {
        Self { client, content: PhantomData }
    }

    fn writer(&self, bytes: usize) -> Item {
        C::item(&Event::of_bytes(bytes))
    }

    async fn append(&self, item: &mut Item, number: u128, version: u64) {
        let stream = stream(number);
        let put = self
            .client
            .put_item()
            .table_name(C::TABLE.0)
            .set_item(Some(item.clone()))
            .item("pk", AttributeValue::S(stream.partition()))
            .item("sk", AttributeValue::S(stream.sort_key(Version::new(version))))
            .condition_expression("attribute_not_exists(sk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        put.send().await.expect("the item is put");
    }

    async fn load(&self, number: u128) -> Notes {
        let stream = stream(number);
        // Ballots share a partition: who wants one stream has to say which.
        let [from, to] = [1, 9_999_999_999].map(|version| stream.sort_key(Version::new(version)));
        let mut notes = Notes::default();
        let mut start = None;
        loop {
            let query = self
                .client
                .query()
                .table_name(C::TABLE.0)
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                .expression_attribute_values(":pk", AttributeValue::S(stream.partition()))
                .expression_attribute_values(":from", AttributeValue::S(from.clone()))
                .expression_attribute_values(":to", AttributeValue::S(to.clone()))
                .consistent_read(true)
                .set_exclusive_start_key(start);
            let page = query.send().await.expect("the page is read");
            for item in page.items() {
                notes.take(&C::event(item));
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return notes;
            }
        }
    }
}
