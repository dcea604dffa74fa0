//! An administrator's queries on AWS Lambda.

use election_queries::{App, routes};
use photovote_control::ControlReader;
use photovote_document_store::DocumentReader;
use photovote_dynamodb::{Endpoint, client, config, variable};
use photovote_http::edge;
use photovote_lambda::{Error, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let client = client(&config(&Endpoint::Environment), None);
    let documents = DocumentReader::new(client.clone(), variable("DOCUMENTS_TABLE")?);
    let app = App::new(documents, ControlReader::new(client, variable("CONTROL_TABLE")?));
    process.serve(edge(routes().with_state(app))).await
}
