//! What S3 says, in XML.

use std::borrow::Cow;

use super::{Created, ObjectsError};

/// The media type of what S3 says.
pub(crate) const XML: &str = "application/xml";

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// Why S3 refuses a request: its status, its code, and words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub(crate) status: u16,
    /// S3's name for the reason.
    pub(crate) code: &'static str,
    /// What is wrong, and what to do.
    pub(crate) message: Cow<'static, str>,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// The refusal as S3 writes it.
    pub(crate) fn xml(&self) -> String {
        format!("{HEAD}<Error><Code>{}</Code><Message>{}</Message></Error>", self.code, escaped(&self.message))
    }
}

impl From<ObjectsError> for Refusal {
    /// The log has the reason, and the answer has none.
    fn from(error: ObjectsError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "objects cannot be read or written");
        Self::new(500, "InternalError", "The server could not store or read the object. Try again.")
    }
}

/// The answer to a form that was accepted, as S3 writes it.
pub(crate) fn post_response(created: &Created) -> String {
    let (bucket, key, etag) = (&created.bucket, escaped(&created.key), &created.etag);
    let path = percent_encoding::utf8_percent_encode(&created.key, PATH);
    format!(
        "{HEAD}<PostResponse><Location>/{bucket}/{path}</Location><Bucket>{bucket}</Bucket><Key>{key}</Key>\
         <ETag>&quot;{etag}&quot;</ETag></PostResponse>"
    )
}

/// What is escaped in the path of an object.
const PATH: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// An object in a list.
pub(super) struct Entry<'a> {
    pub(super) key: &'a str,
    pub(super) etag: &'a str,
    pub(super) size: u64,
    pub(super) modified: jiff::Timestamp,
}

/// A page of a list, with the token of the next one if there is one.
pub(super) fn list(bucket: &str, prefix: &str, entries: &[Entry<'_>], next: Option<&str>) -> String {
    let contents: String = entries.iter().map(Entry::xml).collect();
    let token = next
        .map_or_else(String::new, |token| format!("<NextContinuationToken>{}</NextContinuationToken>", escaped(token)));
    format!(
        "{HEAD}<ListBucketResult xmlns=\"{NAMESPACE}\"><Name>{bucket}</Name><Prefix>{}</Prefix><KeyCount>{}</KeyCount>\
         <IsTruncated>{}</IsTruncated>{token}{contents}</ListBucketResult>",
        escaped(prefix),
        entries.len(),
        next.is_some(),
    )
}

impl Entry<'_> {
    fn xml(&self) -> String {
        let Self { key, etag, size, modified } = self;
        let key = escaped(key);
        format!(
            "<Contents><Key>{key}</Key><LastModified>{modified:.3}</LastModified><ETag>&quot;{etag}&quot;</ETag>\
             <Size>{size}</Size></Contents>"
        )
    }
}

/// A text as it stands in XML. Keys have no control characters, which XML cannot hold.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            plain => escaped.push(plain),
        }
    }
    escaped
}
