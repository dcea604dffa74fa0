//! An administrator's commands on AWS Lambda.

use election_commands::{App, routes};
use lambda_http::{Error, tracing::init_default_subscriber};
use photovote_control::Control;
use photovote_dynamodb::{Endpoint, client, config, variable};
use photovote_event_store::{Environment, EventStore};
use photovote_http::edge;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_default_subscriber();
    let client = client(&config(&Endpoint::Environment).await, None);
    let store = EventStore::new(client.clone(), variable("EVENTS_TABLE")?, Environment::system());
    let app = App::new(store, Control::new(client, variable("CONTROL_TABLE")?));
    lambda_http::run(edge(routes().with_state(app))).await
}
