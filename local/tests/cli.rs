//! What a restart keeps, and what it refuses to start on.

use std::{
    fs::{self, File},
    io::{Seek, SeekFrom, Write},
    path::Path,
};

use crate::program::{Server, photovote};
use photovote::data_dir::temporary;
use photovote_tests::Client;
use serde_json::{Value, json};

/// The token that is printed.
fn token(data: &Path, before: &[&str], after: &[&str]) -> String {
    let mut command = photovote(data);
    let output = command.args(before).arg("token").args(after).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let token = printed.strip_suffix('\n').unwrap();
    assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)), "{printed}");
    token.to_owned()
}

/// The names of the elections that this administrator owns, once this many are listed.
async fn elections(server: &Server, token: &str, expected: usize) -> Vec<String> {
    let client = Client::new(&server.url, Some(token));
    loop {
        let listed = client.get("/elections").await.status(200).json();
        let names = listed["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned());
        let names: Vec<_> = names.collect();
        // The list is projected: it comes after the answer to the creation.
        if names.len() >= expected {
            return names;
        }
    }
}

async fn create(server: &Server, token: &str, name: &str) -> Value {
    Client::new(&server.url, Some(token)).post("/elections", json!({"name": name})).await.status(201).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_printed_token_is_good_before_and_after_a_restart() {
    let home = temporary().unwrap();
    Server::start(home.path()).stop();
    // While no server runs; the options stand on either side of the command.
    let mut tokens = vec![token(home.path(), &[], &["--subject", "ada", "--port", "1"])];
    let mut server = Server::start(home.path());
    create(&server, &tokens[0], "Summer").await;
    create(&server, &server.token, "Not Ada's").await;
    for _ in 0..2 {
        // While it runs.
        tokens.push(token(home.path(), &["--port", "1"], &["--subject", "ada"]));
        for token in &tokens {
            assert_eq!(elections(&server, token, 1).await, ["Summer"]);
        }
        server.kill();
        server = Server::start(home.path());
    }
    let stranger = temporary().unwrap();
    Server::start(stranger.path()).stop();
    let forged = token(stranger.path(), &[], &["--subject", "ada"]);
    Client::new(&server.url, Some(&forged)).get("/elections").await.status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_reported_and_not_written_to() {
    let home = temporary().unwrap();
    let server = Server::start(home.path());
    for number in 0..20 {
        create(&server, &server.token, &format!("Election {number}")).await;
    }
    server.stop();

    for name in ["photovote.db", "local.db"] {
        let path = home.path().join(name);
        let good = fs::read(&path).unwrap();
        let kinds: [fn(&mut File); 4] = [
            |file| file.write_all(b"not what was here").unwrap(),
            |file| file.set_len(4096 + 100).unwrap(),
            |file| file.set_len(0).unwrap(),
            |file| {
                // The second page, which holds the root of a table.
                file.seek(SeekFrom::Start(4096)).unwrap();
                file.write_all(&[0xff; 4096]).unwrap();
            },
        ];
        for (number, damage) in kinds.iter().enumerate() {
            damage(&mut File::options().write(true).open(&path).unwrap());
            let spoilt = fs::read(&path).unwrap();
            let refused = photovote(home.path()).args(["--port", "0"]).output().unwrap();
            assert_eq!(refused.status.code(), Some(1), "{name}, damage {number}: {refused:?}");
            let complaint = String::from_utf8(refused.stderr).unwrap();
            assert!(complaint.contains(&format!("{name} is damaged")), "damage {number}: {complaint}");
            assert_eq!(complaint.lines().count(), 1, "{name}, damage {number}: {complaint}");
            assert!(refused.stdout.is_empty(), "{name}, damage {number}");
            assert!(fs::read(&path).unwrap() == spoilt, "{name}, damage {number}: it was written to");
            fs::write(&path, &good).unwrap();
        }
    }
    let server = Server::start(home.path());
    assert_eq!(elections(&server, &server.token, 20).await.len(), 20, "a copy that is put back is good");
}
