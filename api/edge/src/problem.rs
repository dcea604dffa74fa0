//! Problems: how PhotoVote says no over HTTP (RFC 9457).

use axum::response::{IntoResponse, Response};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, ETAG, RETRY_AFTER, WWW_AUTHENTICATE},
};
use photovote_domain::{Kind, Refusal, Version};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{code::Code, etag::etag, status};

/// What a handler answers.
pub type Answer<T = Response> = Result<T, Problem>;

/// The longest detail, in characters. A detail may quote the request, but never at length.
const LONGEST_DETAIL: usize = 200;

/// Why a request is refused, as the client is told. It is made by meaning; what went wrong inside is for the log.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    status: StatusCode,
    code: &'static str,
    detail: String,
    field: Option<String>,
    header: Option<(HeaderName, HeaderValue)>,
}

/// The body of a problem, `application/problem+json`.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem, title = "Problem")]
pub(crate) struct ProblemDocument<'a> {
    /// Identifies the kind of problem.
    #[schema(example = "urn:photovote:problem:election_not_open")]
    r#type: String,
    /// The kind of problem, for people.
    #[schema(example = "Election not open")]
    title: String,
    /// The status of the answer.
    #[schema(example = 409)]
    status: u16,
    /// The kind of problem, for programs.
    #[schema(example = "election_not_open")]
    code: &'a str,
    /// What is wrong with this very request.
    detail: &'a str,
    /// The field of the body, or the parameter, that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// Names the request in the logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

impl Problem {
    /// A problem of this kind. The detail says what is wrong with this very request.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self::named(code.status(), code.name(), detail)
    }

    fn named(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let detail = shortened(detail.into());
        Self(Box::new(Parts { status, code, detail, field: None, header: None }))
    }

    fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.header = Some((name, value));
        self
    }

    /// Names the field of the body, or the parameter, that is at fault.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(shortened(field.into()));
        self
    }

    /// Says the same in words that fit the request better.
    #[must_use]
    pub fn with_detail(mut self, detail: &str) -> Self {
        self.0.detail = shortened(detail.to_owned());
        self
    }

    /// The stable name of the problem, in snake case.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What the client is told about this very request.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The field of the body, or the parameter, that is at fault.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The status it is answered with.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// There is nothing at this path.
    pub fn no_route() -> Self {
        Code::RouteNotFound.into()
    }

    /// The path is right and the method is not.
    pub fn method_not_allowed() -> Self {
        Code::MethodNotAllowed.into()
    }

    /// The credential is missing, malformed, unknown, or of the other kind.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(Code::Unauthorized, detail)
            .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"photovote\""))
    }

    /// The body is too long.
    pub fn too_large() -> Self {
        Code::BodyTooLarge.into()
    }

    /// The `Idempotency-Key` came with another request before.
    pub fn key_reused() -> Self {
        Code::IdempotencyKeyReused.into()
    }

    /// The thing has changed since the client looked; this is its version now.
    pub fn precondition_failed(current: Version) -> Self {
        let detail = format!("this is at version {current}, which If-Match does not name");
        Self::new(Code::VersionMismatch, detail).with_header(ETAG, etag(current))
    }

    /// Not now: again after so many seconds.
    pub fn unavailable(code: Code, detail: impl Into<String>, retry_after_secs: u32) -> Self {
        Self::new(code, detail).with_header(RETRY_AFTER, HeaderValue::from(retry_after_secs))
    }

    /// This program is too old for what a newer one wrote, and is about to be replaced.
    pub(crate) fn being_updated() -> Self {
        Self::unavailable(Code::BeingUpdated, Code::BeingUpdated.meaning(), 5)
    }

    /// We are at fault. The client is told nothing more; whoever makes this logs the cause.
    pub fn internal() -> Self {
        Code::Internal.into()
    }

    /// What the domain refused.
    pub fn refused(refusal: &dyn Refusal) -> Self {
        let status = match refusal.kind() {
            Kind::Missing => status::NOT_FOUND,
            Kind::Forbidden => status::FORBIDDEN,
            Kind::Invalid => status::INVALID,
            Kind::State | Kind::Taken => status::CONFLICT,
            Kind::Pending => status::UNAVAILABLE,
        };
        let mut problem = Self::named(status, refusal.code(), refusal.to_string());
        if refusal.kind() == Kind::Pending {
            problem = problem.with_header(RETRY_AFTER, HeaderValue::from(1));
        }
        match refusal.field() {
            Some(field) => problem.with_field(field),
            None => problem,
        }
    }

    /// What the HTTP library refused by itself with this status; `None` if it refused nothing.
    pub(crate) fn of_library(status: StatusCode) -> Option<Self> {
        match status {
            status::NOT_FOUND => Some(Self::no_route()),
            status::METHOD_NOT_ALLOWED => Some(Self::method_not_allowed()),
            status::TOO_LARGE => Some(Self::too_large()),
            status::UNSUPPORTED_MEDIA_TYPE => Some(Code::UnsupportedMediaType.into()),
            other if other.is_client_error() => Some(Code::MalformedRequest.into()),
            other if other.is_server_error() => Some(Self::internal()),
            _ => None,
        }
    }

    /// The kind of problem, for people.
    pub(crate) fn title(&self) -> String {
        title(self.code())
    }

    /// The body of the answer.
    pub(crate) fn document<'a>(&'a self, request_id: Option<&'a str>) -> ProblemDocument<'a> {
        let Parts { status, code, detail, field, header: _ } = &*self.0;
        ProblemDocument {
            r#type: format!("urn:photovote:problem:{code}"),
            title: self.title(),
            status: status.as_u16(),
            code,
            detail,
            field: field.as_deref(),
            request_id,
        }
    }

    /// The answer, in which the problem names the request.
    pub fn answer(self, request_id: Option<&str>) -> Response {
        let Parts { status, header, .. } = &*self.0;
        // Strings and a number always serialise.
        let body = serde_json::to_vec(&self.document(request_id)).unwrap_or_default();
        let content_type = (CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let mut response = (*status, [content_type], body).into_response();
        response.headers_mut().extend(header.clone());
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code, code.meaning())
    }
}

impl IntoResponse for Problem {
    /// The problem stands in the response's extensions as well, so that the edge can add the request id to the body.
    fn into_response(self) -> Response {
        self.answer(None)
    }
}

/// `election_not_open` as `Election not open`.
fn title(code: &str) -> String {
    let mut title = code.replace('_', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(LONGEST_DETAIL) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use serde_json::{Value, json};

    use super::*;

    async fn body(response: Response) -> Value {
        serde_json::from_slice(&to_bytes(response.into_body(), 10_000).await.unwrap()).unwrap()
    }

    #[derive(Debug)]
    struct No(Kind);

    impl std::fmt::Display for No {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("no")
        }
    }

    impl std::error::Error for No {}

    impl Refusal for No {
        fn code(&self) -> &'static str {
            "just_no"
        }

        fn kind(&self) -> Kind {
            self.0
        }

        fn field(&self) -> Option<String> {
            (self.0 == Kind::Invalid).then(|| "ratings.7".to_owned())
        }
    }

    #[test]
    fn a_refusal_names_its_field() {
        assert_eq!(Problem::refused(&No(Kind::Invalid)).field(), Some("ratings.7"));
        assert_eq!(Problem::refused(&No(Kind::State)).field(), None);
    }

    #[tokio::test]
    async fn a_problem_says_what_is_wrong_and_nothing_more() {
        let problem = Problem::new(Code::MalformedBody, "not JSON").with_field("scale.min");
        let response = problem.answer(Some("r-1"));
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        let expected = json!({
            "type": "urn:photovote:problem:malformed_body", "title": "Malformed body", "status": 400,
            "code": "malformed_body", "detail": "not JSON", "field": "scale.min", "request_id": "r-1",
        });
        assert_eq!(body(response).await, expected);
    }

    #[test]
    fn each_meaning_has_its_status() {
        let status = |problem: Problem| problem.into_response().status().as_u16();
        assert_eq!(status(Problem::unauthorized("b")), 401);
        assert_eq!(status(Problem::no_route()), 404);
        assert_eq!(status(Problem::method_not_allowed()), 405);
        assert_eq!(status(Problem::precondition_failed(Version::new(1))), 412);
        assert_eq!(status(Problem::too_large()), 413);
        assert_eq!(status(Code::UnsupportedMediaType.into()), 415);
        assert_eq!(status(Problem::key_reused()), 422);
        assert_eq!(status(Problem::internal()), 500);
        assert_eq!(status(Problem::unavailable(Code::Counting, "b", 1)), 503);
        assert_eq!(status(Problem::refused(&No(Kind::Missing))), 404);
        assert_eq!(status(Problem::refused(&No(Kind::Forbidden))), 403);
        assert_eq!(status(Problem::refused(&No(Kind::Invalid))), 422);
        assert_eq!(status(Problem::refused(&No(Kind::State))), 409);
        assert_eq!(status(Problem::refused(&No(Kind::Pending))), 503);
    }

    #[test]
    fn a_problem_says_in_its_headers_what_to_do_next() {
        let header = |problem: Problem, name: HeaderName| problem.into_response().headers()[name].clone();
        assert_eq!(header(Problem::unauthorized("x"), WWW_AUTHENTICATE), "Bearer realm=\"photovote\"");
        assert_eq!(header(Problem::unavailable(Code::Counting, "b", 2), RETRY_AFTER), "2");
        assert_eq!(header(Problem::refused(&No(Kind::Pending)), RETRY_AFTER), "1");
        assert_eq!(header(Problem::precondition_failed(Version::new(17)), ETAG), "\"17\"");
    }

    #[test]
    fn a_detail_never_quotes_at_length() {
        let problem = Problem::new(Code::MalformedBody, "é".repeat(10_000)).with_field("é".repeat(10_000));
        assert_eq!(problem.detail().chars().count(), LONGEST_DETAIL + 1);
        assert_eq!(problem.0.field.map(|field| field.chars().count()), Some(LONGEST_DETAIL + 1));
    }
}
