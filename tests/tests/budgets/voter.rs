//! A voter's whole way, from the registration to the receipt.

use photovote_domain::{CandidateId, ElectionId, Nonce, Ratings, Receipt, Shard};
use photovote_projections::CastBallot;
use photovote_testing::{Reply, Sender};
use photovote_tests::budget::{AT_ONCE, Journey, STEP_BY_STEP, Step};
use serde_json::{Map, Value, json};

use crate::{
    path,
    world::{Cost, ELECTION, OWNER, Request, World},
};

#[tokio::test]
async fn a_voter_who_rates_with_the_cast_costs_what_is_said() {
    costs_what_is_said(&AT_ONCE).await;
}

#[tokio::test]
async fn a_voter_who_rates_step_by_step_costs_what_is_said() {
    costs_what_is_said(&STEP_BY_STEP).await;
}

async fn costs_what_is_said(journey: &Journey) {
    let world = World::new().await;
    let (commands, booth, queries) = (world.election_commands(), world.ballot_commands(), world.queries());
    let prepare = async |path: &str, body| world.prepare(&commands, OWNER, Request("POST", path, &body)).await;
    prepare("/elections", json!({"id": ELECTION, "name": "Summer"})).await;
    let candidates = world.add_candidates(journey.photographs).await;
    prepare(&path("{e}/open"), json!({})).await;
    // Somebody was here before, so that nothing is looked at for the first time.
    let early = json!({"name": "Early", "email": "early@example.org"});
    let early = prepare(&path("{e}/voters"), early).await.json["ballot_token"].as_str().unwrap().to_owned();
    world.prepare(&booth, Sender::Bearer(&early), Request("PUT", "/ballot/ratings", &json!({"ratings": {}}))).await;
    world.prepare(&queries, Sender::Bearer(&early), Request("GET", "/ballot", &Value::Null)).await;
    world.project().await;
    world.prepare(&queries, OWNER, Request("GET", &path("{e}"), &Value::Null)).await;

    let mut measured = Vec::new();
    let mut note = |(cost, read, reply): (Cost, usize, Reply)| {
        // A receipt begins with its shard, which has one digit or two: as if it had two.
        let receipt = reply.json["receipt"].as_str();
        let one_digit = receipt.filter(|receipt| receipt.find('-') == Some(1) && !reply.text.ends_with(' '));
        let lacking = one_digit.map_or(0, |_| 1);
        measured.push((cost.calls, cost.units, read, reply.text.len() + lacking));
        reply
    };
    let grace = json!({"name": "Grace Hopper", "email": "grace@example.org"});
    let registered = Request("POST", &path("{e}/voters"), &grace);
    let registered = note(world.metered(&commands, OWNER, registered, 201).await);
    let voter = Sender::Bearer(registered.json["ballot_token"].as_str().unwrap());
    note(world.metered(&queries, voter, Request("GET", "/ballot", &Value::Null), 200).await);

    let ratings = |some: &[String]| {
        let ratings: Map<_, _> = some.iter().map(|candidate| (candidate.clone(), 4.into())).collect();
        json!({"ratings": ratings})
    };
    let mut with_the_cast = ratings(&candidates);
    if let Some(at_once) = journey.rated_at_once {
        for some in candidates.chunks(at_once.into()) {
            note(world.metered(&booth, voter, Request("PUT", "/ballot/ratings", &ratings(some)), 200).await);
        }
        with_the_cast = json!({});
    }
    // Registered and not cast yet: only the voter is new.
    let before = world.documented().await;
    world.project().await;
    let projected = before.units_to(&world.documented().await);
    let cast = note(world.metered(&booth, voter, Request("POST", "/ballot/cast", &with_the_cast), 200).await);
    let before = world.documented().await;
    world.project().await;
    // Counting is one transaction.
    let counted = 2 * before.units_to(&world.documented().await);

    prepare(&path("{e}/close"), json!({})).await;
    prepare(&path("{e}/release"), json!({})).await;
    world.project().await;
    let results = path("/public{e}/results");
    world.prepare(&queries, Sender::Nobody, Request("GET", &results, &Value::Null)).await;
    let receipt = cast.json["receipt"].as_str().unwrap();
    let receipt = path(&format!("/public{{e}}/receipts/{receipt}"));
    note(world.metered(&queries, Sender::Nobody, Request("GET", &receipt, &Value::Null), 200).await);
    let (calls, counted_at_once) = world.count(ElectionId::from_bits(1), ballots(journey.photographs, 98)).await;

    let step = |step: &Step| (step.calls.to_owned(), Some(step.write_units), step.read_units, step.answer);
    let said: Vec<_> = journey.steps.iter().map(step).collect();
    let (documents, said_of_documents) =
        ((projected, [counted, counted_at_once]), (journey.projected, journey.counted));
    assert_eq!((measured, documents), (said, said_of_documents), "{}", journey.name);
    assert_eq!(calls, "GetItem, TransactWriteItems");
}

/// So many different ballots, each of which rates everything.
fn ballots(photographs: u16, count: u16) -> Vec<CastBallot> {
    let grade = |n: u16| u8::try_from(1 + n % 5).unwrap();
    let ballot = |n: u16| {
        let candidates = (0..photographs).map(|candidate| CandidateId::from_bits(candidate.into()));
        let ratings: Ratings = candidates.zip(n..).map(|(candidate, n)| (candidate, grade(n))).collect();
        let mut nonce = [0; 32];
        nonce[..2].copy_from_slice(&n.to_be_bytes());
        let shard = Shard::new(u8::try_from(n % 16).unwrap()).unwrap();
        CastBallot {
            receipt: Receipt::of(ElectionId::from_bits(1), shard, &ratings, &Nonce::from_bytes(nonce)),
            ratings,
        }
    };
    (0..count).map(ballot).collect()
}
