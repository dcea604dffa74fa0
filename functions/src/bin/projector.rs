//! The projector on AWS Lambda. The events table's stream calls it with batches.

#![recursion_limit = "256"]

use aws_lambda_events::dynamodb::Event;
use photovote_functions::{Error, Wiring, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let projector = &Wiring::of_lambda().projector()?;
    process.handle(|event: Event| async move { Ok(projector.handle(event).await) }).await
}
