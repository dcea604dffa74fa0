//! Elections with several administrators, and what the role of each allows.

use std::fmt::Write as _;

use photovote_tests::{Answer, Client, Election, Host};
use reqwest::Method;
use serde_json::{Value, json};

const ULID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// The path of an administrator of an election.
fn path(election: &Election, subject: &str) -> String {
    let mut path = election.path("/administrators/");
    for byte in subject.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let written = if plain { write!(path, "{}", char::from(byte)) } else { write!(path, "%{byte:02X}") };
        written.unwrap_or_else(|error| panic!("{error}"));
    }
    path
}

/// Somebody wants somebody to have a role.
async fn appoint(by: &Client, election: &Election, subject: &str, role: &str) -> Answer {
    by.put(&path(election, subject), json!({"role": role})).await
}

/// The administrators as they are at this version.
async fn listed(election: &Election, version: u64) -> Value {
    election.at(version).await.status(200);
    let list = election.get("/administrators").await.status(200).json();
    assert_eq!(list["next_cursor"], Value::Null);
    list["items"].clone()
}

/// The role in which an election is in somebody's list.
async fn role_in_list(of: &Client, election: &Election) -> Option<String> {
    let mut query = String::from("?limit=100");
    loop {
        let page = of.get(&format!("/elections{query}")).await.status(200).json();
        let items = page["items"].as_array().cloned().unwrap_or_default();
        if let Some(item) = items.iter().find(|item| item["id"] == election.id.as_str()) {
            return item["role"].as_str().map(ToOwned::to_owned);
        }
        let cursor = page["next_cursor"].as_str()?;
        query = format!("?limit=100&cursor={cursor}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_election_has_several_administrators_with_roles() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[2]).await;
    let (owner, other) = (host.owner(), host.other());
    let (first, second) = (owner.subject(), other.subject());
    assert_eq!(listed(&election, 4).await, json!([{"subject": first, "role": "owner"}]));
    assert_eq!(role_in_list(&owner, &election).await.as_deref(), Some("owner"));
    other.get(&election.path("")).await.refused(404, "election_not_found");
    appoint(&other, &election, &second, "owner").await.refused(404, "election_not_found");

    let appointed = appoint(&owner, &election, &second, "observer").await.status(200);
    assert_eq!((appointed.version(), appointed.header("etag")), (5, "\"5\""));
    let mut both = [json!({"subject": first, "role": "owner"}), json!({"subject": second, "role": "observer"})];
    both.sort_by_key(|one| one["subject"].to_string());
    assert_eq!(listed(&election, 5).await, json!(both));
    assert_eq!(role_in_list(&other, &election).await.as_deref(), Some("observer"));
    for rest in ["", "/voters", "/turnout", "/audit", "/administrators"] {
        other.get(&election.path(rest)).await.status(200);
    }
    other.patch(&election.path(""), json!({"name": "Mine"})).await.refused(403, "role_insufficient");

    // The same role is no change, another one is.
    assert_eq!(appoint(&owner, &election, &second, "observer").await.status(200).version(), 5);
    assert_eq!(appoint(&owner, &election, &second, "editor").await.status(200).version(), 6);
    assert_eq!(other.patch(&election.path(""), json!({"name": "Ours"})).await.status(200).version(), 7);
    election.at(7).await.status(200);
    assert_eq!(role_in_list(&other, &election).await.as_deref(), Some("editor"));
    appoint(&other, &election, &second, "owner").await.refused(403, "role_insufficient");
    other.delete(&election.path("")).await.refused(403, "role_insufficient");

    // The trail tells who came, by whom.
    let trail = other.get(&election.path("/audit")).await.status(200).json();
    let entry = trail["items"].as_array().into_iter().flatten().find(|entry| entry["version"] == 5);
    let Some(entry) = entry else { panic!("{trail}") };
    assert_eq!(
        (&entry["command"], &entry["events"][0]["type"]),
        (&json!("AppointAdministrator"), &json!("AdministratorAdded"))
    );
    let data = json!({"role": "observer", "subject": second}).to_string();
    assert_eq!(entry["events"][0]["data"], data.as_str());

    // Whoever is removed knows nothing of the election any more: commands and trail at once, documents when they follow.
    let removed = owner.delete(&path(&election, &second)).await.status(200);
    assert_eq!(removed.version(), 8);
    other.patch(&election.path(""), json!({"name": "Mine"})).await.refused(404, "election_not_found");
    other.get(&election.path("/audit")).await.refused(404, "election_not_found");
    assert_eq!(listed(&election, 8).await, json!([{"subject": first, "role": "owner"}]));
    for rest in ["", "/voters", "/turnout", "/administrators"] {
        other.get(&election.path(rest)).await.refused(404, "election_not_found");
    }
    assert_eq!(role_in_list(&other, &election).await, None);
    owner.delete(&path(&election, &second)).await.refused(404, "administrator_not_found");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_checks_the_role_before_the_request() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[2]).await;
    let competition = election.competitions[0].id.clone();
    let candidate = election.competitions[0].candidates[0].id.clone();
    let (owner, other) = (host.owner(), host.other());
    let second = other.subject();
    let competition = format!("/competitions/{competition}");
    let candidate = format!("{competition}/candidates/{candidate}");
    let voter = format!("/voters/{ULID}");
    #[rustfmt::skip]
    let editors = [
        (Method::PATCH,  String::new()),
        (Method::POST,   "/open".to_owned()),
        (Method::POST,   "/extend".to_owned()),
        (Method::POST,   "/close".to_owned()),
        (Method::POST,   "/release".to_owned()),
        (Method::POST,   "/competitions".to_owned()),
        (Method::PATCH,  competition.clone()),
        (Method::DELETE, competition.clone()),
        (Method::POST,   format!("{competition}/candidates")),
        (Method::PATCH,  candidate.clone()),
        (Method::DELETE, candidate.clone()),
        (Method::POST,   format!("{candidate}/disqualify")),
        (Method::POST,   "/voters".to_owned()),
        (Method::DELETE, voter.clone()),
        (Method::POST,   format!("{voter}/token")),
    ];
    let owners = [
        (Method::DELETE, String::new()),
        (Method::PUT, "/administrators/somebody".to_owned()),
        (Method::DELETE, "/administrators/somebody".to_owned()),
    ];
    for role in ["observer", "editor", "owner"] {
        appoint(&owner, &election, &second, role).await.status(200);
        let rows =
            editors.iter().map(|row| (row, role != "observer")).chain(owners.iter().map(|row| (row, role == "owner")));
        for ((method, rest), allowed) in rows {
            // Nobody could carry this out: whoever may try hears about the form, or about what is not there.
            let request = other.request(method.clone(), &election.path(rest)).body("text/plain", "nonsense");
            let answer = request.send().await;
            if allowed {
                assert!([400, 404, 415].contains(&answer.status.as_u16()), "{role}: {answer}");
            } else {
                answer.refused(403, "role_insufficient");
            }
        }
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_may_leave_but_the_last_owner_stays() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[]).await;
    let (owner, other) = (host.owner(), host.other());
    let (first, second) = (owner.subject(), other.subject());
    owner.delete(&path(&election, &first)).await.refused(409, "last_owner");
    appoint(&owner, &election, &first, "editor").await.refused(409, "last_owner");

    appoint(&owner, &election, &second, "observer").await.status(200);
    other.delete(&path(&election, &first)).await.refused(403, "role_insufficient");
    let leave = || other.request(Method::DELETE, &path(&election, &second)).key("I leave").send();
    let left = leave().await.status(200);
    other.delete(&path(&election, &second)).await.refused(404, "election_not_found");
    assert_eq!(leave().await.status(200).json(), left.json(), "the same command again has the same answer");

    // Owners hand the election on.
    appoint(&owner, &election, &second, "owner").await.status(200);
    let step_down = || {
        let request = owner.request(Method::PUT, &path(&election, &first)).key("I step down");
        request.json(&json!({"role": "observer"})).send()
    };
    let down = step_down().await.status(200);
    appoint(&owner, &election, &second, "editor").await.refused(403, "role_insufficient");
    assert_eq!(step_down().await.status(200).json(), down.json());
    other.delete(&path(&election, &second)).await.refused(409, "last_owner");
    other.delete(&election.path("")).await.status(200);
    appoint(&other, &election, &first, "owner").await.refused(409, "election_deleted");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appointment_is_checked_in_the_usual_order() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[]).await;
    let owner = host.owner();
    let at = path(&election, "eve");
    let send = |body: &str| owner.request(Method::PUT, &at).body("application/json", body.to_owned()).send();
    for body in ["", "{", "[]", "{}", r#"{"role": 1}"#, r#"{"role": null}"#, r#"{"role": "editor", "name": "Eve"}"#] {
        send(body).await.refused(400, "malformed_body");
    }
    owner.request(Method::PUT, &at).body("text/plain", "{}").send().await.refused(415, "unsupported_media_type");
    for role in ["", "Editor", "administrator"] {
        let refused = send(&json!({"role": role}).to_string()).await.refused(422, "invalid_value");
        assert_eq!(refused.json()["field"], "role");
    }
    let conditional = |method: Method, tag: &'static str| {
        let request = owner.request(method.clone(), &at).header("if-match", tag);
        if method == Method::PUT { request.json(&json!({"role": "editor"})) } else { request }
    };
    conditional(Method::PUT, "\"7\"").send().await.refused(412, "version_mismatch");
    assert_eq!(conditional(Method::PUT, "\"1\"").key("k").send().await.status(200).version(), 2);
    assert_eq!(conditional(Method::PUT, "\"1\"").key("k").send().await.status(200).version(), 2, "done before");
    let reused = owner.request(Method::PUT, &at).key("k").json(&json!({"role": "owner"})).send().await;
    reused.refused(422, "idempotency_key_reused");
    conditional(Method::DELETE, "\"1\"").send().await.refused(412, "version_mismatch");
    conditional(Method::DELETE, "1").send().await.refused(400, "malformed_if_match");
    assert_eq!(conditional(Method::DELETE, "\"2\"").send().await.status(200).version(), 3);
    let missing = owner.request(Method::DELETE, &at).body("text/plain", "nonsense").send().await;
    missing.refused(404, "administrator_not_found");
    owner.get(&election.path("/administrators?limit=0")).await.refused(400, "malformed_parameter");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_is_who_it_is_however_odd() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[]).await;
    let owner = host.owner();
    let odd = [
        "auth0|123",
        "user@example.org",
        "google-oauth2|7",
        "Zoë 雪",
        "100%",
        "a%41",
        "a%2Fb",
        "a+b=c&d;e",
        "\"<{^`>}\"",
        "administrators",
    ];
    for subject in odd {
        appoint(&owner, &election, subject, "observer").await.status(200);
    }
    let version = 1 + odd.len() as u64;
    let mut everybody: Vec<_> = odd.map(ToOwned::to_owned).into_iter().chain([owner.subject()]).collect();
    everybody.sort_unstable();
    let names = |items: &Value| -> Vec<String> {
        let items = items.as_array().into_iter().flatten();
        items.map(|item| item["subject"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(names(&listed(&election, version).await), everybody);

    let mut paged = Vec::new();
    let mut query = String::from("?limit=4");
    loop {
        let page = election.get(&format!("/administrators{query}")).await.status(200).json();
        paged.extend(names(&page["items"]));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=4&cursor={cursor}");
    }
    assert_eq!(paged, everybody);

    for subject in odd {
        owner.delete(&path(&election, subject)).await.status(200);
    }
    assert_eq!(names(&listed(&election, version + odd.len() as u64).await), [owner.subject()]);
    host.stop().await;
}

/// API Gateway decodes a path before it looks for the route: these subjects cannot stand in one.
#[tokio::test(flavor = "multi_thread")]
async fn a_subject_that_no_path_can_name_is_refused() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[]).await;
    let owner = host.owner();
    for subject in ["a/b", "/", ".", ".."] {
        for method in [Method::PUT, Method::DELETE] {
            let request = owner.request(method, &path(&election, subject)).json(&json!({"role": "owner"}));
            request.send().await.status(404);
        }
    }
    for subject in ["a#b", "a\tb", "line\nbreak", &"x".repeat(256)] {
        let refused = appoint(&owner, &election, subject, "owner").await.refused(422, "invalid_value");
        assert_eq!(refused.json()["field"], "subject");
        let refused = owner.delete(&path(&election, subject)).await.refused(422, "invalid_value");
        assert_eq!(refused.json()["field"], "subject");
    }
    if host.is_local() {
        // Where a path is cut there, nothing here notices.
        appoint(&owner, &election, "a?b", "owner").await.refused(422, "invalid_value");
    }
    assert_eq!(listed(&election, 1).await, json!([{"subject": owner.subject(), "role": "owner"}]));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_sees_who_administers() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[2]).await;
    appoint(&host.owner(), &election, "somebody-else", "editor").await.status(200);
    election.post("/open", json!({})).await.status(200);
    let voter = election.voter("grace").await;
    let candidate = election.candidates()[0].clone();
    voter.cast_with(json!({candidate: 4})).await.status(200);
    let version = election.post("/close", json!({})).await.status(200).version();
    election.final_results(version).await;
    let version = election.post("/release", json!({})).await.status(200).version();
    election.at(version).await.status(200);
    let released = election.public_results(&host.anybody()).await;
    for answer in [voter.client.get("/ballot").await.status(200), released] {
        for word in ["somebody-else", "administrator", "role", &host.owner().subject()] {
            // A local subject is a word that may stand anywhere.
            let alone = format!("\"{word}\"");
            assert!(!answer.text.contains(&alone), "{word}: {answer}");
        }
    }
    voter.client.get(&election.path("/administrators")).await.status(401);
    host.anybody().get(&election.path("/administrators")).await.status(401);
    host.stop().await;
}
