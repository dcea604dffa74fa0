//! No log holds personal data, however much one asks for.

use std::{fs::File, path::Path};

use crate::program::{Server, photovote};
use photovote::data_dir::temporary;
use photovote_tests::{Client, Election, followed};
use reqwest::Method;
use serde_json::json;

/// Everything, also if a library is named.
const FILTER: &str = "trace,dynoxide=trace,aws_smithy_runtime=trace,aws_sdk_dynamodb=trace,hyper=trace,h2=trace";

/// What a command logs while it does its work.
fn logged(data: &Path, arguments: &[&str]) -> String {
    let output = photovote(data).args(arguments).env("RUST_LOG", FILTER).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn even_the_most_verbose_log_holds_no_private_data() {
    let (home, place) = (temporary().unwrap(), temporary().unwrap());
    let log = place.path().join("log");
    let server = Server::start_with(photovote(home.path()).env("RUST_LOG", FILTER).stderr(File::create(&log).unwrap()));
    let owner = Client::new(&server.url, Some(&server.token));
    let mut private = vec![server.token.clone()];
    private.extend(server.token.split('.').skip(1).map(ToOwned::to_owned));

    let election = Election::open(owner, &[2, 2]).await;
    let candidates = election.candidates();
    let mut voters = Vec::new();
    for name in ["Zacharias", "Wilhelmina", "Bartholomew"] {
        let (email, key) = (format!("{name}.quibble@example.org"), format!("the key of {name}"));
        let body = json!({"name": format!("{name} Quibble"), "email": email});
        let register = || election.owner.request(Method::POST, &election.path("/voters")).json(&body);
        let registered = register().key(&key).send().await.status(201);
        let token = registered.text_of("ballot_token");
        private.extend(token.split('_').skip(2).map(ToOwned::to_owned));
        voters.push((registered.text_of("id"), token));
        // Refusals have more to say: the address is taken, the body is no JSON, the value is none.
        register().send().await.status(409);
        let path = election.path("/voters");
        let bad = election.owner.request(Method::POST, &path).body("application/json", format!("{{{body}"));
        bad.send().await.status(400);
        election.post("/voters", json!({"name": format!("{name}\nQuibble"), "email": email})).await.status(422);
        private.extend([name.to_owned(), "uibble".into(), "example.org".into(), key]);
    }
    let replaced = election.post(&format!("/voters/{}/token", voters[1].0), json!({})).await.status(200);
    voters[1].1 = replaced.text_of("ballot_token");
    election.owner.delete(&election.path(&format!("/voters/{}", voters[2].0))).await.status(200);
    for (number, (_, token)) in voters[..2].iter().enumerate() {
        let voter = election.owner.with_token(token);
        let rate = |grade: u64| {
            let key = format!("my rating {grade} {number}");
            let rate = voter.request(Method::PUT, "/ballot/ratings").key(&key);
            (rate.json(&json!({"ratings": {&candidates[0]: grade, &candidates[2]: 2}})), key)
        };
        for (grade, status) in [(4, 200), (3, 200), (77, 422)] {
            let (rate, key) = rate(grade);
            rate.send().await.status(status);
            private.push(key);
        }
        voter.get("/ballot").await.status(200);
        let receipt = voter.post("/ballot/cast", json!({})).await.status(200).text_of("receipt");
        let (too_late, _) = rate(5);
        too_late.send().await.status(409);
        private.extend(receipt.split('-').skip(1).map(ToOwned::to_owned));
        private.extend(token.split('_').skip(2).map(ToOwned::to_owned));
    }
    // Whoever logs a rating logs what it is of.
    private.extend(candidates);

    followed(home.path()).await;
    let file = place.path().join("export");
    let mut logs = Vec::new();
    let mut server = Some(server);
    for (while_it_runs, rebuild) in [(true, "--rate=1000"), (false, "--retire")] {
        if let Some(server) = server.take_if(|_| !while_it_runs) {
            let closed = election.post("/close", json!({})).await.status(200);
            election.final_results(closed.version()).await;
            let released = election.post("/release", json!({})).await.status(200);
            election.get(&format!("?min_version={}", released.version())).await.status(200);
            for path in ["/voters", "/audit", "/results.csv", "/turnout"] {
                election.get(path).await.status(200);
            }
            server.stop();
        }
        for arguments in [
            &["status"][..],
            &["export", file.to_str().unwrap()],
            &["personal-data", "--election", &election.id],
            &["rebuild", rebuild, "--settle", "0"],
            &["token"],
        ] {
            logs.push(logged(home.path(), arguments));
        }
        std::fs::remove_file(&file).unwrap();
    }
    logs.push(std::fs::read_to_string(&log).unwrap());
    let of_server = logs.last().unwrap();
    assert!(of_server.contains("answered"), "what is not logged cannot be looked through");
    assert!(!of_server.contains("lines of the log were dropped"), "the log is not whole");
    for log in &logs {
        for text in &private {
            let found = log.lines().find(|line| line.contains(text.as_str()));
            assert_eq!(found, None, "{text} is logged");
        }
    }
}
