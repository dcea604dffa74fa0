//! The projector on AWS Lambda: called with batches of the events table's stream.

#![recursion_limit = "256"]

use aws_lambda_events::dynamodb::Event;
use photovote_document_store::DocumentStore;
use photovote_dynamodb::{Endpoint, client, config, variable};
use photovote_event_store::EventReader;
use photovote_lambda::{Error, start};
use photovote_queues::Queue;
use projector::{Projector, RepairQueue};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let config = config(&Endpoint::Environment);
    let client = client(&config, None);
    let events = EventReader::new(client.clone(), variable("EVENTS_TABLE")?);
    let documents = DocumentStore::new(client, variable("DOCUMENTS_TABLE")?);
    let queues = aws_sdk_sqs::Client::new(&config);
    let repair = RepairQueue::new(queues.clone(), variable("REPAIR_QUEUE_URL")?);
    let counter = Queue::new(queues, variable("COUNT_QUEUE_URL")?);
    let projector = &Projector::new(events, documents, repair, counter);
    process.handle(|event: Event| async move { Ok(projector.handle(event).await) }).await
}
