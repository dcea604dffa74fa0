//! The schedule: which elections the closer has to look at.

use std::str::FromStr;

use aws_sdk_dynamodb::{
    error::BuildError,
    types::{AttributeValue, Put, TransactWriteItem},
};
use photovote_domain::ElectionId;
use photovote_dynamodb::storage_error;

use crate::{
    gate::{ControlError, key},
    write::Control,
};

const PARTITION: &str = "schedule";

impl Control {
    /// The action that puts an election on the schedule. It goes with the commit that opens it, so that no open election
    /// is ever missing there.
    pub fn schedule(&self, election: ElectionId) -> Result<TransactWriteItem, BuildError> {
        let item = key(PARTITION.to_owned(), election.to_string());
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Takes an election that is closed off the schedule.
    pub async fn unschedule(&self, election: ElectionId) -> Result<(), ControlError> {
        let key = key(PARTITION.to_owned(), election.to_string());
        let deleted = self.client.delete_item().table_name(&self.table).set_key(Some(key)).send().await;
        deleted.map(drop).map_err(|error| storage_error(&error).into())
    }

    /// The elections on the schedule.
    pub async fn scheduled(&self) -> Result<Vec<ElectionId>, ControlError> {
        let mut elections = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(PARTITION.to_owned()))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| storage_error(&error))?;
            let ids = page.items.unwrap_or_default();
            elections.extend(ids.iter().filter_map(|item| ElectionId::from_str(item.get("sk")?.as_s().ok()?).ok()));
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(elections);
            }
        }
    }
}
