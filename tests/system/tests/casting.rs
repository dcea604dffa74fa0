//! Casting under competition: two at once, the same again, and while the election closes.

use futures::future::{join, join_all};
use photovote_tests::{Answer, Client, Election, Host, Voter};
use reqwest::Method;
use serde_json::{Value, json};

async fn cast_with_key(client: &Client, key: &str, ratings: &Value) -> Answer {
    client.request(Method::POST, "/ballot/cast").key(key).json(&json!({"ratings": ratings})).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_casts_at_once_one_succeeds() {
    let host = Host::start().await;
    let election = Election::open(host.owner(), &[2]).await;
    let [one, other] = &election.candidates()[..] else { panic!("two candidates") };
    for round in 0..10 {
        let voter = election.voter(&format!("voter-{round}")).await;
        let (a, b) = join(voter.cast_with(json!({one: 1})), voter.cast_with(json!({other: 5}))).await;
        let mut statuses = [a.status.as_u16(), b.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{a}; {b}");
        for answer in [a, b] {
            if answer.status == 409 {
                answer.refused(409, "ballot_cast_already");
            }
        }
    }
    assert_eq!(election.get("/turnout").await.json(), json!({"registered": 10, "cast": 10}));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_twice_is_one_cast_with_one_answer() {
    let host = Host::start().await;
    let election = Election::open(host.owner(), &[2]).await;
    let candidate = &election.candidates()[0];
    let voter = election.voter("ada").await;
    let ratings = json!({candidate: 4});
    let answers = join_all((0..6).map(|_| cast_with_key(&voter.client, "my cast", &ratings))).await;
    for answer in &answers {
        assert_eq!((answer.status.as_u16(), answer.json()), (200, answers[0].json()), "{answer}");
    }
    let other = cast_with_key(&voter.client, "my cast", &json!({candidate: 5})).await;
    assert_eq!((other.status.as_u16(), other.json()), (200, answers[0].json()), "whatever the body says");
    cast_with_key(&voter.client, "another", &ratings).await.refused(409, "ballot_cast_already");
    let closed = election.post("/close", json!({})).await.status(200);
    let again = cast_with_key(&voter.client, "my cast", &ratings).await;
    assert_eq!((again.status.as_u16(), again.json()), (200, answers[0].json()), "also after the close");
    let results = election.final_results(closed.version()).await;
    assert_eq!((&results["cast"], &results["counted"]), (&json!(1), &json!(1)));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_the_casts_acknowledged_are_counted() {
    let host = Host::start().await;
    let election = Election::open(host.owner(), &[3]).await;
    let candidates = election.candidates();
    let voters = election.voters(120).await;
    let ratings = |number: usize| json!({&candidates[number % 3]: 1 + number % 5});
    let cast = |(number, voter): (usize, &Voter)| {
        let (client, ratings) = (voter.client.clone(), ratings(number));
        async move { cast_with_key(&client, "cast", &ratings).await }
    };
    let close = async {
        // Somewhere in the middle: once some have got through.
        loop {
            let turnout = election.get("/turnout").await.json();
            if turnout["cast"].as_u64().is_some_and(|cast| cast >= 20) {
                return election.post("/close", json!({})).await.status(200);
            }
        }
    };
    let (answers, closed) = join(join_all(voters.iter().enumerate().map(cast)), close).await;

    let mut counted = [[0_u64; 6]; 3];
    let mut acknowledged = 0_u64;
    for (number, answer) in answers.iter().enumerate() {
        if answer.status == 200 {
            acknowledged += 1;
            counted[number % 3][1 + number % 5] += 1;
        } else {
            answer.clone().refused(409, "election_closed");
        }
    }
    assert!(acknowledged >= 20);
    let results = election.final_results(closed.version()).await;
    assert_eq!((&results["cast"], &results["counted"]), (&json!(acknowledged), &json!(acknowledged)));
    for row in results["competitions"][0]["candidates"].as_array().expect("a list") {
        let place = candidates.iter().position(|id| row["candidate_id"] == *id).expect("a candidate");
        for grade in 1..=5 {
            assert_eq!(row["histogram"][grade.to_string()], counted[place][grade], "{row}");
        }
    }
    // Afterwards: a new cast is refused, a repeated one still gets its receipt, and every receipt was counted.
    for (number, (voter, answer)) in voters.iter().zip(&answers).enumerate() {
        let again = cast_with_key(&voter.client, "cast", &ratings(number)).await;
        assert_eq!(again.status, answer.status, "{again}");
        if answer.status == 200 {
            assert_eq!(again.json(), answer.json());
            let path = format!("/public/elections/{}/receipts/{}", election.id, answer.text_of("receipt"));
            host.anybody().get(&path).await.status(200);
        }
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voter_is_registered_once() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[2]).await;
    let path = election.path("/voters");
    let ada = json!({"name": "Ada", "email": "Ada@example.org"});
    let register =
        |key: &'static str, body: &Value| election.owner.request(Method::POST, &path).key(key).json(body).send();
    let first = register("k", &ada).await.status(201);
    let again = register("k", &ada).await.status(201);
    assert_eq!(again.text_of("id"), first.text_of("id"));
    assert!(again.json().get("ballot_token").is_none(), "a secret is shown once");
    let other = json!({"name": "Ada", "email": "adb@example.org"});
    register("k", &other).await.refused(422, "idempotency_key_reused");
    election.post("/voters", json!({"name": "Eve", "email": "ADA@EXAMPLE.ORG"})).await.refused(409, "email_taken");
    let own = json!({"id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "name": "Bob", "email": "bob@example.org"});
    election.post("/voters", own.clone()).await.status(201);
    election.post("/voters", own).await.status(201);
    let taken = json!({"id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "name": "Bab", "email": "bab@example.org"});
    election.post("/voters", taken).await.refused(409, "id_taken");
    assert_eq!(election.get("/turnout").await.json(), json!({"registered": 2, "cast": 0}));
    // The first answer again, whatever has happened since.
    election.post("/open", json!({})).await.status(200);
    election.post("/close", json!({})).await.status(200);
    assert_eq!(register("k", &ada).await.status(201).text_of("id"), first.text_of("id"));
    register("l", &json!({"name": "Eve", "email": "eve@example.org"})).await.refused(409, "registration_closed");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_free_again_once_its_voter_is_gone() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[2]).await;
    let path = election.path("/voters");
    let ada = json!({"name": "Ada", "email": "Ada@example.org"});
    let first = election.post("/voters", ada.clone()).await.status(201);
    election.post("/voters", ada.clone()).await.refused(409, "email_taken");
    election.owner.delete(&format!("{path}/{}", first.text_of("id"))).await.status(200);
    election.owner.delete(&format!("{path}/{}", first.text_of("id"))).await.refused(404, "voter_not_found");
    election.post("/voters", ada).await.status(201);
    assert_eq!(election.get("/turnout").await.json(), json!({"registered": 1, "cast": 0}));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_is_repeated_by_its_key_or_its_own_id() {
    let host = Host::start().await;
    let owner = host.owner();
    let create = |client: Client, key: &'static str, body: Value| async move {
        client.request(Method::POST, "/elections").key(key).json(&body).send().await
    };
    let one = create(owner.clone(), "k", json!({"name": "Summer"})).await.status(201);
    let two = create(owner.clone(), "k", json!({"name": "Summer"})).await.status(201);
    assert_eq!(one.json(), two.json());
    create(owner.clone(), "k", json!({"name": "Winter"})).await.refused(422, "idempotency_key_reused");
    let foreign = create(host.other(), "k", json!({"name": "Summer"})).await.status(201);
    assert_ne!(foreign.text_of("id"), one.text_of("id"), "a key is its caller's own");
    assert_ne!(
        owner.post("/elections", json!({"name": "Summer"})).await.text_of("id"),
        owner.post("/elections", json!({"name": "Summer"})).await.text_of("id"),
        "without a key, two requests are two elections"
    );
    let id = one.text_of("id");
    let competitions = format!("/elections/{id}/competitions");
    let own = json!({"id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "name": "Nature"});
    let first = owner.post(&competitions, own.clone()).await.status(201);
    assert_eq!(owner.post(&competitions, own).await.status(201).json(), first.json());
    let other = json!({"id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "name": "Sky"});
    owner.post(&competitions, other).await.refused(409, "id_taken");
    let taken = json!({"id": id, "name": "Summer"});
    host.other().post("/elections", taken).await.refused(409, "id_taken");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_try_before_the_opening_does_not_block_a_voter() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[2]).await;
    let voter = election.voter("ada").await;
    let early = &election.candidates()[0];
    voter.rate(json!({early: 3})).await.refused(409, "election_not_open");
    let path = format!("/competitions/{}/candidates", election.competitions[0].id);
    let late = election.post(&path, json!({"name": "Late"})).await.status(201).text_of("id");
    election.post("/open", json!({})).await.status(200);
    voter.client.delete(&format!("/ballot/ratings/{late}")).await.status(200);
    voter.rate(json!({&late: 4})).await.status(200);
    let ballot = voter.client.get("/ballot").await.status(200).json();
    assert_eq!(ballot["ballot"]["ratings"], json!({&late: 4}));
    voter.cast().await.status(200);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_replaced_meanwhile_casts_nothing() {
    let host = Host::start().await;
    let election = Election::open(host.owner(), &[2]).await;
    let candidate = &election.candidates()[0];
    for round in 0..20 {
        let voter = election.voter(&format!("voter-{round}")).await;
        let path = format!("/voters/{}/token", voter.id);
        let (cast, replaced) = join(voter.cast_with(json!({candidate: 5})), election.post(&path, json!({}))).await;
        match (cast.status.as_u16(), replaced.status.as_u16()) {
            (200, 409) => {}
            (401, 200) => {
                let renewed = voter.client.with_token(&replaced.text_of("ballot_token"));
                let ballot = renewed.get("/ballot").await.status(200).json();
                assert_eq!(ballot["ballot"]["cast"], false, "the ballot is still the voter's to cast");
            }
            _ => panic!("{cast}; {replaced}"),
        }
    }
    host.stop().await;
}
