//! The documents table: what is served. Everything in it can be thrown away and built again from the events.
//!
//! Reading is for everybody who serves; writing is behind the feature `write`, which only the projector and its like
//! enable.
//!
//! | `pk` | `sk` | |
//! |---|---|---|
//! | `<generation>#<election>` | `competition#<id>` | a competition with its candidates |
//! | | `election` | the header: everything else about the election |
//! | | `tally` | the tally, once all shards are counted |
//! | `<generation>#owner#<subject>` | `<election>` | an entry of an administrator's list |
//! | `<generation>#voters#<election>` | `<voter>` | a voter |
//! | `<generation>#counted#<election>` | `<shard>` | the tally of a shard, and the digest of its receipts |
//! | `<generation>#receipts#<election>#<shard>` | `<first receipt>` | receipts that follow each other, as bytes |
//! | `<generation>#public#<election>` | `header` | the ballots are counted; perhaps which results are released |
//! | | `results#<tag>#<n>` | a part of the released results, compressed |
//! | `generations` | `form-2` | which generation is served, which ones are written |
//! | `work` | a name | how far a rebuild or the reconciler has come |
//!
//! In their partition, an election's items come before its tally: the election is one Query, and so is the election with
//! its tally.

mod failure;
mod generation;
mod item;
mod key;
mod public;
mod read;

#[cfg(feature = "write")]
mod change;
#[cfg(feature = "write")]
mod check;
#[cfg(feature = "write")]
mod counted;
#[cfg(feature = "write")]
mod delete;
#[cfg(feature = "write")]
mod work;
#[cfg(feature = "write")]
mod write;

#[cfg(feature = "write")]
pub use change::{ChangeError, Scope};
#[cfg(feature = "write")]
pub use counted::CountedShard;
#[cfg(feature = "write")]
pub use delete::{DeletedPage, Place};
pub use failure::DocumentError;
pub use generation::{FRESH, Generation, GenerationError, Generations, Own};
pub use public::{PublicHeader, Released};
pub use read::{DocumentReader, Page, Recency, Standing};
#[cfg(feature = "write")]
pub use write::{COMPETITIONS_AT_ONCE, DocumentStore, Saved};
