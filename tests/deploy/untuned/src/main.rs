//! A function that asks DynamoDB for an item, as the SDK's guide begins: what ours would cost had nobody looked.

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::new(&aws_config::load_defaults(BehaviorVersion::latest()).await);
    run(service_fn(|_: LambdaEvent<Value>| async {
        let key = AttributeValue::S("1".to_owned());
        let answer =
            client.get_item().table_name("photovote-documents").key("pk", key.clone()).key("sk", key).send().await?;
        Ok::<_, Error>(Value::from(answer.item.is_some()))
    }))
    .await
}
