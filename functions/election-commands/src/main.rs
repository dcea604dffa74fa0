//! An administrator's commands on AWS Lambda.

use election_commands::{App, CreationRules, routes};
use photovote_control::Control;
use photovote_dynamodb::{Endpoint, client, config, setting, variable};
use photovote_event_store::{Environment, EventStore, Snapshots};
use photovote_http::edge;
use photovote_lambda::{Error, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let client = client(&config(&Endpoint::Environment), None);
    let store = EventStore::new(client.clone(), variable("EVENTS_TABLE")?, Environment::system());
    let control = variable("CONTROL_TABLE")?;
    let snapshots = Snapshots::new(&store, &control);
    let creation =
        CreationRules::parse(setting("CREATORS_GROUP"), setting("CREATORS_SCOPE"), setting("ELECTIONS_PER_CREATOR"))?;
    let app = App::new(store, Control::new(client, control), snapshots).creating(creation);
    process.serve(edge(routes().with_state(app))).await
}
