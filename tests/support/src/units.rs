//! Request units, reckoned from the items that were read or left behind, by the [formula] that DynamoDB charges by.
//!
//! [formula]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_dynamodb::{
    Client,
    operation::{batch_get_item::BatchGetItemOutput, get_item::GetItemOutput, query::QueryOutput},
    types::AttributeValue,
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::AfterDeserializationInterceptorContextRef, dyn_dispatch_hint},
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

/// Adds up the units of what a client reads, as if each read were consistent: 1 for each 4 KB begun, of an item that is got
/// or of all items of a query's page together. Clones share their sum.
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
            got.responses().into_iter().flat_map(|tables| tables.values().flatten()).map(|item| units(size(item))).sum()
        } else {
            0
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += read;
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
