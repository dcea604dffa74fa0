//! Commits, written to the events table as if they had been decided on.

use std::error::Error;

use aws_sdk_dynamodb::{
    Client,
    types::{PutRequest, WriteRequest},
};
use photovote::host::engine::EVENTS;
use photovote_events::Commit;

/// As many as one call takes.
const AT_ONCE: usize = 25;

/// Writes them in their order.
pub(crate) async fn write(client: &Client, commits: &[Commit]) -> Result<(), Box<dyn Error>> {
    for commits in commits.chunks(AT_ONCE) {
        let put = |commit: &Commit| {
            let put = PutRequest::builder().set_item(Some(commit.to_item())).build()?;
            Ok::<_, Box<dyn Error>>(WriteRequest::builder().put_request(put).build())
        };
        let requests = commits.iter().map(put).collect::<Result<Vec<_>, _>>()?;
        client.batch_write_item().request_items(EVENTS, requests).send().await?;
    }
    Ok(())
}
