//! What anyone may ask, on AWS Lambda.

use photovote_document_store::DocumentReader;
use photovote_dynamodb::{Endpoint, client, config, variable};
use photovote_http::edge;
use photovote_lambda::{Error, start};
use public_queries::{App, routes};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let process = start()?;
    let client = client(&config(&Endpoint::Environment), None);
    let app = App::new(DocumentReader::new(client, variable("DOCUMENTS_TABLE")?));
    process.serve(edge(routes().with_state(app))).await
}
