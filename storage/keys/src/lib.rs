//! The keys of all tables: where every kind of item lies.
//!
//! | Table | Module |
//! |---|---|
//! | events | [`events`] |
//! | control | [`coordination`] |
//! | documents | [`documents`] |

pub mod coordination;
pub mod documents;
pub mod events;
pub mod objects;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// The key of an item: the attributes `pk` and `sk`.
pub type Key = HashMap<String, AttributeValue>;

/// The key with this partition and sort key.
fn key(partition: String, sort: String) -> Key {
    Key::from([("pk".to_owned(), AttributeValue::S(partition)), ("sk".to_owned(), AttributeValue::S(sort))])
}
