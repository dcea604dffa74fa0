//! The photo-processor on AWS Lambda. Its queue calls it, also with S3's uploads.
//!
//! Reads events, appends to photographs, reads, writes and deletes objects, and sends to itself.

#![recursion_limit = "256"]

use aws_lambda_events::sqs::SqsEvent;
use photovote_functions::{Error, Wiring, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let processor = &Wiring::of_lambda().photo_processor()?;
    process.handle(|event: SqsEvent| async move { Ok(processor.handle(event).await) }).await
}
