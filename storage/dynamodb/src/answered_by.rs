//! An HTTP client for the SDK that is a function.

use std::{fmt, sync::Arc};

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;

/// A request of the SDK, serialised as it would go to AWS.
#[derive(Debug)]
pub struct Request(HttpRequest);

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, as JSON.
    pub body: Vec<u8>,
}

impl Request {
    /// The service and the operation, as `DynamoDB_20120810.PutItem`. Empty if the SDK names none.
    pub fn target(&self) -> &str {
        self.0.headers().get("x-amz-target").unwrap_or_default()
    }

    /// The operation, without its service: `PutItem`.
    pub fn operation(&self) -> &str {
        self.target().rsplit('.').next().unwrap_or_default()
    }

    /// The parameters, as JSON.
    pub fn body(&self) -> &[u8] {
        self.0.body().bytes().unwrap_or_default()
    }
}

/// Makes an HTTP client of a function that answers requests. If the function fails, the SDK takes it for a lost
/// connection: the request may have been carried out.
pub fn answered_by<A, F>(answer: A) -> SharedHttpClient
where
    A: Fn(Request) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Answer, ConnectorError>> + Send + 'static,
{
    let connector = SharedHttpConnector::new(Connector(Arc::new(answer)));
    http_client_fn(move |_settings, _components| connector.clone())
}

struct Connector<A>(Arc<A>);

impl<A> fmt::Debug for Connector<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl<A, F> HttpConnector for Connector<A>
where
    A: Fn(Request) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Answer, ConnectorError>> + Send + 'static,
{
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = (self.0)(Request(request));
        HttpConnectorFuture::new(async move {
            let Answer { status, body } = answer.await?;
            let status = StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
            Ok(HttpResponse::new(status, SdkBody::from(body)))
        })
    }
}
