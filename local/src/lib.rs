//! The local host: all of PhotoVote in one process, with what AWS would provide.
//!
//! [`server`] puts it together. The [`gateway`] stands for API Gateway and serves the page; the [`issuer`] and [`sign_in`] stand for
//! Amazon Cognito; the
//! [`engine`] for DynamoDB, the [`pump`] for Lambda's event source mapping, the [`queues`] for SQS,
//! and the [`consumer`] for what brings their messages to a function. The functions are
//! the very same as on AWS: they use the SDK, and only its HTTP client differs.
//!
//! [`status`], [`personal_data`] and [`backup`] look at a [copy](data_copy) of the data, whether a server is running or not.

pub mod backup;
pub mod checkpoint;
pub mod cli;
pub mod consumer;
mod control;
pub mod data_copy;
pub mod data_dir;
pub mod demo;
mod documents;
pub mod engine;
mod event;
mod functions;
pub mod gateway;
pub mod holder;
pub mod issuer;
mod leftovers;
mod log;
pub mod personal_data;
pub mod pump;
pub mod queues;
pub mod rebuild;
pub mod server;
pub mod sign_in;
mod signals;
mod socket;
pub mod sqlite;
pub mod status;
mod stop;
pub mod stream;
mod streams;
pub mod supervisor;
