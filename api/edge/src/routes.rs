//! A function's routes and their description, from one list of handlers.

use axum::{
    Router,
    handler::Handler,
    routing::{MethodFilter, MethodRouter},
};
use utoipa::Path;
use utoipa_axum::PathItemExt;

/// Makes, of a function's handlers, `routes()`, which serves each where its `#[utoipa::path]` says, and `description()`, which
/// is their OpenAPI document.
///
/// They are apart because a function on AWS Lambda describes nothing: to make its document was a third of the time that
/// election-commands took to start.
///
/// Beside each handler stand the [`Problems`](crate::Problems) that it can answer.
///
/// ```
/// use photovote_edge::Problems;
///
/// #[utoipa::path(get, path = "/health")]
/// async fn health() {}
///
/// photovote_edge::routes!((): health => Problems::of_any_operation());
///
/// let served: axum::Router = routes();
/// assert!(description().served().paths.paths.contains_key("/v1/health"));
/// ```
#[macro_export]
macro_rules! routes {
    ($app:ty: $($first:ident $(:: $second:ident)? => $problems:expr),+ $(,)?) => {
        /// The routes of this function.
        pub fn routes() -> axum::Router<$app> {
            let router = axum::Router::new();
            $(let router = $crate::route::<$crate::operation!($first $(:: $second)?), _, _, _>(router, $first $(:: $second)?);)+
            router
        }

        /// What they do, for those who call them.
        pub fn description() -> $crate::Description {
            let openapi = $crate::utoipa_axum::router::OpenApiRouter::<$app>::new()
                $(.routes($crate::utoipa_axum::routes!($first $(:: $second)?)))+
                .into_openapi();
            $crate::Description::new(openapi)$(.with::<$crate::operation!($first $(:: $second)?)>($problems))+
        }
    };
}

/// The type with which `#[utoipa::path]` describes a handler.
#[doc(hidden)]
#[macro_export]
macro_rules! operation {
    ($handler:ident) => {
        $crate::utoipa_axum::paste! { [<__path_ $handler>] }
    };
    ($module:ident :: $handler:ident) => {
        $crate::utoipa_axum::paste! { $module::[<__path_ $handler>] }
    };
}

/// These routes, and a handler at its place among them.
#[doc(hidden)]
pub fn route<P: Path, H: Handler<T, S>, T: 'static, S: Clone + Send + Sync + 'static>(
    routes: Router<S>,
    handler: H,
) -> Router<S> {
    let methods = P::methods().iter().map(PathItemExt::to_method_filter).reduce(MethodFilter::or);
    let handler = methods.map_or_else(MethodRouter::new, |methods| axum::routing::on(methods, handler));
    routes.route(&P::path(), handler)
}
