//! Write units, reckoned from the items that a request left behind, by the formula that DynamoDB charges by.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::{Client, types::AttributeValue};

type Item = HashMap<String, AttributeValue>;

/// Everything that the tables hold: the size of each item and its content, by table and key.
pub(crate) struct Contents(BTreeMap<(&'static str, String, String), Item>);

impl Contents {
    /// What is in these tables now.
    pub(crate) async fn of(client: &Client, tables: [&'static str; 2]) -> Self {
        let mut items = BTreeMap::new();
        for table in tables {
            let mut pages = client.scan().table_name(table).into_paginator().items().send();
            while let Some(item) = pages.next().await {
                let item = item.unwrap();
                let text = |name: &str| item[name].as_s().unwrap().clone();
                items.insert((table, text("pk"), text("sk")), item);
            }
        }
        Self(items)
    }

    /// What it costs to get from here to `after`, with each item written once: 1 unit for each kilobyte begun of the
    /// larger of what was there and what is there now.
    pub(crate) fn units_to(&self, after: &Self) -> usize {
        let keys = self.0.keys().chain(after.0.keys().filter(|key| !self.0.contains_key(key)));
        let changed = keys.map(|key| (self.0.get(key), after.0.get(key))).filter(|(before, after)| before != after);
        changed.map(|(before, after)| before.map_or(0, size).max(after.map_or(0, size)).div_ceil(1_024)).sum()
    }
}

/// The size of an item: its attributes' names in UTF-8, and their values.
fn size(item: &Item) -> usize {
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
        other => panic!("no item holds {other:?}"),
    }
}

#[test]
fn a_size_is_what_the_formula_says() {
    let text = |text: &str| AttributeValue::S(text.into());
    let list = AttributeValue::L(vec![text("é"), AttributeValue::N("-123".into()), AttributeValue::Bool(true)]);
    let map = AttributeValue::M([("k".to_owned(), AttributeValue::Null(true))].into());
    let item = Item::from([("pk".to_owned(), text("abc")), ("list".to_owned(), list), ("map".to_owned(), map)]);
    assert_eq!(size(&item), (2 + 3) + (4 + 3 + 3 + 2 + 3 + 1) + (3 + 3 + 1 + 1 + 1));
}
