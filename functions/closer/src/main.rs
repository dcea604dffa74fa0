//! The closer on AWS Lambda: called every minute by a schedule.

use closer::Closer;
use photovote_control::Control;
use photovote_dynamodb::{Endpoint, client, config, variable};
use photovote_event_store::{Environment, EventStore, Snapshots};
use photovote_lambda::{Error, start};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let client = client(&config(&Endpoint::Environment), None);
    let store = EventStore::new(client.clone(), variable("EVENTS_TABLE")?, Environment::system());
    let control = variable("CONTROL_TABLE")?;
    let snapshots = Snapshots::new(&store, &control);
    let closer = &Closer::new(store, Control::new(client, control), snapshots);
    let run = |_event: Value| async move {
        let run = closer.run().await?;
        if run.failed > 0 {
            return Err(Error::from(format!("{} elections could not be looked after", run.failed)));
        }
        Ok(json!({"closed": run.closed}))
    };
    process.handle(run).await
}
