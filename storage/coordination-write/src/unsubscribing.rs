//! Voters who want no more reminders and results.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use photovote_coordination::ControlError;
use photovote_domain::{Digest, ElectionId, Shard, VoterId};
use photovote_dynamodb::{PutFailure, storage_error, update_failure};
use photovote_keys::coordination::unsubscribe_key;

use crate::write::Control;

impl Control {
    /// Lets the secret of this hash end the mails to a voter. Answers whether the voter has ended them.
    pub async fn offer_unsubscribing(
        &self,
        election: ElectionId,
        shard: Shard,
        voter: VoterId,
        secret: &Digest,
    ) -> Result<bool, ControlError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(unsubscribe_key(election, shard, voter)))
            .update_expression("SET secret_hash = :hash")
            .expression_attribute_values(":hash", AttributeValue::S(secret.to_string()))
            .return_values(ReturnValue::AllNew);
        let item = update.send().await.map_err(|error| storage_error(&error))?.attributes;
        Ok(item.is_some_and(|item| item.contains_key("unsubscribed")))
    }

    /// Ends the mails to a voter, if the secret of this hash does. It can be repeated. Did it?
    pub async fn unsubscribe(
        &self,
        election: ElectionId,
        shard: Shard,
        voter: VoterId,
        secret: &Digest,
    ) -> Result<bool, ControlError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(unsubscribe_key(election, shard, voter)))
            .update_expression("SET unsubscribed = :yes")
            .condition_expression("secret_hash = :hash")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":hash", AttributeValue::S(secret.to_string()));
        match update.send().await.map_err(|error| update_failure(&error)) {
            Ok(_) => Ok(true),
            Err(PutFailure::Condition(_)) => Ok(false),
            Err(PutFailure::Storage(error)) => Err(error.into()),
        }
    }
}
