//! The rebuild on AWS Lambda: called with messages of its queue, or by an operator.

#![recursion_limit = "256"]

use std::time::Duration;

use photovote_document_store::DocumentStore;
use photovote_dynamodb::{Endpoint, client, config, variable};
use photovote_event_store::{Environment, EventReader};
use photovote_lambda::{Error, start};
use photovote_queues::Queue;
use projector::Projection;
use rebuild::{Event, RebuildQueue, Rebuilder, Worker};

/// What a message may take, of the quarter of an hour that a function has: the last page comes on top of it.
const TIME: Duration = Duration::from_mins(8);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let config = config(&Endpoint::Environment);
    let client = client(&config, None);
    let events = EventReader::new(client.clone(), variable("EVENTS_TABLE")?);
    let documents = DocumentStore::new(client, variable("DOCUMENTS_TABLE")?);
    let queues = aws_sdk_sqs::Client::new(&config);
    let counter = Queue::new(queues.clone(), variable("COUNT_QUEUE_URL")?);
    let rebuilder = Rebuilder::new(Projection::new(events, documents), Environment::system(), counter);
    let queue = RebuildQueue::new(queues, variable("REBUILD_QUEUE_URL")?);
    let worker = &Worker::new(rebuilder, queue, Environment::system(), TIME);
    process.handle(|event: Event| async move { Ok(worker.handle(event).await?) }).await
}
