//! No name and no address can be found out from the trail by guessing.

use photovote_domain::{Digest, Scale, Timestamp, Version, Voter, VoterId, election::ElectionEvent, voter::VoterEvent};
use photovote_events::{Commit, Environment, Stream, parts};
use serde_json::{Value, json};

use crate::{Archive, ELECTION, ballot_id, hash, shards, verified};

/// The trail of an election in which one voter is registered. Salts are the same in each.
async fn trail_of_a_registration(name: &str, email: &str) -> Vec<Value> {
    let archive = Archive::with(Environment::new(|| Timestamp::from_millis(1), |bytes| bytes.fill(9))).await;
    let created = ElectionEvent::ElectionCreated {
        description: None,
        name: "Summer".into(),
        owner: "ada".into(),
        scale: Scale::default(),
        shards: shards(),
    };
    archive.happens(vec![created]).await;
    let voter = Stream::voter(ELECTION, shards(), VoterId::from_bits(1));
    let registered = VoterEvent::VoterRegistered { ballot: ballot_id(1), email: email.into(), name: name.into() };
    let request = Digest::of(format!("{name} {email}").as_bytes());
    archive.append_as::<Voter>(voter, vec![registered], request).await;
    let trail = archive.trail(100).await;
    verified(&trail).unwrap();
    assert!(!Value::Array(trail.clone()).to_string().contains(&request.to_string()), "the request can be guessed");
    trail
}

/// All places where two values differ.
fn differences(one: &Value, other: &Value, path: &str, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            a.iter().for_each(|(key, value)| differences(value, &b[key], &format!("{path}/{key}"), found));
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().for_each(|(n, (a, b))| differences(a, b, &format!("{path}/{n}"), found));
        }
        _ if one == other => {}
        _ => found.push(path.to_owned()),
    }
}

#[tokio::test]
async fn name_and_address_change_only_salted_digests() {
    let ada = trail_of_a_registration("Ada Lovelace", "ada@example.org").await;
    let grace = trail_of_a_registration("Grace Hopper", "grace@example.org").await;
    let mut found = Vec::new();
    differences(&Value::Array(ada), &Value::Array(grace), "", &mut found);
    // The digests of what is withheld, and the hash over them.
    assert_eq!(found, ["/1/events/0/digest", "/1/hash", "/1/request/digest"]);
}

/// A commit as release 0.1.0 made it.
fn in_the_first_form(commit: &Commit) -> Commit {
    let private = commit.private_part().unwrap();
    let source = json!({"address": "192.0.2.1"});
    let private = json!({
        "actor": private.actor, "fingerprint": private.fingerprint, "id": private.id, "reason": private.reason,
        "source": source, "time": private.time,
    });
    let mut first = Commit { private: private.to_string().into_bytes(), request: None, ..commit.clone() };
    let types: Vec<_> = first.events.iter().map(|e| format!("{}/{}", e.event_type, e.schema_version)).collect();
    let (stream, version) = (first.stream.to_string(), first.first);
    let header = json!({"command": first.command, "events": types, "stream": stream, "version": version}).to_string();
    let digests: Vec<_> = parts(&first).map(|part| *part.digest.as_bytes()).collect();
    let mut hashed: Vec<&[u8]> = vec![b"photovote/commit", first.prev.as_bytes(), header.as_bytes()];
    hashed.extend(digests.iter().map(<[u8; 32]>::as_slice));
    first.hash = hash(&hashed).parse().unwrap();
    first
}

#[tokio::test]
async fn first_form_voter_commits_hide_their_private_part() {
    let modern = Archive::open().await;
    let archive = Archive::new().await;
    let voter = Stream::voter(ELECTION, shards(), VoterId::from_bits(1));
    for stream in [Stream::Election(ELECTION), voter] {
        let mut prev = None;
        for mut commit in modern.store.reader().commits_after(&stream, Version::NONE).await.unwrap() {
            commit.prev = prev.unwrap_or(commit.prev);
            let first = in_the_first_form(&commit);
            prev = Some(first.hash);
            assert!(archive.store.restore(&first).await.unwrap());
        }
    }
    let trail = archive.trail(100).await;
    assert_eq!((trail.len(), verified(&trail).unwrap().len()), (4, 2));
    let commits = archive.store.reader().commits_after(&voter, Version::NONE).await.unwrap();
    let id = commits[0].private_part().unwrap().id.to_string();
    for entry in &trail {
        assert_eq!((&entry["form"], &entry["request"]), (&json!(1), &Value::Null));
        if entry["stream"].as_str().unwrap().starts_with("voter#") {
            let names = entry["private"].as_object().unwrap().keys().collect::<Vec<_>>();
            assert_eq!(names, ["digest"]);
            assert_eq!(entry["unproved"], json!({"actor": {"administrator": "ada"}, "time": 1_234_567}));
            assert!(!entry.to_string().contains(&id));
        } else {
            assert_eq!(entry["unproved"], Value::Null);
            assert!(entry["private"]["data"].as_str().unwrap().contains("192.0.2.1"));
        }
    }
}
