//! The clock on AWS Lambda. A schedule calls it every minute.
//!
//! Reads and appends events, reads and writes control items, and sends to the mailer.

use photovote_functions::{Error, Wiring, start};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let clock = &Wiring::of_lambda().clock()?;
    let run = |_event: Value| async move {
        let run = clock.run().await?;
        if run.failed > 0 {
            return Err(Error::from(format!("{} elections failed: see the log", run.failed)));
        }
        Ok(json!({"opened": run.opened, "reminded": run.reminded, "closed": run.closed}))
    };
    process.handle(run).await
}
