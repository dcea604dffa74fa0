//! Whose pages may read answers.

use std::str::FromStr;

use axum::http::HeaderValue;

/// Whose pages may read answers: those of one origin, or all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Every page.
    Any,
    /// The pages of this origin.
    One(HeaderValue),
}

/// Why a text is not an origin.
#[derive(Debug, thiserror::Error)]
pub enum OriginError {
    /// Not a URL.
    #[error("an origin looks like https://vote.example: {0}")]
    NotAUrl(#[from] url::ParseError),
    /// Not as a browser sends it.
    #[error("a browser sends this origin as {0}: write it so, without a path or a slash at the end")]
    Otherwise(String),
    /// Pages of this scheme are not served over HTTP.
    #[error("an origin begins with https:// or http://")]
    Scheme,
    /// No host has this name.
    #[error("an origin names one host, with letters, digits, dots and hyphens")]
    Host,
    /// It cannot stand in a header.
    #[error("an origin has visible ASCII characters only")]
    Header(#[from] axum::http::header::InvalidHeaderValue),
}

impl FromStr for Origin {
    type Err = OriginError;

    /// Reads an origin as a browser sends it: scheme, host and port, nothing more. The template takes the same.
    fn from_str(text: &str) -> Result<Self, OriginError> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let url = url::Url::parse(text)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(OriginError::Scheme);
        }
        // A URL may have more in a host than the name of one can have, `*` for one.
        let named = |host: &str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-[:]".contains(&b));
        if !url.host_str().is_some_and(named) {
            return Err(OriginError::Host);
        }
        let origin = url.origin().ascii_serialization();
        if origin == text { Ok(Self::One(HeaderValue::try_from(origin)?)) } else { Err(OriginError::Otherwise(origin)) }
    }
}
