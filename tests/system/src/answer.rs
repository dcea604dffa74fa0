//! What came back.

use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;

/// An answer: status, headers and body.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The request, for messages.
    pub request: String,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{self}: {error}"))
    }

    /// A member of the body that is a text.
    pub fn text_of(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_else(|| panic!("{self}: no {name}")).to_owned()
    }

    /// The version in the body.
    pub fn version(&self) -> u64 {
        self.json()["version"].as_u64().unwrap_or_else(|| panic!("{self}: no version"))
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A gateway has refused to pass the request on.
    pub(crate) fn is_throttled(&self) -> bool {
        self.status == StatusCode::TOO_MANY_REQUESTS && self.header("content-type") != "application/problem+json"
    }

    /// Neither a yes nor a no: PhotoVote says "later", or a gateway before it has failed.
    pub(crate) fn is_later(&self) -> bool {
        match self.status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => true,
            status => status.is_server_error() && self.header("content-type") != "application/problem+json",
        }
    }

    /// Expects a success.
    pub fn ok(self) -> Self {
        assert!(self.status.is_success(), "{self}");
        self
    }

    /// Expects this status.
    pub fn status(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self}");
        self
    }

    /// Expects a refusal with this status and code, in the form of a problem document.
    pub fn refused(self, status: u16, code: &str) -> Self {
        let problem = self.clone().status(status).json();
        assert_eq!(problem["code"], code, "{self}");
        assert_eq!(self.header("content-type"), "application/problem+json", "{self}");
        assert_eq!(problem["status"], status, "{self}");
        assert_eq!(problem["type"], format!("urn:photovote:problem:{code}"), "{self}");
        for member in ["title", "detail", "request_id"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {self}");
        }
        self
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} answered {}: {}", self.request, self.status, self.text.chars().take(600).collect::<String>())
    }
}
