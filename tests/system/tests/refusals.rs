//! Bad input of every kind gets the right refusal, and changes nothing.

use photovote_tests::{Answer, Election, Host};
use reqwest::Method;
use serde_json::{Value, json};

const ULID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

async fn raw(
    election: &Election,
    method: Method,
    rest: &str,
    content_type: &str,
    body: impl Into<reqwest::Body>,
) -> Answer {
    election.owner.request(method, &election.path(rest)).body(content_type, body).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_read_is_refused() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[2]).await;
    let before = election.get("").await.json();
    let post = |body: &'static str| raw(&election, Method::POST, "/competitions", "application/json", body);
    for body in [
        "",
        "{",
        "nonsense",
        "[]",
        "null",
        "7",
        "\"name\"",
        "{}",
        r#"{"name": 7}"#,
        r#"{"name": null}"#,
        r#"{"name": ["a"]}"#,
        r#"{"name": "a", "nmae": "b"}"#,
        r#"{"name": "a", "name": "b"}"#,
        r#"{"name": "a", "description": null}"#,
        r#"{"name": "a", "id": "not a ulid"}"#,
        r#"{"name": "a", "id": 7}"#,
        r#"{"name": "\ud800"}"#,
        r#"{"name": "a"} x"#,
    ] {
        post(body).await.refused(400, "malformed_body");
    }
    let deep = format!("{}1{}", "{\"a\":".repeat(300), "}".repeat(300));
    raw(&election, Method::POST, "/competitions", "application/json", deep).await.refused(400, "malformed_body");
    if host.is_local() {
        // A gateway of the cloud hands text over, and puts something in the place of what is none.
        let latin1 = b"{\"name\": \"caf\xe9\"}".to_vec();
        raw(&election, Method::POST, "/competitions", "application/json", latin1).await.refused(400, "malformed_body");
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"] {
        raw(&election, Method::POST, "/competitions", content_type, r#"{"name": "a"}"#)
            .await
            .refused(415, "unsupported_media_type");
    }
    let large = format!(r#"{{"name": "{}"}}"#, "x".repeat(1_000_000));
    raw(&election, Method::POST, "/competitions", "application/json", large).await.refused(413, "body_too_large");
    assert_eq!(election.get("").await.json(), before);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_breaks_a_rule_is_refused() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[2]).await;
    let before = election.get("").await.json();
    let long = |n: usize| "x".repeat(n);
    let candidates = format!("/competitions/{}/candidates", election.competitions[0].id);
    let image = |url: &str, caption: Value| json!({"name": "a", "image": {"url": url, "caption": caption}});
    let cases = [
        ("/competitions", json!({"name": "  "})),
        ("/competitions", json!({"name": long(201)})),
        ("/competitions", json!({"name": "a\u{202e}b"})),
        ("/competitions", json!({"name": "a\u{0}b"})),
        ("/competitions", json!({"name": "a", "description": long(4_001)})),
        (&candidates, image("http://example.org/a.png", json!("a"))),
        (&candidates, image("javascript:alert(1)", json!("a"))),
        (&candidates, image(&format!("https://example.org/{}", long(2_048)), json!("a"))),
        (&candidates, image("https://example.org/a.png", json!(long(501)))),
        ("/voters", json!({"name": "a", "email": "no address"})),
        ("/voters", json!({"name": "a", "email": format!("{}@example.org", long(250))})),
    ];
    for (path, body) in cases {
        election.post(path, body).await.refused(422, "invalid_value");
    }
    for scale in [
        json!({"min": 5, "max": 1}),
        json!({"min": 0, "max": 11}),
        json!({"min": -1, "max": 5}),
        json!({"min": 3, "max": 3}),
    ] {
        let path = election.path("");
        election.owner.patch(&path, json!({"scale": scale})).await.refused(422, "invalid_value");
        host.owner().post("/elections", json!({"name": "a", "scale": scale})).await.refused(422, "invalid_value");
    }
    election
        .owner
        .patch(&election.path(""), json!({"scale": {"min": 1.5, "max": 4}}))
        .await
        .refused(400, "malformed_body");
    host.owner().post("/elections", json!({"name": "a", "expected_voters": 0})).await.refused(422, "invalid_value");
    election.post("/open", json!({"closes_at": "2001-01-01T00:00:00Z"})).await.refused(422, "closing_time_past");
    election.post("/open", json!({"closes_at": "tomorrow"})).await.refused(400, "malformed_body");
    assert_eq!(election.get("").await.json(), before);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rating_that_breaks_a_rule_is_refused() {
    let host = Host::start().await;
    let election = Election::open(host.owner(), &[2]).await;
    let foreign = Election::open(host.owner(), &[2]).await;
    let voter = election.voter("ada").await;
    let candidate = &election.candidates()[0];
    voter.rate(json!({candidate: 3})).await.status(200);
    let before = voter.client.get("/ballot").await.json();
    for (ratings, code) in [
        (json!({candidate: 0}), "rating_out_of_scale"),
        (json!({candidate: 6}), "rating_out_of_scale"),
        (json!({candidate: -1}), "rating_out_of_scale"),
        (json!({candidate: 1_000_000_000_000_u64}), "rating_out_of_scale"),
        (json!({ULID: 3}), "unknown_candidate"),
        (json!({&foreign.candidates()[0]: 3}), "unknown_candidate"),
        (json!({candidate: 3, ULID: 3}), "unknown_candidate"),
    ] {
        voter.rate(ratings.clone()).await.refused(422, code);
        voter.cast_with(ratings).await.refused(422, code);
    }
    let many: serde_json::Map<_, _> = (0..501).map(|n| (format!("01ARZ3NDEKTSV4RRFFQ69G{n:04}"), json!(3))).collect();
    voter.rate(Value::Object(many)).await.refused(422, "too_many_ratings");
    for ratings in [
        json!({candidate: 3.5}),
        json!({candidate: "3"}),
        json!({candidate: null}),
        json!({"x": 3}),
        json!([]),
        json!(null),
    ] {
        voter.rate(ratings).await.refused(400, "malformed_body");
    }
    voter.client.put("/ballot/ratings", json!({})).await.refused(400, "malformed_body");
    voter.client.delete("/ballot/ratings/x").await.refused(400, "malformed_id");
    voter.client.delete(&format!("/ballot/ratings/{ULID}")).await.refused(404, "candidate_not_found");
    let empty = election.voter("bob").await;
    empty.cast().await.refused(422, "empty_ballot");
    assert_eq!(voter.client.get("/ballot").await.json(), before);
    // Nothing to do is no problem.
    assert_eq!(voter.rate(json!({})).await.status(200).json()["tag"], before["ballot"]["tag"]);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_is_not_known_is_refused() {
    let host = Host::start().await;
    let election = Election::open(host.owner(), &[2]).await;
    let voter = election.voter("ada").await;
    let forged =
        format!("{}{}", &voter.token[..voter.token.len() - 1], if voter.token.ends_with('0') { '1' } else { '0' });
    let elsewhere = voter.token.replace(&election.id, ULID);
    for token in ["", "x", "pvb_x", &voter.token, &forged, "eyJhbGciOiJub25lIn0.eyJzdWIiOiJvd25lciJ9."] {
        let client = host.with_token(token);
        // Behind a gateway of the cloud, its own answer has its own body.
        client.get("/elections").await.status(401);
        client.post("/elections", json!({"name": 7})).await.status(401);
        client.get(&election.path("")).await.status(401);
    }
    host.anybody().get("/elections").await.status(401);
    for token in ["", "x", "pvb_x", &forged, &elsewhere] {
        let client = host.with_token(token);
        client.get("/ballot").await.refused(401, "unauthorized");
        client.post("/ballot/cast", json!({"ratings": 7})).await.refused(401, "unauthorized");
    }
    host.anybody().get("/ballot").await.refused(401, "unauthorized");
    host.owner().get("/ballot").await.refused(401, "unauthorized");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_another_is_not_there() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[2]).await;
    let missing = format!("/elections/{ULID}");
    let competition = &election.competitions[0].id;
    let other = host.other();
    for rest in ["", "/voters", "/turnout", "/administrators", "/results", "/results.csv", "/audit"] {
        for path in [election.path(rest), format!("{missing}{rest}")] {
            other.get(&path).await.refused(404, "election_not_found");
        }
    }
    for rest in ["/open", "/extend", "/close", "/release", "/competitions", "/voters"] {
        for path in [election.path(rest), format!("{missing}{rest}")] {
            // Whatever the body: what is not there has no form.
            other
                .request(Method::POST, &path)
                .body("text/plain", "nonsense")
                .send()
                .await
                .refused(404, "election_not_found");
        }
    }
    let things =
        [String::from("/administrators/owner"), format!("/competitions/{competition}"), format!("/voters/{ULID}")];
    for rest in [String::new()].into_iter().chain(things) {
        other.delete(&election.path(&rest)).await.refused(404, "election_not_found");
    }
    let owner = host.owner();
    owner
        .patch(&election.path(&format!("/competitions/{ULID}")), json!({"name": "a"}))
        .await
        .refused(404, "competition_not_found");
    owner
        .delete(&election.path(&format!("/competitions/{competition}/candidates/{ULID}")))
        .await
        .refused(404, "candidate_not_found");
    owner.delete(&election.path(&format!("/voters/{ULID}"))).await.refused(404, "voter_not_found");
    let nested = election.path(&format!("/competitions/{ULID}"));
    for path in [nested.clone(), election.path(&format!("/competitions/{competition}/candidates/{ULID}"))] {
        let nonsense = owner.request(Method::PATCH, &path).body("text/plain", "nonsense").send().await;
        nonsense.status(404);
        let stale = owner.request(Method::DELETE, &path).header("if-match", "\"99\"").send().await;
        stale.status(404);
    }
    owner.get("/elections/not-a-ulid").await.refused(400, "malformed_id");
    owner.get("/elections/81ARZ3NDEKTSV4RRFFQ69G5FAV").await.refused(400, "malformed_id");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_or_method_that_is_not_there_is_refused() {
    let host = Host::start().await;
    let owner = host.owner();
    owner.get("/nothing").await.status(404);
    // A gateway of the cloud knows no route with another method.
    let method = if host.is_local() { 405 } else { 404 };
    owner.put("/elections", json!({})).await.status(method);
    owner.delete("/health").await.status(method);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_state_does_not_allow_is_refused() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[1]).await;
    election.post("/open", json!({})).await.refused(409, "too_few_candidates");
    election.post("/close", json!({})).await.refused(409, "election_not_open");
    election.post("/release", json!({})).await.refused(409, "election_not_closed");
    let empty = Election::draft(host.owner(), &[]).await;
    empty.post("/open", json!({})).await.refused(409, "no_competition");
    let open = Election::open(host.owner(), &[2]).await;
    open.post("/competitions", json!({"name": "a"})).await.refused(409, "election_not_draft");
    open.owner.patch(&open.path(""), json!({"scale": {"min": 1, "max": 3}})).await.refused(409, "election_not_draft");
    for change in [json!({"name": "Renamed"}), json!({"description": "1 is best"}), json!({"description": null})] {
        open.owner.patch(&open.path(""), change).await.refused(409, "election_not_draft");
    }
    open.owner.delete(&open.path("")).await.refused(409, "election_status");
    open.post("/open", json!({})).await.refused(409, "election_not_draft");
    open.post("/extend", json!({"closes_at": host.in_seconds(60)})).await.refused(409, "no_closing_time");
    host.stop().await;
}
