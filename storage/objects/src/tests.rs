use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
};

use super::*;

/// Answers each request alike.
#[derive(Debug, Clone)]
struct Fake {
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
}

impl HttpConnector for Fake {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = if request.method() == "HEAD" { "" } else { self.body };
        let mut response = HttpResponse::new(self.status.try_into().unwrap(), body.into());
        for (name, value) in self.headers {
            response.headers_mut().insert(*name, *value);
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl Fake {
    fn objects(self) -> Objects {
        let connector = SharedHttpConnector::new(self);
        let client: SharedHttpClient = http_client_fn(move |_settings, _components| connector.clone());
        let credentials = Credentials::new("id", "secret", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(client)
            .region(Region::from_static("us-east-1"))
            .retry_config(aws_sdk_s3::config::retry::RetryConfig::disabled())
            .credentials_provider(SharedCredentialsProvider::new(credentials));
        Objects::new(&config.build(), "bucket")
    }
}

fn error(code: &str) -> &'static str {
    Box::leak(format!("<Error><Code>{code}</Code><Message>m</Message></Error>").into_boxed_str())
}

#[tokio::test]
async fn an_object_is_read_only_if_it_is_small_enough() {
    let objects = Fake { status: 200, headers: &[("content-length", "3")], body: "abc" }.objects();
    assert_eq!(objects.get("a", 3).await.unwrap().unwrap(), "abc");
    let too_large = objects.get("a", 2).await.unwrap_err();
    assert_eq!(too_large, ObjectError::TooLarge { length: 3, at_most: 2 });
    assert!(too_large.is_permanent() && !too_large.is_transient());
    assert!(matches!(too_large.meaning(), Meaning::TooLarge));
}

#[tokio::test]
async fn half_an_object_is_no_object() {
    for headers in [&[("content-length", "4")][..], &[]] {
        let failed = Fake { status: 200, headers, body: "abc" }.objects().get("a", 9).await.unwrap_err();
        assert!(failed.is_transient() && !failed.is_permanent(), "{failed}");
    }
}

#[tokio::test]
async fn failures_of_s3_have_a_meaning() {
    for (status, code, is_transient) in [
        (503, "SlowDown", true),
        (500, "InternalError", true),
        (403, "AccessDenied", false),
        (404, "NoSuchBucket", false),
    ] {
        let objects = Fake { status, headers: &[], body: error(code) }.objects();
        for failed in [
            objects.get("a", 9).await.unwrap_err(),
            objects.put("a", "x", "image/png", "no-store").await.unwrap_err(),
            objects.delete("a").await.unwrap_err(),
            objects.list("", None).await.unwrap_err(),
        ] {
            assert_eq!(failed.is_transient(), is_transient, "{failed}");
        }
        // An answer to HEAD does not say which of two things is not there.
        let seen = objects.exists("a").await.map_err(|failed| failed.is_transient());
        assert_eq!(seen, if status == 404 { Ok(false) } else { Err(is_transient) }, "{code}");
    }
    let missing = Fake { status: 404, headers: &[], body: error("NoSuchKey") }.objects();
    assert_eq!(missing.get("a", 9).await.unwrap(), None);
}
