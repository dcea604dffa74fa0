//! The events table: the append-only truth. One item is one [`Commit`], everything that one command did to one stream.
//!
//! This crate reads. Appending is a crate of its own, `events-append`. The feature `rehearsal` is for tests: it plays
//! releases that know less.

mod cache;
mod chain;
mod codec;
mod command;
mod commit;
mod environment;
mod history;
mod reader;
#[cfg(feature = "rehearsal")]
pub mod rehearsal;
mod snapshot;
mod snapshots;
mod sweep;

pub use cache::{ElectionCache, ElectionSource};
pub use chain::{ChainError, Part as HashedPart, first_link, parts, public_header, verify};
pub use codec::{
    Cast, DecodeError, EncodeError, SCHEMA_CHANGES, SchemaChange, StoredEvent, newest_version, schema_version,
};
pub use command::{Actor, CommandId, CommandRecord, PrivatePart, Provenance, Source};
pub use commit::{Commit, CommitError, Form};
pub use environment::Environment;
pub use history::{History, Known};
pub use photovote_keys::events::{KeyError, Partition, Stream};
pub use reader::{EventReader, LoadError};
pub use snapshot::Snapshot;
pub use snapshots::{SnapshotError, Snapshots};
pub use sweep::{Creation, Part, Position, Swept, Unreadable};
