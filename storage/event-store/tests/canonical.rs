//! What is hashed is canonical JSON (RFC 8785), whoever writes it.
#![allow(clippy::expect_used, reason = "a test that cannot go on has failed")]

use photovote_domain::{BallotId, Digest, ElectionId, ShardCount, Timestamp, Version, ballot::BallotEvent};
use photovote_event_store::{
    Actor, CommandId, CommandRecord, Commit, PrivatePart, Source, StoredEvent, Stream, first_link, public_header,
};
use proptest::{option, prelude::*};
use serde_json::json;

fn stream() -> Stream {
    Stream::ballot(ElectionId::from_bits(7), ShardCount::default(), BallotId::from_bits(8))
}

/// Any texts and digests, and any time that a JSON number can say.
fn private_parts() -> impl Strategy<Value = PrivatePart> {
    let actor = prop_oneof![
        "[^\\p{Cc}]{1,20}".prop_map(|subject| Actor::Administrator(subject.parse().expect("a subject"))),
        Just(Actor::Voter),
        Just(Actor::Closer),
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
    fn the_private_part_is_canonical(private in private_parts()) {
        let canonical = serde_json_canonicalizer::to_vec(&private).expect("it has JSON");
        let record = CommandRecord { name: "VoidBallot", own_id: false, private };
        let events = [BallotEvent::BallotVoided {}];
        let commit = Commit::new(stream(), Version::NONE, first_link(&stream()), &events, &record, [0; 32]);
        prop_assert_eq!(commit.expect("a commit").private, canonical);
    }

    #[test]
    fn the_public_header_is_canonical(command: String, types: Vec<(String, u32)>, first in 1..=9_999_999_999_u64) {
        let events: Vec<_> = types
            .into_iter()
            .map(|(event_type, schema_version)| StoredEvent { event_type, schema_version, payload: Vec::new() })
            .collect();
        let types: Vec<_> = events.iter().map(|event| format!("{}/{}", event.event_type, event.schema_version)).collect();
        let header =
            json!({"command": command, "events": types, "stream": stream().to_string(), "version": first});
        prop_assert_eq!(
            public_header(&stream(), Version::new(first), &events, &command),
            serde_json_canonicalizer::to_vec(&header).expect("it has JSON")
        );
    }
}
