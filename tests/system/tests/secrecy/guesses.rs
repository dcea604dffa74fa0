//! Nobody who sees the audit trail can find out by guessing who is registered.

use photovote_edge::{command_id, derived_id, fingerprint};
use photovote_tests::{Election, Host};
use reqwest::Method;
use serde_json::{Value, json};

use super::{difference, names::Names};

/// Names and addresses, as they are guessed.
const PEOPLE: [(&str, &str); 2] = [("Ada Lovelace", "ada@example.org"), ("Grace Hopper", "grace@example.org")];

/// The trail of an election in which this person is registered twice over: without a key, and with the address as the key.
/// Somebody appointed sees it.
async fn trail(host: &Host, person: (&str, &str)) -> (Election, String) {
    let election = Election::draft(host.owner(), &[2]).await;
    let (name, email) = person;
    election.post("/voters", json!({"name": name, "email": email})).await.status(201);
    let second = json!({"name": name, "email": format!("second-{email}")});
    let path = election.path("/voters");
    election.owner.request(Method::POST, &path).header("idempotency-key", email).json(&second).send().await.status(201);
    let trail = election.get("/audit?limit=100").await.status(200);
    (election, trail.text)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_confirms_no_guess_of_who_is_registered() {
    let host = Host::start().await;
    let mut seen = Vec::new();
    for person in PEOPLE {
        let (election, text) = trail(&host, person).await;
        let json: Value = serde_json::from_str(&text).expect("JSON");
        let of_commits = |name: &str| json["items"].as_array().into_iter().flatten().map(|e| e[name].clone()).collect();
        let streams: Vec<Value> = of_commits("stream");
        let voters = streams.iter().filter_map(Value::as_str).filter(|stream| stream.starts_with("voter#"));
        let provenance = json["items"][0]["private"]["data"].as_str().expect("it is shown");
        let provenance: Value = serde_json::from_str(provenance).expect("JSON");
        let caller = format!("administrator:{}", provenance["actor"]["administrator"].as_str().expect("a subject"));
        let path = format!("/v1{}", election.path("/voters"));
        for (name, email) in PEOPLE {
            for address in [email.to_owned(), format!("second-{email}")] {
                let body = json!({"email": address, "name": name}).to_string();
                let guess = fingerprint(&caller, &Method::POST, &path, body.as_bytes());
                assert!(!text.contains(&guess.to_string()), "{name} is registered as {address}: the fingerprint tells");
            }
            let scope = format!("{}/voter", election.id);
            let id = photovote_domain::VoterId::from_bits(derived_id(&caller, &scope, None, email));
            assert!(!text.contains(&id.to_string()), "{email} was a key: the voter's id tells");
            for stream in voters.clone() {
                let guess = command_id(&caller, stream, email);
                assert!(!text.contains(&guess.to_string()), "{email} was a key: the command's id tells");
            }
        }
        assert_eq!(voters.count(), 2);
        seen.push(Names::default().json(&json));
    }
    assert_eq!(difference(&seen[0], &seen[1]), None, "two trails that differ in names and addresses only");
    host.stop().await;
}
