//! Counters of creations: how many elections each administrator has created, those that were deleted since included.

use std::{collections::BTreeMap, num::NonZeroU32};

use aws_sdk_dynamodb::{
    error::BuildError,
    types::{AttributeValue, TransactWriteItem, Update},
};
use photovote_coordination::ControlError;
use photovote_domain::Subject;
use photovote_dynamodb::{Item, PutFailure, StorageError, update_failure};
use photovote_keys::coordination::{CREATIONS, creations_key};

use crate::{
    restore::Restored,
    write::{Control, number},
};

/// How many elections each administrator has created.
pub type Creations = BTreeMap<Subject, u64>;

impl Control {
    /// The action that counts an election that `subject` creates; its condition fails if they have created `most`. It goes with
    /// the commit that creates the election, so that nothing is counted that was not created, and nothing twice.
    pub fn count_creation(&self, subject: &Subject, most: NonZeroU32) -> Result<TransactWriteItem, BuildError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(creations_key(subject)))
            .update_expression("ADD elections :one")
            .condition_expression("attribute_not_exists(elections) OR elections < :most")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":most", number(most.get().into()));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// All counters as they are now.
    pub async fn creations(&self) -> Result<Creations, ControlError> {
        let counter = |item: &Item| {
            let subject = item.get("sk")?.as_s().ok()?.parse().ok()?;
            Some((subject, item.get("elections")?.as_n().ok()?.parse().ok()?))
        };
        Ok(self.held(CREATIONS, None).await?.iter().filter_map(counter).collect())
    }

    /// Makes each counter what was counted, if none has moved since they were `before`. Otherwise nothing is answered: the
    /// caller has to count again.
    pub async fn restore_creations(
        &self,
        before: &Creations,
        counted: &Creations,
    ) -> Result<Option<Restored>, ControlError> {
        let mut restored = Restored::default();
        let vain = before.keys().filter(|subject| !counted.contains_key(subject)).map(|subject| (subject, 0));
        for (subject, count) in counted.iter().map(|(subject, count)| (subject, *count)).chain(vain) {
            let stood = before.get(subject).copied();
            if stood == Some(count) {
                continue;
            }
            if !self.set_counter(subject, stood, count).await? {
                return Ok(None);
            }
            restored.written += 1;
        }
        Ok(Some(restored))
    }

    /// Sets one counter, if it still is what it was. Is it set?
    async fn set_counter(&self, subject: &Subject, stood: Option<u64>, count: u64) -> Result<bool, StorageError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(creations_key(subject)))
            .update_expression("SET elections = :count")
            .expression_attribute_values(":count", AttributeValue::N(count.to_string()));
        let update = match stood {
            None => update.condition_expression("attribute_not_exists(elections)"),
            Some(stood) => update
                .condition_expression("elections = :stood")
                .expression_attribute_values(":stood", AttributeValue::N(stood.to_string())),
        };
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) => match update_failure(&error) {
                // Contended: an election is being created at this very moment.
                PutFailure::Condition(_) | PutFailure::Storage(StorageError::Contended) => Ok(false),
                PutFailure::Storage(error) => Err(error),
            },
        }
    }
}
