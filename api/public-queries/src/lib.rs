//! What anyone may ask: released results and their election, whether a ballot was counted, where administrators sign in, whether the service is there,
//! and its API.

use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use photovote_documents_read::{DocumentReader, Released};
use photovote_domain::{ElectionId, Receipt};
use photovote_edge::{
    Answer, Code, ElectionView, FinalView, OPENAPI, Problem, Problems, Revalidation, Segments, results_differ, schema,
};
use serde::Serialize;
use utoipa::ToSchema;

/// What is public may be kept by caches for a moment, so that a crowd does not reach the tables.
const BRIEFLY: &str = "public, max-age=5";
const JSON: &str = "application/json";
/// What changes only with a new version of the program may be kept for longer.
const LONGER: &str = "public, max-age=300";

/// The function: the table it reads, and where administrators sign in.
#[derive(Debug, Clone)]
pub struct App {
    documents: DocumentReader,
    sign_in: Option<SignIn>,
}

impl App {
    /// Reads this table.
    pub const fn new(documents: DocumentReader) -> Self {
        Self { documents, sign_in: None }
    }

    /// What is released of an election.
    async fn released(&self, election: ElectionId) -> Result<Released, Problem> {
        let public = self.documents.public(election).await?;
        let released = public.and_then(|public| public.released);
        released.ok_or_else(|| Problem::new(Code::ResultsNotFound, "there are no public results of such an election"))
    }

    /// Tells pages where administrators sign in.
    #[must_use]
    pub fn with_sign_in(self, sign_in: Option<SignIn>) -> Self {
        Self { sign_in, ..self }
    }
}

photovote_edge::routes! {
    App:
    election => Problems::of_reading().codes([Code::MalformedId, Code::ResultsNotFound, Code::ResultsDiffer]),
    results => Problems::of_reading().codes([Code::MalformedId, Code::ResultsNotFound, Code::ResultsDiffer]),
    receipt => Problems::of_reading().codes([Code::MalformedId, Code::ReceiptNotFound]),
    sign_in => Problems::of_any_operation().codes([Code::SignInNotFound]),
    health => Problems::of_any_operation(),
    openapi => Problems::of_any_operation(),
}

/// Shows an election whose results are released: what was voted on, with the pictures.
///
/// Anyone may call this. Before the administrators have released the results, the answer is 404, as it is for results.
#[utoipa::path(
    get, path = "/public/elections/{election}", tag = "public", operation_id = "show_public_election",
    params(("election" = schema::Id, Path, description = "The election's id")),
    responses(
        (status = OK, body = ElectionView, description = "The election"),
        (status = NOT_MODIFIED, description = "The client has it: `If-None-Match` names its tag")
    )
)]
async fn election(State(app): State<App>, path: Segments, revalidation: Revalidation) -> Answer {
    let id = path.id("election")?;
    let released = app.released(id).await?;
    let document = app.documents.public_document(id, &released.election).await?;
    let election = document.election().map_err(|error| results_differ(id, &error.to_string()))?;
    revalidation.answer(&released.election, BRIEFLY, || Ok(Json(ElectionView::of(id, &election)).into_response()))
}

/// Shows released results.
///
/// Anyone may call this. Before the administrators have released the results, the answer is 404. The results do not change after
/// their release. They are sent compressed if `Accept-Encoding` names gzip.
#[utoipa::path(
    get, path = "/public/elections/{election}/results", tag = "public", operation_id = "show_public_results",
    params(("election" = schema::Id, Path, description = "The election's id")),
    responses(
        (status = OK, body = FinalView, description = "The results"),
        (status = NOT_MODIFIED, description = "The client has them: `If-None-Match` names their tag")
    )
)]
async fn results(State(app): State<App>, path: Segments, revalidation: Revalidation) -> Answer {
    let id = path.id("election")?;
    let released = app.released(id).await?;
    let results = app.documents.public_document(id, &released.results).await?;
    let json = results.results(released.digest).map_err(|error| results_differ(id, &error.to_string()))?;
    revalidation.answer(&released.results, BRIEFLY, || {
        Ok(if revalidation.takes_gzip() {
            ([(CONTENT_TYPE, JSON), (CONTENT_ENCODING, "gzip")], results.compressed).into_response()
        } else {
            ([(CONTENT_TYPE, JSON)], json).into_response()
        })
    })
}

/// A ballot was counted.
#[derive(Debug, Serialize, ToSchema)]
struct ReceiptAnswer {
    /// The receipt.
    #[schema(value_type = schema::Receipt)]
    receipt: String,
    /// Always `true`: of a ballot that is not counted, nothing is known here.
    #[schema(example = true)]
    counted: bool,
}

/// Tells whether the ballot with this receipt is counted.
///
/// Anyone may call this. The answer does not tell who cast the ballot, or how. Ballots are counted once the election is closed. Until
/// all of them are counted the answer is 404 with `receipt_not_found`, as it is for a receipt that was never given.
#[utoipa::path(
    get, path = "/public/elections/{election}/receipts/{receipt}", tag = "public", operation_id = "check_receipt",
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("receipt" = schema::Receipt, Path, description = "What the voter got for the cast ballot"),
    ),
    responses((status = OK, body = ReceiptAnswer, description = "The ballot is counted"))
)]
async fn receipt(State(app): State<App>, path: Segments) -> Answer {
    let election = path.id("election")?;
    let receipt: Receipt = path.id("receipt")?;
    let counted = app.documents.public(election).await?.is_some();
    if !counted || !app.documents.receipt(election, &receipt).await? {
        return Err(Problem::new(Code::ReceiptNotFound, "no ballot with this receipt is counted so far"));
    }
    Ok(public(BRIEFLY, ReceiptAnswer { receipt: receipt.to_string(), counted: true }))
}

/// Where administrators sign in: with an authorization code and PKCE (S256), as a public client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SignIn {
    /// Where the browser goes to sign in.
    #[schema(example = "https://sign-in.example.org/oauth2/authorize")]
    pub authorize_url: String,
    /// Where the page exchanges the code for a token.
    #[schema(example = "https://sign-in.example.org/oauth2/token")]
    pub token_url: String,
    /// The page's client id.
    #[schema(example = "photovote")]
    pub client_id: String,
    /// What the page asks for.
    #[schema(example = "openid")]
    pub scope: String,
}

/// Tells where administrators sign in.
///
/// Anyone may call this. A page signs administrators in with an authorization code and PKCE (S256). The URLs may be relative to this
/// service. The answer is 404 if the operator has not said where administrators sign in.
#[utoipa::path(
    get, path = "/sign-in", tag = "service", operation_id = "show_sign_in",
    responses((status = OK, body = SignIn, description = "Where administrators sign in"))
)]
async fn sign_in(State(app): State<App>) -> Answer {
    let sign_in = app.sign_in.ok_or_else(|| {
        Problem::new(Code::SignInNotFound, "this service does not say where administrators sign in: ask the operator")
    })?;
    Ok(public(LONGER, sign_in))
}

/// The service is there.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `ok`.
    #[schema(example = "ok")]
    status: &'static str,
    /// The program's version.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// Tells that requests are served.
///
/// Anyone may call this, with GET. The answer has the version of the program. It does not look at the tables.
#[utoipa::path(
    get, path = "/health", tag = "service",
    responses((status = OK, body = Health, description = "Requests are served"))
)]
async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// Shows this document.
///
/// Anyone may call this. The document changes only with a new version of the program.
#[utoipa::path(
    get, path = "/openapi.json", tag = "service",
    responses((status = OK, body = serde_json::Value, content_type = "application/json", description = "The document", example = json!({"openapi": "3.1.0", "info": {"title": "PhotoVote"}, "paths": {}})))
)]
async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, LONGER)], OPENAPI).into_response()
}

fn public(how_long: &'static str, body: impl Serialize) -> Response {
    ([(CACHE_CONTROL, how_long)], Json(body)).into_response()
}
