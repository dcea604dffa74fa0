//! How the client is set up.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::{
    Client,
    config::{Credentials, SharedCredentialsProvider},
};

use crate::calls::Calls;

/// Where DynamoDB and its companions are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// AWS, or whatever the SDK's own environment variables name (`AWS_ENDPOINT_URL`, `AWS_REGION`, …).
    Environment,
    /// A server on this machine that takes any credentials.
    Local(String),
}

/// How often and when the SDK by itself sends a request again.
pub fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(4).with_initial_backoff(Duration::from_millis(25))
}

/// How long a request to AWS may take.
///
/// An attempt may take 2 s and an operation 8 s: an answer that takes longer is of no use to anybody, and the caller must
/// still be able to tell what became of it before API Gateway's 30 s are over.
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(8))
        .build()
}

/// The SDK's configuration for an endpoint.
pub async fn config(endpoint: &Endpoint) -> SdkConfig {
    let loader = aws_config::defaults(BehaviorVersion::latest()).retry_config(retries()).timeout_config(timeouts());
    match endpoint {
        Endpoint::Environment => loader.load().await,
        Endpoint::Local(url) => {
            let credentials = Credentials::new("local", "local", None, None, "local");
            loader
                .endpoint_url(url)
                .region(Region::from_static("us-east-1"))
                .credentials_provider(SharedCredentialsProvider::new(credentials))
                // A local disk that is busy is slow, not gone.
                .timeout_config(
                    TimeoutConfig::builder()
                        .connect_timeout(Duration::from_secs(5))
                        .operation_attempt_timeout(Duration::from_secs(10))
                        .operation_timeout(Duration::from_secs(25))
                        .build(),
                )
                .load()
                .await
        }
    }
}

/// A client, and the count of its calls if somebody wants it.
pub fn client(config: &SdkConfig, calls: Option<Calls>) -> Client {
    let mut builder = aws_sdk_dynamodb::config::Builder::from(config);
    if let Some(calls) = calls {
        builder = builder.interceptor(calls);
    }
    Client::from_conf(builder.build())
}

/// A setting that is missing from the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {0} is not set")]
pub struct MissingVariable(pub &'static str);

/// A setting of a function: the value of an environment variable.
pub fn variable(name: &'static str) -> Result<String, MissingVariable> {
    std::env::var(name).ok().filter(|value| !value.is_empty()).ok_or(MissingVariable(name))
}
