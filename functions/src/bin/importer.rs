//! The importer on AWS Lambda. Its queue calls it, also with S3's uploads.
//!
//! Reads events, appends to imports, voters and ballots, reads and writes control items, reads and deletes lists, and
//! sends to itself.

#![recursion_limit = "256"]

use aws_lambda_events::sqs::SqsEvent;
use photovote_functions::{Error, Wiring, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let importer = &Wiring::of_lambda().importer()?;
    process.handle(|event: SqsEvent| async move { Ok(importer.handle(event).await) }).await
}
