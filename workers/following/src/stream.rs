//! Following what the stream of the events table delivers.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lambda_events::{
    dynamodb::{Event, EventRecord},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use photovote_dynamodb::Item;
use photovote_events::Commit;

use crate::{Follower, Policy, Recorder};

impl<P: Policy, R: Recorder<P>> Follower<P, R> {
    /// Follows a batch of records. The answer names the first record that has to come again, with all that follow it.
    ///
    /// A record that is no commit is passed over: the projector sends it to be repaired, and the reconciler has the follower catch
    /// up.
    pub async fn handle(&self, event: Event) -> DynamoDbEventResponse {
        let mut response = DynamoDbEventResponse::default();
        let mut oldest = None;
        for record in event.records {
            let written = record.change.approximate_creation_date_time.timestamp_millis();
            let number = record.change.sequence_number.clone();
            let Some(commit) = commit(record).filter(Self::follows) else { continue };
            oldest = oldest.into_iter().chain((written > 0).then_some(written)).min();
            if let Err(error) = self.follow(&commit).await {
                let (stream, follower) = (commit.stream, P::NAME);
                tracing::error!(event = "follower_failed", follower, %stream, %error, "a commit is not followed");
                let mut failure = DynamoDbBatchItemFailure::default();
                // Without a number the whole batch comes again.
                failure.item_identifier = Some(number.unwrap_or_default());
                response.batch_item_failures.push(failure);
                break;
            }
        }
        if let Some(oldest) = oldest {
            observe_lag(P::NAME, oldest);
        }
        response
    }
}

/// The commit that a record reports, if it does.
fn commit(record: EventRecord) -> Option<Commit> {
    let written = record.event_name == "INSERT";
    written.then(|| Commit::from_item(Item::from(record.change.new_image)).ok()).flatten()
}

/// How far a follower is behind: the age of the oldest record of a batch, in milliseconds.
fn observe_lag(follower: &'static str, oldest: i64) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis());
    let lag = now.saturating_sub(u128::try_from(oldest).unwrap_or_default());
    metrics::histogram!("FollowerLag", "Follower" => follower).record(u32::try_from(lag).unwrap_or(u32::MAX));
}
