//! Originals of all kinds become renditions, or are refused with a reason.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accepted;
mod colours;
mod originals;
mod private;
mod refused;
