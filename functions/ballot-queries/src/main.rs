//! A voter's query on AWS Lambda.

use ballot_queries::{App, routes};
use photovote_dynamodb::{Endpoint, client, config, variable};
use photovote_event_store::{Environment, EventReader, Snapshots};
use photovote_http::edge;
use photovote_lambda::{Error, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let client = client(&config(&Endpoint::Environment), None);
    let reader = EventReader::new(client, variable("EVENTS_TABLE")?);
    let snapshots = Snapshots::new(&reader, variable("CONTROL_TABLE")?);
    let app = App::new(reader, snapshots, Environment::system());
    process.serve(edge(routes().with_state(app))).await
}
