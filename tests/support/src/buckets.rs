//! Buckets in memory, which the SDK reaches as it reaches S3: with the requests that PhotoVote sends, and no others.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use aws_types::SdkConfig;
use http::Uri;
use percent_encoding::percent_decode_str;
use photovote_domain::Timestamp;
use photovote_dynamodb::Endpoint;

/// How many objects a page of a list has. S3 has a thousand.
const PAGE: usize = 3;

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its media type.
    pub media_type: String,
    /// How long it may be kept.
    pub cache_control: String,
    /// When it was written.
    pub modified: Timestamp,
}

/// The buckets of a test. Clones lead to the same objects.
#[derive(Clone, Default)]
pub struct Buckets(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    objects: BTreeMap<(String, String), Object>,
    now: i64,
    /// How many ends of requests are left until the network fails: each request has two, before it has its effect and after.
    ends: Option<u64>,
}

impl fmt::Debug for Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Buckets")
    }
}

impl Buckets {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The SDK's configuration for these buckets.
    pub fn config(&self) -> SdkConfig {
        photovote_dynamodb::config(&Endpoint::Client(self.http_client()))
    }

    fn http_client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(Connector(self.clone()));
        http_client_fn(move |_settings, _components| connector.clone())
    }

    /// Sets the time at which objects are written from now on.
    pub fn set_time(&self, now: Timestamp) {
        self.state().now = now.millis();
    }

    /// Puts an object, as somebody else does.
    pub fn put(&self, bucket: &str, key: &str, bytes: impl Into<Vec<u8>>) {
        let mut state = self.state();
        let object = Object {
            bytes: bytes.into(),
            media_type: "binary/octet-stream".to_owned(),
            cache_control: String::new(),
            modified: Timestamp::from_millis(state.now),
        };
        state.objects.insert((bucket.to_owned(), key.to_owned()), object);
    }

    /// Loses an object. Was it there?
    pub fn lose(&self, bucket: &str, key: &str) -> bool {
        self.state().objects.remove(&(bucket.to_owned(), key.to_owned())).is_some()
    }

    /// An object, if it is there.
    pub fn get(&self, bucket: &str, key: &str) -> Option<Object> {
        self.state().objects.get(&(bucket.to_owned(), key.to_owned())).cloned()
    }

    /// The keys of a bucket.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        let state = self.state();
        state.objects.keys().filter(|(found, _)| found == bucket).map(|(_, key)| key.clone()).collect()
    }

    /// Lets the network fail after so many ends of requests; with nothing, it works again. A request has two ends: the first is before
    /// it has its effect.
    pub fn fail_after(&self, ends: Option<u64>) {
        self.state().ends = ends;
    }

    /// Answers a request, as S3 would.
    pub fn answer<'a>(
        &self,
        method: &str,
        uri: &str,
        header: impl Fn(&str) -> Option<&'a str>,
        body: &[u8],
    ) -> (u16, Vec<(&'static str, String)>, Vec<u8>) {
        let refused = |status, code: &str| {
            (status, Vec::new(), format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>").into_bytes())
        };
        let Ok(uri) = uri.parse::<Uri>() else { return refused(400, "InvalidURI") };
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let path = uri.path().trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let place = (decode(bucket), decode(key));
        let mut state = self.state();
        match (method, key) {
            ("GET", "") => {
                let query = uri.query().unwrap_or_default();
                let value = |name: &str| {
                    let found = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
                    found.map(decode).unwrap_or_default()
                };
                (
                    200,
                    vec![("content-type", "application/xml".to_owned())],
                    list(&state, &place.0, &value("prefix"), &value("start-after")),
                )
            }
            ("GET" | "HEAD", _) => match state.objects.get(&place) {
                Some(object) => {
                    let headers = vec![
                        ("content-type", object.media_type.clone()),
                        ("content-length", object.bytes.len().to_string()),
                    ];
                    let body = if method == "HEAD" { Vec::new() } else { object.bytes.clone() };
                    (200, headers, body)
                }
                None => refused(404, "NoSuchKey"),
            },
            ("PUT", _) => {
                let header = |name| header(name).unwrap_or_default().to_owned();
                let object = Object {
                    bytes: body.to_vec(),
                    media_type: header("content-type"),
                    cache_control: header("cache-control"),
                    modified: Timestamp::from_millis(state.now),
                };
                state.objects.insert(place, object);
                (200, vec![("etag", "\"1\"".to_owned())], Vec::new())
            }
            ("DELETE", _) => {
                state.objects.remove(&place);
                (204, Vec::new(), Vec::new())
            }
            _ => refused(501, "NotImplemented"),
        }
    }

    /// Passes an end of a request. Does the network still work?
    fn pass_end(&self) -> Result<(), ConnectorError> {
        match &mut self.state().ends {
            Some(0) => Err(ConnectorError::user("the network fails".into())),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// A page of a list: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>.
fn list(state: &State, bucket: &str, prefix: &str, after: &str) -> Vec<u8> {
    let objects = state
        .objects
        .iter()
        .filter(|((found, key), _)| found == bucket && key.starts_with(prefix) && key.as_str() > after);
    let found: Vec<_> = objects.take(PAGE + 1).collect();
    let mut xml = format!("<ListBucketResult><IsTruncated>{}</IsTruncated>", found.len() > PAGE);
    for ((_, key), object) in found.into_iter().take(PAGE) {
        // Keys of PhotoVote have no character that XML would read otherwise.
        let seconds = object.modified.millis().div_euclid(1_000);
        let modified = jiff::Timestamp::from_second(seconds).unwrap_or_default();
        let size = object.bytes.len();
        let _written = write!(
            xml,
            "<Contents><Key>{key}</Key><LastModified>{modified}</LastModified><Size>{size}</Size></Contents>"
        );
    }
    xml.push_str("</ListBucketResult>");
    xml.into_bytes()
}

#[derive(Debug)]
struct Connector(Buckets);

impl HttpConnector for Connector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let buckets = self.0.clone();
        HttpConnectorFuture::new(async move {
            let body = ByteStream::new(request.take_body()).collect().await;
            let body = body.map_err(|broken| ConnectorError::user(broken.into()))?.to_vec();
            buckets.pass_end()?;
            let (status, headers, body) =
                buckets.answer(request.method(), request.uri(), |name| request.headers().get(name), &body);
            buckets.pass_end()?;
            let status = status.try_into().map_err(|error| ConnectorError::other(Box::new(error), None))?;
            let mut response = HttpResponse::new(status, SdkBody::from(body));
            for (name, value) in headers {
                response.headers_mut().insert(name, value);
            }
            Ok(response)
        })
    }
}
