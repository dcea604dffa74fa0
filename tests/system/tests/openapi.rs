//! The checked-in API document is what the functions serve.

use std::{collections::BTreeSet, fs, path::PathBuf};

use photovote_edge::{BALLOT, OPENAPI, VOTERS, document};
use photovote_functions::descriptions;
use serde_json::Value;

fn generated() -> Value {
    document(descriptions().map(|(_, description)| description))
}

/// With `UPDATE_OPENAPI=1`, writes the document anew.
#[test]
fn the_document_is_up_to_date() {
    let generated = generated();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../api/openapi.json");
        let text = serde_json::to_string_pretty(&generated).expect("the document has JSON");
        fs::write(path, text + "\n").expect("the document can be written");
        return;
    }
    let checked_in: Value = serde_json::from_str(OPENAPI).expect("the document is JSON");
    assert!(checked_in == generated, "api/openapi.json is out of date: run `make openapi` and review the change");
}

/// Every operation says what it does, and shows what is sent and answered.
#[test]
fn every_operation_is_described_and_shown() {
    let document = generated();
    let tags: BTreeSet<_> =
        document["tags"].as_array().expect("tags").iter().map(|tag| &tag["name"]).map(text).collect();
    let mut used = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let name = format!("{method} {path}");
            for part in ["summary", "description", "operationId"] {
                assert!(operation[part].as_str().is_some_and(|text| !text.is_empty()), "{name}: {part}");
            }
            used.extend(operation["tags"].as_array().expect("tags").iter().map(text));
            let responses = operation["responses"].as_object().expect("responses");
            let bodies = responses.iter().chain(operation.get("requestBody").map(|body| (&name, body)));
            for (of, body) in bodies {
                for (kind, media) in body["content"].as_object().into_iter().flatten() {
                    let shown = media["example"].as_str().is_some()
                        || media["example"].is_object()
                        || media["examples"].is_object();
                    assert!(shown, "{name}: {of} {kind} has no example");
                }
            }
        }
    }
    assert_eq!(used, tags);
}

/// A header that is ignored would be a request that is ignored.
#[test]
fn exactly_what_heeds_if_match_documents_it() {
    let document = generated();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let takes = parameters.into_iter().any(|parameter| parameter["name"] == "If-Match");
            assert_eq!(takes, operation["responses"].get("412").is_some(), "{method} {path}");
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[test]
fn operations_have_names_of_their_own() {
    let document = generated();
    let paths = document["paths"].as_object().expect("paths");
    let ids: Vec<_> = paths
        .values()
        .flat_map(|methods| methods.as_object().expect("methods").values())
        .map(|operation| operation["operationId"].as_str().expect("an operation has a name"))
        .collect();
    let distinct: BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "{ids:?}");
}

/// Answers on these routes are padded, and the access log of the gateway must not tell their lengths.
#[test]
fn exactly_the_voters_routes_are_under_one_path() {
    let document = generated();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for operation in methods.as_object().expect("methods").values() {
            let of_voters = operation["security"][0].get(BALLOT).is_some();
            let there = path.strip_prefix(VOTERS).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            assert_eq!(of_voters, there, "{path}");
        }
    }
}
