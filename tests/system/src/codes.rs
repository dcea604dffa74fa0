//! Whether every answer is one that the API document lists for its operation: a refusal with its code, and what is done with its
//! headers.
//!
//! Whatever a test is about, each answer of the suite is looked at: what a handler can answer and the document does not say
//! fails the test that met it.

use std::{collections::BTreeSet, sync::LazyLock};

use photovote_edge::OPENAPI;
use reqwest::Method;
use serde_json::Value;

use crate::answer::Answer;

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| operations().collect());

/// An operation of the API document, and the codes that it lists.
#[derive(Debug)]
pub struct Operation {
    /// `POST /v1/elections/{election}/open`
    pub name: String,
    method: String,
    path: Vec<String>,
    /// Each status with each code.
    pub listed: BTreeSet<(u16, String)>,
    /// Each status of what is done, with each header.
    sent: BTreeSet<(u16, String)>,
}

/// The headers that a client is told of.
const HEADERS: [&str; 3] = ["ETag", "Location", "X-Request-Id"];

/// All operations that the document describes.
pub fn operations() -> impl Iterator<Item = Operation> {
    let document: Value = serde_json::from_str(OPENAPI).expect("the document is JSON");
    let paths = document["paths"].as_object().expect("paths").clone();
    paths.into_iter().flat_map(move |(path, item)| {
        let document = document.clone();
        let operations = item.as_object().expect("operations").clone();
        operations.into_iter().map(move |(method, operation)| Operation {
            name: format!("{} {path}", method.to_uppercase()),
            method: method.to_uppercase(),
            path: path.split('/').map(ToOwned::to_owned).collect(),
            listed: listed(&document, &operation).collect(),
            sent: sent(&operation),
        })
    })
}

fn listed<'a>(document: &'a Value, operation: &'a Value) -> impl Iterator<Item = (u16, String)> + 'a {
    operation["responses"].as_object().expect("responses").iter().flat_map(|(status, response)| {
        let shared = response["$ref"].as_str().map(|reference| document.pointer(reference.trim_start_matches('#')));
        let response = shared.map_or(response, |shared| shared.expect("a shared response"));
        let codes =
            &response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["code"]["enum"];
        let status = status.parse().expect("a status");
        codes.as_array().into_iter().flatten().map(move |code| (status, code.as_str().expect("a code").to_owned()))
    })
}

fn sent(operation: &Value) -> BTreeSet<(u16, String)> {
    let responses = operation["responses"].as_object().expect("responses");
    let headers = responses.iter().flat_map(|(status, response)| {
        let status: u16 = status.parse().expect("a status");
        let headers = response["headers"].as_object().into_iter().flatten();
        headers.map(move |(name, _)| (status, name.clone()))
    });
    headers.filter(|(status, _)| *status < 400).collect()
}

impl Operation {
    fn takes(&self, method: &str, path: &str) -> bool {
        let path: Vec<_> = path.split('/').collect();
        let same = |(known, part): (&String, &&str)| known == part || known.starts_with('{') && !part.is_empty();
        self.method == method && self.path.len() == path.len() && self.path.iter().zip(&path).all(same)
    }
}

/// Checks that the document lists the code of this answer, if it is a problem of an operation, or else exactly its headers.
pub(crate) fn check(method: &Method, url_path: &str, answer: &Answer) {
    let Some(operation) = OPERATIONS.iter().find(|operation| operation.takes(method.as_str(), url_path)) else {
        return;
    };
    let status = answer.status.as_u16();
    if status < 400 {
        for name in HEADERS {
            let documented = operation.sent.contains(&(status, name.to_owned()));
            let there = answer.headers.contains_key(name);
            // A ballot that is cast has no tag any more.
            let may_lack = operation.name == "GET /v1/ballot" && answer.json()["ballot"]["cast"] == true;
            assert!(there == documented || may_lack && !there, "{name} of {}: {answer}", operation.name);
        }
    }
    if answer.header("content-type") != "application/problem+json" {
        return;
    }
    let code = answer.text_of("code");
    assert!(
        operation.listed.contains(&(answer.status.as_u16(), code)),
        "the API document does not list this for {}: {answer}",
        operation.name
    );
}
