//! Commits: the items of the events table.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use photovote_domain::{Aggregate, Digest, Version};
use photovote_dynamodb::Item;
use serde::Serialize;
use thiserror::Error;

use crate::{
    chain,
    codec::{DecodeError, EncodeError, StoredEvent},
    command::{CommandRecord, PrivatePart},
    stream::{KeyError, Stream},
};

/// Everything one command did to one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The stream.
    pub stream: Stream,
    /// The version of the first event.
    pub first: Version,
    /// The events, at least one.
    pub events: Vec<StoredEvent>,
    /// The command's public name.
    pub command: String,
    /// The command's private part ([`PrivatePart`]): canonical JSON, byte for byte as it was hashed.
    pub private: Vec<u8>,
    /// 256 random bits that the salts of the parts derive from.
    pub salt: [u8; 32],
    /// The hash of the commit before, or of the stream's name.
    pub prev: Digest,
    /// The hash of this commit.
    pub hash: Digest,
}

/// Why an item is not a commit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommitError {
    /// Its keys are not those of a commit.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// An attribute is missing or of the wrong kind.
    #[error("the commit's attribute {0:?} is missing or damaged")]
    Attribute(&'static str),
}

impl Commit {
    /// The commit that a command with these events is, after `version` of a stream whose last hash is `prev`.
    pub fn new<E: Serialize>(
        stream: Stream,
        version: Version,
        prev: Digest,
        events: &[E],
        record: &CommandRecord,
        salt: [u8; 32],
    ) -> Result<Self, EncodeError> {
        let events = events.iter().map(StoredEvent::encode).collect::<Result<Vec<_>, _>>()?;
        // Its fields stand in canonical order, and its only number is a time: plain JSON is canonical.
        let private = serde_json::to_vec(&record.private)?;
        let command = record.name.to_owned();
        let first = version.plus(1);
        let mut commit = Self { stream, first, events, command, private, salt, prev, hash: prev };
        commit.hash = chain::hash(&commit);
        Ok(commit)
    }

    /// The version of the last event: the stream's version after this commit.
    pub fn last(&self) -> Version {
        Version::new(self.first.get() - 1).plus(self.events.len())
    }

    /// The events as the domain knows them.
    pub fn decode<A: Aggregate>(&self) -> Result<Vec<A::Event>, DecodeError> {
        self.events.iter().map(StoredEvent::decode).collect()
    }

    /// The command's private part, if it can be read.
    pub fn private_part(&self) -> Result<PrivatePart, serde_json::Error> {
        serde_json::from_slice(&self.private)
    }

    /// The commit that an item holds.
    pub fn from_item(mut item: Item) -> Result<Self, CommitError> {
        let (stream, first) = Stream::parse(text(&item, "pk")?, text(&item, "sk")?)?;
        if first == Version::NONE {
            return Err(CommitError::Attribute("sk"));
        }
        let Some(AttributeValue::L(events)) = item.remove("events") else {
            return Err(CommitError::Attribute("events"));
        };
        let events = events.into_iter().map(event).collect::<Option<Vec<_>>>();
        let events = events.filter(|events| !events.is_empty()).ok_or(CommitError::Attribute("events"))?;
        let Some(AttributeValue::M(mut command)) = item.remove("command") else {
            return Err(CommitError::Attribute("command"));
        };
        Ok(Self {
            stream,
            first,
            events,
            command: take_text(&mut command, "name").ok_or(CommitError::Attribute("command"))?,
            private: take_bytes(&mut command, "private").ok_or(CommitError::Attribute("command"))?,
            salt: array(&mut item, "salt")?,
            prev: Digest::from_bytes(array(&mut item, "prev")?),
            hash: Digest::from_bytes(array(&mut item, "hash")?),
        })
    }

    /// The item that holds this commit.
    pub fn to_item(&self) -> Item {
        let bytes = |bytes: &[u8]| AttributeValue::B(Blob::new(bytes));
        let event = |event: &StoredEvent| {
            // Short names: they are stored, sent and paid for with every event.
            AttributeValue::M(HashMap::from([
                ("t".to_owned(), AttributeValue::S(event.event_type.clone())),
                ("v".to_owned(), AttributeValue::N(event.schema_version.to_string())),
                ("p".to_owned(), bytes(&event.payload)),
            ]))
        };
        let command = HashMap::from([
            ("name".to_owned(), AttributeValue::S(self.command.clone())),
            ("private".to_owned(), bytes(&self.private)),
        ]);
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.stream.partition())),
            ("sk".to_owned(), AttributeValue::S(self.stream.sort_key(self.first))),
            ("events".to_owned(), AttributeValue::L(self.events.iter().map(event).collect())),
            ("command".to_owned(), AttributeValue::M(command)),
            ("salt".to_owned(), bytes(&self.salt)),
            ("prev".to_owned(), bytes(self.prev.as_bytes())),
            ("hash".to_owned(), bytes(self.hash.as_bytes())),
        ])
    }

    /// The item's size in bytes, as DynamoDB measures it: names and values, 3 bytes for a list or map and 1 for each of
    /// its elements.
    pub fn stored_bytes(&self) -> usize {
        let event = |event: &StoredEvent| 1 + 3 + 3 + 3 + event.event_type.len() + 4 + event.payload.len();
        let keys = 4 + self.stream.partition().len() + self.stream.sort_key(self.first).len();
        let command = "commandnameprivate".len() + 3 + 2 + self.command.len() + self.private.len();
        let hashes = "saltprevhash".len() + 3 * 32;
        keys + "events".len() + 3 + self.events.iter().map(event).sum::<usize>() + command + hashes
    }
}

fn text<'a>(item: &'a Item, name: &'static str) -> Result<&'a str, CommitError> {
    match item.get(name) {
        Some(AttributeValue::S(text)) => Ok(text),
        _ => Err(CommitError::Attribute(name)),
    }
}

fn take_text(item: &mut Item, name: &str) -> Option<String> {
    match item.remove(name) {
        Some(AttributeValue::S(text)) => Some(text),
        _ => None,
    }
}

fn take_bytes(item: &mut Item, name: &str) -> Option<Vec<u8>> {
    match item.remove(name) {
        Some(AttributeValue::B(blob)) => Some(blob.into_inner()),
        _ => None,
    }
}

fn array(item: &mut Item, name: &'static str) -> Result<[u8; 32], CommitError> {
    take_bytes(item, name).and_then(|bytes| bytes.try_into().ok()).ok_or(CommitError::Attribute(name))
}

fn event(value: AttributeValue) -> Option<StoredEvent> {
    let AttributeValue::M(mut event) = value else { return None };
    let Some(AttributeValue::N(version)) = event.remove("v") else { return None };
    Some(StoredEvent {
        event_type: take_text(&mut event, "t")?,
        schema_version: version.parse().ok()?,
        payload: take_bytes(&mut event, "p")?,
    })
}
