//! Request units, reckoned from the items that were read or left behind, by the [formula] that DynamoDB charges by.
//!
//! [formula]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_dynamodb::{
    Client,
    operation::{
        batch_get_item::{BatchGetItemInput, BatchGetItemOutput},
        delete_item::{DeleteItemInput, DeleteItemOutput},
        get_item::GetItemOutput,
        put_item::{PutItemInput, PutItemOutput},
        query::QueryOutput,
        transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput},
        update_item::{UpdateItemInput, UpdateItemOutput},
    },
    types::{AttributeValue, ConsumedCapacity, ReturnConsumedCapacity},
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{
                AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextMut,
                BeforeSerializationInterceptorContextRef,
            },
            dyn_dispatch_hint,
        },
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::SdkConfig;
use photovote_dynamodb::{Calls, Item};

/// A client with this configuration, the count of its calls, and the sum of the units that it reads.
pub fn metered(config: &SdkConfig) -> (Client, Calls, ReadUnits) {
    let (calls, read) = (Calls::default(), ReadUnits::default());
    let builder = aws_sdk_dynamodb::config::Builder::from(config);
    let config = builder.interceptor(calls.clone()).interceptor(read.clone()).build();
    (Client::from_conf(config), calls, read)
}

/// A client that also asks what each of its writes takes, the count of its calls, and the sums of the units that it reads and writes.
pub fn metered_for_writes(config: &SdkConfig) -> (Client, Calls, ReadUnits, WriteUnits) {
    let (calls, read, written) = (Calls::default(), ReadUnits::default(), WriteUnits::default());
    let builder = aws_sdk_dynamodb::config::Builder::from(config);
    let builder = builder.interceptor(calls.clone()).interceptor(read.clone()).interceptor(written.clone());
    (Client::from_conf(builder.build()), calls, read, written)
}

/// Adds up the units of what a client reads, as if each read were consistent: 1 for each 4 KB begun, of an item that is got
/// or of all items of a query's page together, and 1 for an item that is not there. Clones share their sum.
#[derive(Debug, Clone, Default)]
pub struct ReadUnits(Arc<Mutex<usize>>);

impl ReadUnits {
    /// The units since the last time they were taken.
    pub fn take(&self) -> usize {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[dyn_dispatch_hint]
impl Intercept for ReadUnits {
    fn name(&self) -> &'static str {
        "ReadUnits"
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let batch = context.input().downcast_ref::<BatchGetItemInput>().and_then(BatchGetItemInput::request_items);
        let keys = batch.into_iter().flat_map(HashMap::values).map(|table| table.keys().len());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += keys.sum::<usize>();
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Ok(output) = context.output_or_error() else { return Ok(()) };
        // What finds nothing costs a unit, too.
        let units = |bytes: usize| bytes.div_ceil(4_096).max(1);
        let read = if let Some(page) = output.downcast_ref::<QueryOutput>() {
            units(page.items().iter().map(size).sum())
        } else if let Some(got) = output.downcast_ref::<GetItemOutput>() {
            units(got.item().map_or(0, size))
        } else if let Some(got) = output.downcast_ref::<BatchGetItemOutput>() {
            // One unit of each was added when it was asked for.
            let items = got.responses().into_iter().flat_map(|tables| tables.values().flatten());
            items.map(|item| units(size(item)) - 1).sum()
        } else {
            0
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += read;
        Ok(())
    }
}

/// Adds up the units of what a client writes item by item or in transactions, as the engine answers them. Clones share their sum.
#[derive(Debug, Clone, Default)]
pub struct WriteUnits(Arc<Mutex<f64>>);

impl WriteUnits {
    /// The units since the last time they were taken.
    pub fn take(&self) -> usize {
        let units = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        format!("{units:.0}").parse().unwrap_or_default()
    }
}

#[dyn_dispatch_hint]
impl Intercept for WriteUnits {
    fn name(&self) -> &'static str {
        "WriteUnits"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (input, total) = (context.input_mut(), Some(ReturnConsumedCapacity::Total));
        if let Some(put) = input.downcast_mut::<PutItemInput>() {
            put.return_consumed_capacity = total;
        } else if let Some(update) = input.downcast_mut::<UpdateItemInput>() {
            update.return_consumed_capacity = total;
        } else if let Some(delete) = input.downcast_mut::<DeleteItemInput>() {
            delete.return_consumed_capacity = total;
        } else if let Some(transaction) = input.downcast_mut::<TransactWriteItemsInput>() {
            transaction.return_consumed_capacity = total;
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Ok(output) = context.output_or_error() else { return Ok(()) };
        let units = |capacity: &ConsumedCapacity| capacity.capacity_units.unwrap_or_default();
        let written = if let Some(put) = output.downcast_ref::<PutItemOutput>() {
            put.consumed_capacity().map_or(0.0, units)
        } else if let Some(update) = output.downcast_ref::<UpdateItemOutput>() {
            update.consumed_capacity().map_or(0.0, units)
        } else if let Some(delete) = output.downcast_ref::<DeleteItemOutput>() {
            delete.consumed_capacity().map_or(0.0, units)
        } else if let Some(transaction) = output.downcast_ref::<TransactWriteItemsOutput>() {
            transaction.consumed_capacity().iter().map(units).sum()
        } else {
            0.0
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += written;
        Ok(())
    }
}

/// Everything that some tables hold, by table and key.
#[derive(Debug)]
pub struct Contents(BTreeMap<(String, String), Item>);

impl Contents {
    /// What is in these tables now; each with the names of its key attributes.
    pub async fn of(client: &Client, tables: &[(&str, &[&str])]) -> Self {
        let mut items = BTreeMap::new();
        for (table, keys) in tables {
            let mut pages = client.scan().table_name(*table).into_paginator().items().send();
            while let Some(item) = pages.next().await {
                let item = item.expect("the table can be read");
                let key: Vec<_> = keys.iter().map(|name| &item[*name]).collect();
                items.insert(((*table).to_owned(), format!("{key:?}")), item);
            }
        }
        Self(items)
    }

    /// What it costs to get from here to `after`, with each item written once: 1 unit for each kilobyte begun of the
    /// larger of what was there and what is there now. In a transaction it is twice that.
    pub fn units_to(&self, after: &Self) -> usize {
        let keys = self.0.keys().chain(after.0.keys().filter(|key| !self.0.contains_key(key)));
        let changed = keys.map(|key| (self.0.get(key), after.0.get(key))).filter(|(before, after)| before != after);
        changed.map(|(before, after)| before.map_or(0, size).max(after.map_or(0, size)).div_ceil(1_024)).sum()
    }
}

/// The [size] of an item in bytes: its attributes' names in UTF-8, and their values.
///
/// [size]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
pub fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        // A byte for every two digits, and one more.
        AttributeValue::N(digits) => digits.trim_start_matches('-').len().div_ceil(2) + 1,
        AttributeValue::Bool(_) | AttributeValue::Null(_) => 1,
        // Three bytes, and one for each element.
        AttributeValue::L(list) => 3 + list.iter().map(|element| 1 + value_size(element)).sum::<usize>(),
        AttributeValue::M(map) => 3 + map.len() + size(map),
        other => unreachable!("no item holds {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_what_the_formula_says() {
        let text = |text: &str| AttributeValue::S(text.into());
        let list = AttributeValue::L(vec![text("é"), AttributeValue::N("-123".into()), AttributeValue::Bool(true)]);
        let map = AttributeValue::M([("k".to_owned(), AttributeValue::Null(true))].into());
        let item = Item::from([("pk".to_owned(), text("abc")), ("list".to_owned(), list), ("map".to_owned(), map)]);
        assert_eq!(size(&item), (2 + 3) + (4 + 3 + 3 + 2 + 3 + 1) + (3 + 3 + 1 + 1 + 1));
    }
}
