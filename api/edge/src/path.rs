//! What stands in a path.

use std::{convert::Infallible, fmt::Display, str::FromStr};

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use lambda_http::RequestExt;

use crate::{code::Code, problem::Problem};

/// The variable segments of the request's path, not looked at yet: a handler parses an id only when the things before it
/// in the path exist.
///
/// API Gateway hands a path on decoded, all but `%25`, so that a `#`, or a line break, may cut it short on its way here. The
/// gateway also says what it found at each name: a segment that is not what it says is not kept.
#[derive(Debug, Clone)]
pub struct Segments(Vec<(String, String)>);

impl Segments {
    /// The id that stands at `{name}` of the route.
    pub fn id<T>(&self, name: &str) -> Result<T, Problem>
    where
        T: FromStr<Err: Display>,
    {
        let malformed = |detail: String| Problem::new(Code::MalformedId, detail).with_field(name);
        let text = self.text(name).ok_or_else(|| malformed(format!("{name} cannot be read")))?;
        text.parse().map_err(|error| malformed(format!("{name}: {error}")))
    }

    /// The text that stands at `{name}` of the route, percent-decoded; `None` if the path is not UTF-8, or did not arrive
    /// whole.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }
}

impl<S: Sync + Send> FromRequestParts<S> for Segments {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let found = parts.path_parameters_ref();
        let whole = |name: &str, text: &str| match found.and_then(|found| found.first(name)) {
            Some(found) => found == text || found.replace("%25", "%") == text,
            None => true,
        };
        let pairs = params.iter().flatten().filter(|(name, text)| whole(name, text));
        Ok(Self(pairs.map(|(name, text)| (name.to_owned(), text.to_owned())).collect()))
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, routing::get};
    use photovote_domain::ElectionId;
    use serde_json::json;
    use tower::ServiceExt;

    use super::*;

    /// What a handler finds at `{name}`, when a gateway sends this path and says that this stands there.
    async fn found(raw_path: &str, named: Option<&str>) -> Option<String> {
        let event = json!({
            "version": "2.0", "rawPath": raw_path, "rawQueryString": "x=1", "headers": {"host": "localhost"},
            "isBase64Encoded": false, "pathParameters": named.map(|named| json!({"name": named})),
            "requestContext": {"stage": "$default", "http": {"method": "GET", "path": raw_path}},
        });
        let handler =
            |path: Segments| async move { path.text("name").map_or("-".to_owned(), |text| format!("+{text}")) };
        let router = Router::new().route("/things/{name}", get(handler));
        let request = lambda_http::request::from_str(&event.to_string()).unwrap().map(Body::new);
        let answer = axum::body::to_bytes(router.oneshot(request).await.unwrap().into_body(), 10_000).await.unwrap();
        String::from_utf8(answer.to_vec()).unwrap().strip_prefix('+').map(ToOwned::to_owned)
    }

    #[tokio::test]
    async fn a_path_gives_the_same_text_decoded_or_encoded() {
        for (text, encoded) in [
            ("ada", "ada"),
            ("auth0|123", "auth0%7C123"),
            ("user@example.org", "user%40example.org"),
            ("a b+c", "a%20b%2Bc"),
            ("Zoë 雪", "Zo%C3%AB%20%E9%9B%AA"),
            ("\"{<^`>}\"", "%22%7B%3C%5E%60%3E%7D%22"),
            ("100%", "100%25"),
            ("a%41", "a%2541"),
            ("a%2541", "a%252541"),
        ] {
            // As API Gateway sends it: decoded, but for `%25`.
            let sent = text.replace('%', "%25");
            for path in [encoded, &sent] {
                for named in [None, Some(text), Some(sent.as_str())] {
                    let found = found(&format!("/things/{path}"), named).await;
                    assert_eq!(found.as_deref(), Some(text), "{path} {named:?}");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_text_that_does_not_arrive_whole_is_not_there() {
        for text in ["a#b", "a?b", "a\tb", "a\nb", "ada ", "/ada", "..", "."] {
            assert_eq!(found(&format!("/things/{text}"), Some(text)).await, None, "{text}");
        }
    }

    #[test]
    fn an_id_is_parsed_where_it_stands() {
        let id = ElectionId::from_bits(7);
        let segments = Segments(vec![("election".into(), id.to_string()), ("voter".into(), "x".into())]);
        assert_eq!(segments.id::<ElectionId>("election").unwrap(), id);
        assert_eq!(segments.text("voter"), Some("x"));
        let problem = segments.id::<ElectionId>("voter").unwrap_err();
        assert_eq!(problem.code(), "malformed_id");
        assert!(problem.detail().starts_with("voter: "));
        assert_eq!(Segments(Vec::new()).id::<ElectionId>("election").unwrap_err().code(), "malformed_id");
    }
}
