//! Signs administrators in as Amazon Cognito does: with an authorization code and PKCE (RFC 6749, RFC 7636).
//!
//! Cognito asks for a password. Here the secret of a [sign-in link](crate::host::sign_in) stands in its place: the page sends it to
//! `/authorize` in a form. Without it, `/authorize` signs in no one.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest;
use axum::{
    Extension, Json, Router,
    body::to_bytes,
    extract::{RawQuery, Request, State},
    http::{HeaderValue, StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use photovote_domain::{Subject, Timestamp};
use photovote_edge::{Code, Problem};
use serde_json::json;
use url::{Url, form_urlencoded};

use crate::{
    host::event::NamedHost,
    host::issuer::{AUDIENCE, ISSUER, Issuer, LIFETIME_SECS},
    host::sign_in::{ADMINISTRATOR, Links},
};

/// Where a browser goes to sign in.
pub(crate) const AUTHORIZE: &str = "/authorize";
/// Where the page exchanges a code for a token.
pub(crate) const TOKEN: &str = "/token";
/// Where the page waits for the code.
const BACK: &str = "/admin";

/// How long a code is good for.
const CODE_LIFETIME: Duration = Duration::from_mins(1);
/// The most codes that wait to be exchanged.
const MOST_CODES: usize = 100;
/// The most bytes of a form.
const LONGEST_FORM: usize = 8 * 1024;

/// What signing in needs: links that prove who asks, and codes that wait to be exchanged.
#[derive(Clone)]
pub(super) struct Authorization {
    issuer: Arc<Issuer>,
    links: Links,
    codes: Arc<Mutex<HashMap<String, Grant>>>,
}

/// What a code is exchanged for, and by whom.
#[derive(Debug)]
struct Grant {
    challenge: String,
    redirect_uri: String,
    expires: Timestamp,
}

/// The fields of a form, each written once.
type Fields = BTreeMap<String, String>;

/// Routes to sign in by.
pub(super) fn routes(issuer: Arc<Issuer>, links: Links) -> Router {
    Router::new()
        .route(AUTHORIZE, get(authorize_by_link).post(authorize_by_form))
        .route(TOKEN, post(token))
        .route("/.well-known/openid-configuration", get(configuration))
        .with_state(Authorization { issuer, links, codes: Arc::default() })
}

/// The discovery document (OIDC Discovery 1.0), as far as a page needs it.
async fn configuration(Extension(host): Extension<NamedHost>) -> Json<serde_json::Value> {
    let origin = origin(&host);
    Json(json!({
        "issuer": ISSUER,
        "authorization_endpoint": format!("{origin}{AUTHORIZE}"),
        "token_endpoint": format!("{origin}{TOKEN}"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
    }))
}

async fn authorize_by_link(
    State(authorization): State<Authorization>,
    Extension(host): Extension<NamedHost>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut fields = fields(query.unwrap_or_default().as_bytes())?;
    // A secret in a URL would stand in histories and logs.
    fields.remove("link");
    authorization.authorize(&host, &fields).await
}

async fn authorize_by_form(
    State(authorization): State<Authorization>,
    Extension(host): Extension<NamedHost>,
    request: Request,
) -> Result<Response, Problem> {
    let fields = form(request).await?;
    authorization.authorize(&host, &fields).await
}

async fn token(State(authorization): State<Authorization>, request: Request) -> Result<Response, Problem> {
    let fields = form(request).await?;
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response();
    if field(&fields, "grant_type") != "authorization_code" {
        return Ok(refused("unsupported_grant_type"));
    }
    let grant = authorization.codes().remove(field(&fields, "code"));
    let granted = grant.is_some_and(|grant| {
        let verifier = field(&fields, "code_verifier");
        let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
        now() < grant.expires
            && field(&fields, "client_id") == AUDIENCE
            && field(&fields, "redirect_uri") == grant.redirect_uri
            && challenge == grant.challenge
    });
    if !granted {
        return Ok(refused("invalid_grant"));
    }
    let signed = ADMINISTRATOR.parse::<Subject>().map_err(|error| error.to_string());
    let signed = signed.and_then(|admin| authorization.issuer.token(&admin, now()).map_err(|error| error.to_string()));
    let token = signed.map_err(|error| {
        tracing::error!(error, "a token cannot be made");
        Problem::internal()
    })?;
    let answer = json!({"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME_SECS});
    Ok(Json(answer).into_response())
}

impl Authorization {
    /// Sends the browser back to the page: with a code if the link is good, otherwise with `access_denied`.
    async fn authorize(&self, host: &NamedHost, fields: &Fields) -> Result<Response, Problem> {
        let malformed = |detail| Err(Problem::new(Code::MalformedParameter, detail));
        if field(fields, "client_id") != AUDIENCE {
            return malformed("client_id has to be photovote");
        }
        let back = format!("{}{BACK}", origin(host));
        if field(fields, "redirect_uri") != back {
            return malformed("redirect_uri has to be the administrator's page of this server");
        }
        let challenge = field(fields, "code_challenge");
        let is_hash = URL_SAFE_NO_PAD.decode(challenge).is_ok_and(|hash| hash.len() == digest::SHA256_OUTPUT_LEN);
        if field(fields, "response_type") != "code" || field(fields, "code_challenge_method") != "S256" || !is_hash {
            return malformed("sign-in takes response_type=code and a code_challenge by S256");
        }
        let mut url = Url::parse(&back).map_err(|_no_url| Problem::internal())?;
        let (name, value) = match self.code(field(fields, "link"), challenge, &back).await? {
            Some(code) => ("code", code),
            None => ("error", String::from("access_denied")),
        };
        url.query_pairs_mut().append_pair(name, &value).append_pair("state", field(fields, "state"));
        let location = HeaderValue::try_from(url.as_str()).map_err(|_unwritable| Problem::internal())?;
        Ok((StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response())
    }

    /// A new code, if the link is good.
    async fn code(&self, link: &str, challenge: &str, redirect_uri: &str) -> Result<Option<String>, Problem> {
        let (links, secret, now) = (self.links.clone(), link.to_owned(), now());
        let taken = tokio::task::spawn_blocking(move || links.take(&secret, now)).await;
        let taken = taken.map_err(|error| error.to_string()).and_then(|taken| taken.map_err(|error| error.to_string()));
        let failed = |error: String| {
            tracing::error!(error, "a sign-in link cannot be used");
            Problem::internal()
        };
        if !taken.map_err(failed)? {
            return Ok(None);
        }
        let mut code = [0; 32];
        getrandom::fill(&mut code).map_err(|error| failed(error.to_string()))?;
        let code = URL_SAFE_NO_PAD.encode(code);
        let lifetime = i64::try_from(CODE_LIFETIME.as_millis()).unwrap_or(i64::MAX);
        let expires = Timestamp::from_millis(now.millis().saturating_add(lifetime));
        let mut codes = self.codes();
        codes.retain(|_, grant| now < grant.expires);
        if codes.len() < MOST_CODES {
            let grant = Grant { challenge: challenge.into(), redirect_uri: redirect_uri.into(), expires };
            codes.insert(code.clone(), grant);
        }
        Ok(Some(code))
    }

    fn codes(&self) -> MutexGuard<'_, HashMap<String, Grant>> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

/// The origin that the browser knows this server by.
fn origin(host: &NamedHost) -> String {
    format!("http://{}", host.written.to_str().unwrap_or_default())
}

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map_or("", String::as_str)
}

async fn form(request: Request) -> Result<Fields, Problem> {
    let body = to_bytes(request.into_body(), LONGEST_FORM).await;
    let body =
        body.map_err(|_too_long| Problem::new(Code::MalformedBody, "the form cannot be read, or has more than 8 KB"))?;
    fields(&body)
}

fn fields(form: &[u8]) -> Result<Fields, Problem> {
    let mut fields = Fields::new();
    for (name, value) in form_urlencoded::parse(form) {
        if fields.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(Problem::new(Code::MalformedParameter, "a parameter stands twice in the form"));
        }
    }
    Ok(fields)
}
