//! What makes two requests one: the `Idempotency-Key`, and a request's fingerprint.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OriginalUri};
use http::{HeaderMap, Method, request::Parts};
use photovote_domain::{Digest, Hasher};

use crate::{code::Code, problem::Problem};

/// The longest key, in characters.
pub(crate) const LONGEST_KEY: usize = 255;
/// What a key looks like. White space at an end is no part of a header's value.
pub(crate) const KEY: &str = "^[!-~](?:[ -~]{0,253}[!-~])?$";

/// The name that the client gives to one attempt at something, however often it is sent. With the request's method and
/// path, because the fingerprint takes them. Extracting it never fails: a malformed key is told only when the form is checked.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// `None`: malformed.
    key: Option<Option<String>>,
    method: Method,
    path: String,
}

impl IdempotencyKey {
    /// The key, if there is one.
    ///
    /// # Errors
    /// The header is there more than once, or is not 1 to 255 printable ASCII characters.
    pub fn parse(&self) -> Result<Option<&str>, Problem> {
        let detail = "Idempotency-Key has to be 1 to 255 printable ASCII characters";
        let key = self.key.as_ref().ok_or_else(|| Problem::new(Code::MalformedIdempotencyKey, detail))?;
        Ok(key.as_deref())
    }

    /// The fingerprint of this request; see [`fingerprint`].
    pub fn fingerprint(&self, caller: &str, canonical_body: &[u8]) -> Digest {
        fingerprint(caller, &self.method, &self.path, canonical_body)
    }
}

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        // A nested router sees its own part of the path only.
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
        Ok(Self { key: key(&parts.headers), method: parts.method.clone(), path: uri.path().to_owned() })
    }
}

fn key(headers: &HeaderMap) -> Option<Option<String>> {
    let mut values = headers.get_all("idempotency-key").iter();
    match (values.next(), values.next()) {
        (None, _) => Some(None),
        (Some(value), None) => {
            let key = value.to_str().ok()?;
            let printable = key.bytes().all(|b| (0x20..=0x7e).contains(&b));
            (printable && (1..=LONGEST_KEY).contains(&key.len())).then(|| Some(key.to_owned()))
        }
        (Some(_), Some(_)) => None,
    }
}

/// What two requests share if and only if the same caller asks for the same thing.
pub fn fingerprint(caller: &str, method: &Method, path: &str, canonical_body: &[u8]) -> Digest {
    Hasher::new("photovote/fingerprint")
        .part(caller.as_bytes())
        .part(method.as_str().as_bytes())
        .part(path.as_bytes())
        .part(canonical_body)
        .finish()
}

/// The id of the command that a caller sends to a stream under a key.
pub fn command_id(caller: &str, stream: &str, key: &str) -> Digest {
    Hasher::new("photovote/command").part(caller.as_bytes()).part(stream.as_bytes()).part(key.as_bytes()).finish()
}

/// The 128 bits of the id of what a caller creates under a key, without naming an id: a retry derives the same. `scope` says
/// what is created, and in what. With a secret of where it is created, the id confirms no guess of the key, which may be a
/// name or an address.
pub fn derived_id(caller: &str, scope: &str, secret: Option<Digest>, key: &str) -> u128 {
    let hasher =
        Hasher::new("photovote/derived-id").part(caller.as_bytes()).part(scope.as_bytes()).part(key.as_bytes());
    secret.iter().fold(hasher, |hasher, secret| hasher.part(secret.as_bytes())).finish().leading_bits()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    async fn extracted(keys: &[&[u8]]) -> IdempotencyKey {
        let mut request = http::Request::post("/v1/elections?x=1");
        for key in keys {
            request = request.header("Idempotency-Key", *key);
        }
        let mut parts = request.body(()).unwrap().into_parts().0;
        let Ok(key) = IdempotencyKey::from_request_parts(&mut parts, &()).await;
        key
    }

    #[tokio::test]
    async fn a_key_is_printable_ascii() {
        let longest = "x".repeat(LONGEST_KEY);
        assert_eq!(extracted(&[]).await.parse().unwrap(), None);
        for key in ["a", "\"a b~\"", &longest] {
            assert_eq!(extracted(&[key.as_bytes()]).await.parse().unwrap(), Some(key));
        }
        let longer = "x".repeat(LONGEST_KEY + 1);
        for keys in [&[&b""[..]][..], &[b"a\tb"], &["é".as_bytes()], &[longer.as_bytes()], &[b"a", b"a"]] {
            assert_eq!(extracted(keys).await.parse().unwrap_err().code(), "malformed_idempotency_key", "{keys:?}");
        }
    }

    proptest! {
        #[test]
        fn a_key_that_agrees_with_the_document_is_read(
            text in proptest::string::string_regex(KEY.trim_matches(['^', '$'])).unwrap(),
        ) {
            let mut headers = HeaderMap::new();
            headers.insert("idempotency-key", text.parse().unwrap());
            prop_assert_eq!(key(&headers), Some(Some(text)));
        }
    }

    #[tokio::test]
    async fn a_fingerprint_takes_caller_method_path_and_body() {
        let key = extracted(&[]).await;
        let one = key.fingerprint("ada", b"{}");
        assert_eq!(one, fingerprint("ada", &Method::POST, "/v1/elections", b"{}"));
        assert_ne!(one, fingerprint("bob", &Method::POST, "/v1/elections", b"{}"));
        assert_ne!(one, fingerprint("ada", &Method::PUT, "/v1/elections", b"{}"));
        assert_ne!(one, fingerprint("ada", &Method::POST, "/v1/election", b"{}"));
        assert_ne!(one, fingerprint("ada", &Method::POST, "/v1/elections", b"{ }"));
    }

    #[test]
    fn a_key_is_scoped_to_caller_and_stream() {
        let id = command_id("ada", "election#1", "k");
        assert_ne!(id, command_id("bob", "election#1", "k"));
        assert_ne!(id, command_id("ada", "election#2", "k"));
        assert_ne!(id, command_id("ada", "election#1", "l"));
        let (one, other) = (Some(Digest::of(b"one")), Some(Digest::of(b"other")));
        let id = derived_id("ada", "voter", one, "k");
        assert_eq!(id, derived_id("ada", "voter", one, "k"));
        assert_ne!(id, derived_id("ada", "election", one, "k"));
        assert_ne!(id, derived_id("bob", "voter", one, "k"));
        assert_ne!(id, derived_id("ada", "voter", one, "l"));
        assert_ne!(id, derived_id("ada", "voter", other, "k"));
        assert_ne!(id, derived_id("ada", "voter", None, "k"));
    }
}
