//! The follower that has voters mailed their links, on AWS Lambda. The stream of the events table calls it with
//! batches.
//!
//! Reads elections, writes marks and due mails, and sends to the mailer.

#![recursion_limit = "256"]

use aws_lambda_events::dynamodb::Event;
use photovote_functions::{Error, Wiring, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let invitations = &Wiring::of_lambda().invitations()?;
    process.handle(|event: Event| async move { Ok(invitations.handle(event).await) }).await
}
