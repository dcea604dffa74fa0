//! Letters are written in four languages, and parsed again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod golden;
mod headers;
mod notices;
mod outside;
mod parsed;
mod sample;
mod time;
