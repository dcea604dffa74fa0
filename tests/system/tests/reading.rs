//! Lists, versions and preconditions.

use photovote_tests::{Election, Host};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_read_at_its_version() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[]).await;
    for number in 0..20 {
        let name = format!("Name {number}");
        let version = election.owner.patch(&election.path(""), json!({"name": name})).await.status(200).version();
        let shown = election.at(version).await.status(200);
        assert_eq!((shown.text_of("name"), shown.version()), (name, version));
    }
    let ahead = election.get("?min_version=99").await.refused(503, "not_projected_yet");
    assert_eq!(ahead.header("retry-after"), "1");
    election.get("?min_version=x").await.refused(400, "malformed_parameter");
    election.get("?limit=1").await.refused(400, "malformed_parameter");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_can_insist_on_a_version() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[]).await;
    let patch = |tag: &'static str, name: &str| {
        let request = election.owner.request(Method::PATCH, &election.path(""));
        request.header("if-match", tag).json(&json!({"name": name})).send()
    };
    let stale = patch("\"7\"", "a").await.refused(412, "version_mismatch");
    assert_eq!(stale.header("etag"), "\"1\"");
    patch("nonsense", "a").await.refused(400, "malformed_if_match");
    patch("\"7\"", "  ").await.refused(422, "invalid_value");
    let changed = patch("\"1\"", "b").await.status(200);
    assert_eq!(changed.header("etag"), "\"2\"");
    patch("W/\"2\"", "c").await.refused(412, "version_mismatch");
    patch("*", "c").await.status(200);
    let delete = election.owner.request(Method::DELETE, &election.path(""));
    delete.header("if-match", "\"2\"").send().await.refused(412, "version_mismatch");
    host.stop().await;
}

/// What cannot be undone insists on its version as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_close_or_a_new_link_can_insist_on_a_version() {
    let host = Host::start().await;
    let election = Election::open(host.owner(), &[2]).await;
    let voter = election.voter("ada").await;
    let post = |path: &str, tag: String| {
        election.owner.request(Method::POST, &election.path(path)).header("if-match", &tag).json(&json!({})).send()
    };
    let token = format!("/voters/{}/token", voter.id);
    post(&token, "\"9\"".into()).await.refused(412, "version_mismatch");
    voter.client.get("/ballot").await.status(200);
    post(&token, "\"1\"".into()).await.status(200);
    voter.client.get("/ballot").await.status(401);
    let stale = post("/close", "\"1\"".into()).await.refused(412, "version_mismatch");
    assert_eq!(election.get("").await.text_of("status"), "open");
    post("/close", stale.header("etag").to_owned()).await.status(200);
    host.stop().await;
}

/// There is nothing yet that could be at a version.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_created_by_itself_takes_no_if_match() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[2]).await;
    let (voters, photographs, imports) =
        (election.path("/voters"), election.path("/photographs"), election.path("/imports"));
    for (path, body) in [
        ("/elections", json!({"name": "Summer"})),
        (&voters, json!({"name": "Ada", "email": "ada@example.org"})),
        (&photographs, json!({"name": "a.jpg", "bytes": 1})),
        (&imports, json!({"name": "a.csv", "bytes": 1})),
        (&election.path("/mailings"), json!({"kind": "results", "to": "all"})),
    ] {
        let create = election.owner.request(Method::POST, path).header("if-match", "\"1\"").json(&body);
        create.send().await.refused(400, "malformed_if_match");
    }
    assert_eq!(election.get("/turnout").await.json()["registered"], 0);
    host.stop().await;
}

/// All items of a list, page after page.
async fn pages(client: &photovote_tests::Client, path: &str, limit: usize) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{path}?limit={limit}{cursor}")).await.status(200).json();
        let found = page["items"].as_array().expect("a list").clone();
        assert!(found.len() <= limit);
        items.extend(found);
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_read_page_after_page() {
    let host = Host::start().await;
    let owner = host.owner();
    let mut created = Vec::new();
    for number in 0..7 {
        let name = format!("Election {number}");
        let id = owner.post("/elections", json!({"name": name})).await.status(201).text_of("id");
        owner.get_at(&format!("/elections/{id}"), 1).await.status(200);
        created.push((id, name));
    }
    created.sort();
    host.other().post("/elections", json!({"name": "Not yours"})).await.status(201);
    for limit in [1, 3, 7, 100] {
        let listed = pages(&owner, "/elections", limit).await;
        let text = |item: &Value, member: &str| item[member].as_str().expect("a text").to_owned();
        let mut found: Vec<_> = listed.iter().map(|item| (text(item, "id"), text(item, "name"))).collect();
        // On a deployment, other tests have the same owner.
        found.retain(|item| host.is_local() || created.contains(item));
        found.sort();
        assert_eq!(found, created, "limit {limit}");
    }
    owner.get("/elections?limit=0").await.refused(400, "malformed_parameter");
    owner.get("/elections?limit=101").await.refused(400, "malformed_parameter");
    owner.get("/elections?cursor=x").await.refused(400, "malformed_cursor");

    let election = Election::draft(owner.clone(), &[]).await;
    let voters = election.voters(5).await;
    election.owner.delete(&election.path(&format!("/voters/{}", voters[1].id))).await.status(200);
    let listed = loop {
        // The list of voters has no version to wait for.
        let listed = pages(&owner, &election.path("/voters"), 2).await;
        if listed.len() == 4 && listed.iter().all(|voter| voter["id"] != voters[1].id.as_str()) {
            break listed;
        }
    };
    for voter in listed {
        assert!(voter["email"].as_str().is_some_and(|email| email.ends_with("@example.org")), "{voter}");
        assert_eq!(voter["version"], 1);
    }
    let foreign = owner.get("/elections?limit=1").await.json();
    let cursor = foreign["next_cursor"].as_str().expect("there is more");
    election.get(&format!("/voters?cursor={cursor}")).await.refused(400, "malformed_cursor");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_the_document_need_no_token() {
    let host = Host::start().await;
    let health = host.anybody().get("/health").await.status(200).json();
    assert_eq!(health["status"], "ok");
    assert!(health["version"].as_str().is_some_and(|version| !version.is_empty()));
    let document = host.anybody().get("/openapi.json").await.status(200).json();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/v1/ballot/cast"]["post"].is_object());
    host.stop().await;
}
