//! The rules of PhotoVote, told from outside: given what has happened, when somebody asks for something, then this
//! happens or that is the answer.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod administrators;
mod ballots;
mod closing_time;
mod codes;
mod commands;
mod definition;
mod exactness;
mod given;
mod histories;
mod imports;
mod lifecycle;
mod limits;
mod local_times;
mod mailings;
mod photographs;
mod photos;
mod results;
mod schedules;
mod tallies;
mod voters;
