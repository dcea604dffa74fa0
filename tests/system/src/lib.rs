//! The whole-system suite: tests that speak to PhotoVote as its users do, over HTTP.
//!
//! A test takes a [`Host`] and holds elections on it. Without more, that is a local host in the test's own process, on a
//! free port and a temporary directory. With `PHOTOVOTE_URL` in the environment it is the deployment that answers there,
//! and `PHOTOVOTE_TOKEN` and `PHOTOVOTE_OTHER_TOKEN` are the JWTs of two of its administrators.
//!
//! Whatever a test is about, every refusal has to be one that the API document lists for its operation ([`codes`]), and secrets are looked for in all that comes out: in every answer, and of a local host also in all
//! that it logs and in its files. For a deployment, they are added to the file that `PHOTOVOTE_SECRETS` names.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::return_self_not_must_use,
    reason = "a test that cannot go on has failed"
)]

mod answer;
pub mod budget;
mod client;
pub mod codes;
mod election;
mod everything;
mod forge;
mod host;
mod secrets;
mod server;
mod tables;

pub use answer::Answer;
pub use client::{Client, Request};
pub use election::{Candidate, Competition, Election, Voter};
pub use everything::{Answers, Everything, assert_same};
pub use host::{Host, Letter};
pub use server::{administrator, followed, serve, serve_creating, try_serve, until};
pub use tables::{Items, Tables};
