//! The projector on AWS Lambda. The stream of the events table calls it with batches.
//!
//! Reads events, reads and writes documents, and sends to repair, the counter and the photo-processor.

#![recursion_limit = "256"]

use aws_lambda_events::dynamodb::Event;
use photovote_functions::{Error, Wiring, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let projector = &Wiring::of_lambda().projector()?;
    process.handle(|event: Event| async move { Ok(projector.handle(event).await) }).await
}
