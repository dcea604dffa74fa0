//! The events table: the append-only truth. One item is one [`Commit`], everything that one command did to one stream.
//!
//! Reading is for everybody who may; appending is behind the feature `append`, which only the command functions, the
//! closer and the local host enable. The feature `rehearsal` is for tests: it plays releases that know less.

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
mod stream;
mod sweep;

#[cfg(feature = "append")]
mod append;
#[cfg(feature = "append")]
mod execute;
#[cfg(feature = "append")]
mod keep;

#[cfg(feature = "append")]
pub use append::{AppendError, EventStore, MAX_ITEM_BYTES};
pub use cache::{Cached, ElectionCache};
pub use chain::{ChainError, Part as HashedPart, first_link, parts, public_header, verify};
pub use codec::{
    Cast, DecodeError, EncodeError, SCHEMA_CHANGES, SchemaChange, StoredEvent, newest_version, schema_version,
};
pub use command::{Actor, CommandId, CommandRecord, PrivatePart, Provenance, Source};
pub use commit::{Commit, CommitError, Form};
pub use environment::Environment;
#[cfg(feature = "append")]
pub use execute::{Done, ExecuteError};
pub use history::{History, Known};
pub use reader::{EventReader, LoadError};
pub use snapshot::Snapshot;
pub use snapshots::{SnapshotError, Snapshots};
pub use stream::{KeyError, Stream};
pub use sweep::{Creation, Part, Position, Swept, Unreadable};
