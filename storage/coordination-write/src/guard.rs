//! Guards: one email address, one voter.

use aws_sdk_dynamodb::{
    error::BuildError,
    types::{AttributeValue, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use photovote_domain::{Digest, ElectionId, ShardCount, VoterId};
use photovote_keys::coordination::guard_key;

use crate::write::Control;

impl Control {
    /// The action that reserves an address (its [`photovote_domain::Email::key`]) for a voter; its condition fails if another has it.
    pub fn reserve_email(
        &self,
        election: ElectionId,
        shards: ShardCount,
        email: &Digest,
        voter: VoterId,
    ) -> Result<TransactWriteItem, BuildError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(guard_key(election, shards, email)))
            .item("voter", AttributeValue::S(voter.to_string()))
            .condition_expression("attribute_not_exists(pk)")
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// The action that gives an address back, if it is this voter's.
    pub fn release_email(
        &self,
        election: ElectionId,
        shards: ShardCount,
        email: &Digest,
        voter: VoterId,
    ) -> Result<TransactWriteItem, BuildError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(guard_key(election, shards, email)))
            .condition_expression("voter = :voter")
            .expression_attribute_values(":voter", AttributeValue::S(voter.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}
