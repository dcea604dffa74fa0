//! What anyone may ask, on AWS Lambda.

use lambda_http::{Error, tracing::init_default_subscriber};
use photovote_document_store::DocumentReader;
use photovote_dynamodb::{Endpoint, client, config, variable};
use photovote_http::edge;
use public_queries::{App, routes};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_default_subscriber();
    let client = client(&config(&Endpoint::Environment).await, None);
    let app = App::new(DocumentReader::new(client, variable("DOCUMENTS_TABLE")?));
    lambda_http::run(edge(routes().with_state(app))).await
}
