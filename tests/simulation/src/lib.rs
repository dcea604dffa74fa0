//! The whole system, simulated: administrators, voters and clocks at once, against the real functions, over the engine of
//! local hosts, in virtual time, while everything fails that can fail.
//!
//! A run is one thread with a paused clock. Everything that is left to chance is drawn from the run's seed, so a seed
//! that finds something finds it again.
//!
//! ```text
//!  people ──► gateway ──► functions (several instances, killed anywhere) ──► transport (faults) ──► engine
//!    ▲                         ▲      │                                                               │
//!    └──── mail service ◄──────│──────┘                                                               │
//!                              └── pumps, queues, schedule ◄── streams (shaken) ◄────── commits ──────┘
//! ```
//!
//! Afterwards nothing goes wrong any more; the system has to come to rest by itself, and what it holds and what it told
//! has to agree ([`Report::violations`]).
#![allow(clippy::expect_used, reason = "a simulation that cannot run has failed")]

mod administrator;
mod check;
mod clock;
mod cloud;
mod dice;
mod engine;
mod faults;
mod functions;
mod gateway;
mod journal;
mod mail;
mod planning;
mod queue;
mod scenario;
mod stream;
mod transport;
mod voter;
mod world;

pub use faults::{Counts, Fault, Rates};
pub use scenario::Scenario;
pub use world::{Report, run};
