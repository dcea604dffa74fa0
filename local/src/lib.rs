//! The local host.

pub mod checkpoint;
pub mod data_dir;
pub mod engine;
mod event;
pub mod gateway;
pub mod issuer;
pub mod pump;
pub mod queues;
pub mod sqlite;
pub mod stream;
