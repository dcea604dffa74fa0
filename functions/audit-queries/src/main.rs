//! The audit trail on AWS Lambda.

use audit_queries::{App, routes};
use photovote_dynamodb::{Endpoint, client, config, variable};
use photovote_event_store::EventReader;
use photovote_http::edge;
use photovote_lambda::{Error, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let client = client(&config(&Endpoint::Environment), None);
    let app = App::new(EventReader::new(client, variable("EVENTS_TABLE")?));
    process.serve(edge(routes().with_state(app))).await
}
