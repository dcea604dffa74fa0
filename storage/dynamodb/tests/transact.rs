//! Transactions against a server that answers as it is told.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, Put, TransactWriteItem},
};
use axum::{Router, http::StatusCode};
use photovote_dynamodb::{Cancellation, Endpoint, StorageError, TransactFailure, config, transact};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A server that gives these answers, then successes, and keeps what it was asked.
struct Script {
    client: Client,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Script {
    async fn of(answers: impl IntoIterator<Item = (u16, Value)>) -> Self {
        let answers = Arc::new(Mutex::new(answers.into_iter().collect::<VecDeque<_>>()));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = asked.clone();
        let answer = move |body: String| async move {
            seen.lock().unwrap().push(serde_json::from_str(&body).unwrap());
            let (status, body) = answers.lock().unwrap().pop_front().unwrap_or((200, json!({})));
            (StatusCode::from_u16(status).unwrap(), body.to_string())
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        let client = photovote_dynamodb::client(&config(&Endpoint::Local(url)), None);
        Self { client, asked }
    }

    /// Sends a transaction of two actions.
    async fn transact(&self) -> Result<(), TransactFailure> {
        let mut round = 0;
        transact(&self.client, || {
            round += 1;
            Ok(["a", "b"].iter().map(|key| put(key, round)).collect())
        })
        .await
    }

    fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }
}

fn put(key: &str, round: u32) -> TransactWriteItem {
    let put = Put::builder().table_name("t").item("pk", AttributeValue::S(key.to_owned()));
    let put = put.item("round", AttributeValue::N(round.to_string())).build().unwrap();
    TransactWriteItem::builder().put(put).build()
}

fn failed(kind: &str) -> (u16, Value) {
    (400, json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": "told to"}))
}

fn cancelled(codes: [&str; 2]) -> (u16, Value) {
    let reasons = codes.map(|code| json!({"Code": code, "Message": "told to"}));
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    (400, json!({"__type": kind, "message": "told to", "CancellationReasons": reasons}))
}

#[tokio::test]
async fn conflicts_and_throttling_are_retried_afresh() {
    let script = Script::of([
        cancelled(["TransactionConflict", "None"]),
        cancelled(["None", "ThrottlingError"]),
        cancelled(["None", "ProvisionedThroughputExceeded"]),
    ])
    .await;
    script.transact().await.unwrap();
    let asked = script.asked();
    assert_eq!(asked.len(), 4);
    let tokens: std::collections::BTreeSet<_> = asked.iter().map(|ask| ask["ClientRequestToken"].to_string()).collect();
    assert_eq!(tokens.len(), 4);
    let rounds: Vec<_> = asked.iter().map(|ask| ask["TransactItems"][0]["Put"]["Item"]["round"]["N"].clone()).collect();
    assert_eq!(rounds, ["1", "2", "3", "4"]);
}

#[tokio::test]
async fn at_least_eight_conflicts_are_borne() {
    let script = Script::of((0..7).map(|_| cancelled(["TransactionConflict", "None"]))).await;
    script.transact().await.unwrap();
    assert_eq!(script.asked().len(), 8);
}

#[tokio::test]
async fn a_condition_that_does_not_hold_is_an_answer() {
    let script = Script::of([cancelled(["TransactionConflict", "ConditionalCheckFailed"])]).await;
    let Err(TransactFailure::Cancelled(reasons)) = script.transact().await else { panic!("it was cancelled") };
    assert_eq!(reasons, [Cancellation::Storage(StorageError::Contended), Cancellation::Condition(None)]);
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn what_the_storage_refuses_is_not_sent_again() {
    let script = Script::of([failed("ResourceNotFoundException")]).await;
    let refused = script.transact().await.unwrap_err();
    let TransactFailure::Storage(StorageError::Refused { code, .. }) = refused else { panic!("{refused}") };
    assert_eq!(code, "ResourceNotFoundException");
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn an_action_that_is_too_large_is_told_apart() {
    let message = "Item size has exceeded the maximum allowed size";
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    let reasons = json!([{"Code": "ValidationError", "Message": message}, {"Code": "None"}]);
    let script = Script::of([(400, json!({"__type": kind, "CancellationReasons": reasons}))]).await;
    assert_eq!(script.transact().await, Err(TransactFailure::Storage(StorageError::TooLarge)));
}

#[tokio::test]
async fn server_failures_are_retried_with_the_same_token() {
    let script = Script::of([failed_inside(), failed_inside()]).await;
    script.transact().await.unwrap();
    let asked = script.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|ask| ask == &asked[0]), "it may have taken effect: the token tells");
}

fn failed_inside() -> (u16, Value) {
    (500, json!({"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError"}))
}
