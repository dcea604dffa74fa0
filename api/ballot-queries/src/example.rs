//! Ballots in the API document.

use serde_json::{Value, json};

/// The answer with a draft, or with a ballot that is cast.
pub(crate) fn ballot(cast: bool) -> Value {
    let (id, digits) = ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "5f3c2a0b9d1e4c6f8a7b5d3e1f0c2a4b");
    let image = json!({"url": "https://example.org/photos/moon.png", "caption": "Taken this summer"});
    let candidate =
        json!({"id": id, "name": "Moon over the sea", "description": null, "image": image, "disqualified": null});
    let competition = json!({"id": id, "name": "Night", "description": null, "candidates": [candidate]});
    let election = json!({
        "id": id,
        "name": "Summer",
        "description": "Photographs of this summer",
        "status": "open",
        "closes_at": "2030-05-17T18:30:00Z",
        "scale": {"min": 1, "max": 5},
        "competitions": [competition],
    });
    let ballot = if cast {
        json!({"id": id, "cast": true, "receipt": format!("7-{digits}{digits}")})
    } else {
        json!({"id": id, "tag": digits, "ratings": {id: 4}, "cast": false, "receipt": null})
    };
    json!({"election": election, "ballot": ballot})
}
