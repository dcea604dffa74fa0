//! How the client is set up.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    config::{
        BehaviorVersion, Credentials, Region, SharedCredentialsProvider, SharedHttpClient, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
};
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    auth::AuthSchemeId,
    http::{HttpConnectorSettings, SharedHttpConnector, http_client_fn},
};
use aws_types::{SdkConfig, sdk_config::Builder};

use crate::calls::Calls;

/// Whose word we take for AWS being AWS. To read all authorities that a machine knows takes longer than all else that a
/// function does to start, and none but these may speak for AWS.
const ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// The SDK's name for requests without a signature.
const NO_AUTH: AuthSchemeId = AuthSchemeId::new("noAuth");

/// Where DynamoDB and its companions are.
#[derive(Debug, Clone)]
pub enum Endpoint {
    /// AWS, as Lambda names it to its functions: `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
    /// `AWS_SESSION_TOKEN`; or what `AWS_ENDPOINT_URL` names in its place.
    Environment,
    /// A server on this machine that takes any credentials.
    Local(String),
    /// Wherever this client leads: to a database in this process, for example (see [`crate::answered_by`]).
    Client(SharedHttpClient),
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
///
/// Where else the SDK could look for credentials (files, single sign-on, the metadata of a machine), a function has none; to
/// leave that out makes it a third smaller, and it starts sooner.
pub fn config(endpoint: &Endpoint) -> SdkConfig {
    let mut config = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).retry_config(retries());
    match endpoint {
        Endpoint::Environment => {
            config.set_http_client(secure());
            config.set_endpoint_url(setting("AWS_ENDPOINT_URL"));
            config.set_region(setting("AWS_REGION").map(Region::new));
            config.set_credentials_provider(credentials());
            config.timeout_config(timeouts()).build()
        }
        Endpoint::Local(url) => {
            let attempt = Some(Duration::from_secs(10));
            local(config, url, aws_smithy_http_client::Builder::new().build_http(), attempt)
        }
        Endpoint::Client(client) => {
            // No signature is looked at, and to make one takes a fifth of a call.
            config.set_auth_scheme_preference(Some([NO_AUTH]));
            // The SDK demands a URL. The client does not look at it. What is slow is waited for, and not sent again: the database in this
            // process knows no repetition by its token.
            local(config, "http://localhost", client.clone(), None)
        }
    }
}

/// The configuration for what runs on this machine.
fn local(config: Builder, url: &str, client: SharedHttpClient, attempt: Option<Duration>) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "local");
    // A local disk that is busy is slow, not gone.
    let mut patient =
        TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).operation_timeout(Duration::from_secs(25));
    patient.set_operation_attempt_timeout(attempt);
    config
        .http_client(client)
        .endpoint_url(url)
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .timeout_config(patient.build())
        .build()
}

/// HTTP over TLS, to AWS, over connections that all clients share. The roots are ours, and sound
/// (`the_roots_are_those_of_amazon`).
///
/// The SDK would read the roots for each client anew, and once more for the first request.
fn secure() -> Option<SharedHttpClient> {
    let roots = TrustStore::empty().with_pem_certificate(ROOTS);
    let context = TlsContext::builder().with_trust_store(roots).build().ok()?;
    let mut settings = HttpConnectorSettings::builder();
    settings.set_connect_timeout(timeouts().connect_timeout());
    let connector = Connector::builder()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context)
        .connector_settings(settings.build())
        .build();
    let connector = SharedHttpConnector::new(connector);
    Some(http_client_fn(move |_settings, _components| connector.clone()))
}

/// The function's own credentials. Without them, every call fails and says so.
fn credentials() -> Option<SharedCredentialsProvider> {
    let (key, secret) = (setting("AWS_ACCESS_KEY_ID")?, setting("AWS_SECRET_ACCESS_KEY")?);
    let credentials = Credentials::new(key, secret, setting("AWS_SESSION_TOKEN"), None, "Lambda");
    Some(SharedCredentialsProvider::new(credentials))
}

/// A client, and the count of its calls if somebody wants it.
pub fn client(config: &SdkConfig, calls: Option<Calls>) -> Client {
    let mut builder = aws_sdk_dynamodb::config::Builder::from(config);
    if config.auth_scheme_preference().is_some() {
        builder.set_allow_no_auth();
    }
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
    setting(name).ok_or(MissingVariable(name))
}

/// A setting that a function can do without. An empty value is none.
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;
    use crate::{Answer, answered_by};

    #[test]
    fn the_roots_are_those_of_amazon() {
        let text = String::from_utf8(ROOTS.to_vec()).unwrap();
        assert_eq!(text.matches("-----BEGIN CERTIFICATE-----").count(), 5);
        assert!(secure().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_database_in_this_process_is_asked_once() {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let slow = answered_by(move |_request| {
            count.fetch_add(1, Ordering::SeqCst);
            async {
                tokio::time::sleep(Duration::from_secs(20)).await;
                Ok(Answer { status: 200, body: b"{}".to_vec() })
            }
        });
        let client = client(&config(&Endpoint::Client(slow)), None);
        client.put_item().table_name("some-table").send().await.unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}
