//! What becomes of a server and of commands when what they say cannot be written.

use std::{fs::File, process::Stdio};

use crate::program::{Server, photovote};
use photovote::data_dir::temporary;
use photovote_tests::{Client, Election};
use serde_json::json;

/// More requests than fit into a pipe with what is logged of them.
const REQUESTS: usize = 400;

/// Everything is answered and carried out, and the server stops when it is asked to.
async fn serves(server: Server) {
    let client = Client::new(&server.url, Some(&server.token));
    for _ in 0..REQUESTS {
        client.get("/health").await.status(200);
    }
    let election = Election::open(client, &[2]).await;
    election.voter("ada").await.cast_with(json!({&election.candidates()[0]: 5})).await.status(200);
    let closed = election.post("/close", json!({})).await.status(200);
    assert_eq!(election.final_results(closed.version()).await["counted"], 1);
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_costs_no_answer() {
    let home = temporary().unwrap();
    let server = Server::start_with(photovote(home.path()).env("RUST_LOG", "debug").stderr(Stdio::piped()));
    serves(server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_reader_is_gone_costs_no_answer() {
    let home = temporary().unwrap();
    let mut server = Server::start_with(photovote(home.path()).env("RUST_LOG", "debug").stderr(Stdio::piped()));
    drop(server.log());
    serves(server).await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_log_on_a_full_disk_costs_no_answer() {
    let home = temporary().unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    serves(Server::start_with(photovote(home.path()).env("RUST_LOG", "debug").stderr(full))).await;
}

#[test]
fn a_command_whose_reader_is_gone_ends_quietly() {
    let home = temporary().unwrap();
    Server::start(home.path()).stop();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = photovote(home.path()).arg("status").stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_that_cannot_say_what_it_found_fails() {
    let home = temporary().unwrap();
    Server::start(home.path()).stop();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = photovote(home.path()).arg("status").stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}
