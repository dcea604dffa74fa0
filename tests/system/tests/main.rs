//! The tests of the whole system: one program, which is linked once. A file is a subject; `--test system story::` runs one.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a test that cannot go on has failed"
)]

mod access;
mod administrators;
mod budgets;
mod cast_ballot;
mod casting;
mod codes;
mod counting;
mod creating;
mod hostile;
mod imports;
mod invitations;
mod mailings;
mod missing_gates;
mod openapi;
mod reading;
mod refusals;
mod rolling;
mod schedules;
mod secrecy;
mod security;
mod story;
mod supply;
mod template;
mod until_the_close;
