//! The documents table: reading, and what an item looks like. Writing is a crate of its own, `documents-write`.
//!
//! | `pk` | `sk` | |
//! |---|---|---|
//! | `<generation>#<election>` | `competition#<id>` | a competition with its candidates |
//! | | `election` | the header: everything else about the election |
//! | | `tally` | the tally, once all shards are counted |
//! | `<generation>#owner#<subject>` | `<election>` | an entry of an administrator's list |
//! | `<generation>#voters#<election>` | `<voter>` | a voter |
//! | `<generation>#photographs#<election>` | `<photograph>` | a photograph |
//! | `<generation>#counted#<election>` | `<shard>` | the tally of a shard, and the digest of its receipts |
//! | `<generation>#receipts#<election>#<shard>` | `<first receipt>` | receipts that follow each other, as bytes |
//! | `<generation>#public#<election>` | `header` | the ballots are counted; perhaps which results are released |
//! | | `document#<tag>#<n>` | a part of the released results or of their election, compressed |
//! | `generations` | `form-2` | which generation is served, which ones are written |
//! | `work` | a name | how far a rebuild or the reconciler has come |
//!
//! In their partition, an election's items come before its tally: the election is one Query, and so is the election with
//! its tally.

mod failure;
mod generation;
pub mod item;
mod public;
mod read;
mod scope;
mod stored;

pub use failure::DocumentError;
pub use generation::{FRESH, Generations, Own};
pub use photovote_keys::documents::{Generation, GenerationError};
pub use public::{PublicHeader, Released, parts};
pub use read::{DocumentReader, Page, Recency, Standing};
pub use scope::{ChangeError, Scope};
pub use stored::Stored;
