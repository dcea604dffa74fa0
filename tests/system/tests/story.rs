//! One election from its first draft to its released results, as an administrator, voters and the public live it.

use photovote_tests::{Election, Host};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_election() {
    let host = Host::start().await;
    let owner = host.owner();

    // The draft.
    let created = owner
        .post("/elections", json!({"name": "  Summer  ", "description": "All of it", "scale": {"min": 0, "max": 4}, "expected_voters": 300}))
        .await
        .status(201);
    let id = created.text_of("id");
    assert_eq!(created.header("location"), format!("/v1/elections/{id}"));
    assert_eq!((created.header("etag"), created.version()), ("\"1\"", 1));
    let mut election = Election { owner: owner.clone(), id: id.clone(), competitions: Vec::new() };
    let nature = election.post("/competitions", json!({"name": "Nature"})).await.status(201);
    let nature_path = format!("/elections/{id}/competitions/{}", nature.text_of("id"));
    assert_eq!(nature.header("location"), format!("/v1{nature_path}"));
    let candidates = format!("{nature_path}/candidates");
    let image = json!({"url": "https://example.org/moon.png", "caption": "Full"});
    let moon = owner.post(&candidates, json!({"name": "Moon", "image": image})).await.status(201).text_of("id");
    let cat = owner.post(&candidates, json!({"name": "Cat", "description": "Chelsea"})).await.status(201).text_of("id");
    let rock = owner.post(&candidates, json!({"name": "Rock"})).await.status(201).text_of("id");
    let grass = owner.post(&candidates, json!({"name": "Grass"})).await.status(201).text_of("id");
    owner.patch(&format!("{candidates}/{rock}"), json!({"name": "Gravel", "description": "Grey"})).await.status(200);
    owner.patch(&format!("{candidates}/{cat}"), json!({"description": null})).await.status(200);
    owner.patch(&nature_path, json!({"description": "Outside"})).await.status(200);
    owner
        .patch(&format!("/elections/{id}"), json!({"name": "Late summer", "scale": {"min": 1, "max": 5}}))
        .await
        .status(200);
    let spare = election.post("/competitions", json!({"name": "Spare"})).await.status(201);
    let draft = owner.delete(&format!("/elections/{id}/competitions/{}", spare.text_of("id"))).await.status(200);

    let shown = election.at(draft.version()).await.status(200);
    assert_eq!(shown.header("etag"), format!("\"{}\"", draft.version()));
    let expected = json!({
        "id": id, "name": "Late summer", "description": "All of it", "status": "draft", "closes_at": null,
        "scale": {"min": 1, "max": 5}, "version": draft.version(),
        "competitions": [{
            "id": nature.text_of("id"), "name": "Nature", "description": "Outside",
            "candidates": [
                {"id": moon, "name": "Moon", "description": null, "image": image, "disqualified": null},
                {"id": cat, "name": "Cat", "description": null, "image": null, "disqualified": null},
                {"id": rock, "name": "Gravel", "description": "Grey", "image": null, "disqualified": null},
                {"id": grass, "name": "Grass", "description": null, "image": null, "disqualified": null},
            ],
        }],
    });
    let shown = shown.json();
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(shown[field], *value, "{field}");
    }

    // Voting.
    let ada = election.voter("ada").await;
    let eve = election.voter("eve").await;
    ada.rate(json!({&moon: 3})).await.refused(409, "election_not_open");
    election.post("/open", json!({"closes_at": "2999-01-01T00:00:00Z"})).await.status(200);
    election.get("/results").await.refused(409, "election_not_closed");
    let bob = election.voter("bob").await;
    assert_eq!(election.get("/turnout").await.json(), json!({"registered": 3, "cast": 0}));

    ada.rate(json!({&moon: 3, &cat: 2})).await.status(200);
    ada.rate(json!({&moon: 5, &rock: 1})).await.status(200);
    ada.client.delete(&format!("/ballot/ratings/{rock}")).await.status(200);
    let ballot = ada.client.get("/ballot").await.status(200).json();
    assert_eq!(ballot["ballot"]["ratings"], json!({&moon: 5, &cat: 2}));
    assert_eq!((&ballot["ballot"]["cast"], &ballot["ballot"]["receipt"]), (&json!(false), &Value::Null));
    assert_eq!(ballot["election"]["status"], "open");
    assert_eq!(ballot["election"]["closes_at"], "2999-01-01T00:00:00Z");
    assert_eq!(ballot["election"]["competitions"], expected["competitions"]);
    assert!(ballot["election"].get("version").is_none());

    let receipt = ada.cast_with(json!({&rock: 4})).await.status(200).text_of("receipt");
    ada.cast().await.refused(409, "ballot_cast_already");
    ada.rate(json!({&moon: 1})).await.refused(409, "ballot_cast_already");
    let after = ada.client.get("/ballot").await.status(200).json();
    assert_eq!((&after["ballot"]["cast"], &after["ballot"]["receipt"]), (&json!(true), &json!(receipt)));
    assert!(after["ballot"].get("ratings").is_none(), "nobody can be made to show how they voted: {after}");
    bob.cast_with(json!({&cat: 2, &moon: 4, &rock: 4})).await.status(200);

    election.owner.delete(&election.path(&format!("/voters/{}", ada.id))).await.refused(409, "voter_has_cast");
    election.owner.delete(&election.path(&format!("/voters/{}", eve.id))).await.status(200);
    eve.client.get("/ballot").await.refused(401, "unauthorized");
    assert_eq!(election.get("/turnout").await.json(), json!({"registered": 2, "cast": 2}));
    election
        .post(
            &format!("/competitions/{}/candidates/{grass}/disqualify", nature.text_of("id")),
            json!({"reason": "late"}),
        )
        .await
        .status(200);

    // The count.
    let closed = election.post("/close", json!({})).await.status(200);
    election.post("/close", json!({})).await.refused(409, "election_not_open");
    ada.client.get(&format!("/public/elections/{id}/results")).await.status(404);
    let results = election.final_results(closed.version()).await;
    let of = |rank: u64,
              id: &str,
              name: &str,
              ratings: [u64; 2],
              mean: (&str, u64, u64),
              deviation: &str,
              histogram: Value,
              tied: bool| {
        json!({
            "candidate_id": id, "name": name, "rank": rank, "tied": tied, "ratings": ratings[0], "sum": ratings[1],
            "mean": mean.0, "mean_exact": {"numerator": mean.1, "denominator": mean.2},
            "median": format!("{}.{}", mean.1 / mean.2, if mean.1.is_multiple_of(mean.2) { 0 } else { 5 }),
            "standard_deviation": deviation, "histogram": histogram,
        })
    };
    let expected = json!([{
        "competition_id": nature.text_of("id"), "name": "Nature",
        "candidates": [
            of(1, &moon, "Moon", [2, 9], ("4.5000", 9, 2), "0.5000", json!({"1": 0, "2": 0, "3": 0, "4": 1, "5": 1}), false),
            of(2, &rock, "Gravel", [2, 8], ("4.0000", 4, 1), "0.0000", json!({"1": 0, "2": 0, "3": 0, "4": 2, "5": 0}), false),
            of(3, &cat, "Cat", [2, 4], ("2.0000", 2, 1), "0.0000", json!({"1": 0, "2": 2, "3": 0, "4": 0, "5": 0}), false),
        ],
        "unranked": [],
        "disqualified": [{"candidate_id": grass, "name": "Grass", "reason": "late"}],
    }]);
    assert_eq!(results["competitions"], expected);
    assert_eq!((&results["cast"], &results["counted"]), (&json!(2), &json!(2)));
    assert!(results["digest"].as_str().is_some_and(|digest| digest.starts_with("sha256:") && digest.len() == 71));

    // The public.
    let public = format!("/public/elections/{id}");
    host.anybody().get(&format!("{public}/results")).await.status(404);
    host.anybody().get(&public).await.status(404);
    let counted = host.anybody().get(&format!("{public}/receipts/{receipt}")).await.status(200).json();
    assert_eq!(counted, json!({"receipt": receipt, "counted": true}));
    let other = format!("{}{}", &receipt[..receipt.len() - 1], if receipt.ends_with('0') { '1' } else { '0' });
    host.anybody().get(&format!("{public}/receipts/{other}")).await.status(404);
    let released = election.post("/release", json!({})).await.status(200);
    election.at(released.version()).await.status(200);
    assert_eq!(election.public_results(&host.anybody()).await.json(), results);
    let shown = host.anybody().get(&public).await.status(200).json();
    assert_eq!(shown["competitions"], election.get("").await.status(200).json()["competitions"]);

    // The table for a spreadsheet, and the trail for the auditor.
    let csv = election.get("/results.csv").await.status(200);
    assert!(csv.header("content-type").starts_with("text/csv"));
    assert!(csv.text.starts_with("\u{FEFF}competition_id,"), "{}", csv.text);
    assert_eq!(csv.text.lines().count(), 5, "{}", csv.text);
    let audit = election.get("/audit?limit=100").await.status(200).json();
    assert!(audit["items"].as_array().is_some_and(|items| items.len() > 15));

    // The end.
    let deleted = owner.delete(&format!("/elections/{id}")).await.status(200);
    owner.get_at(&format!("/elections/{id}"), deleted.version()).await.status(404);
    owner.patch(&format!("/elections/{id}"), json!({"name": "x"})).await.refused(409, "election_deleted");
    election.competitions.clear();
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_election_closes_of_itself() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[2]).await;
    let voter = election.voter("ada").await;
    let late = election.voter("late").await;
    let closes_at = host.in_seconds(8);
    election.post("/open", json!({"closes_at": closes_at})).await.status(200);
    election.post("/extend", json!({"closes_at": "1999-01-01T00:00:00Z"})).await.refused(422, "closing_time_past");
    let candidate = &election.candidates()[0];
    voter.cast_with(json!({candidate: 5})).await.status(200);
    // The clock comes by itself. Whoever asks before it has, is refused because of the time.
    let version = loop {
        let shown = election.get("").await.json();
        match shown["status"].as_str() {
            Some("closed") => break shown["version"].as_u64().unwrap_or_default(),
            _ => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    };
    late.cast_with(json!({candidate: 5})).await.refused(409, "election_closed");
    let results = election.final_results(version).await;
    assert_eq!(results["counted"], 1);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_token_opens_nothing() {
    let host = Host::start().await;
    let election = Election::open(host.owner(), &[2]).await;
    let voter = election.voter("ada").await;
    let candidate = &election.candidates()[0];
    voter.rate(json!({candidate: 3})).await.status(200);
    let path = format!("/voters/{}/token", voter.id);
    let replaced = election.post(&path, json!({})).await.status(200);
    let renewed = voter.client.with_token(&replaced.text_of("ballot_token"));
    voter.client.get("/ballot").await.refused(401, "unauthorized");
    voter.cast_with(json!({candidate: 1})).await.refused(401, "unauthorized");
    let ballot = renewed.get("/ballot").await.status(200).json();
    assert_eq!(ballot["ballot"]["ratings"], json!({}), "whoever hands out the new token cannot look at what was rated");
    renewed.post("/ballot/cast", json!({"ratings": {candidate: 2}})).await.status(200);
    election.post(&path, json!({})).await.refused(409, "ballot_cast_already");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_shows_only_who_replaced_a_token() {
    let host = Host::start().await;
    let election = Election::open(host.owner(), &[2]).await;
    let voter = election.voter("ada").await;
    voter.rate(json!({&election.candidates()[0]: 3})).await.status(200);
    let path = election.path(&format!("/voters/{}/token", voter.id));
    let keyed = || election.owner.request(Method::POST, &path).key("of-a-replaced-token").json(&json!({})).send();
    let (first, again) = (keyed().await.status(200), keyed().await.status(200));
    assert_eq!((first.version(), again.version()), (2, 2), "the voter's version, whatever the ballot's");
    assert!(first.json()["ballot_token"].is_string());
    assert_eq!(again.json().get("ballot_token"), None, "a secret is shown once");

    let trail = election.get("/audit").await.status(200).json();
    let stream = format!("voter#{}", voter.id);
    let mut of_voter = trail["items"].as_array().unwrap().iter().filter(|entry| entry["stream"] == *stream);
    let commands: Vec<_> = of_voter.clone().map(|entry| entry["command"].as_str().unwrap()).collect();
    assert_eq!(commands, ["RegisterVoter", "ReplaceBallotToken"]);
    let replaced = of_voter.next_back().unwrap();
    assert_eq!(replaced["events"][0]["type"], "VoterTokenReplaced");
    assert_eq!(replaced["events"][0].get("data"), None);
    let private: Value = serde_json::from_str(replaced["private"]["data"].as_str().unwrap()).unwrap();
    assert!(private["actor"]["administrator"].is_string(), "{private}");
    host.stop().await;
}
