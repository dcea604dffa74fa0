//! The reconciler on AWS Lambda. A schedule calls it every five minutes.
//!
//! Reads events, reads and writes control items, reads and writes documents, and sends to the counter, the
//! photo-processor, the importer and the mailer.

#![recursion_limit = "256"]

use std::time::Duration;

use photovote_events::Environment;
use photovote_functions::{Error, Wiring, start};
use photovote_reconciliation::Limits;
use serde_json::Value;

/// How much a run may do. The function has five minutes.
const LIMITS: Limits = Limits { patience: Duration::from_mins(5), pages: 1_000, time: Duration::from_mins(3) };

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let reconciler = &Wiring::of_lambda().reconciler()?;
    let now = || Environment::system().now();
    process.handle(|_event: Value| async move { Ok(reconciler.run(now(), LIMITS).await?) }).await
}
