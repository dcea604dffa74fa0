//! The clock over the engine: what is due is done once, whoever is interrupted, and whatever time it is.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod closing;
mod noticing;
mod opening;
mod reminding;
mod world;
