//! Lists of elections that need attention: the schedule, for the closer; what is being counted, for the reconciler; and
//! what is being imported, which nothing may use.

use std::str::FromStr;

use aws_sdk_dynamodb::{
    error::BuildError,
    types::{AttributeValue, Put, TransactWriteItem},
};
use photovote_domain::ElectionId;
use photovote_dynamodb::{Retry, StorageError, storage_error};

use crate::{
    gate::{ControlError, key},
    write::Control,
};

pub(crate) const SCHEDULE: &str = "schedule";
pub(crate) const COUNTING: &str = "counting";
pub(crate) const IMPORTING: &str = "importing";

impl Control {
    /// The action that puts an election on the schedule. It goes with the commit that opens it, so that no open election
    /// is ever missing there.
    pub fn schedule(&self, election: ElectionId) -> Result<TransactWriteItem, BuildError> {
        let item = key(SCHEDULE.to_owned(), election.to_string());
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Takes an election that is closed off the schedule.
    pub async fn unschedule(&self, election: ElectionId) -> Result<(), ControlError> {
        self.strike(SCHEDULE, election).await
    }

    /// The elections on the schedule.
    pub async fn scheduled(&self) -> Result<Vec<ElectionId>, ControlError> {
        self.listed(SCHEDULE).await
    }

    /// Puts an election on the list of those that are being counted. It is there before the election is closed, so that no
    /// closed election is ever missing there whose results are not final.
    pub async fn is_to_be_counted(&self, election: ElectionId) -> Result<(), ControlError> {
        let mut retry = Retry::contention();
        loop {
            let item = key(COUNTING.to_owned(), election.to_string());
            let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
            match put.map_err(|error| storage_error(&error)) {
                Ok(_) => return Ok(()),
                Err(StorageError::Contended | StorageError::Throttled) if retry.again().await => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Takes an election off that list.
    pub async fn is_counted(&self, election: ElectionId) -> Result<(), ControlError> {
        self.strike(COUNTING, election).await
    }

    /// The elections on that list.
    pub async fn counting(&self) -> Result<Vec<ElectionId>, ControlError> {
        self.listed(COUNTING).await
    }

    /// The elections whose import has begun and has not ended.
    pub async fn importing(&self) -> Result<Vec<ElectionId>, ControlError> {
        self.listed(IMPORTING).await
    }

    async fn strike(&self, list: &str, election: ElectionId) -> Result<(), ControlError> {
        let key = key(list.to_owned(), election.to_string());
        let deleted = self.client.delete_item().table_name(&self.table).set_key(Some(key)).send().await;
        deleted.map(drop).map_err(|error| storage_error(&error).into())
    }

    async fn listed(&self, list: &str) -> Result<Vec<ElectionId>, ControlError> {
        let mut elections = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(list.to_owned()))
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
