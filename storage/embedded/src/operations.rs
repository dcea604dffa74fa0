//! The operations that PhotoVote uses, from JSON to JSON.

use dynoxide::{
    Database, DynoxideError,
    actions::{
        describe_stream::DescribeStreamRequest, list_streams::ListStreamsRequest,
        transact_write_items::TransactWriteItemsRequest,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Carries out an operation of DynamoDB or DynamoDB Streams, and returns its answer. Blocks the thread.
///
/// An operation that PhotoVote does not use is refused.
pub fn perform(database: &Database, operation: &str, request: &[u8]) -> Result<Vec<u8>, DynoxideError> {
    match operation {
        "BatchGetItem" => through(request, |request| database.batch_get_item(request)),
        "BatchWriteItem" => through(request, |request| database.batch_write_item(request)),
        "DeleteItem" => through(request, |request| database.delete_item(request)),
        "GetItem" => through(request, |request| database.get_item(request)),
        "GetRecords" => through(request, |request| database.get_records(request)),
        "GetShardIterator" => through(request, |request| database.get_shard_iterator(request)),
        "PutItem" => through(request, |request| database.put_item(request)),
        "Query" => through(request, |request| database.query(request)),
        "Scan" => through(request, |request| database.scan(request)),
        "TransactWriteItems" => through(request, |request| database.transact_write_items(request)),
        "UpdateItem" => through(request, |request| database.update_item(request)),
        _ => Err(DynoxideError::ValidationException(format!("PhotoVote does not use the operation {operation}"))),
    }
}

/// The same, for callers who wait for each answer ([`Endpoint::Client`](photovote_dynamodb::Endpoint)), and so never repeat a transaction by
/// its `ClientRequestToken`. The database would keep each token for ten minutes, and look through all of them with each transaction.
pub(crate) fn perform_without_token(
    database: &Database,
    operation: &str,
    request: &[u8],
) -> Result<Vec<u8>, DynoxideError> {
    match operation {
        "TransactWriteItems" => through(request, |request: TransactWriteItemsRequest| {
            database.transact_write_items(TransactWriteItemsRequest { client_request_token: None, ..request })
        }),
        _ => perform(database, operation, request),
    }
}

fn through<Q: DeserializeOwned, A: Serialize>(
    request: &[u8],
    carry_out: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<Vec<u8>, DynoxideError> {
    let request = serde_json::from_slice(request);
    let answer = carry_out(request.map_err(|error| DynoxideError::SerializationException(error.to_string()))?)?;
    serde_json::to_vec(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// The name of a table's stream, and of the one shard that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamName {
    /// It is never given to another stream, nor to one of a later table of the same name.
    pub arn: String,
    /// The name of the shard.
    pub shard: String,
}

/// The stream of a table.
pub fn stream(database: &Database, table: &str) -> Result<StreamName, DynoxideError> {
    let missing = || DynoxideError::ResourceNotFoundException(format!("{table} has no stream"));
    let list = ListStreamsRequest { table_name: Some(table.into()), ..Default::default() };
    let arn = database.list_streams(list)?.streams.pop().ok_or_else(missing)?.stream_arn;
    let describe = DescribeStreamRequest { stream_arn: arn.clone(), ..Default::default() };
    let shard = database.describe_stream(describe)?.stream_description.shards.pop().ok_or_else(missing)?.shard_id;
    Ok(StreamName { arn, shard })
}

/// Creates a table with the keys `pk` and `sk`, and with a stream of new and old images if `stream` says so. A table that
/// is there already stays. It gets the stream that it lacks because an earlier start was interrupted.
pub fn create_table(database: &Database, table: &str, stream: bool) -> Result<(), DynoxideError> {
    let with_stream = json!({"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"});
    match database.get_table_metadata(table)? {
        Some(there) if there.stream_enabled || !stream => Ok(()),
        Some(_) => {
            let update = json!({"TableName": table, "StreamSpecification": with_stream});
            database.update_table(parse(&update)?).map(drop)
        }
        None => {
            let mut create = json!({
                "TableName": table,
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [
                    {"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                "AttributeDefinitions": [
                    {"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"},
                ],
            });
            if stream {
                create["StreamSpecification"] = with_stream;
            }
            database.create_table(parse(&create)?).map(drop)
        }
    }
}

fn parse<Q: DeserializeOwned>(request: &Value) -> Result<Q, DynoxideError> {
    // Some requests can be read from text only.
    serde_json::from_str(&request.to_string()).map_err(|error| DynoxideError::SerializationException(error.to_string()))
}
