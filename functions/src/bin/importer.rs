//! The importer on AWS Lambda. Its queue calls it.

#![recursion_limit = "256"]

use aws_lambda_events::sqs::SqsEvent;
use photovote_functions::{Error, Wiring, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let importer = &Wiring::of_lambda().importer()?;
    process.handle(|event: SqsEvent| async move { Ok(importer.handle(event).await) }).await
}
