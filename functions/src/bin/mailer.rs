//! The mailer on AWS Lambda. Its queue calls it, also with SES's reports.
//!
//! Reads events, appends to ballots, reads, writes and deletes the control items of mails, derives links by KMS, mails
//! by SES, and sends to itself.

#![recursion_limit = "256"]

use aws_lambda_events::sqs::SqsEvent;
use photovote_functions::{Error, Wiring, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let mailer = &Wiring::of_lambda().mailer()?;
    process.handle(|event: SqsEvent| async move { Ok(mailer.handle(event).await) }).await
}
