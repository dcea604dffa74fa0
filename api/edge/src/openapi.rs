//! What the functions' OpenAPI documents have in common, and how they become one.

mod examples;
mod problems;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::{
    IntoParams, Path, ToSchema,
    openapi::{OpenApi, path::HttpMethod},
};

use self::examples::each_operation;
pub use self::problems::Problems;
use self::problems::{REQUEST_ID, headers};
use crate::{code::Code, problem::ProblemDocument, schema};

/// The checked-in document of the whole API, as JSON.
pub const OPENAPI: &str = include_str!("../../openapi.json");

/// All routes stand under this path.
pub const PREFIX: &str = "/v1";

/// Security requirement of what an administrator may call: `security(("administrator" = []))`.
pub const ADMINISTRATOR: &str = "administrator";
/// Security requirement of what the bearer of a ballot token may call: `security(("ballot" = []))`.
pub const BALLOT: &str = "ballot";

/// What a list takes: `params(PageParameters)`.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParameters {
    /// The most items to answer with.
    #[param(value_type = schema::Limit, required = false)]
    pub limit: Option<u16>,
    /// The `next_cursor` of the page before. Without it, the list starts at its beginning.
    #[param(value_type = schema::Cursor, required = false)]
    pub cursor: Option<String>,
}

/// What a query takes whose caller may have written just before.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VersionParameter {
    /// The version that the answer has to show at least, as a command answered it. The request waits up to 0.3 seconds for it,
    /// and then answers 503 with `not_projected_yet`.
    #[param(value_type = schema::Version, required = false)]
    pub min_version: Option<u64>,
}

/// What every command takes.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct CommandHeaders {
    /// Names this attempt. If the same request comes again with the same key, it is carried out once and gets its first answer
    /// again. Send a new random key with each new command, and the same key with each retry.
    #[param(rename = "Idempotency-Key", value_type = schema::Key, required = false)]
    pub idempotency_key: Option<String>,
}

/// What every command takes as well that changes something which is there.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct Preconditions {
    /// The change is made only if the `ETag` of the resource is one of these; otherwise the answer is 412.
    #[param(rename = "If-Match", value_type = schema::Tags, required = false)]
    pub if_match: Option<String>,
}

/// What a function serves, as its handlers describe it. [`routes!`](crate::routes) makes it.
#[derive(Clone)]
pub struct Description {
    openapi: OpenApi,
    problems: Vec<(String, Vec<HttpMethod>, Problems)>,
}

impl Description {
    #[doc(hidden)]
    pub const fn new(openapi: OpenApi) -> Self {
        Self { openapi, problems: Vec::new() }
    }

    #[doc(hidden)]
    #[must_use]
    pub fn with<P: Path>(mut self, problems: Problems) -> Self {
        let path = P::path();
        // What stands in a path may have a slash in it, and then leads elsewhere.
        let problems = if path.contains('{') { problems.codes([Code::RouteNotFound]) } else { problems };
        self.problems.push((path, P::methods(), problems));
        self
    }

    /// The paths, under [`PREFIX`], and who may call each.
    pub fn served(self) -> OpenApi {
        OpenApi::default().nest(PREFIX, self.openapi)
    }
}

/// One document of all that the functions serve: paths under [`PREFIX`], who may call, what each answers, and examples.
pub fn document(parts: impl IntoIterator<Item = Description>) -> Value {
    let mut problems = Vec::new();
    // One path can have its methods in several functions, and only a merge keeps them all.
    let routes = parts.into_iter().fold(OpenApi::default(), |whole, part| {
        problems.extend(part.problems);
        whole.merge_from(part.openapi)
    });
    // Texts and numbers always have JSON.
    let mut document = serde_json::to_value(OpenApi::default().nest(PREFIX, routes)).unwrap_or_default();
    about(&mut document);
    each_operation(&mut document, tidy);
    add_problems(&mut document, &problems);
    add_headers(&mut document);
    add_schemas(&mut document);
    examples::fill(&mut document);
    document
}

/// What the document says of the API as a whole.
fn about(document: &mut Value) {
    document["info"] = json!({
        "title": "PhotoVote",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Lets a group of people vote on photographs.",
        "description": include_str!("openapi/about.md"),
        "license": {"name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE")},
        "contact": {"name": "The operator of this service"},
    });
    document["servers"] = json!([{"url": "/", "description": "The host that serves this document"}]);
    let tag = |(name, description): (&str, &str)| json!({"name": name, "description": description});
    document["tags"] = [
        ("elections", "Elections and their lives: draft, open, closed, released. For administrators."),
        ("administrators", "Who administers an election, and in which role. For administrators."),
        (
            "competitions",
            "Competitions of an election: candidates that are ranked against each other. For administrators.",
        ),
        ("candidates", "Candidates of a competition: its photographs. For administrators."),
        ("photographs", "Photographs that are uploaded for candidates. For administrators."),
        ("mailings", "Mails to voters: invitations, reminders, results. For administrators."),
        ("voters", "Voters of an election and their ballot tokens. For administrators."),
        ("imports", "Lists of voters that are uploaded and registered. For administrators."),
        ("results", "Turnout and results of an election. For administrators."),
        ("ballot", "The ballot of a voter. For the bearer of its token."),
        ("public", "Released results and receipts. For anyone."),
        ("service", "The service itself. For anyone."),
    ]
    .map(tag)
    .into();
    document["components"]["securitySchemes"] = json!({
        ADMINISTRATOR: {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "A JWT of an administrator, which the gateway checks. Its `sub` says who the administrator is.",
        },
        BALLOT: {
            "type": "http", "scheme": "bearer", "bearerFormat": "pvb_<election>_<ballot>_<secret>",
            "description": "The ballot token of a voter, as the answer to the registration shows it.",
        },
    });
    let header = |description: &str, schema: &str| json!({"description": description, "schema": {"type": schema}});
    document["components"]["headers"] = json!({
        "Allow": header("The methods that the path takes.", "string"),
        "ETag": header("Names the version of the resource, or what a draft says, as `If-Match` takes it.", "string"),
        "Location": header("The path of what was created. Where nothing can be read there, it is listed.", "string"),
        "Retry-After": header("After how many seconds to try again. API Gateway does not send it.", "integer"),
        REQUEST_ID: header("Names the request in the log of the server.", "string"),
        "WWW-Authenticate": header("How to authenticate. It is always `Bearer realm=\"photovote\"`.", "string"),
    });
}

/// An operation that anyone may call says so; what may be left out is never `null`.
fn tidy(operation: &mut Value) {
    let Some(operation) = operation.as_object_mut() else { return };
    operation.entry("security").or_insert_with(|| json!([]));
    let Some(schema) = operation.get_mut("requestBody").map(|body| &mut body["content"]["application/json"]["schema"])
    else {
        return;
    };
    let body =
        schema["oneOf"].as_array().and_then(|choices| choices.iter().find(|choice| choice.get("$ref").is_some()));
    if let Some(body) = body.cloned() {
        *schema = body;
    }
}

/// Gives each operation the responses of its problems. The response that most operations share stands among the components.
fn add_problems(document: &mut Value, problems: &[(String, Vec<HttpMethod>, Problems)]) {
    let mut examples = Map::new();
    let mut found: Vec<(String, String, String, Value)> = Vec::new();
    for (path, methods, problems) in problems {
        let path = format!("{PREFIX}{path}");
        examples.extend(problems.examples());
        for method in methods {
            // A method is written in small letters.
            let method =
                serde_json::to_value(method).ok().and_then(|m| Some(m.as_str()?.to_owned())).unwrap_or_default();
            let operation = &document["paths"][&path][&method];
            let administrators = operation["security"][0].get(ADMINISTRATOR).is_some();
            let responses = problems.responses(administrators).into_iter();
            found.extend(responses.map(|(status, response)| (path.clone(), method.clone(), status, response)));
        }
    }
    let mut counted: BTreeMap<&str, BTreeMap<String, (usize, &Value)>> = BTreeMap::new();
    for (.., status, response) in &found {
        counted.entry(status).or_default().entry(response.to_string()).or_insert((0, response)).0 += 1;
    }
    let mut shared = Map::new();
    for (status, variants) in &counted {
        if let Some((uses, response)) = variants.values().max_by_key(|(uses, _)| *uses)
            && *uses > 1
        {
            shared.insert(component(status), (*response).clone());
        }
    }
    for (path, method, status, response) in found {
        let name = component(&status);
        let response = match shared.get(&name) {
            Some(of_most) if *of_most == response => json!({"$ref": format!("#/components/responses/{name}")}),
            _ => response,
        };
        document["paths"][path][method]["responses"][status] = response;
    }
    let mut problem =
        serde_json::to_value(<ProblemDocument<'_> as utoipa::PartialSchema>::schema()).unwrap_or_default();
    problem["properties"]["code"]["enum"] = examples.keys().cloned().collect::<Vec<_>>().into();
    document["components"]["schemas"][ProblemDocument::name().as_ref()] = problem;
    document["components"]["responses"] = shared.into();
    document["components"]["examples"] = examples.into();
}

/// Says which headers an operation sends when it is done: whoever shows or changes something that has a version, or a draft, sends
/// its tag, and so does whoever answers that nothing has changed.
fn add_headers(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    let of = |reference: &Value| reference["$ref"].as_str().and_then(|path| schemas.get(path.rsplit('/').next()?));
    let has = |schema: &Value, names: &[&str]| {
        let parts = schema["allOf"].as_array().into_iter().flatten().chain([schema]);
        let members = parts.filter_map(|part| part["properties"].as_object()).flat_map(Map::values);
        let referred = members.filter_map(|member| member["$ref"].as_str()?.rsplit('/').next());
        referred.into_iter().any(|name| names.contains(&name))
    };
    let has_tag = |schema: &Value| {
        let members = schema["properties"].as_object().into_iter().flat_map(Map::values);
        has(schema, &["Version", "DraftTag"]) || members.filter_map(of).any(|member| has(member, &["DraftTag"]))
    };
    each_operation(document, |operation| {
        let is_revalidated = operation["responses"].get("304").is_some();
        let responses = operation["responses"].as_object_mut().into_iter().flatten();
        for (status, response) in responses.filter(|(status, _)| status.starts_with(['2', '3'])) {
            let schema = of(&response["content"]["application/json"]["schema"]);
            let etag = (is_revalidated || schema.is_some_and(has_tag)).then_some("ETag");
            let location = (status == "201").then_some("Location");
            response["headers"] = headers(etag.into_iter().chain(location).chain([REQUEST_ID]));
        }
    });
}

/// The name of a response that operations share: `NotFound`.
fn component(status: &str) -> String {
    let status = http::StatusCode::from_bytes(status.as_bytes()).ok().and_then(|status| status.canonical_reason());
    status.unwrap_or_default().replace(' ', "")
}

/// Says what stands behind the names of values, and in lists the names of their items.
fn add_schemas(document: &mut Value) {
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    schemas.insert(
        "GatewayMessage".into(),
        json!({
            "type": "object",
            "description": "What Amazon API Gateway says where it answers by itself. The local server never does.",
            "properties": {"message": {"type": "string", "description": "What went wrong, for people."}},
            "required": ["message"],
        }),
    );
    for (name, schema) in schemas.iter_mut() {
        if let Some(item) = name.strip_prefix("Items_").filter(|item| *item != "String") {
            schema["properties"]["items"]["items"] = json!({"$ref": format!("#/components/schemas/{item}")});
        }
    }
    // Parameters refer to names that stand in no body.
    let mut added = 0;
    while added < schema::schemas().len() {
        let text = document.to_string();
        let used = |name: &str| text.contains(&format!("\"#/components/schemas/{name}\""));
        let used: Vec<_> = schema::schemas().iter().filter(|(name, _)| used(name)).collect();
        if used.len() == added {
            return;
        }
        added = used.len();
        for (name, schema) in used {
            document["components"]["schemas"][*name] = serde_json::to_value(schema).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use photovote_domain::election::{ElectionRejection, Status};
    use utoipa_axum::{router::OpenApiRouter, routes};

    use super::*;
    use crate::{Changed, Items};

    #[utoipa::path(get, path = "/elections", tag = "elections", params(PageParameters), security(("administrator" = [])), responses((status = OK, body = Items<String>, description = "A page")))]
    async fn list() {}

    #[utoipa::path(post, path = "/elections", params(CommandHeaders, Preconditions), security(("ballot" = [])), responses((status = CREATED, body = Changed, description = "Done")))]
    async fn create() {}

    #[utoipa::path(get, path = "/health", responses((status = OK, description = "Here")))]
    async fn health() {}

    fn whole() -> Value {
        let queries = OpenApiRouter::<()>::new().routes(routes!(list)).into_openapi();
        let queries =
            Description::new(queries).with::<__path_list>(Problems::of_query().codes([Code::MalformedCursor]));
        let commands = OpenApiRouter::<()>::new().routes(routes!(create)).routes(routes!(health)).into_openapi();
        let commands = Description::new(commands)
            .with::<__path_create>(Problems::of_command().refusals([ElectionRejection::NotDraft(Status::Open)]))
            .with::<__path_health>(Problems::of_any_operation());
        document([queries, commands])
    }

    #[test]
    fn methods_of_a_path_are_merged_across_functions() {
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
        assert_eq!(whole["paths"]["/v1/elections"]["get"]["security"], json!([{"administrator": []}]));
        assert_eq!(whole["paths"]["/v1/health"]["get"]["security"], json!([]));
        let schemes: Vec<_> = whole["components"]["securitySchemes"].as_object().unwrap().keys().collect();
        assert_eq!(schemes, ["administrator", "ballot"]);
    }

    #[test]
    fn the_document_says_what_a_request_may_carry() {
        let whole = whole();
        let names = |method: &str| {
            let parameters = whole["paths"]["/v1/elections"][method]["parameters"].as_array().unwrap().iter();
            let said = |p: &Value| format!("{} {} {} {}", p["in"], p["name"], p["required"], p["schema"]["$ref"]);
            parameters.map(said).collect::<Vec<_>>().join("; ").replace("#/components/schemas/", "")
        };
        assert_eq!(names("get"), r#""query" "limit" false "Limit"; "query" "cursor" false "Cursor""#);
        assert_eq!(names("post"), r#""header" "Idempotency-Key" false "Key"; "header" "If-Match" false "Tags""#);
        assert_eq!(whole["components"]["schemas"]["Limit"]["maximum"], 100);
    }

    #[test]
    fn a_refusal_is_described_with_the_listed_codes() {
        let whole = whole();
        let conflict = &whole["paths"]["/v1/elections"]["post"]["responses"]["409"];
        let content = &conflict["content"]["application/problem+json"];
        assert_eq!(content["schema"]["allOf"][0], json!({"$ref": "#/components/schemas/Problem"}));
        let codes = json!(["conflict", "election_not_draft"]);
        assert_eq!(content["schema"]["allOf"][1]["properties"]["code"]["enum"], codes);
        let example = &whole["components"]["examples"]["election_not_draft"]["value"];
        let detail = ElectionRejection::NotDraft(Status::Open).to_string();
        assert_eq!((&example["status"], &example["detail"]), (&json!(409), &json!(detail)));
    }

    #[test]
    fn answers_of_the_cloud_gateway_itself_are_described() {
        let whole = whole();
        let kinds = |path: &str, method: &str, status: &str| {
            let response = &whole["paths"][path][method]["responses"][status];
            let name = response["$ref"].as_str().map(|name| name.rsplit('/').next().unwrap());
            let response = name.map_or(response, |name| &whole["components"]["responses"][name]);
            let kinds = response["content"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            kinds.join(" ")
        };
        let both = "application/json application/problem+json";
        for status in ["401", "404", "413", "500", "503"] {
            let expected = if status == "404" { "application/json" } else { both };
            assert_eq!(kinds("/v1/elections", "get", status), expected, "{status}");
        }
        assert_eq!(kinds("/v1/elections", "get", "429"), "application/json");
        assert_eq!(kinds("/v1/elections", "get", "405"), "application/problem+json");
        assert_eq!(
            kinds("/v1/elections", "post", "401"),
            "application/problem+json",
            "a function checks ballot tokens"
        );
    }

    #[test]
    fn an_example_is_put_together_from_those_of_its_parts() {
        let list = &whole()["paths"]["/v1/elections"]["post"]["responses"]["201"];
        assert_eq!(list["content"]["application/json"]["example"], json!({"version": 17}));
    }
}
