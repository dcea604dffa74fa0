//! What stands in a path.

use std::{convert::Infallible, fmt::Display, str::FromStr};

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;

use crate::problem::Problem;

/// The variable segments of the request's path, not looked at yet: a handler parses an id only when the things before it
/// in the path exist.
#[derive(Debug, Clone)]
pub struct Segments(Vec<(String, String)>);

impl Segments {
    /// The id that stands at `{name}` of the route.
    pub fn id<T>(&self, name: &str) -> Result<T, Problem>
    where
        T: FromStr<Err: Display>,
    {
        let malformed = |detail: String| Problem::malformed("malformed_id", detail).with_field(name);
        // A segment that is not UTF-8 was not kept.
        let text = self.text(name).ok_or_else(|| malformed(format!("{name} is not UTF-8")))?;
        text.parse().map_err(|error| malformed(format!("{name}: {error}")))
    }

    /// The text that stands at `{name}` of the route, percent-decoded; `None` if the path is not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }
}

impl<S: Sync + Send> FromRequestParts<S> for Segments {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let pairs = params.iter().flatten().map(|(name, text)| (name.to_owned(), text.to_owned()));
        Ok(Self(pairs.collect()))
    }
}

#[cfg(test)]
mod tests {
    use photovote_domain::ElectionId;

    use super::*;

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
