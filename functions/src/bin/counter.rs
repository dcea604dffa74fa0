//! The counter on AWS Lambda. Its queue calls it.
//!
//! Reads events, appends digests of results, reads gates, reads and writes documents, and sends to itself.

#![recursion_limit = "256"]

use aws_lambda_events::sqs::SqsEvent;
use photovote_functions::{Error, Wiring, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let counter = &Wiring::of_lambda().counter()?;
    process.handle(|event: SqsEvent| async move { Ok(counter.handle(event).await) }).await
}
