//! An administrator's commands on AWS Lambda.

use election_commands::{App, routes};
use photovote_control::Control;
use photovote_dynamodb::{Endpoint, client, config, variable};
use photovote_event_store::{Environment, EventStore};
use photovote_http::edge;
use photovote_lambda::{Error, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let client = client(&config(&Endpoint::Environment), None);
    let store = EventStore::new(client.clone(), variable("EVENTS_TABLE")?, Environment::system());
    let app = App::new(store, Control::new(client, variable("CONTROL_TABLE")?));
    process.serve(edge(routes().with_state(app))).await
}
