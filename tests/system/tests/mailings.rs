//! Mailings that administrators request: who gets a mail, and what is told about it.

use std::collections::{BTreeMap, BTreeSet};

use photovote_tests::{Answer, Election, Host, Letter, until};
use serde_json::{Value, json};

const NAMES: [&str; 3] = ["ada", "bea", "eve"];

/// An election, with the ids of its voters.
struct Inviting {
    election: Election,
    ids: BTreeMap<String, String>,
}

impl Inviting {
    /// An open election whose three voters have their links.
    async fn open(host: &Host) -> Self {
        let election = Election::draft_of(host.owner(), json!({"name": "Summer", "links": "invite"}), &[2]).await;
        let mut ids = BTreeMap::new();
        for name in NAMES {
            let registered = election.post("/voters", json!({"name": name, "email": address(name)})).await.status(201);
            ids.insert(name.to_owned(), registered.text_of("id"));
        }
        election.post("/open", json!({})).await.status(200);
        until("the invitations", async || host.mails().len() == NAMES.len()).await;
        Self { election, ids }
    }

    async fn cast(&self, host: &Host, name: &str) {
        let candidate = self.election.candidates().remove(0);
        let token = invited(host, name).token.expect("a link");
        host.with_token(&token).post("/ballot/cast", json!({"ratings": {candidate: 4}})).await.status(200);
    }

    async fn request(&self, kind: &str, to: Value) -> Answer {
        self.election.post("/mailings", json!({"kind": kind, "to": to, "text": "It is about time."})).await
    }

    /// Requests a mailing, and waits until its mails are sent. Answers what became of them.
    async fn mail(&self, kind: &str, to: Value) -> Value {
        let id = self.request(kind, to).await.status(201).text_of("id");
        self.complete(&id).await
    }

    async fn complete(&self, id: &str) -> Value {
        let path = format!("/mailings/{id}");
        until("the mailing", async || self.election.get(&path).await.json()["complete"] == true).await;
        self.election.get(&path).await.status(200).json()
    }
}

fn address(name: &str) -> String {
    format!("{name}@example.org")
}

fn of_kind(host: &Host, kind: &str) -> Vec<Letter> {
    host.letters().into_iter().filter(|letter| letter.kind == kind).collect()
}

fn recipients(letters: &[Letter]) -> BTreeSet<&str> {
    letters.iter().map(|letter| letter.to.as_str()).collect()
}

fn invited(host: &Host, name: &str) -> Letter {
    of_kind(host, "invitation").into_iter().find(|letter| letter.to == address(name)).expect("an invitation")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_reaches_only_who_has_not_cast() {
    let host = Host::start().await;
    let inviting = Inviting::open(&host).await;
    inviting.cast(&host, "bea").await;
    let mailing = inviting.mail("reminder", json!("not_cast")).await;
    let counts = json!({"queued": 0, "sent": 2, "failed": 0, "bounced": 0, "complained": 0});
    assert_eq!((&mailing["counts"], &mailing["to"]), (&counts, &json!("not_cast")));
    let reminders = of_kind(&host, "reminder");
    assert_eq!(reminders.len(), 2);
    assert_eq!(recipients(&reminders), BTreeSet::from(["ada@example.org", "eve@example.org"]));
    for reminder in &reminders {
        let name = reminder.to.trim_end_matches("@example.org");
        assert_eq!(reminder.token, invited(&host, name).token, "it has the same link");
        assert!(reminder.whole.contains("It is about time."));
    }
    // Nobody is told to whom it went.
    for path in ["", "/voters", "/mailings", "/bounced", "/audit"] {
        let shown = inviting.election.get(path).await.status(200).text;
        assert!(!shown.contains("reminded"), "{shown}");
    }
    inviting.cast(&host, "ada").await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn named_voters_are_reminded_even_if_they_voted() {
    let host = Host::start().await;
    let inviting = Inviting::open(&host).await;
    inviting.cast(&host, "bea").await;
    let named = json!({"voters": [inviting.ids["ada"], inviting.ids["bea"]]});
    let mailing = inviting.mail("reminder", named.clone()).await;
    assert_eq!(mailing["counts"]["sent"], 2);
    assert_eq!(recipients(&of_kind(&host, "reminder")), BTreeSet::from(["ada@example.org", "bea@example.org"]));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_goes_again_only_to_named_voters() {
    let host = Host::start().await;
    let inviting = Inviting::open(&host).await;
    assert_eq!(inviting.mail("invitation", json!("all")).await["counts"]["sent"], 0);
    assert_eq!(inviting.mail("invitation", json!("bounced")).await["counts"]["sent"], 0);
    assert_eq!(of_kind(&host, "invitation").len(), 3);
    let named = json!({"voters": [inviting.ids["ada"]]});
    assert_eq!(inviting.mail("invitation", named).await["counts"]["sent"], 1);
    let letters = of_kind(&host, "invitation");
    let tokens: Vec<_> = letters.iter().filter(|letter| letter.to == address("ada")).map(|l| l.token.clone()).collect();
    assert_eq!(tokens.len(), 2);
    assert_eq!(tokens[0], tokens[1], "it is the same link");
    let listed = inviting.election.get("/mailings").await.status(200).json();
    assert_eq!(listed["invitations"]["sent"], 3);
    assert_eq!(listed["mailings"].as_array().unwrap().len(), 3);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_mailed_to_everybody_after_the_release() {
    let host = Host::start().await;
    let inviting = Inviting::open(&host).await;
    inviting.cast(&host, "eve").await;
    inviting.request("results", json!("all")).await.refused(409, "results_not_released");
    let closed = inviting.election.post("/close", json!({})).await.status(200).version();
    inviting.election.final_results(closed).await;
    inviting.request("reminder", json!("not_cast")).await.refused(409, "election_not_open");
    inviting.election.post("/release", json!({})).await.status(200);
    assert_eq!(inviting.mail("results", json!("all")).await["counts"]["sent"], 3);
    let letters = of_kind(&host, "results");
    assert_eq!(recipients(&letters).len(), 3);
    for letter in letters {
        assert!(letter.token.is_none());
        assert!(letter.whole.contains(&format!("/results/{}", inviting.election.id)));
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voter_who_unsubscribes_gets_no_more_reminders() {
    let host = Host::start().await;
    let inviting = Inviting::open(&host).await;
    inviting.mail("reminder", json!("not_cast")).await;
    let reminders = of_kind(&host, "reminder");
    let path = reminders.iter().find(|letter| letter.to == address("ada")).unwrap().unsubscribe.clone().unwrap();
    let anybody = host.anybody();
    let altered = format!("{}0", &path[..path.len() - 1]);
    let wrong = [altered.as_str(), "/unsubscribe/pvu_1"];
    for wrong in wrong.into_iter().filter(|wrong| *wrong != path) {
        anybody.post(wrong, json!({})).await.refused(404, "unsubscribe_not_found");
    }
    // Opening the address ends nothing: mail scanners open addresses.
    assert_eq!(anybody.get(&path).await.status, 405);
    let form = ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click");
    for _ in 0..2 {
        anybody.request(reqwest::Method::POST, &path).body(form.0, form.1).send().await.status(200);
    }
    assert_eq!(inviting.mail("reminder", json!("not_cast")).await["counts"]["sent"], 2);
    let again = of_kind(&host, "reminder");
    assert_eq!(again.iter().filter(|letter| letter.to == address("ada")).count(), 1);
    // The ballot opens as before.
    inviting.cast(&host, "ada").await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailing_is_looked_at_before() {
    let host = Host::start().await;
    let inviting = Inviting::open(&host).await;
    inviting.cast(&host, "ada").await;
    let preview = async |kind: &str, to: Value| {
        let body = json!({"kind": kind, "to": to, "subject": "Last call", "text": "Hurry up."});
        inviting.election.post("/mailings/preview", body).await.status(200).json()
    };
    let shown = preview("reminder", json!("not_cast")).await;
    assert_eq!((&shown["subject"], &shown["recipients"]), (&json!("Last call"), &json!(2)));
    assert!(shown["text"].as_str().unwrap().contains("Hurry up."));
    assert_eq!(preview("invitation", json!("not_invited")).await["recipients"], 0);
    assert_eq!(preview("results", json!("all")).await["recipients"], 3);
    assert_eq!(preview("invitation", json!("bounced")).await["recipients"], 0);
    let test = json!({"address": "club@example.org", "kind": "invitation", "subject": "Look"});
    inviting.election.post("/mailings/test", test).await.status(200);
    until("the test mail", async || !of_kind(&host, "test").is_empty()).await;
    let [test] = &of_kind(&host, "test")[..] else { panic!("there is more than one test mail") };
    assert_eq!((test.to.as_str(), &test.token), ("club@example.org", &None), "it opens no ballot");
    assert_eq!(host.mails().len(), 3, "nobody else is written to");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_mailings_are_refused() {
    let host = Host::start().await;
    let inviting = Inviting::open(&host).await;
    let nobody = json!({"voters": ["01ARZ3NDEKTSV4RRFFQ69G5FAV"]});
    inviting.request("reminder", nobody).await.refused(404, "voter_not_found");
    inviting.request("reminder", json!({"voters": []})).await.refused(422, "invalid_value");
    inviting.request("reminder", json!("bounced")).await.refused(422, "invalid_value");
    inviting.request("reminder", json!("everybody")).await.refused(422, "invalid_value");
    inviting.request("greeting", json!("all")).await.refused(422, "invalid_value");
    inviting.request("reminder", json!(7)).await.refused(400, "malformed_body");
    let own = json!({"id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "kind": "reminder", "to": "not_cast"});
    inviting.election.post("/mailings", own.clone()).await.status(201);
    inviting.election.post("/mailings", own).await.status(201);
    let other = json!({"id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "kind": "reminder", "to": "all"});
    inviting.election.post("/mailings", other).await.refused(409, "id_taken");
    inviting.election.get("/mailings/01ARZ3NDEKTSV4RRFFQ69G5FAX").await.refused(404, "mailing_not_found");
    let handed_out = Election::open(host.owner(), &[2]).await;
    let body = json!({"kind": "reminder", "to": "not_cast"});
    handed_out.post("/mailings", body).await.refused(409, "links_handed_out");
    host.stop().await;
}
