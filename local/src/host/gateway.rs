//! What API Gateway does: takes HTTP requests, checks who calls, and hands each to its function as an event.

mod authorization;
mod body;
mod connections;
mod host;
mod origin;
mod outbox;
mod page;
mod photos;
mod route;
mod uploads;

use std::{io, net::SocketAddr, num::NonZeroUsize, path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    http::{
        HeaderName, HeaderValue, Method,
        header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, LOCATION, RETRY_AFTER},
    },
    middleware::Next,
    response::{IntoResponse, Response},
    routing::{MethodFilter, on},
};
use photovote_edge::{ADMINISTRATOR, Problem, make_safe};
use tokio::{net::TcpListener, task::JoinHandle};
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::openapi::{
    OpenApi,
    path::{Operation, PathItem},
};

use self::route::{RequestId, Route};
pub(crate) use self::{
    authorization::{AUTHORIZE, TOKEN},
    host::one_host,
};
pub use self::{
    connections::MAX_CONNECTIONS,
    host::{AllowedHosts, HostError},
    origin::{Origin, OriginError},
    page::Page,
};
use crate::{
    host::issuer::Issuer, host::objects::ObjectStore, host::sign_in::Links, stop::Stop, supervisor::Supervisor,
};

/// How long a stop waits for requests that are under way.
const LONGEST_STOP: Duration = Duration::from_secs(10);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

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
    /// Links that sign administrators in.
    pub links: Links,
    /// The directory of mails.
    pub outbox: PathBuf,
    /// Where the page's files are taken from.
    pub page: Page,
    /// What is uploaded, and what photographs are served.
    pub objects: ObjectStore,
    /// Who may read answers from other origins.
    pub cors: Cors,
    /// The hosts that it answers for, besides its own address.
    pub hosts: AllowedHosts,
    /// The most connections at a time. Further clients wait.
    pub max_connections: NonZeroUsize,
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
        let most = settings.max_connections;
        let router = router(functions, settings)?;
        let (stop, stopping) = Stop::new();
        let serving = connections::serve(listener, router, most, stopping.clone());
        let served = supervisor.start("the gateway", stopping, serving);
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
    let mut router: Router<Page> = Router::new();
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
    let router = router
        .merge(photos::photos(settings.objects.clone()).with_state(()))
        .merge(uploads::uploads(settings.objects).with_state(()))
        .merge(outbox::routes(settings.outbox, settings.issuer.clone()).with_state(()))
        .merge(authorization::routes(settings.issuer, settings.links).with_state(()))
        .fallback(page::answer)
        .with_state(settings.page)
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(axum::middleware::from_fn(name_request));
    let router = match cors(settings.cors) {
        Some(cors) => router.layer(cors),
        None => router,
    };
    // Around the router itself: what CORS answers is an answer, too, and the router names the methods of a path last.
    let router = Router::new()
        .fallback_service(router)
        .layer(axum::middleware::from_fn_with_state(settings.hosts, host::admit))
        .layer(axum::middleware::map_response(finish))
        .layer(axum::middleware::from_fn(connections::count));
    Ok(router)
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
    let id = match name() {
        Ok(id) => id,
        Err(no_name) => return no_name.into_response(),
    };
    request.extensions_mut().insert(RequestId(id.clone()));
    let response = next.run(request).await;
    match response.extensions().get::<Problem>() {
        Some(problem) => {
            let mut named = refuse(problem, &id);
            let allow = response.headers().get(ALLOW).cloned();
            named.headers_mut().extend(allow.map(|methods| (ALLOW, methods)));
            named
        }
        None => named(response, &id),
    }
}

/// A new name for a request.
fn name() -> Result<String, Problem> {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Ok(hex::encode(bytes)),
        Err(error) => {
            tracing::error!(%error, "no randomness to name a request with");
            Err(Problem::internal())
        }
    }
}

/// A refusal of the gateway's own.
fn refuse(problem: &Problem, id: &str) -> Response {
    named(problem.clone().answer(Some(id)), id)
}

fn named(mut response: Response, id: &str) -> Response {
    // Hexadecimal digits: always a value.
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
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
