//! The rebuild on AWS Lambda. Its queue calls it, or an operator.
//!
//! Reads events, reads, writes and deletes documents, and sends to the counter and to itself.

#![recursion_limit = "256"]

use std::time::Duration;

use photovote_functions::{Error, Wiring, start};
use photovote_rebuild::Event;

/// How long a message may take. The function has 15 minutes, and the last page comes on top.
const TIME: Duration = Duration::from_mins(8);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let worker = &Wiring::of_lambda().rebuild(TIME)?;
    process.handle(|event: Event| async move { Ok(worker.handle(event).await?) }).await
}
