//! Commits: the items of the events table.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use photovote_domain::{Aggregate, Digest, Version};
use photovote_dynamodb::Item;
use serde::Serialize;
use thiserror::Error;

use crate::{
    KeyError, Stream, chain,
    codec::{DecodeError, EncodeError, StoredEvent},
    command::{CommandRecord, PrivatePart, Provenance, RequestPart},
};

/// How a commit keeps what it knows of its command, and so what its hash is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One part: release 0.1.0.
    First,
    /// Two parts, of which an auditor sees the first. The header of the hash says so.
    Second,
}

impl Form {
    /// Its number.
    pub const fn number(self) -> u32 {
        match self {
            Self::First => 1,
            Self::Second => 2,
        }
    }
}

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
    /// Who, when, from where and why ([`Provenance`]): canonical JSON, byte for byte as it was hashed. In the first form, which
    /// request it was, too.
    pub private: Vec<u8>,
    /// Which request it was, from the second form on: canonical JSON, byte for byte as it was hashed.
    pub request: Option<Vec<u8>>,
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
    /// A newer program wrote it.
    #[error("the commit has form {0}, and this program knows forms 1 and 2")]
    Newer(u32),
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
        let (private, request) = record.private.encode()?;
        let request = Some(request);
        let command = record.name.to_owned();
        let first = version.plus(1);
        let mut commit = Self { stream, first, events, command, private, request, salt, prev, hash: prev };
        commit.hash = chain::hash(&commit);
        Ok(commit)
    }

    /// The stream's version before this commit.
    pub fn before(&self) -> Version {
        Version::new(self.first.get().saturating_sub(1))
    }

    /// The version of the last event: the stream's version after this commit.
    pub fn last(&self) -> Version {
        Version::new(self.first.get() - 1).plus(self.events.len())
    }

    /// The events as the domain knows them.
    pub fn decode<A: Aggregate>(&self) -> Result<Vec<A::Event>, DecodeError> {
        self.events.iter().map(StoredEvent::decode).collect()
    }

    /// Its form.
    pub const fn form(&self) -> Form {
        if self.request.is_some() { Form::Second } else { Form::First }
    }

    /// What it keeps of its command, if that can be read.
    pub fn private_part(&self) -> Result<PrivatePart, serde_json::Error> {
        Ok(PrivatePart::of(self.provenance()?, serde_json::from_slice::<RequestPart>(self.request_part())?))
    }

    /// Who, when, from where and why, if that can be read.
    pub fn provenance(&self) -> Result<Provenance, serde_json::Error> {
        serde_json::from_slice(&self.private)
    }

    /// The part that says which request it was.
    pub(crate) fn request_part(&self) -> &[u8] {
        self.request.as_deref().unwrap_or(&self.private)
    }

    /// The parts that are hashed, in their order: those of the command, then the events.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let of_command = std::iter::once(&self.private).chain(&self.request);
        of_command.chain(self.events.iter().map(|event| &event.payload)).map(Vec::as_slice)
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
        let (private, request) = parts_of_command(&mut command)?;
        Ok(Self {
            stream,
            first,
            events,
            command: take_text(&mut command, "name").ok_or(CommitError::Attribute("command"))?,
            private,
            request,
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
        let mut command = HashMap::from([("name".to_owned(), AttributeValue::S(self.command.clone()))]);
        match &self.request {
            None => command.insert("private".to_owned(), bytes(&self.private)),
            Some(request) => {
                command.insert("form".to_owned(), AttributeValue::N(Form::Second.number().to_string()));
                let parts = [&self.private, request].map(|part| bytes(part));
                command.insert("parts".to_owned(), AttributeValue::L(parts.into()))
            }
        };
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
        let parts = match &self.request {
            None => "private".len() + 1,
            // The form is a number of one digit: two bytes.
            Some(request) => "form".len() + 1 + 2 + "parts".len() + 1 + 3 + 2 + request.len(),
        };
        let command = "commandname".len() + 3 + 1 + self.command.len() + self.private.len() + parts;
        let hashes = "saltprevhash".len() + 3 * 32;
        keys + "events".len() + 3 + self.events.iter().map(event).sum::<usize>() + command + hashes
    }
}

/// The parts of a command: who, when, from where and why; and, from the second form on, which request it was.
fn parts_of_command(command: &mut HashMap<String, AttributeValue>) -> Result<(Vec<u8>, Option<Vec<u8>>), CommitError> {
    let damaged = CommitError::Attribute("command");
    let form = match command.remove("form") {
        None => return take_bytes(command, "private").map(|private| (private, None)).ok_or(damaged),
        Some(AttributeValue::N(form)) => form.parse::<u32>().map_err(|_no_form| damaged.clone())?,
        Some(_) => return Err(damaged),
    };
    if form > Form::Second.number() {
        return Err(CommitError::Newer(form));
    }
    let Some(AttributeValue::L(parts)) = command.remove("parts") else { return Err(damaged) };
    match <[AttributeValue; 2]>::try_from(parts) {
        Ok([AttributeValue::B(private), AttributeValue::B(request)]) if form == Form::Second.number() => {
            Ok((private.into_inner(), Some(request.into_inner())))
        }
        _ => Err(damaged),
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
