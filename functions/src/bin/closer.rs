//! The closer on AWS Lambda. A schedule calls it every minute.

use photovote_functions::{Error, Wiring, start};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let closer = &Wiring::of_lambda().closer()?;
    let run = |_event: Value| async move {
        let run = closer.run().await?;
        if run.failed > 0 {
            return Err(Error::from(format!("{} elections failed: see the log", run.failed)));
        }
        Ok(json!({"closed": run.closed}))
    };
    process.handle(run).await
}
