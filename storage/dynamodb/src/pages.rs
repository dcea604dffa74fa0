//! Reading all pages of an answer.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use crate::failure::{Item, StorageError, storage_error};

/// All items that a Query finds: one call for each megabyte.
pub async fn query_all(query: QueryFluentBuilder) -> Result<Vec<Item>, StorageError> {
    let items = query.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    items.map_err(|error| storage_error(&error))
}
