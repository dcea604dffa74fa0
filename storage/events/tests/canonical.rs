//! What is hashed is canonical JSON (RFC 8785), whoever writes it.
#![allow(clippy::expect_used, reason = "a test that cannot go on has failed")]

use aws_sdk_dynamodb::types::AttributeValue;
use photovote_domain::{BallotId, Digest, ElectionId, ImportId, ShardCount, Timestamp, Version, ballot::BallotEvent};
use photovote_events::{
    Actor, CommandId, CommandRecord, Commit, CommitError, Form, PrivatePart, Source, StoredEvent, Stream, first_link,
    parts, public_header, verify,
};
use proptest::{option, prelude::*};
use serde_json::{Value, json};

fn stream() -> Stream {
    Stream::ballot(ElectionId::from_bits(7), ShardCount::default(), BallotId::from_bits(8))
}

fn commit(private: PrivatePart) -> Commit {
    let record = CommandRecord { name: "VoidBallot", own_id: false, private };
    let events = [BallotEvent::BallotVoided {}];
    let commit = Commit::new(stream(), Version::NONE, first_link(&stream()), &events, &record, [7; 32]);
    commit.expect("a commit")
}

/// Any texts and digests, and any time that a JSON number can say.
fn private_parts() -> impl Strategy<Value = PrivatePart> {
    let actor = prop_oneof![
        "[^\\p{Cc}]{1,20}".prop_map(|subject| Actor::Administrator(subject.parse().expect("a subject"))),
        Just(Actor::Voter),
        Just(Actor::Clock),
        ("[^\\p{Cc}]{1,20}", any::<u128>()).prop_map(|(subject, import)| Actor::Importer {
            administrator: subject.parse().expect("a subject"),
            import: ImportId::from_bits(import),
        }),
    ];
    let digest = || any::<[u8; 32]>().prop_map(Digest::from_bytes);
    let text = || option::of(any::<String>());
    let source = option::of((text(), text()).prop_map(|(address, user_agent)| Source { address, user_agent }));
    let time = (-(1_i64 << 53)..1 << 53).prop_map(Timestamp::from_millis);
    (actor, digest(), digest(), text(), source, time).prop_map(|(actor, fingerprint, id, reason, source, time)| {
        PrivatePart { actor, fingerprint, id: CommandId::new(id), reason, source, time }
    })
}

proptest! {
    #[test]
    fn the_parts_of_a_commit_are_canonical_and_read_back(private in private_parts()) {
        let commit = commit(private.clone());
        prop_assert_eq!(commit.private_part().expect("it can be read"), private);
        for part in parts(&commit) {
            let json: Value = serde_json::from_slice(part.bytes).expect("it is JSON");
            prop_assert_eq!(serde_json_canonicalizer::to_vec(&json).expect("it has JSON"), part.bytes);
        }
        prop_assert_eq!(Commit::from_item(commit.to_item()).expect("a commit"), commit);
    }

    #[test]
    fn the_public_header_is_canonical(command: String, types: Vec<(String, u32)>, first in 1..=9_999_999_999_u64) {
        let events: Vec<_> = types
            .into_iter()
            .map(|(event_type, schema_version)| StoredEvent { event_type, schema_version, payload: Vec::new() })
            .collect();
        let types: Vec<_> = events.iter().map(|event| format!("{}/{}", event.event_type, event.schema_version)).collect();
        let mut header =
            json!({"command": command, "events": types, "stream": stream().to_string(), "version": first});
        for form in [Form::First, Form::Second] {
            if form == Form::Second {
                header["form"] = json!(2);
            }
            prop_assert_eq!(
                public_header(&stream(), Version::new(first), &events, &command, form),
                serde_json_canonicalizer::to_vec(&header).expect("it has JSON")
            );
        }
    }
}

fn plain() -> PrivatePart {
    let digest = Digest::of(b"abc");
    let time = Timestamp::from_millis(1_795_259_829_018);
    PrivatePart {
        actor: Actor::Voter,
        fingerprint: digest,
        id: CommandId::new(digest),
        reason: None,
        source: None,
        time,
    }
}

/// It was computed by the rules of docs/trust/audit.md, and stays for ever.
#[test]
fn the_hash_of_a_commit_stays_what_it_is() {
    let now = commit(plain());
    assert_eq!(now.hash.to_string(), "f748937f80ed2f35d95667f9ba4da9688c9841def5f28cf0699b7023da8181db");
    assert_eq!(now.private, br#"{"actor":"voter","time":1795259829018}"#);
    let digits = Digest::of(b"abc");
    assert_eq!(now.request, Some(format!(r#"{{"fingerprint":"{digits}","id":"{digits}"}}"#).into_bytes()));
}

/// Release 0.1.0 knew one form only, and must not take the parts of another for its own.
#[test]
fn a_commit_tells_which_form_it_has() {
    let now = commit(plain());
    let mut item = now.to_item();
    let command = item.get_mut("command").and_then(|command| command.as_m().ok()).cloned().expect("a command");
    assert!(!command.contains_key("private"), "{command:?}");
    for (form, error) in [
        ("1", CommitError::Attribute("command")),
        ("3", CommitError::Newer(3)),
        ("-1", CommitError::Attribute("command")),
        ("x", CommitError::Attribute("command")),
    ] {
        let mut command = command.clone();
        command.insert("form".to_owned(), AttributeValue::N(form.to_owned()));
        item.insert("command".to_owned(), AttributeValue::M(command));
        assert_eq!(Commit::from_item(item.clone()), Err(error), "{form}");
    }
    // The same parts are another commit in another form.
    let first = Commit { private: now.private.clone(), request: None, ..now.clone() };
    assert!(verify(&[first]).is_err());
}
