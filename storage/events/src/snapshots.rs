//! Snapshots of elections, kept for functions that have just started.
//!
//! An election that was edited for weeks is a long stream, and when voting begins hundreds of functions start at once and
//! need it. So where it has come to is kept, and whoever begins later follows the stream from there.
//!
//! *Invariant:* a snapshot is used only if the commit that it ends with stands in the stream, and it only spares reading what
//! came before; where there is none, or one that does not fit, the stream is read from its beginning. Of a stream that is
//! short nobody asks for a snapshot.

use std::io::{self, Read, Write};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use photovote_domain::{Digest, Election, ElectionId, Version};
use photovote_dynamodb::{Item, StorageError, query_all};
use photovote_keys::coordination::{snapshot_key, snapshot_partition};
use thiserror::Error;

use crate::{
    Stream,
    commit::Commit,
    reader::{EventReader, LoadError},
    snapshot::{Amount, Snapshot},
};

/// How many commits are looked at before somebody asks for a snapshot: elections of a few hundred photographs have fewer.
const LOOK: u16 = 500;

/// How much a look can show at most. A page of DynamoDB has a megabyte, with keys and hashes.
const LOOK_BYTES: usize = 800_000;

/// How much of a state goes into one item, which has at most 400 KB.
const PART_BYTES: usize = 350_000;

/// The most bytes that a state has: more than a definition may have.
const MAX_STATE_BYTES: u64 = 16 * 1024 * 1024;

/// Elections for whoever only looks at them: begun with a snapshot if the stream is long.
#[derive(Debug, Clone)]
pub struct Snapshots {
    reader: EventReader,
    table: String,
    look: u16,
}

/// Why a snapshot cannot be used, or none be kept.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The storage fails.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// An item is not a part of a snapshot.
    #[error("the snapshot's attribute {0:?} is missing or damaged")]
    Attribute(&'static str),
    /// Parts are missing, or are of another snapshot.
    #[error("the snapshot's parts are not of one piece")]
    Parts,
    /// The state is not what was written, or cannot be.
    #[error("the snapshot's state cannot be read or written: {0}")]
    State(#[from] serde_json::Error),
    /// The state cannot be made shorter.
    #[error("the snapshot's state cannot be compressed: {0}")]
    Compression(#[from] io::Error),
    /// It was taken of another history.
    #[error("the snapshot ends with a commit that does not stand in the stream")]
    Gone,
    /// What came after it cannot be read.
    #[error("the stream cannot be read from there on: {0}")]
    Load(#[from] LoadError),
}

/// One item of a snapshot.
struct Part {
    form: u64,
    version: Version,
    last: Version,
    head: Digest,
    bytes: Vec<u8>,
}

impl Snapshots {
    /// Reads streams with this reader, and keeps snapshots in this table (the control table).
    pub fn new(reader: &EventReader, table: impl Into<String>) -> Self {
        Self { reader: reader.clone(), table: table.into(), look: LOOK }
    }

    /// The table that has the snapshots.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// What reads streams.
    pub const fn reader(&self) -> &EventReader {
        &self.reader
    }

    /// Whether it took more than a page of its stream to come here, or of what came after the last snapshot. Then a snapshot
    /// spares others work.
    pub fn is_due(&self, snapshot: &Snapshot<Election>) -> bool {
        let Amount { commits, bytes } = snapshot.taken_in;
        commits > self.look.into() || bytes > LOOK_BYTES
    }

    /// The same, with another idea of what is a long stream.
    #[must_use]
    pub fn of_streams_longer_than(self, look: u16) -> Self {
        Self { look, ..self }
    }

    /// An election as it is now. One Query if its stream is short; otherwise one for a look at it, one for the snapshot, and
    /// one for what has happened since.
    pub async fn load(&self, election: ElectionId) -> Result<Snapshot<Election>, LoadError> {
        let mut begun = Snapshot::empty(Stream::Election(election));
        // One more than is short: if there are as many, there may be more.
        let look = self.reader.first_commits(&begun.stream, self.look.saturating_add(1)).await?;
        look.commits.iter().try_for_each(|commit| begun.push(commit))?;
        if !look.more {
            return Ok(begun);
        }
        match self.begin(election).await {
            Ok(Some(snapshot)) => return Ok(snapshot),
            Ok(None) => {}
            Err(error) => tracing::warn!(event = "snapshot_unused", %election, %error, "a long stream is read whole"),
        }
        let rest = self.reader.commits_after(&begun.stream, begun.version).await?;
        rest.iter().try_for_each(|commit| begun.push(commit))?;
        Ok(begun)
    }

    /// The election, begun with the snapshot that is kept, if one is.
    async fn begin(&self, election: ElectionId) -> Result<Option<Snapshot<Election>>, SnapshotError> {
        let kept = Snapshot::from_items(election, self.items(election).await?)?;
        let Some(mut snapshot) = kept else { return Ok(None) };
        let before = snapshot.last.get().checked_sub(1).ok_or(SnapshotError::Attribute("last"))?;
        let mut commits = self.reader.commits_after(&snapshot.stream, Version::new(before)).await?.into_iter();
        let ends_with = |c: Commit| (c.first, c.last(), c.hash) == (snapshot.last, snapshot.version, snapshot.head);
        if !commits.next().is_some_and(ends_with) {
            return Err(SnapshotError::Gone);
        }
        for commit in commits {
            snapshot.push(&commit)?;
        }
        Ok(Some(snapshot))
    }

    /// What is kept of an election. It need not be the newest, so the cheaper read will do.
    async fn items(&self, election: ElectionId) -> Result<Vec<Item>, StorageError> {
        let query = self
            .reader
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(snapshot_partition(election)));
        query_all(query).await
    }
}

impl Snapshot<Election> {
    /// The snapshot that these items hold, which come in the order of their keys. None, if there is none that this program can
    /// read: another one wrote it.
    pub fn from_items(election: ElectionId, items: Vec<Item>) -> Result<Option<Self>, SnapshotError> {
        let Some(first) = items.first() else { return Ok(None) };
        if number(first, "form")? != Election::FORM {
            return Ok(None);
        }
        // More may lie there than belongs to it: an earlier one may have been larger.
        let of = usize::try_from(number(first, "of")?).ok().filter(|of| (1..=items.len()).contains(of));
        let parts = items.into_iter().take(of.ok_or(SnapshotError::Parts)?).map(Part::from_item);
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        let Some(&Part { form, version, last, head, .. }) = parts.first() else { return Err(SnapshotError::Parts) };
        if parts.iter().any(|part| (part.form, part.version, part.head) != (form, version, head)) {
            return Err(SnapshotError::Parts);
        }
        let bytes: Vec<u8> = parts.iter().flat_map(|part| &part.bytes).copied().collect();
        let state = serde_json::from_reader(io::BufReader::new(ZlibDecoder::new(&*bytes).take(MAX_STATE_BYTES)))?;
        Ok(Some(Self { stream: Stream::Election(election), state, version, head, last, taken_in: Amount::default() }))
    }
}

impl Snapshot<Election> {
    /// The items that hold this snapshot, in the order of their keys.
    pub fn to_items(&self) -> Result<Vec<Item>, SnapshotError> {
        let state = compressed(&serde_json::to_vec(&self.state)?)?;
        let parts = state.chunks(PART_BYTES);
        let of = parts.len();
        let number = |n: u64| AttributeValue::N(n.to_string());
        let item = |(place, bytes): (usize, &[u8])| {
            let mut item = snapshot_key(self.stream.election(), place);
            item.extend(
                [
                    ("form", number(Election::FORM)),
                    ("version", number(self.version.get())),
                    ("last", number(self.last.get())),
                    ("head", AttributeValue::B(Blob::new(self.head.as_bytes()))),
                    ("of", number(of as u64)),
                    ("state", AttributeValue::B(Blob::new(bytes))),
                ]
                .map(|(name, value): (&str, _)| (name.to_owned(), value)),
            );
            item
        };
        Ok(parts.enumerate().map(item).collect())
    }
}

fn compressed(state: &[u8]) -> Result<Vec<u8>, io::Error> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(state)?;
    encoder.finish()
}

impl Part {
    fn from_item(mut item: Item) -> Result<Self, SnapshotError> {
        let form = number(&item, "form")?;
        let (version, last) = (Version::new(number(&item, "version")?), Version::new(number(&item, "last")?));
        let mut bytes = |name| match item.remove(name) {
            Some(AttributeValue::B(blob)) => Ok(blob.into_inner()),
            _ => Err(SnapshotError::Attribute(name)),
        };
        let head = bytes("head")?.try_into().map_err(|_other_length| SnapshotError::Attribute("head"))?;
        Ok(Self { form, version, last, head: Digest::from_bytes(head), bytes: bytes("state")? })
    }
}

fn number(item: &Item, name: &'static str) -> Result<u64, SnapshotError> {
    let number = item.get(name).and_then(|value| value.as_n().ok());
    number.and_then(|number| number.parse().ok()).ok_or(SnapshotError::Attribute(name))
}
