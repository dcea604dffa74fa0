//! Elections that invite their voters: links come by mail, and no answer holds one.

use std::collections::BTreeMap;

use photovote_tests::{Client, Election, Host, until};
use serde_json::json;

/// An election that invites its voters, with so many of them.
async fn inviting(host: &Host, voters: &[&str]) -> (Election, BTreeMap<String, String>) {
    let body = json!({"name": "Summer", "links": "invite", "language": "de", "contact": "club@example.org"});
    let election = Election::draft_of(host.owner(), body, &[2]).await;
    let mut ids = BTreeMap::new();
    for name in voters {
        let registered = election.post("/voters", voter(name)).await.status(201);
        assert!(registered.json().get("ballot_token").is_none(), "no answer holds a ballot token");
        ids.insert((*name).to_owned(), registered.text_of("id"));
    }
    (election, ids)
}

fn voter(name: &str) -> serde_json::Value {
    json!({"name": name, "email": address(name)})
}

fn address(name: &str) -> String {
    format!("{name}@example.org")
}

/// The tokens that were mailed to an address, once there are so many mails to it.
async fn mailed(host: &Host, to: &str, count: usize) -> Vec<String> {
    let tokens = || -> Vec<String> {
        host.mails().into_iter().filter(|(recipient, _)| recipient == to).map(|(_, token)| token).collect()
    };
    until("the mail", async || tokens().len() >= count).await;
    tokens()
}

/// Does a token open a ballot?
async fn opens(host: &Host, token: &str) -> bool {
    host.with_token(token).get("/ballot").await.status == 200
}

async fn whom(host: &Host, to: &str) -> Client {
    host.with_token(&mailed(host, to, 1).await[0])
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_invited_at_the_opening_and_votes() {
    let host = Host::start().await;
    let (election, _) = inviting(&host, &["ada", "bea", "eve"]).await;
    let shown = election.get("").await.status(200).json();
    assert_eq!(
        (&shown["links"], &shown["language"], &shown["contact"]),
        (&json!("invite"), &json!("de"), &json!("club@example.org"))
    );
    assert!(host.mails().is_empty(), "a draft mails nobody");
    election.post("/open", json!({})).await.status(200);
    let candidate = election.candidates().remove(0);
    for name in ["ada", "bea", "eve"] {
        let voter = whom(&host, &address(name)).await;
        voter.get("/ballot").await.status(200);
        voter.post("/ballot/cast", json!({"ratings": {&candidate: 4}})).await.status(200);
    }
    // Whoever comes later is mailed as well.
    election.post("/voters", voter("late")).await.status(201);
    whom(&host, &address("late")).await.get("/ballot").await.status(200);
    let closed = election.post("/close", json!({})).await.status(200).version();
    let results = election.final_results(closed).await;
    assert_eq!(results["cast"], 3);
    assert_eq!(host.mails().len(), 4, "one mail for each voter");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_link_comes_by_mail_and_the_old_one_is_dead() {
    let host = Host::start().await;
    let (election, ids) = inviting(&host, &["ada"]).await;
    election.post("/open", json!({})).await.status(200);
    let first = mailed(&host, &address("ada"), 1).await.remove(0);
    let candidate = election.candidates().remove(0);
    host.with_token(&first).put("/ballot/ratings", json!({"ratings": {&candidate: 4}})).await.status(200);
    let path = format!("/voters/{}/token", ids["ada"]);
    let replaced = election.post(&path, json!({})).await.status(200);
    assert!(replaced.json().get("ballot_token").is_none());
    let both = mailed(&host, &address("ada"), 2).await;
    let second = both.iter().find(|token| **token != first).unwrap();
    assert!(!opens(&host, &first).await);
    let ballot = host.with_token(second).get("/ballot").await.status(200).json();
    assert_eq!(ballot["ballot"]["ratings"], json!({}), "what was rated is gone");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_address_gets_the_only_link() {
    let host = Host::start().await;
    let (election, ids) = inviting(&host, &["ada"]).await;
    election.post("/open", json!({})).await.status(200);
    let strangers = mailed(&host, &address("ada"), 1).await.remove(0);
    let path = election.path(&format!("/voters/{}", ids["ada"]));
    election.owner.patch(&path, json!({"email": "ada@example.net"})).await.status(200);
    let token = mailed(&host, "ada@example.net", 1).await.remove(0);
    assert!(!opens(&host, &strangers).await, "whoever reads the wrong mailbox cannot vote");
    assert!(opens(&host, &token).await);
    // The old address is free, the new one is not.
    election.post("/voters", voter("ada")).await.status(201);
    let second = json!({"name": "Eve", "email": "ada@example.net"});
    election.post("/voters", second).await.refused(409, "email_taken");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voter_who_was_removed_cannot_vote() {
    let host = Host::start().await;
    let (election, ids) = inviting(&host, &["ada", "bea"]).await;
    election.owner.delete(&election.path(&format!("/voters/{}", ids["bea"]))).await.status(200);
    election.post("/open", json!({})).await.status(200);
    let token = mailed(&host, &address("ada"), 1).await.remove(0);
    election.owner.delete(&election.path(&format!("/voters/{}", ids["ada"]))).await.status(200);
    assert!(!opens(&host, &token).await);
    assert!(host.mails().iter().all(|(to, _)| *to != address("bea")));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_have_the_elections_or_their_own_words() {
    let host = Host::start().await;
    let words = json!({"subject": "The tenth contest", "text": "We are glad that you come."});
    let body = json!({"name": "Summer", "links": "invite", "invitation": words});
    let election = Election::draft_of(host.owner(), body, &[2]).await;
    assert_eq!(election.get("").await.status(200).json()["invitation"], words);
    let (path, mailings) = (election.path(""), "/mailings");
    let change = async |invitation| election.owner.patch(&path, json!({"invitation": invitation})).await;
    change(json!({"text": "x".repeat(4_001)})).await.refused(422, "invalid_value");
    change(json!({"subject": ""})).await.refused(422, "invalid_value");
    let other = json!({"subject": null, "text": "We are very glad that you come."});
    let version = change(other.clone()).await.status(200).version();
    assert_eq!(election.at(version).await.status(200).json()["invitation"], other);
    let preview = async |kind: &str, own: serde_json::Value| {
        let mut body = json!({"kind": kind});
        body.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        election.post("/mailings/preview", body).await.status(200).json()["text"].as_str().unwrap().to_owned()
    };
    assert!(preview("invitation", json!({})).await.contains("very glad"));
    assert!(!preview("invitation", json!({"text": "Other words."})).await.contains("very glad"));
    assert!(!preview("reminder", json!({})).await.contains("very glad"));

    let registered = election.post("/voters", voter("ada")).await.status(201);
    election.post("/open", json!({})).await.status(200);
    change(json!(null)).await.refused(409, "election_not_draft");
    mailed(&host, &address("ada"), 1).await;
    let mails = || host.letters().into_iter().map(|letter| letter.whole).collect::<Vec<_>>();
    assert!(mails()[0].contains("We are very glad that you come.") && !mails()[0].contains("The tenth contest"));
    // A mailing of invitations has its own words. What it leaves out is as the election says.
    let again = json!({"kind": "invitation", "to": {"voters": [registered.text_of("id")]}, "subject": "Once more"});
    election.post(mailings, again.clone()).await.status(201);
    until("the second mail", async || mails().len() == 2).await;
    let second = mails().into_iter().find(|mail| mail.contains("Once more")).unwrap();
    assert!(second.contains("We are very glad that you come."));
    let mut own = again;
    own["text"] = json!("This time it arrives.");
    election.post(mailings, own).await.status(201);
    until("the third mail", async || mails().len() == 3).await;
    let third = mails().into_iter().find(|mail| mail.contains("This time it arrives.")).unwrap();
    assert!(!third.contains("very glad"));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hands_out_links_changes_only_without_voters() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[2]).await;
    let path = election.path("");
    let change = async |links: &str| election.owner.patch(&path, json!({"links": links})).await;
    change("invite").await.status(200);
    change("hand_out").await.status(200);
    change("carrier pigeons").await.refused(422, "invalid_value");
    election.voter("ada").await;
    change("invite").await.refused(409, "election_has_voters");
    change("hand_out").await.status(200);
    election.owner.patch(&path, json!({"name": "Winter", "links": "hand_out"})).await.status(200);
    let (inviting, ids) = inviting(&host, &["ada"]).await;
    let path = inviting.path("");
    inviting.owner.patch(&path, json!({"links": "hand_out"})).await.refused(409, "election_has_voters");
    inviting.owner.delete(&inviting.path(&format!("/voters/{}", ids["ada"]))).await.status(200);
    inviting.owner.patch(&path, json!({"links": "hand_out"})).await.status(200);
    assert!(!inviting.voter("bea").await.token.is_empty(), "now the administrator hands it out");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voter_is_corrected() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[2]).await;
    let (ada, bea) = (election.voter("ada").await, election.voter("bea").await);
    let path = election.path(&format!("/voters/{}", ada.id));
    let change = async |body| election.owner.patch(&path, body).await;
    let version = change(json!({"name": "Ada Lovelace", "email": "ada@example.net"})).await.status(200).version();
    assert_eq!(version, 3, "two events");
    assert_eq!(change(json!({"name": "Ada Lovelace"})).await.status(200).version(), 3, "nothing is different");
    change(json!({"email": "bea@example.org"})).await.refused(409, "email_taken");
    change(json!({"email": "nowhere"})).await.refused(422, "invalid_value");
    ada.client.get("/ballot").await.status(200);
    let is_shown = async || {
        let voters = election.get("/voters").await.status(200).json();
        let mut shown = voters["items"].as_array().unwrap().iter();
        shown.any(|voter| voter["name"] == "Ada Lovelace" && voter["email"] == "ada@example.net")
    };
    until("the correction", is_shown).await;
    election.owner.delete(&path).await.status(200);
    change(json!({"name": "Nobody"})).await.refused(404, "voter_not_found");
    // Both addresses are free again.
    for name in ["ada", "eve"] {
        let email = if name == "ada" { "ada@example.net" } else { "ada@example.org" };
        election.post("/voters", json!({"name": name, "email": email})).await.status(201);
    }
    drop(bea);
    host.stop().await;
}
