//! Parts of a request: query, headers, body.

use axum::{
    body::Body as Stream,
    extract::{FromRequest, FromRequestParts},
};
use futures::FutureExt;
use http::{HeaderMap, HeaderValue, Request, Uri, request::Parts};
use photovote_edge::{Body, IdempotencyKey, IfMatch, Items, Parameters, Precondition, Problem, Voter};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

fn malformed(problem: &Problem) {
    assert_eq!(problem.status().as_u16(), 400, "{problem:?}");
}

fn extracted<T: FromRequestParts<(), Rejection: std::fmt::Debug>>(parts: &mut Parts) -> Result<T, T::Rejection> {
    T::from_request_parts(parts, &()).now_or_never().expect("what has arrived is there at once")
}

/// A query string: a page within its bounds and a cursor that leads back to its place, or a refusal.
pub fn query(data: &[u8]) {
    let Ok(uri) = Uri::builder().path_and_query([b"/?", data].concat()).build() else { return };
    let mut parts = Request::get(uri).body(()).expect("the address was read").into_parts().0;
    let parameters: Parameters = extracted(&mut parts).expect("this cannot fail");
    match parameters.page("voters/7") {
        Ok(page) => {
            assert!((1..=100).contains(&page.limit), "{page:?}");
            if let Some(after) = page.after {
                let again = Items::<u8>::new("voters/7", Vec::new(), Some(&after)).next_cursor.expect("there is more");
                let uri = format!("/?cursor={again}").parse().expect("a cursor stands in a query as it is");
                parts.uri = uri;
                let parameters: Parameters = extracted(&mut parts).expect("this cannot fail");
                assert_eq!(parameters.page("voters/7").expect("our own").after, Some(after));
                malformed(&parameters.page("voters/8").expect_err("of another list"));
            }
        }
        Err(problem) => malformed(&problem),
    }
    if let Err(problem) = parameters.min_version() {
        malformed(&problem);
    }
}

/// Headers, each line the value of all that are parsed: `If-Match`, `Idempotency-Key`, `Authorization`.
pub fn headers(data: &[u8]) {
    let mut map = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let Ok(value) = HeaderValue::from_bytes(line) else { continue };
        for name in ["if-match", "idempotency-key", "authorization"] {
            map.append(name, value.clone());
        }
    }
    let mut parts = Request::post("/").body(()).expect("a request").into_parts().0;
    parts.headers = map;
    match extracted::<IfMatch>(&mut parts).expect("this cannot fail").parse() {
        Ok(Precondition::None) => {}
        Ok(Precondition::OneOf(tags)) => {
            assert!(tags.iter().all(|tag| tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"')), "{tags:?}");
        }
        Err(problem) => malformed(&problem),
    }
    match extracted::<IdempotencyKey>(&mut parts).expect("this cannot fail").parse() {
        Ok(None) => assert!(!parts.headers.contains_key("idempotency-key")),
        Ok(Some(key)) => {
            assert!((1..=255).contains(&key.len()) && key.bytes().all(|b| (0x20..=0x7e).contains(&b)), "{key:?}");
        }
        Err(problem) => malformed(&problem),
    }
    match extracted::<Voter>(&mut parts) {
        Ok(Voter(token)) => {
            let sent = parts.headers["authorization"].to_str().expect("it was read");
            assert!(sent.ends_with(&token.reveal()), "nothing but what was sent");
        }
        Err(problem) => assert_eq!(problem.status().as_u16(), 401),
    }
}

/// A JSON body: an object in which every key stands once, and whose canonical form is its own canonical form.
pub fn json_body(data: &[u8]) {
    let body = |bytes: Vec<u8>| {
        let request = Request::post("/").header("content-type", "application/json").body(Stream::from(bytes));
        let body = Body::from_request(request.expect("a request"), &()).now_or_never();
        let Ok(body) = body.expect("what is in memory is there at once");
        body
    };
    match body(data.to_vec()).parse::<Value>() {
        Ok(parsed) => {
            assert!(parsed.value.is_object());
            let canonical = body(parsed.canonical.clone()).parse::<Value>().expect("the canonical form is a body");
            assert_eq!(canonical.canonical, parsed.canonical);
            if !data.is_empty() {
                let unmarked = data.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(data);
                let Keys(sent) = serde_json::from_slice(unmarked).expect("it was read");
                let Keys(kept) = serde_json::from_slice(&parsed.canonical).expect("it was written");
                assert_eq!(sent, kept, "no key was there twice");
            }
        }
        Err(problem) => assert!(matches!(problem.status().as_u16(), 400 | 413), "{problem:?}"),
    }
}

/// How many keys a document has, all its objects together, however often each is there.
struct Keys(usize);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeysVisitor).map(Self)
    }
}

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = usize;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_bool<E>(self, _: bool) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_i64<E>(self, _: i64) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_u64<E>(self, _: u64) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_f64<E>(self, _: f64) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_str<E>(self, _: &str) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<usize, A::Error> {
        let mut keys = 0;
        while let Some(Keys(inner)) = items.next_element()? {
            keys += inner;
        }
        Ok(keys)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<usize, A::Error> {
        let mut keys = 0;
        while let Some((_, Keys(inner))) = entries.next_entry::<String, Keys>()? {
            keys += 1 + inner;
        }
        Ok(keys)
    }
}
