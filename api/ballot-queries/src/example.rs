//! Ballots in the API document.

use photovote_domain::{
    CandidateId, CompetitionId, Election, ElectionId, Timestamp,
    election::{Candidate, Competition, Picture, Status},
    schedule::{Planned, RULES, Schedule},
};
use photovote_edge::ElectionView;
use serde_json::{Value, json};

/// The number of the id that all examples have.
const ID: u128 = 0x0156_3e3a_b5d3_d676_4c61_efb9_9302_bd5b;
/// The 17th of May 2030, at half past six in the evening.
const CLOSES_AT: Timestamp = Timestamp::from_millis(1_905_273_000_000);

/// A week before.
const OPENS_AT: Timestamp = Timestamp::from_millis(1_904_668_200_000);

/// The answer with a draft, or with a ballot that is cast.
pub(crate) fn ballot(cast: bool) -> Value {
    let (id, digits) = (ElectionId::from_bits(ID).to_string(), "5f3c2a0b9d1e4c6f8a7b5d3e1f0c2a4b");
    let ballot = if cast {
        json!({"id": id, "cast": true, "receipt": format!("7-{digits}{digits}")})
    } else {
        json!({"id": id, "tag": digits, "ratings": {id: 4}, "cast": false, "receipt": null})
    };
    json!({"election": ElectionView::of(ElectionId::from_bits(ID), &election()), "ballot": ballot})
}

/// An open election with one photograph. Fields that are not named here have their defaults.
fn election() -> Election {
    let picture = Picture::Linked {
        caption: Some("Taken this summer".into()),
        url: "https://example.org/photos/moon.png".into(),
    };
    let candidate = Candidate {
        id: CandidateId::from_bits(ID),
        name: "Moon over the sea".into(),
        description: None,
        image: Some(picture),
        disqualified: None,
    };
    let competition = Competition {
        id: CompetitionId::from_bits(ID),
        name: "Night".into(),
        description: None,
        candidates: vec![candidate],
    };
    Election {
        status: Status::Open,
        name: "Summer".into(),
        description: Some("Photographs of this summer".into()),
        schedule: Some(Schedule {
            closes_at: Some(Planned { at: CLOSES_AT, local: "2030-05-17T20:30".into() }),
            opens_at: Some(Planned { at: OPENS_AT, local: "2030-05-10T20:30".into() }),
            reminders: Vec::new(),
            rules: RULES.into(),
            time_zone: "Europe/Berlin".into(),
        }),
        closes_at: Some(CLOSES_AT),
        competitions: vec![competition],
        ..Election::default()
    }
}
