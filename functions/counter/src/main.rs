//! The counter on AWS Lambda: called with messages of its queue.

#![recursion_limit = "256"]

use aws_lambda_events::sqs::SqsEvent;
use counter::Counter;
use photovote_control::ControlReader;
use photovote_document_store::DocumentStore;
use photovote_dynamodb::{Endpoint, client, config, variable};
use photovote_event_store::{Environment, EventStore};
use photovote_lambda::{Error, start};
use photovote_queues::Queue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let config = config(&Endpoint::Environment);
    let client = client(&config, None);
    let events = EventStore::new(client.clone(), variable("EVENTS_TABLE")?, Environment::system());
    let control = ControlReader::new(client.clone(), variable("CONTROL_TABLE")?);
    let documents = DocumentStore::new(client, variable("DOCUMENTS_TABLE")?);
    let queue = Queue::new(aws_sdk_sqs::Client::new(&config), variable("COUNT_QUEUE_URL")?);
    let counter = &Counter::new(events, control, documents, queue);
    process.handle(|event: SqsEvent| async move { Ok(counter.handle(event).await) }).await
}
