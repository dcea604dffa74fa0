//! What every answer of every function has in common.

use axum::{Router, extract::Request, middleware::Next, response::Response};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
};
use lambda_http::request::RequestContext;
use tracing::Instrument;

use crate::{
    openapi::PREFIX,
    origin::{OriginSecrets, admit},
    padding::{is_voters, padded},
    problem::Problem,
};

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A function's routes, under [`PREFIX`], as they are served: every refusal is a [`Problem`] that names the request, also
/// where the HTTP library refuses by itself; every answer has a request id and safe headers. Lengths of answers to voters tell
/// nothing.
pub fn edge(routes: Router) -> Router {
    edge_behind(OriginSecrets::default(), routes)
}

/// The same behind a distribution: a request without one of its secrets is refused before a handler sees it.
pub fn edge_behind(secrets: OriginSecrets, routes: Router) -> Router {
    let routes = Router::new().nest(PREFIX, routes);
    answering(routes.layer(axum::middleware::from_fn_with_state(secrets, admit)))
}

/// Routes with full paths, as they are served.
pub(crate) fn answering(routes: Router) -> Router {
    routes.layer(axum::middleware::from_fn(answer))
}

async fn answer(request: Request, next: Next) -> Response {
    let id = request_id(&request);
    let route = request.extensions().get().map_or("", axum::extract::MatchedPath::as_str);
    let voters = is_voters(route);
    let span = tracing::info_span!("request", id, method = %request.method(), route);
    async move {
        let response = named(next.run(request).await, &id);
        let response = if voters { padded(response).await } else { response };
        // Not the detail of a problem: it may name what somebody wanted to rate.
        let code = response.extensions().get().map(Problem::code);
        tracing::info!(status = response.status().as_u16(), code, "answered");
        with_safe_headers(response, &id)
    }
    .instrument(span)
    .await
}

/// The answer, in which a problem names the request.
fn named(response: Response, id: &str) -> Response {
    let problem = response.extensions().get().cloned();
    match problem.or_else(|| Problem::of_library(response.status())) {
        Some(problem) => {
            let allow = response.headers().get(ALLOW).cloned();
            let mut answer = problem.answer(Some(id));
            answer.headers_mut().extend(allow.map(|methods| (ALLOW, methods)));
            answer
        }
        None => response,
    }
}

fn with_safe_headers(mut response: Response, id: &str) -> Response {
    let headers: &mut HeaderMap = response.headers_mut();
    headers.extend(HeaderValue::from_str(id).ok().map(|id| (REQUEST_ID, id)));
    make_safe(headers);
    response
}

/// Gives an answer the headers with which no browser takes it for anything else than it is, runs anything in it, shows it in a
/// frame, lets the page of another site embed it, or keeps it. A policy of its own for content, embedding or caching stays.
pub fn make_safe(headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let nothing = "default-src 'none'; frame-ancestors 'none'";
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(nothing));
    // Pages of origins that CORS admits may read answers all the same.
    headers.entry(CROSS_ORIGIN_RESOURCE_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// The gateway's name for the request; without a gateway, a random one.
fn request_id(request: &Request) -> String {
    if let Some(RequestContext::ApiGatewayV2(context)) = request.extensions().get()
        && let Some(id) = &context.request_id
    {
        return id.clone();
    }
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => hex::encode(bytes),
        Err(error) => {
            tracing::warn!(%error, "no randomness for a request id");
            String::from("unnamed")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use axum::{
        body::{Body as Stream, to_bytes},
        extract::{Path, State},
        routing::{get, post},
    };
    use http::header::STRICT_TRANSPORT_SECURITY;
    use photovote_domain::{
        ElectionId, Version,
        election::{ElectionRejection, Status},
    };
    use serde::Deserialize;
    use serde_json::{Value, json};
    use tower::ServiceExt;

    use super::*;
    use crate::{
        Administrator, Answer, Body, Code, IdempotencyKey, IfMatch, ORIGIN_SECRET, Parameters, Segments, at_version,
    };

    const ELECTION: &str = "/v1/elections/01ARZ3NDEKTSV4RRFFQ69G5FAV";

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Change {
        name: String,
    }

    /// A handler that checks in the order in which all handlers do.
    async fn change(
        State(version): State<Version>,
        caller: Administrator,
        path: Segments,
        if_match: IfMatch,
        key: IdempotencyKey,
        body: Body,
    ) -> Answer {
        let _: ElectionId = path.id("election")?;
        if caller.subject.as_str() != "ada" {
            return Err(Problem::refused(&ElectionRejection::NotFound));
        }
        let change = body.parse::<Change>()?.value;
        let precondition = if_match.parse()?;
        key.parse()?;
        if change.name.is_empty() {
            return Err(Problem::new(Code::InvalidValue, "name: is empty"));
        }
        precondition.check(version)?;
        Err(Problem::refused(&ElectionRejection::NotDraft(Status::Open)))
    }

    async fn list(query: Parameters) -> Answer {
        let page = query.page("elections")?;
        Ok(at_version(Version::new(1), page.limit))
    }

    async fn plain(Path(number): Path<u8>) -> ([(HeaderName, &'static str); 1], String) {
        ([(CACHE_CONTROL, "max-age=60")], number.to_string())
    }

    fn router() -> Router {
        let routes = Router::new()
            .route("/elections", get(list))
            .route("/elections/{election}", post(change).delete(change))
            .route("/plain/{number}", get(plain));
        edge(routes.with_state(Version::new(17)))
    }

    async fn send(request: Request) -> (u16, HeaderMap, Value) {
        let response = router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 10_000).await.unwrap();
        (parts.status.as_u16(), parts.headers, serde_json::from_slice(&body).unwrap_or_default())
    }

    fn request(method: &str, path: &str) -> Request {
        http::Request::builder().method(method).uri(path).body(Stream::empty()).unwrap()
    }

    /// A request as it comes through the gateway.
    fn event(subject: &str, path: &str, headers: &Value, body: &str) -> Request {
        let event = json!({
            "version": "2.0", "rawPath": path, "rawQueryString": "", "headers": headers, "body": body,
            "isBase64Encoded": false,
            "requestContext": {
                "requestId": "r-1", "stage": "$default", "authorizer": {"jwt": {"claims": {"sub": subject}}},
                "http": {"method": "POST", "path": path},
            },
        });
        lambda_http::request::from_str(&event.to_string()).unwrap().map(Stream::new)
    }

    #[tokio::test]
    async fn statuses_are_checked_in_their_order() {
        let typed = json!({"content-type": "application/json"});
        let wrong =
            |tag: &str, key: &str| json!({"content-type": "application/json", "if-match": tag, "idempotency-key": key});
        let large = format!("{{\"name\": \"{}\"}}", "x".repeat(crate::LARGEST_BODY));
        let good = r#"{"name": "a"}"#;
        let cases = [
            (event("", "/v1/nowhere", &typed, "x"), 404, "route_not_found"),
            (event("", "/v1/elections", &typed, "x"), 405, "method_not_allowed"),
            (event("", "/v1/elections/x", &typed, "x"), 401, "unauthorized"),
            (event("bob", "/v1/elections/x", &typed, "x"), 400, "malformed_id"),
            (event("bob", "/v1/elections/%FF", &typed, "x"), 400, "malformed_id"),
            (event("bob", ELECTION, &typed, "x"), 404, "election_not_found"),
            (event("bob", ELECTION, &json!({}), &large), 404, "election_not_found"),
            (event("ada", ELECTION, &json!({}), &large), 413, "body_too_large"),
            (event("ada", ELECTION, &json!({}), "x"), 415, "unsupported_media_type"),
            (event("ada", ELECTION, &typed, "x"), 400, "malformed_body"),
            (event("ada", ELECTION, &wrong("17", ""), r#"{"name": ""}"#), 400, "malformed_if_match"),
            (event("ada", ELECTION, &wrong("\"16\"", "\t"), r#"{"name": ""}"#), 400, "malformed_idempotency_key"),
            (event("ada", ELECTION, &wrong("\"16\"", "k"), r#"{"name": ""}"#), 422, "invalid_value"),
            (event("ada", ELECTION, &wrong("\"16\"", "k"), good), 412, "version_mismatch"),
            (event("ada", ELECTION, &wrong("\"17\"", "k"), good), 409, "election_not_draft"),
        ];
        for (number, (request, status, code)) in cases.into_iter().enumerate() {
            let (answered, headers, body) = send(request).await;
            assert_eq!((answered, &body["code"]), (status, &json!(code)), "case {number}: {body}");
            assert_eq!(body["request_id"], "r-1", "case {number}");
            assert_eq!(headers[REQUEST_ID], "r-1", "case {number}");
            assert_eq!(headers["content-type"], "application/problem+json", "case {number}");
        }
    }

    #[tokio::test]
    async fn a_wrong_method_is_told_the_right_ones() {
        let (status, headers, _) = send(request("PUT", ELECTION)).await;
        assert_eq!(status, 405);
        assert_eq!(headers[ALLOW], "POST,DELETE");
        let (status, headers, _) = send(request("POST", "/v1/plain/1")).await;
        assert_eq!((status, &headers[ALLOW]), (405, &HeaderValue::from_static("GET,HEAD")));
    }

    #[tokio::test]
    async fn routes_stand_under_the_prefix_only() {
        for path in ["/", "/v1", "/v1/", "/elections", "/v2/elections", "/v1/elections/", "//v1/elections"] {
            let (status, _, body) = send(request("GET", path)).await;
            assert_eq!((status, &body["code"]), (404, &json!("route_not_found")), "{path}");
        }
    }

    #[tokio::test]
    async fn what_the_library_refuses_is_a_problem_too() {
        for path in ["/v1/plain/300", "/v1/plain/%FF"] {
            let (status, _, body) = send(request("GET", path)).await;
            assert_eq!((status, &body["code"]), (400, &json!("malformed_request")), "{path}");
            assert!(body["request_id"].as_str().is_some_and(|id| id.len() == 32), "{path}");
        }
    }

    #[tokio::test]
    async fn every_answer_has_safe_headers() {
        for path in ["/v1/elections", "/v1/nowhere"] {
            let (_, headers, _) = send(request("GET", path)).await;
            assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert_eq!(headers[CACHE_CONTROL], "no-store");
            assert_eq!(headers[REFERRER_POLICY], "no-referrer");
            assert_eq!(headers[CROSS_ORIGIN_RESOURCE_POLICY], "same-origin");
            // Over plain HTTP it would bind `localhost` to TLS, with all other servers there. Lambda's process adds it.
            assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY));
            assert_eq!(headers[CONTENT_SECURITY_POLICY], "default-src 'none'; frame-ancestors 'none'");
            assert_eq!(headers[REQUEST_ID].len(), 32);
        }
        let (status, headers, body) = send(request("GET", "/v1/plain/7")).await;
        assert_eq!((status, body, &headers[CACHE_CONTROL]), (200, json!(7), &HeaderValue::from_static("max-age=60")));
    }

    /// A router behind a distribution, whose one handler counts the requests that reach it.
    fn behind(secrets: &str) -> (Router, Arc<AtomicUsize>) {
        let reached = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&reached);
        let route = get(async move || counted.fetch_add(1, Ordering::Relaxed).to_string());
        (edge_behind(OriginSecrets::parse(secrets), Router::new().route("/there", route)), reached)
    }

    async fn status(router: &Router, path: &str, secret: Option<&str>) -> u16 {
        let mut request = request("GET", path);
        if let Some(secret) = secret {
            request.headers_mut().insert(ORIGIN_SECRET, secret.parse().unwrap());
        }
        router.clone().oneshot(request).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn a_request_past_the_distribution_reaches_no_handler() {
        let (router, reached) = behind("new,old");
        for wrong in [None, Some(""), Some("ne"), Some("new,old"), Some("older"), Some("NEW"), Some(",")] {
            for path in ["/v1/there", "/v1/nowhere", "/"] {
                assert_eq!(status(&router, path, wrong).await, 403, "{path} {wrong:?}");
            }
        }
        assert_eq!(reached.load(Ordering::Relaxed), 0);
        let answer = router.clone().oneshot(request("GET", "/v1/there")).await.unwrap();
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["code"], "wrong_address");
        for right in ["new", "old"] {
            assert_eq!(status(&router, "/v1/there", Some(right)).await, 200, "{right}");
        }
        assert_eq!(reached.load(Ordering::Relaxed), 2);
        assert_eq!(status(&router, "/v1/nowhere", Some("new")).await, 404);
    }

    #[tokio::test]
    async fn without_a_distribution_every_request_is_accepted() {
        for secrets in ["", ","] {
            let (router, _) = behind(secrets);
            for secret in [None, Some(""), Some("any")] {
                assert_eq!(status(&router, "/v1/there", secret).await, 200, "{secrets:?} {secret:?}");
            }
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        assert_eq!(format!("{:?}", OriginSecrets::parse("new,old")), "2 secrets");
    }

    #[tokio::test]
    async fn two_requests_have_two_ids() {
        let (_, one, _) = send(request("GET", "/v1/elections")).await;
        let (_, other, _) = send(request("GET", "/v1/elections")).await;
        assert_ne!(one[REQUEST_ID], other[REQUEST_ID]);
    }

    #[tokio::test]
    async fn a_query_is_read_behind_the_prefix() {
        let (status, _, body) = send(request("GET", "/v1/elections?limit=7")).await;
        assert_eq!((status, body), (200, json!(7)));
        let (status, _, body) = send(request("GET", "/v1/elections?limt=7")).await;
        assert_eq!((status, &body["field"]), (400, &json!("limt")));
    }
}
