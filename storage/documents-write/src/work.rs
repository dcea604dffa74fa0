//! How far long work has come: small items of its own, each saved under the condition that nobody else has.

use aws_sdk_dynamodb::types::AttributeValue;
use photovote_documents_read::{DocumentError, item::damaged};
use photovote_domain::Version;
use photovote_dynamodb::{PutFailure, put_failure, storage_error};
use photovote_keys::documents::{WORK, work_key};
use serde::{Serialize, de::DeserializeOwned};

use crate::write::{DocumentStore, Saved, after};

impl DocumentStore {
    /// The state that work of this name has come to, and its version; nothing and [`Version::NONE`] if it has not begun.
    pub async fn work<T: DeserializeOwned>(&self, name: &str) -> Result<(Option<T>, Version), DocumentError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(work_key(name))).consistent_read(true);
        match get.send().await.map_err(|error| storage_error(&error))?.item {
            None => Ok((None, Version::NONE)),
            Some(item) => {
                let (_, version, state) = parsed(item)?;
                Ok((Some(state), version))
            }
        }
    }

    /// The states of all work whose names begin like this, by their names.
    pub async fn works<T: DeserializeOwned>(&self, prefix: &str) -> Result<Vec<(String, T)>, DocumentError> {
        let query = self
            .reader()
            .query(WORK, Some("begins_with(sk, :prefix)"))
            .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
            .consistent_read(true);
        let states = self.reader().all(query).await?.into_iter().map(parsed);
        states.map(|parsed| parsed.map(|(name, _, state)| (name, state))).collect()
    }

    /// Saves the state of work that was at this version.
    pub async fn save_work<T: Serialize>(
        &self,
        name: &str,
        state: &T,
        previous: Version,
    ) -> Result<Saved, DocumentError> {
        let mut item = work_key(name);
        let state = serde_dynamo::to_attribute_value(state).map_err(|error| damaged(&item, &error.to_string()))?;
        item.insert("version".to_owned(), AttributeValue::N(previous.plus(1).to_string()));
        item.insert("state".to_owned(), state);
        let (condition, values) = after(previous);
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).condition_expression(condition);
        match put.set_expression_attribute_values(values).send().await.map_err(|error| put_failure(&error)) {
            Ok(_) => Ok(Saved::Yes),
            Err(PutFailure::Condition(_)) => Ok(Saved::Moved),
            Err(PutFailure::Storage(error)) => Err(error.into()),
        }
    }

    /// Forgets work that is done.
    pub async fn forget_work(&self, name: &str) -> Result<(), DocumentError> {
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(work_key(name)));
        delete.send().await.map(drop).map_err(|error| storage_error(&error).into())
    }
}

fn parsed<T: DeserializeOwned>(mut item: photovote_dynamodb::Item) -> Result<(String, Version, T), DocumentError> {
    let name = item.get("sk").and_then(|name| name.as_s().ok()).cloned().unwrap_or_default();
    let version = item.get("version").and_then(|version| version.as_n().ok()?.parse().ok()).map(Version::new);
    let version = version.ok_or_else(|| damaged(&item, "it has no version"))?;
    let state = item.remove("state").ok_or_else(|| damaged(&item, "it has no state"))?;
    let state = serde_dynamo::from_attribute_value(state).map_err(|error| damaged(&item, &error.to_string()))?;
    Ok((name, version, state))
}
