//! Repair on AWS Lambda: called with messages of the repair queue and of the projector's failure queue.

#![recursion_limit = "256"]

use aws_lambda_events::sqs::SqsEvent;
use photovote_document_store::DocumentStore;
use photovote_dynamodb::{Endpoint, client, config, variable};
use photovote_event_store::EventReader;
use photovote_lambda::{Error, start};
use photovote_queues::Queue;
use projector::{Projector, RepairQueue};
use repair::{Repair, StreamReader};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let config = config(&Endpoint::Environment);
    let client = client(&config, None);
    let events = EventReader::new(client.clone(), variable("EVENTS_TABLE")?);
    let documents = DocumentStore::new(client, variable("DOCUMENTS_TABLE")?);
    let queues = aws_sdk_sqs::Client::new(&config);
    let queue = RepairQueue::new(queues.clone(), variable("REPAIR_QUEUE_URL")?);
    let counter = Queue::new(queues, variable("COUNT_QUEUE_URL")?);
    let projector = Projector::new(events, documents, queue, counter);
    let repair = &Repair::new(projector, StreamReader::new(&config));
    process.handle(|event: SqsEvent| async move { Ok(repair.handle(event).await) }).await
}
