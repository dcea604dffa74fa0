use axum::{
    Json,
    extract::Path,
    http::{
        HeaderMap,
        header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    routing::get,
};
use lambda_http::request::RequestContext;
use photovote_domain::{Subject, Timestamp};
use photovote_edge::LARGEST_BODY;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use utoipa::openapi::{
    HttpMethod, OpenApiBuilder, PathsBuilder, path::OperationBuilder, security::SecurityRequirement,
};

use super::{
    body::{KEPT, LONGEST_BODY},
    *,
};
use crate::{
    data_dir::{DataDir, temporary},
    host::engine::Durability,
};

mod held_connections;
mod objects;
mod outbox;
mod sign_in;

struct Fixture {
    home: tempfile::TempDir,
    issuer: Arc<Issuer>,
    links: Links,
    objects: ObjectStore,
    gateway: Gateway,
    client: Client,
}

fn operation(security: Option<&str>) -> Operation {
    let operation = OperationBuilder::new();
    match security {
        Some(name) => operation.security(SecurityRequirement::new(name, Vec::<String>::new())).build(),
        None => operation.build(),
    }
}

fn function(name: &'static str, paths: &[(&str, HttpMethod, Option<&str>)], router: Router) -> Function {
    let mut items = PathsBuilder::new();
    for (path, method, security) in paths {
        items = items.path(*path, PathItem::new(method.clone(), operation(*security)));
    }
    Function { name, openapi: OpenApiBuilder::new().paths(items).build(), router }
}

/// Repeats what the function was told.
async fn echo(request: Request) -> Json<Value> {
    let context: RequestContext = request.extensions().get::<RequestContext>().unwrap().clone();
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let RequestContext::ApiGatewayV2(context) = context else { panic!("not an HTTP API") };
    Json(json!({
        "method": parts.method.as_str(), "uri": parts.uri.to_string(), "context": context,
        "length": body.len(), "body": String::from_utf8_lossy(&body),
    }))
}

/// More than the buffers of a connection hold.
const LONG_ANSWER: usize = 32 << 20;

/// Takes nearly as long as a function may.
async fn slow(request: Request) -> Json<Value> {
    tokio::time::sleep(Duration::from_secs(29)).await;
    echo(request).await
}

/// A function says the request's name itself.
async fn named_by_function(Path(_): Path<String>, request: Request) -> impl IntoResponse {
    ([(REQUEST_ID, "named")], echo(request).await)
}

fn functions() -> Vec<Function> {
    let queries = function(
        "queries",
        &[
            ("/v1/things/{thing}", HttpMethod::Get, Some(ADMINISTRATOR)),
            ("/v1/ballot", HttpMethod::Get, Some("ballot")),
            ("/v1/panic", HttpMethod::Get, None),
            ("/v1/slow", HttpMethod::Put, None),
            ("/v1/long", HttpMethod::Get, None),
            ("/v1/conflict", HttpMethod::Get, None),
        ],
        Router::new()
            .route("/v1/things/{thing}", get(named_by_function))
            .route("/v1/ballot", get(echo))
            .route("/v1/panic", get(|| async { panic!("a bug") as Response }))
            .route("/v1/slow", axum::routing::put(slow))
            .route("/v1/long", get(|| async { "x".repeat(LONG_ANSWER) }))
            .route("/v1/conflict", get(|| async { Problem::from(photovote_edge::Code::Conflict) })),
    );
    let commands = function(
        "commands",
        &[("/v1/things/{thing}", HttpMethod::Put, None)],
        Router::new().route("/v1/things/{thing}", axum::routing::put(echo)),
    );
    vec![queries, commands]
}

async fn fixture(cors: Cors) -> Fixture {
    fixture_with(cors, MAX_CONNECTIONS).await
}

async fn fixture_with(cors: Cors, max_connections: NonZeroUsize) -> Fixture {
    let home = temporary().unwrap();
    let dir = DataDir::open(home.path()).unwrap();
    let issuer = Arc::new(Issuer::open(&dir).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hosts = [url::Host::parse("vote.example").unwrap()].into_iter().collect();
    let objects = ObjectStore::open(&dir, Durability::ProcessEnd, Arc::new(|_| Ok(()))).unwrap();
    let links = Links::new(dir);
    let settings = Settings {
        issuer: issuer.clone(),
        links: links.clone(),
        outbox: home.path().to_owned(),
        page: Page::default(),
        objects: objects.clone(),
        cors,
        hosts,
        max_connections,
    };
    let gateway = Gateway::start(listener, functions(), settings, &Supervisor::new()).unwrap();
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    Fixture { home, issuer, links, objects, gateway, client }
}

impl Fixture {
    fn send(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.gateway.address()))
    }

    fn token(&self) -> String {
        let subject: Subject = "ada".parse().unwrap();
        let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
        self.issuer.token(&subject, now).unwrap()
    }
}

/// The status, the headers, and the body as JSON, if it is some.
async fn answer(request: RequestBuilder) -> (u16, HeaderMap, Value) {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.bytes().await.unwrap();
    (status, headers, serde_json::from_slice(&body).unwrap_or_default())
}

/// A refusal of the gateway's own.
async fn refusal(request: RequestBuilder) -> (u16, String) {
    let (status, headers, body) = answer(request).await;
    assert_eq!(headers[CONTENT_TYPE], "application/problem+json");
    assert_eq!(body["request_id"].as_str(), headers[REQUEST_ID].to_str().ok());
    (status, body["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn an_administrator_reaches_the_function_as_on_aws() {
    let fixture = fixture(Cors::Nobody).await;
    let request = fixture.send(Method::GET, "/v1/things/a%20b?x=1").bearer_auth(fixture.token());
    let (status, headers, body) = answer(request).await;
    assert_eq!(status, 200);
    let context = &body["context"];
    assert_eq!(context["authorizer"]["jwt"]["claims"]["sub"], "ada");
    assert_eq!(context["routeKey"], "GET /v1/things/{thing}");
    assert_eq!(context["http"]["sourceIp"], "127.0.0.1");
    assert_eq!(context["requestId"].as_str(), headers[REQUEST_ID].to_str().ok());
    assert_eq!(headers.get_all(REQUEST_ID).iter().count(), 1);
    assert_eq!(body["uri"], "/v1/things/a%20b?x=1");
}

#[tokio::test]
async fn an_administrators_route_refuses_bad_tokens() {
    let fixture = fixture(Cors::Nobody).await;
    let request = || fixture.send(Method::GET, "/v1/things/1");
    let token = fixture.token();
    let bad = [
        request(),
        request().bearer_auth("pvb_1_2_3"),
        request().bearer_auth(&token[..token.len() - 3]),
        request().header(AUTHORIZATION, &token),
        request().header(AUTHORIZATION, format!("Basic {token}")),
        request().bearer_auth(&token).bearer_auth(&token),
    ];
    for request in bad {
        assert_eq!(refusal(request).await, (401, "unauthorized".into()));
    }
}

#[tokio::test]
async fn other_routes_are_open_and_get_no_claims() {
    let fixture = fixture(Cors::Nobody).await;
    for (method, path) in [(Method::GET, "/v1/ballot"), (Method::PUT, "/v1/things/1")] {
        let (status, _, body) = answer(fixture.send(method, path).bearer_auth("anything").body("x")).await;
        assert_eq!((status, &body["context"]["authorizer"]), (200, &Value::Null));
        assert_eq!(body["body"], "x");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused() {
    let fixture = fixture(Cors::Nobody).await;
    for path in ["/v1", "/v1/other", "/v1/ballot/", "/v1/things/1/2", "/photos/none.png"] {
        assert_eq!(refusal(fixture.send(Method::GET, path)).await, (404, "route_not_found".into()), "{path}");
    }
    for method in [Method::DELETE, Method::OPTIONS] {
        let (status, headers, _) = answer(fixture.send(method.clone(), "/v1/things/1")).await;
        assert_eq!((status, headers[ALLOW].to_str().unwrap()), (405, "GET,PUT"));
        let refused = refusal(fixture.send(method, "/v1/things/1")).await;
        assert_eq!(refused, (405, "method_not_allowed".into()));
    }
}

#[tokio::test]
async fn no_route_takes_head_as_on_aws() {
    let fixture = fixture(Cors::Nobody).await;
    for path in ["/v1/conflict", "/v1/things/1", "/v1/nothing"] {
        let response = fixture.send(Method::HEAD, path).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 404, "{path}");
        assert!(response.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_oversized_body_reaches_the_function_cut_short() {
    let fixture = fixture(Cors::Nobody).await;
    for (length, seen) in [
        (LARGEST_BODY, LARGEST_BODY),
        (KEPT, LARGEST_BODY + 1),
        (LARGEST_BODY + 2, LARGEST_BODY + 1),
        (LONGEST_BODY, LARGEST_BODY + 1),
    ] {
        let sent = fixture.send(Method::PUT, "/v1/things/1").body(vec![0xff; length]);
        assert_eq!(answer(sent).await.2["length"], seen, "{length}");
    }
    let too_long = fixture.send(Method::PUT, "/v1/things/1").body(vec![b'x'; LONGEST_BODY + 1]);
    assert_eq!(refusal(too_long).await, (413, "body_too_large".into()));
}

#[tokio::test]
async fn a_body_that_never_ends_is_read_up_to_a_limit() {
    let fixture = fixture(Cors::Nobody).await;
    let mut stream = tokio::net::TcpStream::connect(fixture.gateway.address()).await.unwrap();
    let head = "PUT /v1/things/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut sent = 0;
    while stream.write_all(&[b'x'; 1 << 14]).await.is_ok() {
        sent += 1 << 14;
        assert!(sent < 8 * LONGEST_BODY, "it is still read");
    }
    assert!(sent > LONGEST_BODY, "so much is read, {sent} bytes were sent");
}

#[tokio::test]
async fn a_panic_is_answered_and_the_next_request_too() {
    let fixture = fixture(Cors::Nobody).await;
    for _ in 0..2 {
        assert_eq!(refusal(fixture.send(Method::GET, "/v1/panic")).await, (500, "internal".into()));
    }
    assert_eq!(answer(fixture.send(Method::GET, "/v1/conflict")).await.0, 409);
}

#[tokio::test]
async fn what_no_event_can_be_made_of_is_refused() {
    let fixture = fixture(Cors::Nobody).await;
    let bad_host = fixture.send(Method::GET, "/v1/ballot").header("Host", "a b");
    assert_eq!(refusal(bad_host).await, (400, "malformed_host".into()));
    let long = fixture.send(Method::GET, "/v1/ballot").header("X-Long", "x".repeat(11_000));
    assert_eq!(refusal(long).await, (400, "head_too_large".into()));
    let not_text = fixture.send(Method::PUT, "/v1/things/%ff");
    assert_eq!(refusal(not_text).await, (400, "malformed_path".into()));
}

#[tokio::test]
async fn http_2_is_served_as_http_1_is() {
    let mut fixture = fixture(Cors::Nobody).await;
    fixture.client = Client::builder().http2_prior_knowledge().build().unwrap();
    let host = fixture.gateway.address().to_string();
    let request = fixture.send(Method::GET, "/v1/things/1").bearer_auth(fixture.token());
    let (status, _, body) = answer(request).await;
    assert_eq!((status, &body["uri"]), (200, &json!("/v1/things/1")));
    assert_eq!(body["context"]["http"]["protocol"], "HTTP/2.0");
    let (status, _, body) = answer(fixture.send(Method::PUT, "/v1/things/1").body("a body")).await;
    assert_eq!((status, &body["body"]), (200, &json!("a body")));
    let long = fixture.send(Method::PUT, "/v1/things/1").body(vec![0xff; 300_000]);
    assert_eq!(answer(long).await.2["length"], KEPT);
    assert_eq!(answer(fixture.send(Method::GET, "/photos/moon.png")).await.0, 200);
    assert_eq!(refusal(fixture.send(Method::GET, "/v1/other")).await, (404, "route_not_found".into()));
    let same = fixture.send(Method::GET, "/v1/ballot").header("Host", &host);
    assert_eq!(answer(same).await.0, 200);
    let other = fixture.send(Method::GET, "/v1/ballot").header("Host", "evil.example");
    assert_eq!(refusal(other).await, (400, "malformed_host".into()));
}

#[tokio::test]
async fn an_absolute_target_must_match_the_host_header() {
    let fixture = fixture(Cors::Nobody).await;
    let here = fixture.gateway.address().to_string();
    for (target, host, status) in
        [(&*here, &*here, "200"), ("evil.example", &here, "400"), (&here, "evil.example", "400")]
    {
        let mut stream = tokio::net::TcpStream::connect(fixture.gateway.address()).await.unwrap();
        let request = format!("GET http://{target}/v1/ballot HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{target} {host}: {answer}");
    }
}

#[tokio::test]
async fn an_unknown_host_is_refused_before_anything_else() {
    let fixture = fixture(Cors::Everybody).await;
    let port = fixture.gateway.address().port();
    for path in ["/v1/ballot", "/v1/things/1", "/v1/nothing", "/photos/moon.png"] {
        for host in ["evil.example", "evil.example:80", &format!("evil.example:{port}")] {
            for method in [Method::GET, Method::OPTIONS] {
                let request = fixture.send(method, path).header("Host", host).header("Origin", "http://evil.example");
                let request = request.header("Access-Control-Request-Method", "GET");
                let (status, headers, body) = answer(request).await;
                assert_eq!((status, &body["code"]), (400, &json!("malformed_host")), "{host} {path}");
                assert_eq!(body["request_id"].as_str(), headers[REQUEST_ID].to_str().ok());
                assert!(!headers.contains_key("access-control-allow-origin"), "{headers:?}");
            }
        }
    }
    for host in ["localhost:80", "127.0.0.1", "[::1]:9", "vote.example", "vote.example:443"] {
        assert_eq!(answer(fixture.send(Method::GET, "/v1/ballot").header("Host", host)).await.0, 200, "{host}");
    }
}

#[tokio::test]
async fn pages_of_named_origins_may_read_answers() {
    let here = "https://vote.example";
    let fixture = fixture(Cors::Origins(vec![HeaderValue::from_static(here)])).await;
    let preflight = fixture.send(Method::OPTIONS, "/v1/things/1").header("Origin", here);
    let preflight = preflight.header("Access-Control-Request-Method", "PATCH");
    let (status, headers, _) = answer(preflight).await;
    assert_eq!(status, 200);
    assert_eq!(headers["access-control-allow-origin"], here);
    assert_eq!(headers["access-control-allow-headers"], "authorization,content-type,if-match,idempotency-key");
    assert!(headers["access-control-allow-methods"].to_str().unwrap().contains("PATCH"));
    for path in ["/v1/conflict", "/v1/other"] {
        let (_, headers, _) = answer(fixture.send(Method::GET, path).header("Origin", here)).await;
        assert_eq!(headers["access-control-allow-origin"], here);
        assert_eq!(headers["access-control-expose-headers"], "etag,location,retry-after,x-request-id");
        let elsewhere = fixture.send(Method::GET, path).header("Origin", "https://other.example");
        assert!(!answer(elsewhere).await.1.contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn cors_is_for_everybody_or_for_nobody_if_one_wishes() {
    for (cors, allowed) in [(Cors::Everybody, Some("*")), (Cors::Nobody, None)] {
        let fixture = fixture(cors).await;
        let request = fixture.send(Method::GET, "/v1/conflict").header("Origin", "https://vote.example");
        let (_, headers, _) = answer(request).await;
        let origin = headers.get("access-control-allow-origin").map(|origin| origin.to_str().unwrap());
        assert_eq!(origin, allowed);
    }
}

#[tokio::test]
async fn pictures_are_served_as_pictures_only() {
    let fixture = fixture(Cors::Nobody).await;
    let (status, headers, _) = answer(fixture.send(Method::GET, "/photos/moon.png")).await;
    assert_eq!((status, headers[CONTENT_TYPE].to_str().unwrap()), (200, "image/png"));
    let rocket = answer(fixture.send(Method::GET, "/photos/rocket.jpg")).await;
    assert_eq!((rocket.0, rocket.1[CONTENT_TYPE].to_str().unwrap()), (200, "image/jpeg"));
    assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert!(headers[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("default-src 'none'"));
    assert_eq!(headers["cross-origin-resource-policy"], "cross-origin");
}

#[tokio::test]
async fn a_stopped_gateway_takes_no_more_requests() {
    let fixture = fixture(Cors::Nobody).await;
    let address = fixture.gateway.address();
    fixture.gateway.stop().await;
    tokio::net::TcpStream::connect(address).await.unwrap_err();
}

#[tokio::test]
async fn the_page_is_served_with_a_policy_and_a_tag() {
    let fixture = fixture(Cors::Nobody).await;
    for (path, kind) in [
        ("/", "text/html"),
        ("/vote", "text/html"),
        ("/results/01A", "text/html"),
        ("/page.css", "text/css"),
        ("/vote/main.js", "text/javascript"),
    ] {
        let (status, headers, _) = answer(fixture.send(Method::GET, path)).await;
        assert_eq!(status, 200, "{path}");
        assert!(headers[CONTENT_TYPE].to_str().unwrap().starts_with(kind), "{path}");
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe") && policy.contains("require-trusted-types-for 'script'"), "{policy}");
        assert_eq!(
            (&headers[X_CONTENT_TYPE_OPTIONS], &headers["referrer-policy"]),
            (&HeaderValue::from_static("nosniff"), &HeaderValue::from_static("no-referrer"))
        );
        let again = fixture.send(Method::GET, path).header("If-None-Match", &headers[ETAG]);
        assert_eq!(answer(again).await.0, 304, "{path}");
    }
    for path in ["/nothing", "/vote.html", "/vote/", "/lib", "/vendor/README.md", "/results/a/b", "/%2e%2e/Cargo.toml"]
    {
        let (status, headers, _) = answer(fixture.send(Method::GET, path)).await;
        assert_eq!(status, 404, "{path}");
        assert!(headers[CONTENT_TYPE].to_str().unwrap().starts_with("text/html"), "{path}");
    }
}
