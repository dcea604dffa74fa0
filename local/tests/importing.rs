//! Lists of voters: imported from a shell, and by a server that is killed again and again meanwhile.

use std::{collections::BTreeSet, fs, net::TcpListener, path::Path, process::Output, time::Duration};

use crate::program::{Server, photovote};
use photovote::{
    data_dir::{DataDir, temporary},
    host::queues::Queues,
    server::DEAD_LETTERS,
};
use photovote_tests::Client;
use serde_json::{Value, json};

/// So many that they take several messages.
const VOTERS: usize = 2_000;
const KILLS: usize = 6;

/// A list of so many voters, one of them without an address.
fn list(voters: usize) -> String {
    let row = |number: usize| format!("Voter {number},voter-{number}@example.org\n");
    let rows: String = (0..voters).map(row).collect();
    format!("Name,E-Mail\n{rows}Nobody,\n")
}

async fn election(client: &Client) -> String {
    let created = client.post("/elections", json!({"name": "Summer", "expected_voters": VOTERS})).await.status(201);
    created.text_of("id")
}

/// How often a request may fail because its server was killed.
async fn shown(client: &Client, path: &str) -> Option<Value> {
    let answer = client.request(reqwest::Method::GET, path).try_send().await.ok()?;
    Some(answer.status(200).json())
}

/// The addresses of all voters.
async fn addresses(client: &Client, election: &str) -> Vec<String> {
    let (mut addresses, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/elections/{election}/voters?limit=100{cursor}")).await.status(200).json();
        let items = page["items"].as_array().unwrap();
        addresses.extend(items.iter().map(|voter| voter["email"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return addresses,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_imported_once_by_killed_servers() {
    let home = temporary().unwrap();
    let start = || Server::start_with(photovote(home.path()).arg("--fast"));
    let mut server = start();
    let token = server.token.clone();
    let client = |server: &Server| Client::new(&server.url, Some(&token));
    let id = election(&client(&server)).await;
    let list = list(VOTERS);
    let request = json!({"name": "members.csv", "bytes": list.len()});
    let requested = client(&server).post(&format!("/elections/{id}/imports"), request).await.status(201).json();
    assert_eq!(client(&server).upload(&requested["upload"], list.as_bytes()).await, 201);
    // The first kill comes while the list is read, or before.
    server.kill();
    server = start();
    let path = format!("/elections/{id}/imports/{}", requested["id"].as_str().unwrap());
    while shown(&client(&server), &path).await.is_none_or(|import| import["status"] != "ready") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    client(&server).post(&format!("{path}/confirm"), json!({})).await.status(200);
    let mut kills = 0;
    let done = loop {
        let import = shown(&client(&server), &path).await.unwrap();
        if import["status"] == "done" {
            break import;
        }
        let imported = usize::try_from(import["counts"]["imported"].as_u64().unwrap()).unwrap();
        if kills < KILLS && imported >= kills * VOTERS / (2 * KILLS) {
            server.kill();
            server = start();
            kills += 1;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert!(kills > 1, "it was over before it could be killed: {kills}");
    let counts = json!({"rows": VOTERS + 1, "new": VOTERS, "already": 0, "rejected": 1, "imported": VOTERS});
    assert_eq!((&done["counts"], &done["problem"]), (&counts, &Value::Null));
    let client = client(&server);
    let turnout = client.get(&format!("/elections/{id}/turnout")).await.status(200).json();
    assert_eq!(turnout["registered"], VOTERS);
    // Documents follow.
    while addresses(&client, &id).await.len() < VOTERS {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let addresses = addresses(&client, &id).await;
    assert_eq!((addresses.len(), addresses.iter().collect::<BTreeSet<_>>().len()), (VOTERS, VOTERS));
    server.stop();
    // No operator is called for a message that kills interrupted.
    let queues = Queues::open(&DataDir::open(home.path()).unwrap(), &[DEAD_LETTERS]).await.unwrap();
    assert_eq!(queues.queue(DEAD_LETTERS).count().unwrap(), 0);
}

/// Runs the command in a thread of its own.
fn import(data: &Path, file: &Path, election: &str, more: &[&str]) -> Output {
    let mut command = photovote(data);
    command.args(["voters", "import"]).arg(file).args(["--election", election]).args(more);
    command.stdin(std::process::Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_imported_from_a_shell() {
    let home = temporary().unwrap();
    let server = Server::start_with(photovote(home.path()).arg("--fast"));
    let client = Client::new(&server.url, Some(&server.token));
    let id = election(&client).await;
    let file = home.path().join("members.csv");
    fs::write(&file, list(30)).unwrap();

    // Nobody is registered without being asked for, and there is nobody to ask.
    let asked = import(home.path(), &file, &id, &[]);
    assert_eq!((asked.status.code(), text(&asked.stderr).contains("--yes")), (Some(1), true), "{asked:?}");
    assert_eq!(client.get(&format!("/elections/{id}/turnout")).await.json()["registered"], 0);
    let imports = client.get(&format!("/elections/{id}/imports")).await.status(200).json();
    assert_eq!(imports["items"][0]["problem"]["code"], "cancelled", "no list is left behind");

    let done = import(home.path(), &file, &id, &["--yes"]);
    let said = text(&done.stdout);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    for line in [
        "31 rows: 30 new, 0 registered already, 1 refused.",
        "Read: name in column \"Name\", email in column \"E-Mail\".",
        "  Voter 0 <voter-0@example.org>",
        "  and 25 more",
        "Their links are not shown here: make new links on the page to hand out.",
        "  row 32 (Nobody): The row has no email address.",
        "Registered 30 voters; 0 had been registered before.",
    ] {
        assert!(said.lines().any(|said| said == line), "{line}: {said}");
    }
    assert_eq!(client.get(&format!("/elections/{id}/turnout")).await.json()["registered"], 30);
    let again = import(home.path(), &file, &id, &["--yes"]);
    assert_eq!(again.status.code(), Some(0));
    assert!(text(&again.stdout).contains("There is nobody to register."), "{again:?}");

    // What goes wrong is one sentence.
    fs::write(&file, "a,b\n1,2\n").unwrap();
    let refused = import(home.path(), &file, &id, &["--yes"]);
    assert_eq!((refused.status.code(), text(&refused.stderr).lines().count()), (Some(1), 1), "{refused:?}");
    let nowhere = import(home.path(), &file, "01ARZ3NDEKTSV4RRFFQ69G5FAV", &["--yes"]);
    assert!(text(&nowhere.stderr).contains("refuses"), "{nowhere:?}");
    let elsewhere = import(home.path(), &file, &id, &["--url", "https://vote.example"]);
    assert_eq!(elsewhere.status.code(), Some(1), "{elsewhere:?}");
    server.stop();
    let gone = import(home.path(), &file, &id, &["--yes"]);
    assert!(text(&gone.stderr).contains("no server is running"), "{gone:?}");
}

#[test]
fn a_server_that_is_not_there_is_told_with_the_cause() {
    let home = temporary().unwrap();
    let file = home.path().join("members.csv");
    fs::write(&file, list(1)).unwrap();
    // Nobody listens on a port that was just given back.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = photovote(home.path());
    let command = command.args(["voters", "import", "--yes", "--election", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "--url"]);
    let output = command.arg(format!("http://{address}")).arg(&file).env("PHOTOVOTE_TOKEN", "token").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("does not answer: Connection refused"), "{said}");
}
