//! Repair on AWS Lambda. The repair queue and the projector's failure queue call it.
//!
//! Does what the projector does, and reads the stream again.

#![recursion_limit = "256"]

use aws_lambda_events::sqs::SqsEvent;
use photovote_functions::{Error, Wiring, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let repair = &Wiring::of_lambda().repair()?;
    process.handle(|event: SqsEvent| async move { Ok(repair.handle(event).await) }).await
}
