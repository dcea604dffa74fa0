//! The tests of the program `photovote`, and of a whole local host: one program, which is linked once. A file is a subject.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "all of this is a test, the functions around it too")]

mod api_walk;
mod cli;
mod crash;
mod damage;
mod importing;
mod inviting;
mod kills;
mod leftovers;
#[cfg(target_os = "linux")]
mod listeners;
mod mending;
mod older;
mod opening;
mod operator;
mod output;
mod personal_data;
mod private_log;
mod process;
mod program;
mod rebuild;
