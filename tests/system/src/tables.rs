//! The tables behind a server of this machine.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use aws_types::SdkConfig;
use photovote_dynamodb::{Item, client};

/// Items by their keys.
pub type Items = BTreeMap<(String, String), Item>;

/// All tables of an engine.
#[derive(Debug, Clone)]
pub struct Tables(Client);

impl Tables {
    /// Those that clients of this configuration reach.
    pub fn at(config: &SdkConfig) -> Self {
        Self(client(config, None))
    }

    /// The client that reaches them.
    pub const fn client(&self) -> &Client {
        &self.0
    }

    /// Everything that a table holds.
    pub async fn items(&self, table: &str) -> Items {
        let (mut items, mut start) = (Items::new(), None);
        loop {
            let scan = self.0.scan().table_name(table).consistent_read(true).set_exclusive_start_key(start);
            let page = scan.send().await.expect("the engine shows a table");
            let text = |item: &Item, name: &str| item[name].as_s().expect("a key is a text").clone();
            items.extend(page.items.unwrap_or_default().into_iter().map(|i| ((text(&i, "pk"), text(&i, "sk")), i)));
            start = page.last_evaluated_key;
            if start.is_none() {
                return items;
            }
        }
    }

    /// Writes an item.
    pub async fn put(&self, table: &str, item: Item) {
        let put = self.0.put_item().table_name(table).set_item(Some(item));
        put.send().await.expect("the engine takes an item");
    }

    /// Takes away what a table holds under keys like this. Answers how many items that were.
    pub async fn lose(&self, table: &str, like: impl Fn(&str, &str) -> bool) -> usize {
        let lost: Vec<_> = self.items(table).await.into_keys().filter(|(pk, sk)| like(pk, sk)).collect();
        for (pk, sk) in &lost {
            let text = |text: &String| AttributeValue::S(text.clone());
            let delete = self.0.delete_item().table_name(table).key("pk", text(pk)).key("sk", text(sk));
            delete.send().await.expect("the engine deletes an item");
        }
        lost.len()
    }
}
