//! The SDK's way to the objects: what S3 answers to the requests that PhotoVote sends, and to no others.

use std::time::SystemTime;

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use axum::http::Uri;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use percent_encoding::percent_decode_str;

use super::{
    ObjectStore, Shared,
    answer::{Entry, Refusal, XML, list},
    bucket::Bucket,
    check_key,
    file::Stored,
};

/// The most objects of a page.
const LONGEST_PAGE: usize = 1_000;
/// The media type of an object whose writer names none.
pub(super) const UNKNOWN_MEDIA_TYPE: &str = "binary/octet-stream";

/// An HTTP client for the SDK, whose requests these objects answer.
pub(super) fn client(store: ObjectStore) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Connector(store));
    http_client_fn(move |_settings, _components| connector.clone())
}

#[derive(Debug)]
struct Connector(ObjectStore);

impl HttpConnector for Connector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let store = self.0.clone();
        HttpConnectorFuture::new(async move {
            let body = ByteStream::new(request.take_body()).collect().await;
            let body = body.map_err(|broken| ConnectorError::user(broken.into()))?.to_vec();
            let is_head = request.method() == "HEAD";
            let answered = store.on_thread(move |shared| answer(shared, &request, &body)).await;
            let Answer { status, headers, mut body } = answered.unwrap_or_else(|refusal: Refusal| Answer {
                status: refusal.status,
                headers: vec![("content-type", XML.to_owned())],
                body: refusal.xml().into_bytes(),
            });
            if is_head {
                body.clear();
            }
            let status = status.try_into().map_err(|error| ConnectorError::other(Box::new(error), None))?;
            let mut response = HttpResponse::new(status, SdkBody::from(body));
            for (name, value) in headers {
                let set = response.headers_mut().try_insert(name, value);
                set.map_err(|error| ConnectorError::other(error.into(), None))?;
            }
            Ok(response)
        })
    }
}

/// An answer of S3.
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

/// The parameters of a request's query.
struct Query(Vec<(String, String)>);

impl Query {
    fn parse(query: &str) -> Result<Self, Refusal> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let decoded = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        };
        pairs.map(decoded).collect::<Result<_, _>>().map(Self)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Refuses parameters that would mean something else.
    fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        let is_known = |(name, _): &(String, String)| name == "x-id" || known.contains(&name.as_str());
        if self.0.iter().all(is_known) { Ok(()) } else { Err(unused()) }
    }
}

fn decode(text: &str) -> Result<String, Refusal> {
    let text = percent_decode_str(text).decode_utf8();
    text.map(Into::into).map_err(|_not_text| Refusal::new(400, "InvalidURI", "The URI is not UTF-8."))
}

fn unused() -> Refusal {
    Refusal::new(501, "NotImplemented", "PhotoVote does not use that operation.")
}

/// Answers a request. Blocks the thread.
fn answer(shared: &Shared, request: &HttpRequest, body: &[u8]) -> Result<Answer, Refusal> {
    let uri: Uri =
        request.uri().parse().map_err(|_| Refusal::new(400, "InvalidURI", "Couldn't parse the specified URI."))?;
    let path = uri.path().strip_prefix('/').unwrap_or_default();
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let (bucket, key) = (decode(bucket)?, decode(key)?);
    let query = Query::parse(uri.query().unwrap_or_default())?;
    let no_bucket = || Refusal::new(404, "NoSuchBucket", "The specified bucket does not exist");
    let bucket = shared.bucket(&bucket).ok_or_else(no_bucket)?;
    // They change what a request means.
    let means_more = ["range", "if-match", "if-none-match", "x-amz-copy-source", "content-encoding"];
    if means_more.into_iter().any(|name| request.headers().contains_key(name)) {
        return Err(unused());
    }
    match (request.method(), key.as_str()) {
        ("GET", "") => {
            query.only(&["list-type", "prefix", "start-after", "continuation-token", "max-keys"])?;
            objects(bucket, &query)
        }
        (_, "") => Err(unused()),
        ("GET", key) => {
            query.only(&[])?;
            let stored = found(bucket, key)?;
            let headers = headers(&stored);
            Ok(Answer { status: 200, headers, body: stored.bytes()? })
        }
        ("HEAD", key) => {
            query.only(&[])?;
            let headers = headers(&found(bucket, key)?);
            Ok(Answer { status: 200, headers, body: Vec::new() })
        }
        ("PUT", key) => {
            query.only(&[])?;
            put(shared, bucket, key, request, body)
        }
        ("DELETE", key) => {
            query.only(&[])?;
            bucket.delete(key)?;
            Ok(Answer { status: 204, headers: Vec::new(), body: Vec::new() })
        }
        _ => Err(unused()),
    }
}

fn found(bucket: &Bucket, key: &str) -> Result<Stored, Refusal> {
    bucket.get(key)?.ok_or_else(|| Refusal::new(404, "NoSuchKey", "The specified key does not exist."))
}

fn headers(stored: &Stored) -> Vec<(&'static str, String)> {
    let about = &stored.about;
    let modified = moment(stored.modified).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let mut headers = vec![
        ("content-length", stored.size.to_string()),
        ("content-type", about.media_type.clone()),
        ("etag", format!("\"{}\"", about.etag)),
        ("last-modified", modified),
    ];
    headers.extend(about.cache_control.clone().map(|value| ("cache-control", value)));
    headers
}

fn put(shared: &Shared, bucket: &Bucket, key: &str, request: &HttpRequest, body: &[u8]) -> Result<Answer, Refusal> {
    check_key(key)?;
    let header = |name| request.headers().get(name).map(str::to_owned);
    let media_type = header("content-type").unwrap_or_else(|| UNKNOWN_MEDIA_TYPE.to_owned());
    let mut draft = shared.begin()?;
    draft.write(body).map_err(|source| shared.failed(source))?;
    let written = draft.end(key.to_owned(), media_type, header("cache-control"), shared.is_durable);
    let written = written.map_err(|source| shared.failed(source))?;
    let etag = format!("\"{}\"", written.about.etag);
    bucket.keep(written)?;
    Ok(Answer { status: 200, headers: vec![("etag", etag)], body: Vec::new() })
}

fn objects(bucket: &Bucket, query: &Query) -> Result<Answer, Refusal> {
    let wrong = |what| Refusal::new(400, "InvalidArgument", format!("The value of {what} is not valid."));
    if query.get("list-type") != Some("2") {
        return Err(unused());
    }
    let most = match query.get("max-keys") {
        Some(number) => number.parse().map(|most: usize| most.min(LONGEST_PAGE)).map_err(|_| wrong("max-keys"))?,
        None => LONGEST_PAGE,
    };
    let prefix = query.get("prefix").unwrap_or_default();
    // The token of a page is the last key of the page before.
    let token = query.get("continuation-token").map(|token| {
        let key = URL_SAFE_NO_PAD.decode(token).ok().and_then(|key| String::from_utf8(key).ok());
        key.ok_or_else(|| wrong("continuation-token"))
    });
    let after = match token {
        Some(key) => key?,
        None => query.get("start-after").unwrap_or_default().to_owned(),
    };
    let (stored, more) = bucket.list(prefix, &after, most)?;
    let entries: Vec<_> = stored
        .iter()
        .map(|stored| Entry {
            key: &stored.about.key,
            etag: &stored.about.etag,
            size: stored.size,
            modified: moment(stored.modified),
        })
        .collect();
    let next = stored.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(&last.about.key));
    let body = list(bucket.name(), prefix, &entries, next.as_deref()).into_bytes();
    Ok(Answer { status: 200, headers: vec![("content-type", XML.to_owned())], body })
}

fn moment(time: SystemTime) -> jiff::Timestamp {
    jiff::Timestamp::try_from(time).unwrap_or_default()
}
