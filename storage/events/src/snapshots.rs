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

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs, path::Path};

    use photovote_domain::{
        Aggregate,
        election::{Candidate, Competition, ElectionEvent, Picture},
        photograph::{Pixels, Rendition},
    };

    use super::*;
    use crate::codec::StoredEvent;

    /// The events that lead to the state in which each golden event changes something. They stay as they are: every line of a
    /// form depends on them.
    const BEFORE: &[(&str, &str)] = &[
        (
            "ElectionCreated",
            r#"{"description":"Old","name":"Old","owner":"grace","scale":{"max":3,"min":2},"shards":4}"#,
        ),
        ("AdministratorAdded", r#"{"role":"observer","subject":"auth0|123"}"#),
        ("CompetitionAdded", r#"{"competition":"01ARZ3NDEKTSV4RRFFQ69G5FAV","description":"Old","name":"Old"}"#),
        (
            "CandidateAdded",
            r#"{"candidate":"01BX5ZZKBKACTAV9WEVGEMMVRZ","competition":"01ARZ3NDEKTSV4RRFFQ69G5FAV","description":"Old","image":{"caption":"Old","url":"https://example.org/old.png"},"name":"Old"}"#,
        ),
        (
            "CandidateAdded",
            r#"{"candidate":"01BX5ZZKBKACTAV9WEVGEMMVS0","competition":"01ARZ3NDEKTSV4RRFFQ69G5FAV","name":"Other"}"#,
        ),
        ("CompetitionAdded", r#"{"competition":"01ARZ3NDEKTSV4RRFFQ69G5FAW","name":"Other"}"#),
        (
            "ElectionScheduled",
            r#"{"schedule":{"opens_at":{"at":1400000000000,"local":"2014-05-13T16:53:20"},"rules":"2014a","time_zone":"UTC"}}"#,
        ),
        ("ElectionOpened", r#"{"closes_at":1500000000000}"#),
        (
            "CandidateDisqualified",
            r#"{"candidate":"01BX5ZZKBKACTAV9WEVGEMMVRZ","competition":"01ARZ3NDEKTSV4RRFFQ69G5FAV","reason":"Old"}"#,
        ),
        ("ElectionClosed", r#"{"casts":1}"#),
        ("ResultsCounted", r#"{"digest":"0000000000000000000000000000000000000000000000000000000000000000"}"#),
    ];

    /// The state before each golden event.
    fn before() -> Election {
        BEFORE.iter().fold(Election::default(), |state, (event_type, payload)| {
            let (event_type, payload) = ((*event_type).to_owned(), payload.as_bytes().to_vec());
            state.evolve(&StoredEvent { event_type, schema_version: 1, payload }.decode().unwrap())
        })
    }

    /// The state, as a snapshot has it.
    fn written(state: &Election) -> String {
        let written = serde_json::to_string(state).unwrap();
        assert_eq!(serde_json::from_str::<Election>(&written).unwrap(), *state);
        for Competition { id: _, name: _, description: _, candidates } in &state.competitions {
            for Candidate { id: _, name: _, description: _, image, disqualified: _ } in candidates {
                // A new field fails to compile here, also one that is left out when it is empty: it raises `Election::FORM`.
                let Some(image) = image else { continue };
                match image {
                    Picture::Linked { caption: _, url: _ } => {}
                    Picture::Uploaded { alt: _, caption: _, photograph: _, pixels } => {
                        let Pixels { height: _, placeholder: _, renditions, sha256: _, width: _ } = pixels;
                        for Rendition { bytes: _, height: _, media_type: _, sha256: _, width: _ } in renditions {}
                    }
                }
            }
        }
        written
    }

    /// Folds each golden event of an election onto one state. With `UPDATE_GOLDEN=1`, writes the lines of a form that are
    /// missing; it never changes one.
    #[test]
    fn a_changed_state_needs_a_new_form_number() {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let before = before();
        let mut states = BTreeMap::from([("Before".to_owned(), written(&before))]);
        for entry in fs::read_dir(tests.join("golden")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let Some((event_type, version)) = name.strip_prefix("election.").and_then(|name| name.split_once('.'))
            else {
                continue;
            };
            let (schema_version, payload) = (version.parse().unwrap(), fs::read(&path).unwrap());
            let stored = StoredEvent { event_type: event_type.to_owned(), schema_version, payload };
            let state = before.clone().evolve(&stored.decode::<ElectionEvent>().unwrap());
            assert_ne!(
                state, before,
                "{event_type} changes nothing: give it a sample in golden.rs that changes `BEFORE`"
            );
            states.insert(format!("{event_type}/{version}"), written(&state));
        }
        let form = tests.join(format!("form/{}.txt", Election::FORM));
        let text = fs::read_to_string(&form).unwrap_or_default();
        let mut known: BTreeMap<_, _> = text
            .lines()
            .map(|line| line.split_once(' ').unwrap())
            .map(|(event, state)| (event.to_owned(), state.to_owned()))
            .collect();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            for (event, state) in &states {
                known.entry(event.clone()).or_insert_with(|| state.clone());
            }
            let lines: Vec<_> = known.iter().map(|(event, state)| format!("{event} {state}")).collect();
            fs::write(&form, lines.join("\n") + "\n").unwrap();
        }
        for (event, state) in &states {
            let known = known.remove(event);
            let known = known.unwrap_or_else(|| panic!("{event} is new: `make golden` adds it to {}", form.display()));
            let raise = "raise `Election::FORM` in domain/src/election.rs, and run `make golden`";
            assert_eq!(*state, known, "{event}: the state is written or folded differently: {raise}");
        }
        assert_eq!(known, BTreeMap::new(), "these events have no golden file any more");
    }
}
