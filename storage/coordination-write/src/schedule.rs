//! Lists of elections that need attention: the schedule, for the clock; what is being counted, for the reconciler; and
//! what is being imported, which nothing may use.

use std::str::FromStr;

use aws_sdk_dynamodb::{
    error::BuildError,
    types::{AttributeValue, Put, TransactWriteItem},
};
use photovote_coordination::ControlError;
use photovote_domain::ElectionId;
use photovote_dynamodb::{Item, Retry, StorageError, query_all, storage_error};
use photovote_keys::coordination::{List, listed_key};

use crate::write::Control;

impl Control {
    /// The action that puts an election on the schedule. It goes with the commit that opens it, so that no open election
    /// is ever missing there.
    pub fn schedule(&self, election: ElectionId) -> Result<TransactWriteItem, BuildError> {
        let item = listed_key(List::Schedule, election);
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Removes a closed election from the schedule.
    pub async fn unschedule(&self, election: ElectionId) -> Result<(), ControlError> {
        self.remove_from(List::Schedule, election).await
    }

    /// The elections on the schedule.
    pub async fn scheduled(&self) -> Result<Vec<ElectionId>, ControlError> {
        self.listed(List::Schedule).await
    }

    /// Adds an election to the counting list. This happens before the election is closed, so the list has every closed
    /// election whose results are not final.
    pub async fn add_to_counting(&self, election: ElectionId) -> Result<(), ControlError> {
        let mut retry = Retry::contention();
        loop {
            let item = listed_key(List::Counting, election);
            let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
            match put.map_err(|error| storage_error(&error)) {
                Ok(_) => return Ok(()),
                Err(StorageError::Contended | StorageError::Throttled) if retry.again().await => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Removes an election from the counting list.
    pub async fn remove_from_counting(&self, election: ElectionId) -> Result<(), ControlError> {
        self.remove_from(List::Counting, election).await
    }

    /// The elections on the counting list.
    pub async fn counting(&self) -> Result<Vec<ElectionId>, ControlError> {
        self.listed(List::Counting).await
    }

    /// The elections whose import has begun and has not ended.
    pub async fn importing(&self) -> Result<Vec<ElectionId>, ControlError> {
        self.listed(List::Importing).await
    }

    async fn remove_from(&self, list: List, election: ElectionId) -> Result<(), ControlError> {
        let key = listed_key(list, election);
        let deleted = self.client.delete_item().table_name(&self.table).set_key(Some(key)).send().await;
        deleted.map(drop).map_err(|error| storage_error(&error).into())
    }

    async fn listed(&self, list: List) -> Result<Vec<ElectionId>, ControlError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(list.partition().to_owned()))
            .consistent_read(true);
        let id = |item: &Item| ElectionId::from_str(item.get("sk")?.as_s().ok()?).ok();
        Ok(query_all(query).await?.iter().filter_map(id).collect())
    }
}
