//! Lists of voters are imported: uploaded, read, looked at, confirmed, registered, and undone.

use photovote_tests::{Client, Election, Host, until};
use serde_json::{Value, json};

const LIST: &str =
    "Name,Email\nAda,ada@example.org\nBea,bea@example.org\n,eve@example.org\nNobody,\nAda,ADA@example.org\n";

/// An election of so many candidates that is a draft.
async fn draft(host: &Host) -> Election {
    Election::draft(host.owner(), &[2]).await
}

/// Requests an import of a file, uploads the file, and answers the import's path.
async fn upload(election: &Election, file: &[u8]) -> String {
    let body = json!({"name": "members.csv", "bytes": file.len()});
    let requested = election.post("/imports", body).await.status(201).json();
    assert_eq!(election.owner.upload(&requested["upload"], file).await, 201);
    format!("/imports/{}", requested["id"].as_str().unwrap())
}

async fn shown(election: &Election, import: &str) -> Value {
    election.get(import).await.status(200).json()
}

/// The import, once it has come to a status.
async fn comes_to(election: &Election, import: &str, status: &str) -> Value {
    until(status, async || shown(election, import).await["status"] == status).await;
    shown(election, import).await
}

async fn put(election: &Election, path: &str, body: Value) -> photovote_tests::Answer {
    election.owner.put(&election.path(path), body).await
}

/// The names and addresses of the voters, once there are so many.
async fn voters(election: &Election, count: usize) -> Vec<(String, String)> {
    let list = async || {
        let items = election.get("/voters?limit=100").await.status(200).json()["items"].clone();
        let text = |voter: &Value, field: &str| voter[field].as_str().unwrap().to_owned();
        let voters = items.as_array().unwrap().iter().map(|voter| (text(voter, "name"), text(voter, "email")));
        voters.collect::<Vec<_>>()
    };
    until("the voters", async || list().await.len() == count).await;
    list().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_looked_at_confirmed_and_registered_once() {
    let host = Host::start().await;
    let election = draft(&host).await;
    election.post("/voters", json!({"name": "Bea", "email": "bea@example.org"})).await.status(201);
    let import = upload(&election, LIST.as_bytes()).await;
    let ready = comes_to(&election, &import, "ready").await;
    assert_eq!(ready["counts"], json!({"rows": 5, "new": 2, "already": 1, "rejected": 2, "imported": 0}));
    assert_eq!((&ready["name"], &ready["problem"]), (&json!("members.csv"), &Value::Null));
    assert_eq!(ready["columns"]["chosen"], json!({"name": 0, "email": 1}));
    assert_eq!(ready["columns"]["all"][1]["name"], "Email");
    assert_eq!(ready["sample"][0], json!({"row": 2, "name": "Ada", "email": "ada@example.org"}));
    assert_eq!(ready["sample"][2]["name"], "eve@example.org", "without a name, the address is the name");
    let reason = "Row 2 has the same email address.";
    let twice = json!({"row": 6, "code": "duplicate", "detail": reason, "name": "Ada", "email": "ADA@example.org"});
    assert_eq!(ready["rejected"][1], twice, "what is refused is shown as it is written");
    assert_eq!((&ready["rejected"][0]["row"], &ready["rejected"][0]["code"]), (&json!(5), &json!("no_address")));
    let table = election.get(&format!("{import}/rejected.csv")).await.status(200);
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    let expected = "\u{feff}row,code,reason\r\n5,no_address,\"The row has no email address.\"\r\n6,duplicate,\"Row 2 has the same email address.\"\r\n";
    assert_eq!(table.text, expected);
    assert_eq!(voters(&election, 1).await.len(), 1, "nobody is registered before the confirmation");

    // Two clicks are one confirmation.
    election.post(&format!("{import}/confirm"), json!({})).await.status(200);
    election.post(&format!("{import}/confirm"), json!({})).await.status(200);
    let done = comes_to(&election, &import, "done").await;
    assert_eq!(done["counts"], json!({"rows": 5, "new": 2, "already": 1, "rejected": 2, "imported": 2}));
    assert_eq!((&done["columns"], &done["sample"]), (&Value::Null, &json!([])), "rows of the file are gone");
    let rejected = election.get(&format!("{import}/rejected.csv")).await.status(200);
    assert_eq!(rejected.text, "\u{feff}row,code,reason\r\n");
    let names: Vec<_> = voters(&election, 3).await.into_iter().map(|(name, _)| name).collect();
    assert!(names.contains(&"Ada".to_owned()) && names.contains(&"eve@example.org".to_owned()), "{names:?}");
    assert_eq!(election.get("/turnout").await.status(200).json()["registered"], 3);

    // The same file again adds nobody.
    let again = upload(&election, LIST.as_bytes()).await;
    let ready = comes_to(&election, &again, "ready").await;
    assert_eq!((&ready["counts"]["new"], &ready["counts"]["already"]), (&json!(0), &json!(3)));
    election.post(&format!("{again}/confirm"), json!({})).await.status(200);
    let done = comes_to(&election, &again, "done").await;
    assert_eq!((&done["counts"]["imported"], &done["counts"]["already"]), (&json!(0), &json!(3)));
    let list = election.get("/imports?limit=1").await.status(200).json();
    assert_eq!(list["items"][0]["status"], "done");
    let cursor = list["next_cursor"].as_str().unwrap();
    let rest = election.get(&format!("/imports?cursor={cursor}")).await.status(200).json();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &Value::Null));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_undone_in_a_draft() {
    let host = Host::start().await;
    let election = draft(&host).await;
    election.post("/voters", json!({"name": "Bea", "email": "bea@example.org"})).await.status(201);
    let import = upload(&election, LIST.as_bytes()).await;
    comes_to(&election, &import, "ready").await;
    election.post(&format!("{import}/confirm"), json!({})).await.status(200);
    comes_to(&election, &import, "done").await;
    // Whom an administrator removes is not removed twice.
    let items = election.get("/voters").await.status(200).json()["items"].clone();
    let ada = items.as_array().unwrap().iter().find(|voter| voter["name"] == "Ada").cloned();
    if let Some(ada) = ada {
        election.owner.delete(&election.path(&format!("/voters/{}", ada["id"].as_str().unwrap()))).await.status(200);
    }
    election.post(&format!("{import}/undo"), json!({})).await.status(200);
    comes_to(&election, &import, "undone").await;
    assert_eq!(voters(&election, 1).await[0].0, "Bea", "who was there before stays");
    assert_eq!(election.get("/turnout").await.status(200).json()["registered"], 1);

    // Their addresses are free: the same list can be imported again, and cannot be undone in an open election.
    let again = upload(&election, LIST.as_bytes()).await;
    comes_to(&election, &again, "ready").await;
    election.post(&format!("{again}/confirm"), json!({})).await.status(200);
    assert_eq!(comes_to(&election, &again, "done").await["counts"]["imported"], 2);
    election.post("/open", json!({})).await.status(200);
    election.post(&format!("{again}/undo"), json!({})).await.refused(409, "election_not_draft");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_cancelled_until_it_is_confirmed() {
    let host = Host::start().await;
    let election = draft(&host).await;
    election.post("/open", json!({})).await.status(200);
    // One is ready.
    let import = upload(&election, LIST.as_bytes()).await;
    comes_to(&election, &import, "ready").await;
    for _click in 0..2 {
        election.post(&format!("{import}/undo"), json!({})).await.status(200);
    }
    let cancelled = shown(&election, &import).await;
    assert_eq!((&cancelled["status"], &cancelled["problem"]["code"]), (&json!("refused"), &json!("cancelled")));
    election.post(&format!("{import}/confirm"), json!({})).await.refused(409, "import_not_ready");
    let rows = async || shown(&election, &import).await["sample"].clone();
    until("what was shown is gone", async || rows().await == json!([])).await;
    // Another one awaits its file, which comes too late.
    let body = json!({"name": "members.csv", "bytes": LIST.len()});
    let requested = election.post("/imports", body).await.status(201).json();
    let import = format!("/imports/{}", requested["id"].as_str().unwrap());
    election.post(&format!("{import}/undo"), json!({})).await.status(200);
    assert_eq!(election.owner.upload(&requested["upload"], LIST.as_bytes()).await, 201);
    assert_eq!(shown(&election, &import).await["problem"]["code"], "cancelled");
    assert_eq!(election.get("/turnout").await.status(200).json()["registered"], 0);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_chosen_and_the_file_is_read_again() {
    let host = Host::start().await;
    let election = draft(&host).await;
    let import = upload(&election, b"Name,Club,Email\nAda,Chess,ada@example.org\n").await;
    comes_to(&election, &import, "ready").await;
    let columns = format!("{import}/columns");
    put(&election, &columns, json!({"name": 1, "email": 3})).await.refused(422, "invalid_value");
    put(&election, &columns, json!({"name": 1, "email": 2})).await.status(200);
    let chosen = async || shown(&election, &import).await["columns"]["chosen"] == json!({"name": 1, "email": 2});
    until("the other columns", chosen).await;
    assert_eq!(comes_to(&election, &import, "ready").await["sample"][0]["name"], "Chess");
    election.post(&format!("{import}/confirm"), json!({})).await.status(200);
    comes_to(&election, &import, "done").await;
    assert_eq!(voters(&election, 1).await, [("Chess".to_owned(), "ada@example.org".to_owned())]);
    put(&election, &columns, json!({"email": 2})).await.refused(409, "import_not_ready");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_list_is_refused_with_a_sentence() {
    let host = Host::start().await;
    let election = draft(&host).await;
    let import = upload(&election, b"a,b\n1,2\n").await;
    let refused = comes_to(&election, &import, "refused").await;
    assert_eq!(refused["problem"]["code"], "no_addresses");
    assert!(!refused["problem"]["detail"].as_str().unwrap().is_empty());
    election.post(&format!("{import}/confirm"), json!({})).await.refused(409, "import_not_ready");
    for bytes in [0, 20_000_001] {
        let body = json!({"name": "members.csv", "bytes": bytes});
        election.post("/imports", body).await.refused(422, "invalid_value");
    }
    election.get("/imports/01ARZ3NDEKTSV4RRFFQ69G5FAV").await.refused(404, "import_not_found");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_signs_another_form_meanwhile() {
    let host = Host::start().await;
    let election = draft(&host).await;
    let body = json!({"id": "01BX5ZZKBKACTAV9WEVGEMMVRZ", "name": "members.csv", "bytes": LIST.len()});
    election.post("/imports", body.clone()).await.status(201);
    let again = election.post("/imports", body.clone()).await.status(201).json();
    assert_eq!(election.owner.upload(&again["upload"], LIST.as_bytes()).await, 201);
    comes_to(&election, "/imports/01BX5ZZKBKACTAV9WEVGEMMVRZ", "ready").await;
    let late = election.post("/imports", body).await.status(201).json();
    assert!(late.get("upload").is_none(), "the file has arrived");
    let other = json!({"id": "01BX5ZZKBKACTAV9WEVGEMMVRZ", "name": "others.csv", "bytes": 7});
    election.post("/imports", other).await.refused(409, "id_taken");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_imported_into_an_ended_election() {
    let host = Host::start().await;
    let election = draft(&host).await;
    let import = upload(&election, LIST.as_bytes()).await;
    comes_to(&election, &import, "ready").await;
    election.post("/open", json!({})).await.status(200);
    election.post("/close", json!({})).await.status(200);
    election.post(&format!("{import}/confirm"), json!({})).await.refused(409, "registration_closed");
    put(&election, &format!("{import}/columns"), json!({"email": 0})).await.refused(409, "registration_closed");
    let body = json!({"name": "members.csv", "bytes": 5});
    election.post("/imports", body.clone()).await.refused(409, "registration_closed");
    let deleted = draft(&host).await;
    deleted.owner.delete(&deleted.path("")).await.status(200);
    deleted.post("/imports", body).await.refused(409, "election_deleted");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn voters_imported_while_open_are_invited_or_wait() {
    let host = Host::start().await;
    let body = json!({"name": "Summer", "links": "invite", "contact": "club@example.org"});
    let inviting = Election::draft_of(host.owner(), body, &[2]).await;
    inviting.post("/open", json!({})).await.status(200);
    let import = upload(&inviting, LIST.as_bytes()).await;
    comes_to(&inviting, &import, "ready").await;
    inviting.post(&format!("{import}/confirm"), json!({})).await.status(200);
    comes_to(&inviting, &import, "done").await;
    until("the mails", async || host.mails().len() == 3).await;

    let by_hand = draft(&host).await;
    let import = upload(&by_hand, LIST.as_bytes()).await;
    comes_to(&by_hand, &import, "ready").await;
    by_hand.post(&format!("{import}/confirm"), json!({})).await.status(200);
    comes_to(&by_hand, &import, "done").await;
    voters(&by_hand, 3).await;
    let items = by_hand.get("/voters").await.status(200).json()["items"].clone();
    let path = format!("/voters/{}/token", items[0]["id"].as_str().unwrap());
    let token = by_hand.post(&path, json!({})).await.status(200).text_of("ballot_token");
    let voter: Client = host.with_token(&token);
    voter.get("/ballot").await.status(200);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_names_import_and_administrator_no_row() {
    let host = Host::start().await;
    let election = draft(&host).await;
    let import = upload(&election, LIST.as_bytes()).await;
    comes_to(&election, &import, "ready").await;
    election.post(&format!("{import}/confirm"), json!({})).await.status(200);
    comes_to(&election, &import, "done").await;
    let trail = election.get("/audit?limit=100").await.status(200);
    let json = trail.json();
    let entries = json["items"].as_array().unwrap();
    let id = import.trim_start_matches("/imports/");
    let own: Vec<_> =
        entries.iter().filter(|entry| entry["stream"].as_str().is_some_and(|s| *s == format!("import#{id}"))).collect();
    let types: Vec<_> = own.iter().flat_map(|e| e["events"].as_array().unwrap()).map(|e| e["type"].clone()).collect();
    assert_eq!(types, ["ImportRequested", "ImportUploaded", "ImportRead", "ImportConfirmed", "ImportFinished"]);
    let registrations = entries.iter().filter(|entry| entry["command"] == "RegisterVoter").collect::<Vec<_>>();
    assert_eq!(registrations.len(), 3);
    let subject = election.owner.subject();
    for entry in registrations {
        let private: Value = serde_json::from_str(entry["private"]["data"].as_str().unwrap()).unwrap();
        assert_eq!(private["actor"], json!({"importer": {"administrator": subject, "import": id}}));
    }
    assert!(!trail.text.contains("example.org"), "no address stands in the trail");
    host.stop().await;
}
