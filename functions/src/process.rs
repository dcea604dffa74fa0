//! How a function runs on AWS Lambda: its logs, its metrics, its events.
//!
//! Logs go to standard output as Lambda is told to have them (`AWS_LAMBDA_LOG_FORMAT`, `AWS_LAMBDA_LOG_LEVEL`). Metrics
//! are written beside them in CloudWatch's embedded metric format, so that emitting one costs no call; the libraries count
//! through the `metrics` facade, and elsewhere, where nobody listens, they count for nothing.

use std::{env, future::Future};

use axum::{
    Router,
    http::{HeaderValue, header::STRICT_TRANSPORT_SECURITY},
    middleware::map_response,
    response::Response,
};
use lambda_runtime::{LambdaEvent, tracing::init_default_subscriber};
use metrics_cloudwatch_embedded::{Builder, Collector, lambda};
use serde::{Deserialize, Serialize};

pub use lambda_runtime::Error;

/// The namespace of all metrics.
pub const NAMESPACE: &str = "PhotoVote";

/// A function's process, set up.
#[must_use]
pub struct Process(&'static Collector);

/// Sets the process up. Once, before anything else.
pub fn start() -> Result<Process, Error> {
    init_default_subscriber();
    let function = env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|_not_on_lambda| "unnamed".to_owned());
    let collector = Builder::new()
        .cloudwatch_namespace(NAMESPACE)
        .with_dimension("Function", function)
        .lambda_cold_start_metric("ColdStarts")
        .with_lambda_request_id("RequestId")
        .init()?;
    Ok(Process(collector))
}

impl Process {
    /// Answers HTTP requests for as long as the process lives.
    pub async fn serve(self, router: Router) -> Result<(), Error> {
        let router = over_tls(router);
        let answer = move |event| {
            let answer = photovote_edge::invoke(router.clone(), event);
            async {
                let Ok(answer) = answer.await;
                Ok(answer)
            }
        };
        lambda::handler::run(self.0, answer).await
    }

    /// Handles events for as long as the process lives.
    pub async fn handle<E, A, F>(self, mut handler: impl FnMut(E) -> F) -> Result<(), Error>
    where
        E: for<'de> Deserialize<'de>,
        A: Serialize,
        F: Future<Output = Result<A, Error>>,
    {
        lambda::handler::run(self.0, move |event: LambdaEvent<E>| handler(event.payload)).await
    }
}

/// Routes that tell browsers to come by HTTPS alone for two years. Only here: API Gateway speaks nothing else, but the local server
/// speaks plain HTTP, on a host that other servers use.
fn over_tls(router: Router) -> Router {
    router.layer(map_response(async |mut response: Response| {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000"));
        response
    }))
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request, routing::get};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn every_answer_keeps_browsers_to_https() {
        for path in ["/there", "/nowhere"] {
            let router = over_tls(photovote_edge::edge(Router::new().route("/there", get(|| async {}))));
            let request = Request::get(path).body(Body::empty()).unwrap();
            let answer = router.oneshot(request).await.unwrap();
            assert_eq!(answer.headers()[STRICT_TRANSPORT_SECURITY], "max-age=63072000", "{path}");
        }
    }
}
