//! The limit: what serde does alone with the bytes of an event, into structs that borrow their texts. Nothing is checked.
#![expect(dead_code, reason = "the fields are only read from the bytes")]

use std::{borrow::Cow, collections::BTreeMap, hint::black_box};

use photovote_events::StoredEvent;
use serde::Deserialize;

#[derive(Deserialize)]
struct Rated<'a> {
    candidate: &'a str,
    rating: u8,
}

#[derive(Deserialize)]
struct Cast<'a> {
    nonce: &'a str,
    #[serde(borrow)]
    ratings: BTreeMap<&'a str, u8>,
}

#[derive(Deserialize)]
struct CandidateAdded<'a> {
    candidate: &'a str,
    competition: &'a str,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

/// Reads a stored event. Of the types that occur once in a history, all fields are passed over.
pub(super) fn read(event: &StoredEvent) {
    fn as_<'a, T: Deserialize<'a>>(event: &'a StoredEvent) {
        black_box(serde_json::from_slice::<T>(&event.payload).is_ok());
    }
    match event.event_type.as_str() {
        "BallotCandidateRated" => as_::<Rated<'_>>(event),
        "BallotCast" => as_::<Cast<'_>>(event),
        "CandidateAdded" => as_::<CandidateAdded<'_>>(event),
        _ => as_::<serde::de::IgnoredAny>(event),
    }
}
