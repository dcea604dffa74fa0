//! Query parameters: a page of a list, and the version that a reader has to see at least.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Query};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::request::Parts;
use photovote_domain::Version;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{code::Code, problem::Problem, schema};

/// The longest page, in items.
pub(crate) const LONGEST_PAGE: u16 = 100;
/// The length of a page when the client does not say, in items.
pub(crate) const USUAL_PAGE: u16 = 50;
/// The characters of a cursor: Base64 for URLs, without padding.
pub(crate) const CURSOR: &str = "^[A-Za-z0-9_-]+$";

/// The request's query parameters, not looked at yet. A route asks for those that it takes; any other, or one that is
/// there twice, is malformed.
#[derive(Debug, Clone)]
pub struct Parameters(Option<Vec<(String, String)>>);

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// At most so many items: 1 to 100.
    pub limit: u16,
    /// Those after the item that [`Items::new`] was given as `end`. It comes from outside: it was ours once, or was forged.
    pub after: Option<String>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Items<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// What to send as `cursor` for the next page; `null` after the last one.
    #[schema(value_type = Option<schema::Cursor>, required = true)]
    pub next_cursor: Option<String>,
}

impl<T> Items<T> {
    /// A page of `list`, and where the next one starts: after `end`, if there may be more.
    pub fn new(list: &str, items: Vec<T>, end: Option<&str>) -> Self {
        Self { items, next_cursor: end.map(|end| cursor(list, end)) }
    }
}

impl Parameters {
    /// `limit` and `cursor`. `list` names the list, ids included: a cursor of another one is malformed.
    pub fn page(&self, list: &str) -> Result<Page, Problem> {
        let [limit, cursor] = self.only(["limit", "cursor"])?;
        let limit = match limit {
            Some(text) => number(text)
                .and_then(|limit| u16::try_from(limit).ok())
                .filter(|limit| (1..=LONGEST_PAGE).contains(limit))
                .ok_or_else(|| malformed("limit", format!("limit has to be a number from 1 to {LONGEST_PAGE}")))?,
            None => USUAL_PAGE,
        };
        let after = match cursor {
            Some(cursor) => Some(place(list, cursor).ok_or_else(|| {
                Problem::new(Code::MalformedCursor, "this is no cursor of this list").with_field("cursor")
            })?),
            None => None,
        };
        Ok(Page { limit, after })
    }

    /// `min_version`: the version that the answer has to show at least.
    pub fn min_version(&self) -> Result<Option<Version>, Problem> {
        let [version] = self.only(["min_version"])?;
        let Some(text) = version else { return Ok(None) };
        let version = number(text).ok_or_else(|| malformed("min_version", "min_version has to be a number".into()))?;
        Ok(Some(Version::new(version)))
    }

    /// The values of these parameters, when there is no other and none twice.
    fn only<const N: usize>(&self, names: [&str; N]) -> Result<[Option<&str>; N], Problem> {
        let unreadable = || Problem::new(Code::MalformedParameter, "the query cannot be read");
        let given = self.0.as_ref().ok_or_else(unreadable)?;
        let mut values = [None; N];
        for (name, value) in given {
            let place = names.iter().position(|known| known == name);
            let Some(place) = place else {
                return Err(malformed(name, format!("there is no parameter `{name}` here")));
            };
            if values[place].replace(value.as_str()).is_some() {
                return Err(malformed(name, format!("{name} is there twice")));
            }
        }
        Ok(values)
    }
}

fn malformed(name: &str, detail: String) -> Problem {
    Problem::new(Code::MalformedParameter, detail).with_field(name)
}

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(Query::try_from_uri(&parts.uri).ok().map(|Query(pairs)| pairs)))
    }
}

/// Digits only: the number parser takes a sign as well.
fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Opaque to clients: the list's name and the place in it.
fn cursor(list: &str, place: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{list}\0{place}"))
}

fn place(list: &str, cursor: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    Some(text.strip_prefix(list)?.strip_prefix('\0')?.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    async fn parameters(query: &str) -> Parameters {
        let mut parts = http::Request::get(format!("/v1/elections?{query}")).body(()).unwrap().into_parts().0;
        let Ok(parameters) = Parameters::from_request_parts(&mut parts, &()).await;
        parameters
    }

    #[tokio::test]
    async fn a_page_by_default_has_50_items_from_the_beginning() {
        assert_eq!(parameters("").await.page("l").unwrap(), Page { limit: 50, after: None });
        assert_eq!(parameters("limit=1").await.page("l").unwrap().limit, 1);
        assert_eq!(parameters("limit=100").await.page("l").unwrap().limit, 100);
    }

    #[tokio::test]
    async fn what_a_route_does_not_take_is_malformed() {
        let refused = [
            "limit=0",
            "limit=101",
            "limit=",
            "limit=%2B5",
            "limit=-1",
            "limit=5.0",
            "limit=99999999999999999999",
            "limit=5&limit=5",
            "offset=5",
            "Limit=5",
            "limit",
            "=",
            "%FF=1",
        ];
        for query in refused {
            assert_eq!(parameters(query).await.page("l").unwrap_err().code(), "malformed_parameter", "{query}");
        }
    }

    #[tokio::test]
    async fn a_cursor_belongs_to_its_list() {
        let next = Items::new("voters/1", vec![1], Some("v#7")).next_cursor.unwrap();
        let query = parameters(&format!("cursor={next}")).await;
        assert_eq!(query.page("voters/1").unwrap().after.as_deref(), Some("v#7"));
        for other in ["voters/2", "voters", "voters/11", ""] {
            assert_eq!(query.page(other).unwrap_err().code(), "malformed_cursor", "{other}");
        }
        for wrong in ["", "x", "%00", "!!!!", &format!("{next}="), "_____w"] {
            let query = parameters(&format!("cursor={wrong}")).await;
            assert_eq!(query.page("voters/1").unwrap_err().code(), "malformed_cursor", "{wrong}");
        }
    }

    #[test]
    fn the_last_page_says_so() {
        let last = serde_json::to_value(Items::<u8>::new("l", Vec::new(), None)).unwrap();
        assert_eq!(last, serde_json::json!({"items": [], "next_cursor": null}));
    }

    #[tokio::test]
    async fn a_least_version_is_a_number() {
        assert_eq!(parameters("").await.min_version().unwrap(), None);
        assert_eq!(parameters("min_version=17").await.min_version().unwrap(), Some(Version::new(17)));
        for query in [
            "min_version=",
            "min_version=x",
            "min_version=-1",
            "min_version=18446744073709551616",
            "limit=1",
            "min_version=1&min_version=1",
        ] {
            assert_eq!(parameters(query).await.min_version().unwrap_err().code(), "malformed_parameter", "{query}");
        }
    }

    proptest! {
        #[test]
        fn every_place_survives_its_cursor(list in "[a-z/0-9]{1,40}", at: String) {
            prop_assert_eq!(place(&list, &cursor(&list, &at)), Some(at));
        }

        #[test]
        fn no_cursor_does_harm(list: String, text: String) {
            let _ = place(&list, &text);
        }
    }
}
