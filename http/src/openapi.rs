//! What the functions' OpenAPI documents have in common, and how they become one.

use std::collections::BTreeMap;

use http::StatusCode;
use utoipa::{
    IntoParams, IntoResponses, PartialSchema, ToSchema,
    openapi::{
        Components, ContentBuilder, Info, License, OpenApi, OpenApiBuilder, Ref, RefOr, Response, ResponseBuilder,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{problem::ProblemDocument, status};

/// The checked-in document of the whole API, as JSON.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// All routes stand under this path.
pub const PREFIX: &str = "/v1";

/// Security requirement of what an administrator may call: `security(("administrator" = []))`.
pub const ADMINISTRATOR: &str = "administrator";
/// Security requirement of what the bearer of a ballot token may call: `security(("ballot" = []))`.
pub const BALLOT: &str = "ballot";

/// How an administrator's command can fail: `responses((status = OK, body = Changed), CommandProblems)`.
#[derive(Debug)]
pub struct CommandProblems;

/// How a voter's command can fail.
#[derive(Debug)]
pub struct BallotProblems;

/// How a query that needs a caller can fail.
#[derive(Debug)]
pub struct QueryProblems;

/// How a query that anyone may send can fail.
#[derive(Debug)]
pub struct PublicProblems;

impl IntoResponses for CommandProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let role = problems(&[(status::FORBIDDEN, "The caller's role in the election does not allow it")]);
        BallotProblems::responses().into_iter().chain(role).collect()
    }
}

impl IntoResponses for BallotProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            (status::MALFORMED, "The request cannot be read"),
            (status::UNAUTHORIZED, "No usable credential"),
            (status::NOT_FOUND, "There is no such thing, or it belongs to somebody else"),
            (status::CONFLICT, "The state does not allow it"),
            (status::PRECONDITION_FAILED, "The thing has changed: its version is not one that `If-Match` names"),
            (status::TOO_LARGE, "The body has more than 256 KB"),
            (status::UNSUPPORTED_MEDIA_TYPE, "The body is not JSON"),
            (status::INVALID, "The request breaks a rule"),
            (status::THROTTLED, "Too many requests at once"),
            (status::UNAVAILABLE, "Not now: try again after `Retry-After` seconds"),
        ])
    }
}

impl IntoResponses for QueryProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            (status::MALFORMED, "The request cannot be read"),
            (status::UNAUTHORIZED, "No usable credential"),
            (status::NOT_FOUND, "There is no such thing, or it belongs to somebody else"),
            (status::CONFLICT, "The state does not allow it"),
            (status::THROTTLED, "Too many requests at once"),
            (status::UNAVAILABLE, "Not now, or not yet: try again after `Retry-After` seconds"),
        ])
    }
}

impl IntoResponses for PublicProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            (status::MALFORMED, "The request cannot be read"),
            (status::NOT_FOUND, "There is no such thing, or it is not public"),
            (status::THROTTLED, "Too many requests at once"),
            (status::UNAVAILABLE, "Not now: try again after `Retry-After` seconds"),
        ])
    }
}

/// What a list takes: `params(PageParameters)`.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParameters {
    /// The most items to answer with.
    #[param(minimum = 1, maximum = 100, default = 50)]
    pub limit: Option<u16>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// What a query takes whose caller may have written just before.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VersionParameter {
    /// The version that the answer has to show at least. The answer waits for it for a moment.
    pub min_version: Option<u64>,
}

/// What every command takes.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct CommandHeaders {
    /// Names this attempt: sent again with the same key, the command is carried out once and answered alike.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    pub idempotency_key: Option<String>,
}

/// What a PATCH and a DELETE take as well.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct Preconditions {
    /// The thing is changed only if its `ETag` is one of these.
    #[param(rename = "If-Match", example = "\"17\"")]
    pub if_match: Option<String>,
}

fn problems(answers: &[(StatusCode, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemDocument::name()))).build();
    let response = |what: &str| {
        ResponseBuilder::new().description(what).content("application/problem+json", problem.clone()).build().into()
    };
    answers.iter().map(|(status, what)| (status.as_str().to_owned(), response(what))).collect()
}

/// One document of all that the functions serve, each as its `description()` says: paths under [`PREFIX`], who may call, and the
/// schema of a problem.
pub fn document(parts: impl IntoIterator<Item = OpenApi>) -> OpenApi {
    let administrator = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("An administrator's JWT, checked by the gateway"));
    let ballot = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("pvb_<election>_<ballot>_<secret>")
        .description(Some("A voter's ballot token"));
    let mut components = Components::new();
    components.add_security_scheme(ADMINISTRATOR, SecurityScheme::Http(administrator.build()));
    components.add_security_scheme(BALLOT, SecurityScheme::Http(ballot.build()));
    components.schemas.insert(ProblemDocument::name().into_owned(), ProblemDocument::schema());
    let mut info = Info::new("PhotoVote", env!("CARGO_PKG_VERSION"));
    info.description = Some("Lets a group of people vote on photographs.".into());
    info.license = Some(License::new(env!("CARGO_PKG_LICENSE")));
    let whole = OpenApiBuilder::new().info(info).components(Some(components)).build();
    // One path can have its methods in several functions, and only a merge keeps them all.
    let routes = parts.into_iter().fold(OpenApi::default(), OpenApi::merge_from);
    whole.nest(PREFIX, routes)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use utoipa_axum::{router::OpenApiRouter, routes};

    use super::*;
    use crate::{Changed, Items};

    #[utoipa::path(get, path = "/elections", params(PageParameters), security(("administrator" = [])), responses((status = OK, body = Items<String>), QueryProblems))]
    async fn list() {}

    #[utoipa::path(post, path = "/elections", params(CommandHeaders, Preconditions), security(("administrator" = [])), responses((status = CREATED, body = Changed), CommandProblems))]
    async fn create() {}

    #[utoipa::path(get, path = "/health", responses((status = OK), PublicProblems))]
    async fn health() {}

    fn whole() -> Value {
        let queries = OpenApiRouter::<()>::new().routes(routes!(list)).into_openapi();
        let commands = OpenApiRouter::<()>::new().routes(routes!(create)).routes(routes!(health)).into_openapi();
        serde_json::to_value(document([queries, commands])).unwrap()
    }

    #[test]
    fn methods_of_one_path_come_together_from_several_functions() {
        let whole = whole();
        assert_eq!(whole["openapi"], "3.1.0");
        assert_eq!(whole["info"]["title"], "PhotoVote");
        let paths: Vec<_> = whole["paths"].as_object().unwrap().keys().collect();
        assert_eq!(paths, ["/v1/elections", "/v1/health"]);
        let operations: Vec<_> = whole["paths"]["/v1/elections"].as_object().unwrap().keys().collect();
        assert_eq!(operations, ["get", "post"]);
    }

    #[test]
    fn the_document_says_who_may_call() {
        let whole = whole();
        assert_eq!(whole["paths"]["/v1/elections"]["post"]["security"], json!([{"administrator": []}]));
        assert_eq!(whole["paths"]["/v1/health"]["get"]["security"], Value::Null);
        let schemes: Vec<_> = whole["components"]["securitySchemes"].as_object().unwrap().keys().collect();
        assert_eq!(schemes, ["administrator", "ballot"]);
    }

    #[test]
    fn the_document_says_what_a_request_may_carry() {
        let whole = whole();
        let names = |method: &str| {
            let parameters = whole["paths"]["/v1/elections"][method]["parameters"].as_array().unwrap().iter();
            parameters.map(|p| format!("{} {} {}", p["in"], p["name"], p["required"])).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(names("get"), r#""query" "limit" false; "query" "cursor" false"#);
        assert_eq!(names("post"), r#""header" "Idempotency-Key" false; "header" "If-Match" false"#);
    }

    #[test]
    fn a_refusal_is_a_problem() {
        let whole = whole();
        let conflict = &whole["paths"]["/v1/elections"]["post"]["responses"]["409"];
        let schema = &conflict["content"]["application/problem+json"]["schema"];
        assert_eq!(schema, &json!({"$ref": "#/components/schemas/Problem"}));
        let required = &whole["components"]["schemas"]["Problem"]["required"];
        assert_eq!(required, &json!(["type", "title", "status", "code", "detail"]));
        assert!(whole["components"]["schemas"]["Changed"]["properties"]["version"].is_object());
    }
}
