//! What API Gateway does: takes HTTP requests, checks who calls, and hands each to its function as an event.

mod origin;
mod route;

use std::{convert::Infallible, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    http::{
        HeaderName, HeaderValue, Method,
        header::{
            ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_MATCH, LOCATION,
            RETRY_AFTER,
        },
    },
    middleware::Next,
    response::{IntoResponse, Response},
    routing::{MethodFilter, on},
};
use photovote_http::{ADMINISTRATOR, Problem, make_safe};
use tokio::{net::TcpListener, task::JoinHandle};
use tower_http::{
    cors::{AllowOrigin, CorsLayer},
    services::ServeDir,
    set_header::SetResponseHeaderLayer,
};
use utoipa::openapi::{
    OpenApi,
    path::{Operation, PathItem},
};

pub use self::origin::{Origin, OriginError};
use self::route::{RequestId, Route};
use crate::{issuer::Issuer, stop::Stop, supervisor::Supervisor};

/// How long a stop waits for requests that are under way.
const LONGEST_STOP: Duration = Duration::from_secs(10);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const EMBEDDING: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A function that answers HTTP requests.
pub struct Function {
    /// Its name in the logs.
    pub name: &'static str,
    /// What it serves, with full paths, and who may call: the gateway's routes are made of this.
    pub openapi: OpenApi,
    /// What answers.
    pub router: Router,
}

/// Who may read answers from pages of other origins.
#[derive(Debug, Clone, Default)]
pub enum Cors {
    /// Nobody.
    #[default]
    Nobody,
    /// Everybody.
    Everybody,
    /// Pages of these origins.
    Origins(Vec<HeaderValue>),
}

/// What the gateway needs besides its functions.
pub struct Settings {
    /// Checks administrators' tokens.
    pub issuer: Arc<Issuer>,
    /// Who may read answers from other origins.
    pub cors: Cors,
    /// The pictures that are served under `/photos`.
    pub photos: Option<PathBuf>,
}

/// Why there is no gateway.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// It does not know where it listens.
    #[error("the gateway cannot listen: {0}")]
    Listen(#[from] io::Error),
    /// A function claims to serve what no HTTP API can.
    #[error("{function} cannot serve {method} {path}")]
    Route {
        /// The function.
        function: &'static str,
        /// What it cannot serve.
        method: String,
        /// Where.
        path: String,
    },
}

/// The gateway, as it serves.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    stop: Stop,
    served: JoinHandle<()>,
}

impl Gateway {
    /// Serves the functions on this listener until it is stopped.
    pub fn start(
        listener: TcpListener,
        functions: Vec<Function>,
        settings: Settings,
        supervisor: &Supervisor,
    ) -> Result<Self, GatewayError> {
        let address = listener.local_addr()?;
        let service = router(functions, settings)?.into_make_service_with_connect_info::<SocketAddr>();
        let (stop, stopping) = Stop::new();
        let until = stopping.clone();
        let served = supervisor.start("the gateway", stopping, async move {
            if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(until.wait()).await {
                tracing::error!(%error, "the gateway stopped serving");
            }
        });
        Ok(Self { address, stop, served })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests, answers those that are under way, and stops.
    pub async fn stop(self) {
        drop(self.stop);
        let mut served = self.served;
        if tokio::time::timeout(LONGEST_STOP, &mut served).await.is_err() {
            tracing::warn!("the gateway stops with requests under way");
            served.abort();
        }
    }
}

fn router(functions: Vec<Function>, settings: Settings) -> Result<Router, GatewayError> {
    let mut router = Router::new();
    for Function { name, openapi, router: function } in functions {
        for (path, item) in openapi.paths.paths {
            for (method, operation) in operations(item) {
                let failed = |_not_routable| GatewayError::Route {
                    function: name,
                    method: method.to_string(),
                    path: path.clone(),
                };
                let filter = MethodFilter::try_from(method.clone()).map_err(failed)?;
                let route = Arc::new(Route {
                    key: format!("{method} {path}"),
                    function: name,
                    router: function.clone(),
                    issuer: needs_administrator(&operation).then(|| settings.issuer.clone()),
                });
                let handler = move |request: Request| async move { route.answer(request).await };
                // API Gateway has a route for each method, and none for HEAD. Here a handler of GET would take it as well.
                let handlers = match method {
                    Method::GET => on(filter, handler).head(|| async { Problem::no_route() }),
                    _ => on(filter, handler),
                };
                router = router.route(&path, handlers);
            }
        }
    }
    if let Some(photos) = settings.photos {
        router = router.nest_service("/photos", photo_service(photos));
    }
    let router = router
        .fallback(|| async { Problem::no_route() })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(axum::middleware::from_fn(name_request));
    let router = match cors(settings.cors) {
        Some(cors) => router.layer(cors),
        None => router,
    };
    // Outermost, around the router itself: what CORS answers is an answer, too, and the router names the methods of a path last.
    Ok(Router::new().fallback_service(router).layer(axum::middleware::map_response(finish)))
}

async fn finish(mut response: Response) -> Response {
    make_safe(response.headers_mut());
    if let Some(taken) = response.headers().get(ALLOW).and_then(without_head) {
        response.headers_mut().insert(ALLOW, taken);
    }
    response
}

/// The methods of a path, without the HEAD that is refused.
fn without_head(allow: &HeaderValue) -> Option<HeaderValue> {
    let methods: Vec<_> = allow.to_str().ok()?.split(',').filter(|method| *method != "HEAD").collect();
    HeaderValue::try_from(methods.join(",")).ok()
}

fn operations(item: PathItem) -> impl Iterator<Item = (Method, Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let all = [
        (Method::GET, get),
        (Method::PUT, put),
        (Method::POST, post),
        (Method::DELETE, delete),
        (Method::PATCH, patch),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation?)))
}

fn needs_administrator(operation: &Operation) -> bool {
    let named = |requirement| {
        // A requirement does not say its name in any other way.
        serde_json::to_value(requirement).is_ok_and(|requirement| requirement.get(ADMINISTRATOR).is_some())
    };
    operation.security.iter().flatten().any(named)
}

/// Gives the request its name, which an answer repeats; a refusal of the gateway's own does so in its body as well.
async fn name_request(mut request: Request, next: Next) -> Response {
    let mut bytes = [0; 16];
    if let Err(error) = getrandom::fill(&mut bytes) {
        tracing::error!(%error, "no randomness to name a request with");
        return Problem::internal().into_response();
    }
    let id = hex::encode(bytes);
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions().get::<Problem>() {
        let allow = response.headers().get(ALLOW).cloned();
        let mut named = problem.clone().answer(Some(&id));
        named.headers_mut().extend(allow.map(|methods| (ALLOW, methods)));
        response = named;
    }
    // Hexadecimal digits: always a value.
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// The pictures, as nothing but pictures: none of them can run a script, whatever it holds.
fn photo_service(photos: PathBuf) -> Router {
    let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");
    let missing = tower::service_fn(|_: Request| async { Ok::<_, Infallible>(Problem::no_route().into_response()) });
    let files = ServeDir::new(photos)
        .append_index_html_on_directories(false)
        .call_fallback_on_method_not_allowed(true)
        .fallback(missing);
    Router::new()
        .fallback_service(files)
        .layer(SetResponseHeaderLayer::overriding(CONTENT_SECURITY_POLICY, nothing))
        // The pages of a frontend show pictures, wherever they come from.
        .layer(SetResponseHeaderLayer::overriding(EMBEDDING, HeaderValue::from_static("cross-origin")))
        // Everybody may keep a picture, and asks whether it is still the same.
        .layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, HeaderValue::from_static("no-cache")))
}

fn cors(cors: Cors) -> Option<CorsLayer> {
    let origins = match cors {
        Cors::Nobody => return None,
        Cors::Everybody => AllowOrigin::any(),
        Cors::Origins(origins) => AllowOrigin::list(origins),
    };
    let idempotency_key = HeaderName::from_static("idempotency-key");
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, IF_MATCH, idempotency_key])
        .expose_headers([ETAG, LOCATION, RETRY_AFTER, REQUEST_ID])
        .max_age(Duration::from_hours(1));
    Some(layer)
}

#[cfg(test)]
mod tests;
