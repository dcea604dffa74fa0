//! Answers that a client may have already (RFC 9110, 13.1.2), and in which coding it takes them (12.5.3).

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue,
    header::{ACCEPT_ENCODING, CACHE_CONTROL, ETAG, IF_NONE_MATCH, VARY},
    request::Parts,
};

use crate::status;

/// What a request says of answers that it knows and codings that it takes.
#[derive(Debug, Clone, Default)]
pub struct Revalidation {
    known: Vec<String>,
    gzip: bool,
}

impl Revalidation {
    /// Does the client take an answer that is compressed with gzip?
    pub const fn takes_gzip(&self) -> bool {
        self.gzip
    }

    /// The answer with this tag: `not modified` if the client has it, and otherwise what `make` makes. The tag is a weak one, since
    /// the compressed answer has the same.
    ///
    /// # Errors
    /// The answer cannot be made.
    pub fn answer<E>(
        &self,
        tag: &str,
        cache_control: &'static str,
        make: impl FnOnce() -> Result<Response, E>,
    ) -> Result<Response, E> {
        let known =
            self.known.iter().any(|known| known == "*" || known.trim_start_matches("W/").trim_matches('"') == tag);
        let mut response = if known { status::NOT_MODIFIED.into_response() } else { make()? };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control));
        headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
        headers.extend(HeaderValue::from_str(&format!("W/\"{tag}\"")).ok().map(|tag| (ETAG, tag)));
        Ok(response)
    }
}

impl<S: Sync> FromRequestParts<S> for Revalidation {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let known = listed(&parts.headers, IF_NONE_MATCH);
        let gzip = listed(&parts.headers, ACCEPT_ENCODING).iter().any(|coding| takes(coding));
        Ok(Self { known, gzip })
    }
}

/// The members of a header that is a list.
fn listed(headers: &HeaderMap, name: http::HeaderName) -> Vec<String> {
    let lines = headers.get_all(name);
    let members = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    members.map(|member| member.trim().to_owned()).collect()
}

/// Does this member of `Accept-Encoding` allow gzip? A weight of zero forbids it.
fn takes(coding: &str) -> bool {
    let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
    let weight = weight.trim().trim_start_matches(['q', 'Q', '=', ' ']);
    name.trim().eq_ignore_ascii_case("gzip") && (weight.is_empty() || weight.parse::<f32>().is_ok_and(|q| q > 0.0))
}

#[cfg(test)]
mod tests {
    use axum::Json;

    use super::*;

    async fn said(headers: &[(http::HeaderName, &str)]) -> Revalidation {
        let mut request = http::Request::builder();
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let Ok(said) = Revalidation::from_request_parts(&mut parts, &()).await;
        said
    }

    #[tokio::test]
    async fn whoever_has_the_answer_does_not_get_it_again() {
        for (tags, status) in [("W/\"a\"", 304), ("\"b\", \"a\"", 304), ("*", 304), ("\"b\"", 200), ("a b", 200)] {
            let said = said(&[(IF_NONE_MATCH, tags)]).await;
            let answer = said.answer("a", "public", || Ok::<_, ()>(Json(1).into_response())).unwrap();
            assert_eq!(answer.status().as_u16(), status, "{tags}");
            assert_eq!(
                (&answer.headers()[ETAG], &answer.headers()[CACHE_CONTROL]),
                (&"W/\"a\"".parse().unwrap(), &"public".parse().unwrap())
            );
        }
    }

    #[tokio::test]
    async fn compressed_answers_are_for_those_who_take_them() {
        for (codings, takes) in
            [("gzip", true), ("br;q=1, GZIP;q=0.5", true), ("gzip;q=0", false), ("br", false), ("", false)]
        {
            assert_eq!(said(&[(ACCEPT_ENCODING, codings)]).await.takes_gzip(), takes, "{codings}");
        }
    }
}
