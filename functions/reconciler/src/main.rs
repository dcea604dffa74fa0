//! The reconciler on AWS Lambda: called every five minutes by a schedule.

#![recursion_limit = "256"]

use std::time::Duration;

use photovote_control::Control;
use photovote_document_store::DocumentStore;
use photovote_dynamodb::{Endpoint, client, config, variable};
use photovote_event_store::{Environment, EventReader};
use photovote_lambda::{Error, start};
use photovote_queues::Queue;
use projector::Projection;
use reconciler::{Limits, Reconciler};
use serde_json::Value;

/// What a run may take, of the five minutes that it has.
const LIMITS: Limits = Limits { patience: Duration::from_mins(5), pages: 1_000, time: Duration::from_mins(3) };

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let config = config(&Endpoint::Environment);
    let client = client(&config, None);
    let events = EventReader::new(client.clone(), variable("EVENTS_TABLE")?);
    let documents = DocumentStore::new(client.clone(), variable("DOCUMENTS_TABLE")?);
    let control = Control::new(client, variable("CONTROL_TABLE")?);
    let counter = Queue::new(aws_sdk_sqs::Client::new(&config), variable("COUNT_QUEUE_URL")?);
    let reconciler = &Reconciler::new(Projection::new(events, documents), control, counter);
    let environment = &Environment::system();
    process.handle(|_event: Value| async move { Ok(reconciler.run(environment.now(), LIMITS).await?) }).await
}
