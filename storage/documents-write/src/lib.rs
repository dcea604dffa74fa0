//! Writing documents: the projector, the counter and what repairs their work depend on this crate. A function that only
//! reads depends on `photovote-documents-read`.

mod change;
mod check;
mod counted;
mod delete;
mod public;
mod work;
mod write;

pub use counted::CountedShard;
pub use delete::{DeletedPage, Place};
pub use write::{COMPETITIONS_AT_ONCE, DocumentStore, Saved};
