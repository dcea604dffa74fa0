//! The corpora, and mutations of them.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
};

use photovote_edge::OPENAPI;
use photovote_fuzz::{TARGETS, Target};
use proptest::{
    collection::vec,
    prelude::*,
    sample::Index,
    test_runner::{Config, TestRunner},
};
use serde_json::Value;

/// How many mutations of a corpus are tried on a parser that costs 1.
const MUTATIONS: u32 = 2_000;

fn corpora() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The files of a target, by name.
fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = fs::read_dir(corpora().join(name)).unwrap_or_else(|error| panic!("{name} has no corpus: {error}"));
    let mut files: Vec<_> = folder
        .map(|file| {
            let file = file.expect("the folder can be read");
            let bytes = fs::read(file.path()).expect("the file can be read");
            (file.file_name().to_string_lossy().into_owned(), bytes)
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{name} has an empty corpus");
    files
}

#[derive(Debug, Clone)]
enum Mutation {
    Flip(Index, u8),
    Cut(Index, Index),
    Splice(Index, Index),
    Repeat(Index, Index, u8),
}

impl Mutation {
    fn of(&self, mut bytes: Vec<u8>, corpus: &[(String, Vec<u8>)]) -> Vec<u8> {
        if bytes.is_empty() {
            return bytes;
        }
        let between = |one: &Index, other: &Index, length: usize| {
            let (one, other) = (one.index(length), other.index(length));
            one.min(other)..one.max(other)
        };
        match self {
            Self::Flip(at, bits) => {
                let at = at.index(bytes.len());
                bytes[at] ^= bits;
            }
            Self::Cut(from, to) => {
                bytes.drain(between(from, to, bytes.len()));
            }
            Self::Splice(other, at) => {
                let (_, other) = &corpus[other.index(corpus.len())];
                let tail = at.index(other.len().max(1)).min(other.len());
                bytes.truncate(at.index(bytes.len()));
                bytes.extend_from_slice(&other[tail..]);
            }
            Self::Repeat(from, to, times) => {
                let range = between(from, to, bytes.len());
                let part = bytes[range.clone()].repeat((*times).into());
                bytes.splice(range.end..range.end, part);
            }
        }
        bytes
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<Index>;
    prop_oneof![
        (index(), 1_u8..).prop_map(|(at, bits)| Mutation::Flip(at, bits)),
        (index(), index()).prop_map(|(from, to)| Mutation::Cut(from, to)),
        (index(), index()).prop_map(|(other, at)| Mutation::Splice(other, at)),
        (index(), index(), 1_u8..20).prop_map(|(from, to, times)| Mutation::Repeat(from, to, times)),
    ]
}

fn replay(name: &str, target: Target, cost: u32) {
    let corpus = corpus(name);
    for (file, bytes) in &corpus {
        let held = catch_unwind(AssertUnwindSafe(|| target(bytes)));
        assert!(held.is_ok(), "{name} does not hold for corpus/{name}/{file}");
    }
    let config = Config { cases: MUTATIONS / cost, failure_persistence: None, ..Config::default() };
    let mutated = (any::<Index>(), vec(mutation(), 1..4));
    let tried = TestRunner::new(config).run(&mutated, |(file, mutations)| {
        let (_, bytes) = &corpus[file.index(corpus.len())];
        let bytes = mutations.iter().fold(bytes.clone(), |bytes, mutation| mutation.of(bytes, &corpus));
        catch_unwind(AssertUnwindSafe(|| target(&bytes)))
            .map_err(|_panic| TestCaseError::fail(format!("{:?}", bytes.escape_ascii().to_string())))
    });
    if let Err(failure) = tried {
        panic!("{name} does not hold: {failure}");
    }
}

#[test]
fn targets_and_corpora_match_one_to_one() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let folders = fs::read_dir(corpora()).expect("the corpora can be read");
    let folders: BTreeSet<_> =
        folders.map(|folder| folder.expect("it can be read").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(folders, targets);
}

#[test]
fn every_route_that_takes_a_body_is_in_the_corpus() {
    let sent: Vec<_> = corpus("request")
        .into_iter()
        .filter_map(|(_, bytes)| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let (head, body) = text.split_once("\n\n")?;
            let mut words = head.lines().next()?.split(' ').skip(1);
            let (method, path) = (words.next()?.to_ascii_lowercase(), words.next()?.to_owned());
            (!body.trim().is_empty()).then_some((method, path))
        })
        .collect();
    let leads_to = |path: &str, route: &str| {
        path.split('/').count() == route.split('/').count()
            && path.split('/').zip(route.split('/')).all(|(part, name)| part == name || name.starts_with('{'))
    };
    let document: Value = serde_json::from_str(OPENAPI).expect("the document is JSON");
    let mut seen = 0;
    for (route, item) in document["paths"].as_object().expect("there are paths") {
        for (method, operation) in item.as_object().expect("a path has methods") {
            if operation["requestBody"].is_object() {
                assert!(sent.iter().any(|(sent, path)| sent == method && leads_to(path, route)), "{method} {route}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 16, "{seen}");
}

#[test]
fn parsers_hold_for_their_corpora_and_mutations() {
    for (name, target, cost) in TARGETS.iter().filter(|(_, _, cost)| *cost < 20) {
        replay(name, *target, *cost);
    }
}

#[test]
fn functions_hold_for_their_corpora_and_mutations() {
    for (name, target, cost) in TARGETS.iter().filter(|(_, _, cost)| *cost >= 20) {
        replay(name, *target, *cost);
    }
}
