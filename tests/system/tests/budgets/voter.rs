//! A voter's whole way, from the registration to the receipt.

use std::collections::BTreeMap;

use photovote_domain::{
    BallotId, CandidateId, CompetitionId, Digest, ElectionId, Nonce, Ratings, Shard, ShardCount, Timestamp,
    ballot::BallotEvent, election::ElectionEvent,
};
use photovote_events::Stream;
use photovote_test_support::{Reply, Sender, election, following, history};
use photovote_tests::budget::{AT_ONCE, Journey, STEP_BY_STEP, Step};
use serde_json::{Map, Value, json};

use super::{
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
    // Of the cast there is nothing to project.
    let before = world.documented().await;
    world.project().await;
    assert_eq!(before.units_to(&world.documented().await), 0);

    prepare(&path("{e}/close"), json!({})).await;
    world.project().await;
    world.count(ELECTION.parse().unwrap()).await;
    prepare(&path("{e}/release"), json!({})).await;
    world.project().await;
    world.count(ELECTION.parse().unwrap()).await;
    let results = path("/public{e}/results");
    world.prepare(&queries, Sender::Nobody, Request("GET", &results, &Value::Null)).await;
    let receipt = cast.json["receipt"].as_str().unwrap();
    let receipt = path(&format!("/public{{e}}/receipts/{receipt}"));
    note(world.metered(&queries, Sender::Nobody, Request("GET", &receipt, &Value::Null), 200).await);
    let counted = world.count_many(journey).await;

    let step = |step: &Step| (step.calls.to_owned(), Some(step.write_units), step.read_units, step.answer);
    let said: Vec<_> = journey.steps.iter().map(step).collect();
    let (documents, said_of_documents) = ((projected, counted), (journey.projected, journey.counted));
    assert_eq!((measured, documents), (said, said_of_documents), "{}", journey.name);
}

impl World {
    /// What it takes to count a thousand ballots that were filled in like this, in 16 shards.
    async fn count_many(&self, journey: &Journey) -> [usize; 2] {
        let id = ElectionId::from_bits(1);
        let shards = ShardCount::default();
        let mut commits = election(id, shards.get(), None);
        let more = (3..=journey.photographs).map(|n| ElectionEvent::CandidateAdded {
            candidate: CandidateId::from_bits(n.into()),
            competition: CompetitionId::from_bits(1),
            description: None,
            image: None,
            name: format!("candidate {n}"),
        });
        let closed = [
            more.collect(),
            vec![ElectionEvent::ElectionClosing {}],
            vec![ElectionEvent::ElectionClosed { casts: 1_000, digest_follows: true, registered: Some(1_000) }],
        ];
        for events in closed {
            commits.push(following(&commits, &events));
        }
        let of_the_election = commits.len();
        let mut casts: BTreeMap<Shard, u64> = shards.shards().map(|shard| (shard, 0)).collect();
        for n in 0..1_000 {
            let stream = Stream::ballot(id, shards, BallotId::from_bits(n));
            let Stream::Ballot(_, shard, _) = stream else { continue };
            *casts.entry(shard).or_default() += 1;
            let candidates = (1..=journey.photographs).map(|candidate| CandidateId::from_bits(candidate.into()));
            let ratings: Ratings = candidates.map(|candidate| (candidate, 4)).collect();
            let photographs = usize::from(journey.photographs);
            let token = Digest::from_bytes([1; 32]);
            let save = |number: usize| {
                let rated = photographs.min(number * journey.rated_at_once.map_or(0, usize::from));
                let draft = format!("{}{}", "4".repeat(rated), ".".repeat(photographs - rated));
                vec![BallotEvent::BallotSaved { draft: draft.parse().unwrap(), saves: number, token }]
            };
            let saves = journey.rated_at_once.map_or(0, |at_once| photographs.div_ceil(at_once.into()));
            let drafts = (1..=saves).map(save);
            let created = vec![BallotEvent::BallotCreated { token }];
            let nonce = Nonce::from_bytes(*Digest::of(&n.to_be_bytes()).as_bytes());
            let cast = vec![BallotEvent::BallotCast { nonce, ratings }];
            let time = Timestamp::from_millis(1_800_000_000_000);
            commits.extend(history(stream, time, std::iter::once(created).chain(drafts).chain([cast])));
        }
        self.engine.write(&commits).await;
        for (shard, casts) in casts {
            self.engine.close_gate(id, shard.get(), casts).await;
        }
        self.replay(&commits[..of_the_election]).await;
        self.count(id).await
    }
}
