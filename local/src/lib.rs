//! PhotoVote on one machine.
//!
//! [`host`] stands in for AWS, and [`operate`] holds what operators do. [`server`] puts the host together. The functions are the
//! very same as on AWS: they use the SDK, and only its HTTP client differs.

pub mod cli;
pub mod data_dir;
pub mod holder;
pub mod host;
mod log;
pub mod operate;
pub mod server;
mod signals;
mod socket;
pub mod sqlite;
mod stop;
pub mod supervisor;
