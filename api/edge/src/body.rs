//! Request bodies: JSON objects, read strictly.

use std::{convert::Infallible, fmt, str::FromStr};

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::{
    code::Code,
    json::{self, Wrong},
    problem::Problem,
    value::value,
};

/// The most bytes that a body can have: 256 KB.
pub const LARGEST_BODY: usize = 256 * 1024;

/// A request's body, not looked at yet. Extracting it never fails, so that a handler can first say whether the thing
/// exists, and only then that the body is malformed.
#[derive(Debug, Clone)]
pub struct Body {
    content: Content,
    media: Media,
}

#[derive(Debug, Clone)]
enum Content {
    Bytes(Bytes),
    TooLarge,
    Interrupted,
}

/// What the headers say that the body is.
#[derive(Debug, Clone)]
enum Media {
    Json,
    /// Nothing: good for no body at all.
    Unsaid,
    /// Something else, and what it has to be.
    Refused(String),
}

/// A body that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed<T> {
    /// What it says.
    pub value: T,
    /// The whole body as canonical JSON (RFC 8785): what makes two requests the same request.
    pub canonical: Vec<u8>,
}

impl Body {
    /// Reads the body as one JSON object. An absent body is `{}`.
    ///
    /// A `T` of this crate's users refuses unknown fields, takes every integer as an `i64` (larger ones arrive as the
    /// nearest `i64`, for the domain to refuse), and its optional fields with [`present`](crate::present) or as [`Patch`].
    ///
    /// # Errors
    /// In this order: the body is too large; it is not of a JSON type; it is not UTF-8, not JSON, not an object, holds one
    /// key twice, or a list, or is not what `T` takes. Where a field is at fault, the problem names it.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<Parsed<T>, Problem> {
        let bytes = match &self.content {
            Content::Bytes(bytes) => bytes,
            Content::TooLarge => return Err(Problem::too_large()),
            Content::Interrupted => return Err(malformed("the body ended early")),
        };
        let absent = bytes.is_empty();
        match &self.media {
            Media::Json => {}
            Media::Unsaid if absent => {}
            Media::Unsaid => return Err(Code::UnsupportedMediaType.into()),
            Media::Refused(why) => return Err(Problem::new(Code::UnsupportedMediaType, why)),
        }
        let object = json::object(if absent { b"{}" } else { bytes }).map_err(wrong)?;
        let canonical = serde_json_canonicalizer::to_vec(&object).map_err(|error| malformed(error.to_string()))?;
        let value = json::read(object).map_err(wrong)?;
        Ok(Parsed { value, canonical })
    }
}

fn wrong(Wrong { detail, field }: Wrong) -> Problem {
    let problem = malformed(detail);
    match field {
        Some(field) => problem.with_field(field),
        None => problem,
    }
}

fn malformed(detail: impl Into<String>) -> Problem {
    Problem::new(Code::MalformedBody, detail)
}

impl<S: Sync> FromRequest<S> for Body {
    type Rejection = Infallible;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Infallible> {
        let (parts, body) = request.into_parts();
        let content = match Limited::new(body, LARGEST_BODY).collect().await {
            Ok(collected) => Content::Bytes(collected.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Content::TooLarge,
            Err(error) => {
                tracing::debug!(error, "a body ended early");
                Content::Interrupted
            }
        };
        Ok(Self { content, media: media(&parts.headers) })
    }
}

/// One content type, `application/json` or `application/…+json`, in UTF-8 if it says so. Other parameters mean nothing (RFC 2045,
/// 5.1). The body is not compressed or coded otherwise: nothing here would undo that (RFC 9110, 15.5.16).
fn media(headers: &HeaderMap) -> Media {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let Some(value) = values.next() else { return Media::Unsaid };
    let refused = || Media::Refused(Code::UnsupportedMediaType.meaning().to_owned());
    let (Ok(value), None) = (value.to_str(), values.next()) else { return refused() };
    let value = value.to_ascii_lowercase();
    let mut parts = value.split(';').map(str::trim);
    let subtype = parts.next().and_then(|essence| essence.strip_prefix("application/")).unwrap_or_default();
    let token = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    if !token(subtype) || !(subtype == "json" || subtype.strip_suffix("+json").is_some_and(|kind| !kind.is_empty())) {
        return refused();
    }
    for parameter in parts.filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some(("charset", charset)) if !matches!(charset.trim_matches('"'), "utf-8" | "utf8") => {
                return Media::Refused(format!("the charset of the body is {charset}: send it in UTF-8"));
            }
            Some((name, _)) if token(name) => {}
            _ => return refused(),
        }
    }
    if headers.get_all(CONTENT_ENCODING).iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Media::Refused("the body has a Content-Encoding: send it without".to_owned());
    }
    Media::Json
}

/// What a PATCH says about a field that can be cleared. Use it with `#[serde(default)]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Absent: leave it as it is.
    #[default]
    Keep,
    /// `null`: clear it.
    Clear,
    /// A value: set it.
    Set(T),
}

impl<T> Patch<T> {
    /// What the field is to become, parsed: nothing if it is kept, an inner nothing if it is cleared.
    pub fn map<U>(self, parse: impl FnOnce(T) -> Result<U, Problem>) -> Result<Option<Option<U>>, Problem> {
        match self {
            Self::Keep => Ok(None),
            Self::Clear => Ok(Some(None)),
            Self::Set(set) => parse(set).map(|set| Some(Some(set))),
        }
    }
}

impl Patch<String> {
    /// What the field of this name is to become.
    pub fn parse<U: FromStr<Err: fmt::Display>>(self, field: &str) -> Result<Option<Option<U>>, Problem> {
        self.map(|text| value(field, &text))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::present;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Scale {
        min: i64,
        max: i64,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Create {
        name: String,
        #[serde(default, deserialize_with = "present")]
        scale: Option<Scale>,
        #[serde(default)]
        description: Patch<String>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    fn body(content_type: &str, bytes: &[u8]) -> Body {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        Body { content: Content::Bytes(Bytes::copy_from_slice(bytes)), media: media(&headers) }
    }

    fn parse<T: DeserializeOwned>(bytes: impl AsRef<[u8]>) -> Result<T, Problem> {
        body("application/json", bytes.as_ref()).parse().map(|parsed| parsed.value)
    }

    async fn extracted(request: http::Request<axum::body::Body>) -> Body {
        let Ok(body) = Body::from_request(request, &()).await;
        body
    }

    #[test]
    fn a_body_is_read_as_what_it_says() {
        let scale = Some(Scale { min: 0, max: 10 });
        let read = parse::<Create>(r#"{"name": "Nature", "scale": {"min": 0, "max": 10}, "description": null}"#);
        assert_eq!(read.unwrap(), Create { name: "Nature".into(), scale, description: Patch::Clear });
        let read = parse::<Create>(r#"{"name": "Nature", "description": "d"}"#);
        assert_eq!(read.unwrap(), Create { name: "Nature".into(), scale: None, description: Patch::Set("d".into()) });
        assert_eq!(parse::<Create>(r#"{"name": ""}"#).unwrap().description, Patch::Keep);
    }

    #[test]
    fn what_is_not_the_object_asked_for_is_malformed() {
        let refused = [
            "",
            " ",
            "[]",
            "null",
            "4",
            "\"name\"",
            "{",
            r#"{"name": "a"} x"#,
            r#"{"name": "a",}"#,
            r#"{"name": 'a'}"#,
            r#"{"nome": "a"}"#,
            r#"{"name": "a", "other": 1}"#,
            r#"{"name": "a", "name": "a"}"#,
            r#"{"name": "a", "n\u0061me": "a"}"#,
            r#"{"name": null}"#,
            r#"{"name": 4}"#,
            r#"{"name": true}"#,
            r#"{"name": ["a"]}"#,
            r#"{"name": "\ud800"}"#,
            r#"{"\udc00": "a"}"#,
            r#"{"name": "a", "scale": null}"#,
            r#"{"name": "a", "scale": [1, 5]}"#,
            r#"{"name": "a", "scale": {"min": 1}}"#,
            r#"{"name": "a", "scale": {"min": 1, "max": 5, "min": 1}}"#,
            r#"{"name": "a", "scale": {"min": 1, "max": 5, "mean": 1}}"#,
            r#"{"name": "a", "scale": {"min": 1, "max": "5"}}"#,
            r#"{"name": "a", "scale": {"min": 1, "max": 4.5}}"#,
            r#"{"name": "a", "scale": {"min": 1, "max": true}}"#,
            r#"{"name": "a", "scale": {"min": 1, "max": NaN}}"#,
            r#"{"name": "a", "description": 4}"#,
            "\u{feff}\u{feff}{\"name\": \"a\"}",
            "\u{feff}",
        ];
        for text in refused {
            let problem = parse::<Create>(text).unwrap_err();
            assert_eq!((problem.status().as_u16(), problem.code()), (400, "malformed_body"), "{text}");
        }
        assert_eq!(parse::<Create>(b"{\"name\": \"\xff\"}").unwrap_err().status().as_u16(), 400);
        let deep = format!("{}1{}", r#"{"name":"#.repeat(100_000 / 8), "}".repeat(100_000 / 8));
        assert_eq!(parse::<Create>(deep).unwrap_err().status().as_u16(), 400);
    }

    #[test]
    fn an_integer_that_is_too_large_is_left_to_the_domain() {
        for (text, max) in [
            ("9223372036854775807", i64::MAX),
            ("9223372036854775808", i64::MAX),
            ("18446744073709551616", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("-99999999999999999999", i64::MIN),
        ] {
            let read: Create = parse(format!(r#"{{"name": "a", "scale": {{"min": 0, "max": {text}}}}}"#)).unwrap();
            assert_eq!(read.scale, Some(Scale { min: 0, max }), "{text}");
        }
    }

    #[test]
    fn a_problem_names_the_field() {
        for (text, field) in
            [("{}", "name"), (r#"{"name": "a", "scale": {"min": 1, "max": "5"}}"#, "scale.max"), (r#"{"x": 1}"#, "x")]
        {
            let problem = parse::<Create>(text).unwrap_err();
            assert_eq!(problem.field(), Some(field), "{text}");
            assert!(problem.detail().starts_with(&format!("{field}: ")), "{problem:?}");
        }
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        for number in ["4", "4.0", "4e0", "40e-1", "0.4E1"] {
            let read = parse::<Scale>(format!(r#"{{"min": -0.0, "max": {number}}}"#)).unwrap();
            assert_eq!(read, Scale { min: 0, max: 4 }, "{number}");
        }
        for number in ["4.5", "4e-1", "1e-400000"] {
            let read = parse::<Scale>(format!(r#"{{"min": {number}, "max": 1}}"#));
            assert_eq!(read.is_ok(), number == "1e-400000", "{number}");
        }
    }

    #[test]
    fn one_request_has_one_canonical_body() {
        let canonical = |text: &str| body("application/json", text.as_bytes()).parse::<Create>().unwrap().canonical;
        let one = canonical(r#"{"name": "a\u00e9", "scale": {"max": 5, "min": 1}}"#);
        assert_eq!(one, canonical("{\"scale\":{\"min\":1,\"max\":5},\n\"name\":\"aé\"}"));
        assert_ne!(one, canonical(r#"{"name": "a\u00e9", "scale": {"max": 4, "min": 1}}"#));
    }

    #[test]
    fn the_type_has_to_be_json() {
        let taken = [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json; Charset=UTF8",
            "application/json; charset=Utf-8; ",
            "application/json;version=1",
            "application/merge-patch+json",
        ];
        for kind in taken {
            assert!(body(kind, b"{}").parse::<Nothing>().is_ok(), "{kind}");
        }
        let not_json = Code::UnsupportedMediaType.meaning();
        let refused = [
            ("text/plain", not_json),
            ("application/jsonp", not_json),
            ("application/+json", not_json),
            ("text/json", not_json),
            ("app lication/json", not_json),
            ("application/json, application/json", not_json),
            ("application/json; utf-8", not_json),
            ("application/json; charset=latin1", "the charset of the body is latin1: send it in UTF-8"),
            ("application/json; charset=UTF-16", "the charset of the body is utf-16: send it in UTF-8"),
            ("application/json; charset=utf-8; charset=big5", "the charset of the body is big5: send it in UTF-8"),
            ("application/json; charset=", "the charset of the body is : send it in UTF-8"),
        ];
        for (kind, detail) in refused {
            let problem = body(kind, b"nonsense").parse::<Nothing>().unwrap_err();
            assert_eq!((problem.status().as_u16(), problem.detail()), (415, detail), "{kind}");
        }
        let marked = body("application/json", "\u{feff}{}".as_bytes()).parse::<Nothing>().unwrap();
        assert_eq!(marked.canonical, b"{}", "the same request with a byte order mark and without");
    }

    #[tokio::test]
    async fn no_body_at_all_is_an_empty_object() {
        let none = extracted(http::Request::new(axum::body::Body::empty())).await;
        let parsed = none.parse::<Nothing>().unwrap();
        assert_eq!(parsed.canonical, b"{}");
        assert_eq!(none.parse::<Create>().unwrap_err().status().as_u16(), 400);
        let untyped = extracted(http::Request::new("{}".into())).await;
        assert_eq!(untyped.parse::<Nothing>().unwrap_err().status().as_u16(), 415);
    }

    #[tokio::test]
    async fn a_compressed_body_is_refused() {
        for (coding, status) in [("identity", 200), ("gzip", 415), ("br", 415), ("identity, gzip", 415), ("", 415)] {
            let request = http::Request::post("/").header(CONTENT_TYPE, "application/json");
            let body = extracted(request.header(CONTENT_ENCODING, coding).body("{}".into()).unwrap()).await;
            let answered = body.parse::<Nothing>().map_or_else(|problem| problem.status().as_u16(), |_| 200);
            assert_eq!(answered, status, "{coding}");
        }
    }

    #[tokio::test]
    async fn a_body_is_too_large_before_it_is_anything_else() {
        let request = |size: usize| http::Request::new(axum::body::Body::from(vec![b' '; size]));
        let largest = extracted(request(LARGEST_BODY)).await;
        assert_eq!(largest.parse::<Nothing>().unwrap_err().status().as_u16(), 415);
        let larger = extracted(request(LARGEST_BODY + 1)).await;
        assert_eq!(larger.parse::<Nothing>().unwrap_err().status().as_u16(), 413);
    }

    proptest! {
        #[test]
        fn no_bytes_do_harm(bytes: Vec<u8>) {
            let _ = parse::<Create>(&bytes);
        }

        #[test]
        fn no_text_does_harm(text in r#"[{}\[\]",:0-9a-z.\\ue+ -]{0,60}"#) {
            let _ = parse::<Create>(&text);
        }

        #[test]
        fn every_text_arrives_as_it_was_sent(name: String) {
            let text = serde_json::json!({ "name": name }).to_string();
            prop_assert_eq!(parse::<Create>(text).unwrap().name, name);
        }

        #[test]
        fn every_integer_arrives_as_it_was_sent(min: i64, max: i64) {
            let text = serde_json::json!({"name": "a", "scale": {"min": min, "max": max}}).to_string();
            prop_assert_eq!(parse::<Create>(text).unwrap().scale, Some(Scale { min, max }));
        }
    }
}
