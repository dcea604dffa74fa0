//! Whether a request comes through the distribution that serves the page.

use std::{fmt, sync::Arc};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName};
use secrecy::{ExposeSecret, SecretString};
use subtle::{Choice, ConstantTimeEq};

use crate::{code::Code, problem::Problem};

/// The header that holds the distribution's secret. The distribution replaces what a viewer sends in it.
pub const ORIGIN_SECRET: HeaderName = HeaderName::from_static("x-origin-secret");

/// The secrets of the distribution: none without one, two while one replaces the other.
#[derive(Clone, Default)]
pub struct OriginSecrets(Arc<[SecretString]>);

impl fmt::Debug for OriginSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl OriginSecrets {
    /// Reads secrets that are separated by commas.
    pub fn parse(text: &str) -> Self {
        Self(text.split(',').filter(|secret| !secret.is_empty()).map(SecretString::from).collect())
    }

    /// Whether a request with these headers is accepted. Without secrets, every request is.
    fn accept(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(ORIGIN_SECRET).map_or(&[][..], |value| value.as_bytes());
        let equal = |found: Choice, secret: &SecretString| found | secret.expose_secret().as_bytes().ct_eq(given);
        self.0.is_empty() || self.0.iter().fold(Choice::from(0), equal).into()
    }
}

/// Refuses a request without one of the secrets.
pub(crate) async fn admit(State(secrets): State<OriginSecrets>, request: Request, next: Next) -> Response {
    if secrets.accept(request.headers()) {
        return next.run(request).await;
    }
    Problem::from(Code::WrongAddress).into_response()
}
