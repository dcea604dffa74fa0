//! What followers keep: which commits they have followed, beside what they decided about them.

use aws_sdk_dynamodb::{
    error::BuildError,
    types::{AttributeValue, Put, TransactWriteItem},
};
use photovote_coordination::ControlError;
use photovote_domain::{ElectionId, Version};
use photovote_dynamodb::{TransactFailure, query_all, storage_error, transact};
use photovote_keys::{
    coordination::{tracking_key, tracking_partition},
    events::{Partition, Stream},
};

use crate::write::Control;

impl Control {
    /// The action that marks a commit as followed by the follower of this name. Its condition fails if it is marked already.
    pub fn track(&self, follower: &str, stream: &Stream, first: Version) -> Result<TransactWriteItem, BuildError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(tracking_key(follower, stream, first)))
            .condition_expression("attribute_not_exists(pk)")
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Writes all of these actions or none.
    pub async fn transact(
        &self,
        actions: impl FnMut() -> Result<Vec<TransactWriteItem>, BuildError>,
    ) -> Result<(), TransactFailure> {
        transact(&self.client, actions).await
    }

    /// Lets a follower forget which commits of a partition it has followed. It follows them again.
    pub async fn forget_tracking(
        &self,
        follower: &str,
        election: ElectionId,
        partition: Partition,
    ) -> Result<(), ControlError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(tracking_partition(follower, election, partition)))
            .consistent_read(true);
        for key in query_all(query).await? {
            let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key)).send().await;
            delete.map_err(|error| storage_error(&error))?;
        }
        Ok(())
    }
}
