//! What stands in for AWS.
//!
//! | Here | On AWS |
//! |---|---|
//! | [`gateway`] | API Gateway, and the distribution that serves the page |
//! | [`issuer`], [`sign_in`] | Amazon Cognito |
//! | [`engine`], [`stream`] | DynamoDB and its stream |
//! | [`pump`], [`checkpoint`] | Lambda's event source mapping of the stream |
//! | [`objects`] | S3 |
//! | [`queues`], [`consumer`] | SQS, and Lambda's event source mapping of queues |
//! | `functions` | the Lambda functions, with their schedules |

pub mod checkpoint;
pub mod consumer;
pub mod engine;
mod event;
pub(crate) mod functions;
pub mod gateway;
pub mod issuer;
pub mod mails;
pub mod objects;
pub mod pump;
pub mod queues;
pub mod sign_in;
pub mod smtp;
pub mod stream;
pub(crate) mod streams;
