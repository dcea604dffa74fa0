//! Which problems an operation can answer, and how the document says it.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use photovote_domain::Refusal;
use serde_json::{Map, Value, json};

use crate::{code::Code, problem::Problem, status};

/// The problems that an operation can answer, each by an example. It stands beside the handler in [`routes!`](crate::routes).
#[derive(Debug, Clone)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Those of every operation, which mostly are the gateway's.
    pub fn of_any_operation() -> Self {
        use Code as C;
        Self(Vec::new()).codes([
            C::HeadTooLarge,
            C::MalformedHost,
            C::MalformedPath,
            C::MalformedParameter,
            C::MalformedBody,
            C::WrongAddress,
            C::MethodNotAllowed,
            C::BodyTooLarge,
            C::Internal,
            C::FunctionTooSlow,
        ])
    }

    /// Those of an operation that reads the tables.
    pub fn of_reading() -> Self {
        Self::of_any_operation().codes([Code::StorageUnavailable, Code::BeingUpdated])
    }

    /// Those of a query that asks who calls.
    pub fn of_query() -> Self {
        Self::of_reading().codes([Code::Unauthorized])
    }

    /// Those of every command.
    pub fn of_command() -> Self {
        use Code as C;
        Self::of_query().codes([
            C::MalformedIdempotencyKey,
            C::MalformedIfMatch,
            C::UnsupportedMediaType,
            C::IdempotencyKeyReused,
            C::TooLargeToStore,
            C::Conflict,
        ])
    }

    /// These, and those of the edge.
    #[must_use]
    pub fn codes<const N: usize>(mut self, codes: [Code; N]) -> Self {
        self.0.extend(codes.map(Problem::from));
        self
    }

    /// These, and those that the domain refuses with.
    #[must_use]
    pub fn refusals<R: Refusal, const N: usize>(mut self, refusals: [R; N]) -> Self {
        self.0.extend(refusals.map(|refusal| Problem::refused(&refusal)));
        self
    }

    /// An example of each, by its code.
    pub(super) fn examples(&self) -> impl Iterator<Item = (String, Value)> {
        self.0.iter().map(|problem| {
            (problem.code().to_owned(), json!({"summary": problem.title(), "value": problem.document(Some("c2f0a1"))}))
        })
    }

    /// The responses of an operation, by their statuses. `administrators`: the gateway checks who calls.
    pub(super) fn responses(&self, administrators: bool) -> Map<String, Value> {
        let mut by_status: BTreeMap<StatusCode, BTreeSet<&str>> = BTreeMap::new();
        for of_gateway in [status::NOT_FOUND, status::THROTTLED] {
            by_status.entry(of_gateway).or_default();
        }
        for problem in &self.0 {
            by_status.entry(problem.status()).or_default().insert(problem.code());
        }
        let response = |(status, codes): (StatusCode, BTreeSet<&str>)| {
            (status.as_str().to_owned(), response(status, &codes, administrators))
        };
        by_status.into_iter().map(response).collect()
    }
}

fn response(status: StatusCode, codes: &BTreeSet<&str>, administrators: bool) -> Value {
    let mut content = Map::new();
    let mut description = meaning(status, codes, administrators).to_owned();
    if !codes.is_empty() {
        let list: Vec<_> = codes.iter().map(|code| format!("`{code}`")).collect();
        description = format!("{description} Codes: {}.", list.join(", "));
        let schema = json!({"allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {"type": "object", "properties": {"code": {"type": "string", "enum": codes}}},
        ]});
        let reference = |code: &&str| ((*code).to_owned(), json!({"$ref": format!("#/components/examples/{code}")}));
        let examples: Map<_, _> = codes.iter().map(reference).collect();
        content.insert("application/problem+json".into(), json!({"schema": schema, "examples": examples}));
    }
    if let Some(message) = gateway_message(status, administrators) {
        let schema = json!({"$ref": "#/components/schemas/GatewayMessage"});
        content.insert("application/json".into(), json!({"schema": schema, "example": {"message": message}}));
    }
    let sent = header(status, administrators).into_iter().chain([REQUEST_ID]);
    json!({"description": description, "headers": headers(sent), "content": content})
}

/// What Amazon API Gateway says where it answers with this status by itself.
fn gateway_message(status: StatusCode, administrators: bool) -> Option<&'static str> {
    match status {
        status::UNAUTHORIZED if administrators => Some("Unauthorized"),
        status::NOT_FOUND => Some("Not Found"),
        status::TOO_LARGE => Some("Request Entity Too Large"),
        status::THROTTLED => Some("Too Many Requests"),
        status::INTERNAL => Some("Internal Server Error"),
        status::UNAVAILABLE => Some("Service Unavailable"),
        _ => None,
    }
}

/// The name of the header that names a request.
pub(super) const REQUEST_ID: &str = "X-Request-Id";

/// References to headers of these names.
pub(super) fn headers<'a>(names: impl IntoIterator<Item = &'a str>) -> Value {
    let reference = |name| json!({"$ref": format!("#/components/headers/{name}")});
    names.into_iter().map(|name| (name.to_owned(), reference(name))).collect::<Map<_, _>>().into()
}

fn header(status: StatusCode, administrators: bool) -> Option<&'static str> {
    match status {
        status::UNAUTHORIZED => Some("WWW-Authenticate"),
        status::METHOD_NOT_ALLOWED => Some("Allow"),
        // The tag of a draft is told where the ballot is shown.
        status::PRECONDITION_FAILED if administrators => Some("ETag"),
        status::UNAVAILABLE => Some("Retry-After"),
        _ => None,
    }
}

/// What a client learns from the status, and what it does next.
fn meaning(status: StatusCode, codes: &BTreeSet<&str>, administrators: bool) -> &'static str {
    match status {
        status::MALFORMED => "The request cannot be read. Correct it before you send it again.",
        status::UNAUTHORIZED => "The bearer token is missing or not accepted. Get a new one.",
        status::FORBIDDEN if codes.contains("role_insufficient") => {
            "Your role in the election is not enough: ask an owner of the election. `wrong_address` means that the address \
             serves no clients: use the address of the page."
        }
        status::FORBIDDEN if codes.contains("creation_forbidden") => {
            "You may not create elections: ask the operator. `wrong_address` means that the address serves no clients: use the \
             address of the page."
        }
        status::FORBIDDEN => "This address serves no clients: use the address of the page.",
        status::NOT_FOUND => {
            "It does not exist, or it is not yours to see. On AWS, API Gateway answers so with a message to a method or path \
             that has no route."
        }
        status::METHOD_NOT_ALLOWED => {
            "The path does not take this method; `Allow` names those that it takes. Only the local server answers this: API \
             Gateway answers 404, and so does the local server to HEAD."
        }
        status::CONFLICT => "The present state does not allow it. Load the resource again and decide anew.",
        status::PRECONDITION_FAILED if !administrators => {
            "The draft of the ballot has changed: `If-Match` does not name its `tag`. Show the ballot again."
        }
        status::PRECONDITION_FAILED => {
            "The resource has changed: `ETag` has its version, which `If-Match` does not name. Load it again."
        }
        status::TOO_LARGE => "The body is too large.",
        status::UNSUPPORTED_MEDIA_TYPE => "The body is not JSON in UTF-8, or it is compressed.",
        status::INVALID => "The request can be read and breaks a rule. Correct it before you send it again.",
        status::THROTTLED => "API Gateway takes no more requests for a moment. Wait, then send the request again.",
        status::INTERNAL => {
            "The server failed. Send the request again with the same `Idempotency-Key`, or report `request_id`."
        }
        status::UNAVAILABLE => {
            "The server cannot answer now. Send the request again after `Retry-After` seconds, with the same \
             `Idempotency-Key`."
        }
        _ => "The request is refused.",
    }
}
