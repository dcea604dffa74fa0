//! What the holder of a ballot token can learn from a ballot that is cast: its receipt, and nothing that it says or said.

use futures::future::join_all;
use photovote_tests::{Answer, Client, Election, Host, Voter};
use reqwest::Method;
use serde_json::{Map, Value, json};

const ULID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// One thing that a voter can send: method, path, key, `If-Match` and body.
#[derive(Debug, Clone)]
struct Question {
    method: Method,
    path: String,
    key: Option<&'static str>,
    if_match: Option<String>,
    body: Option<String>,
}

impl Question {
    async fn asked_by(&self, voter: &Voter) -> Answer {
        let mut request = voter.client.request(self.method.clone(), &self.path);
        if let Some(key) = self.key {
            request = request.key(key);
        }
        if let Some(if_match) = &self.if_match {
            request = request.header("if-match", if_match);
        }
        if let Some(body) = &self.body {
            request = request.body("application/json", body.clone());
        }
        request.send().await
    }
}

/// Every route, under keys that were used and others, with many bodies and preconditions.
fn questions(candidates: &[String], tags: &[String]) -> Vec<Question> {
    let [a, b, c] = &candidates[..3] else { panic!("three candidates") };
    let grade = |grade: u8| json!({"ratings": {a: grade}}).to_string();
    let bodies: Vec<Option<String>> = [
        None,
        Some(String::new()),
        Some("{".to_owned()),
        Some("{}".to_owned()),
        Some(json!({"ratings": {}}).to_string()),
        Some(json!({"ratings": {a: 1, b: 2, c: 3}}).to_string()),
        Some(json!({"ratings": {b: 4}}).to_string()),
        Some(json!({"ratings": {ULID: 4}}).to_string()),
        Some(json!({"ratings": {a: 99}}).to_string()),
        Some(json!({"rating": 1}).to_string()),
    ]
    .into_iter()
    .chain((1..=5).map(|number| Some(grade(number))))
    .collect();
    let longest = "x".repeat(256).leak();
    let keys = [None, Some("fresh"), Some("rate-1"), Some("rate-2"), Some("clear"), Some("cast"), Some(longest)];
    let mut tags: Vec<Option<String>> = tags.iter().cloned().map(Some).collect();
    tags.extend((1..=6).map(|version| Some(format!("\"{version}\""))));
    tags.extend([Some("*".to_owned()), Some("W/\"1\"".to_owned()), Some("nonsense".to_owned())]);

    let mut routes = vec![(Method::GET, "/ballot".to_owned(), None)];
    for body in &bodies {
        routes.push((Method::PUT, "/ballot/ratings".to_owned(), body.clone()));
        routes.push((Method::POST, "/ballot/cast".to_owned(), body.clone()));
    }
    for candidate in [a, b, ULID, "x"] {
        routes.push((Method::DELETE, format!("/ballot/ratings/{candidate}"), None));
    }
    let mut questions = Vec::new();
    for (method, path, body) in routes {
        let mut ask = |key, if_match| {
            let (method, path, body) = (method.clone(), path.clone(), body.clone());
            questions.push(Question { method, path, key, if_match, body });
        };
        for key in &keys {
            ask(*key, None);
        }
        for tag in &tags {
            ask(Some("rate-1"), tag.clone());
            ask(Some("cast"), tag.clone());
        }
    }
    questions
}

/// An answer without what is random: the ids of the ballot and the request, the receipt and the time.
fn shown(answer: &Answer) -> (u16, Map<String, Value>, usize, Value) {
    // A server in between names its requests and closes connections as it likes.
    let of_the_way = ["date", "x-request-id", "apigw-requestid", "connection"];
    let headers = answer.headers.iter().filter(|(name, _)| !of_the_way.contains(&name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().into())).collect();
    let mut body = answer.json();
    let mut hide = |pointer: &str| {
        if let Some(value) = body.pointer_mut(pointer) {
            *value = json!(if value.is_string() { "hidden" } else { "no text" });
        }
    };
    ["/request_id", "/receipt", "/ballot/id", "/ballot/receipt"].into_iter().for_each(&mut hide);
    (answer.status.as_u16(), headers, answer.text.len(), body)
}

async fn keyed(client: &Client, method: Method, path: &str, key: &str, body: &Value) -> Answer {
    client.request(method, path).key(key).json(body).send().await.status(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_shows_only_the_receipt_of_a_cast_ballot() {
    let host = Host::start().await;
    // More than a ballot without a seal rates.
    let election = Election::open(host.owner(), &[103]).await;
    let candidates = election.candidates();
    let (few, many, all) = (election.voter("few").await, election.voter("many").await, election.voter("all").await);
    let [a, b, c] = &candidates[..3] else { panic!("three candidates") };
    let mut tags = Vec::new();

    // One rates one candidate, once. Another changes their mind again and again, under the same keys. The third rates all.
    let rate = |voter: &Voter, key, body| {
        let client = voter.client.clone();
        async move { keyed(&client, Method::PUT, "/ballot/ratings", key, &json!({"ratings": body})).await }
    };
    tags.push(rate(&few, "rate-1", json!({a: 5})).await.header("etag").to_owned());
    for (key, ratings) in [("rate-1", json!({a: 1})), ("rate-2", json!({a: 2, b: 3})), ("rate-3", json!({c: 1}))] {
        tags.push(rate(&many, key, ratings).await.header("etag").to_owned());
    }
    keyed(&many.client, Method::DELETE, &format!("/ballot/ratings/{a}"), "clear", &json!({})).await;
    let everything: Map<_, _> = candidates.iter().map(|candidate| (candidate.clone(), 4.into())).collect();
    rate(&all, "rate-2", everything.into()).await;
    for tag in &tags {
        assert_eq!(tag.len(), 34, "{tag}");
    }

    let receipt = async |voter: &Voter, body: Value| {
        let cast = keyed(&voter.client, Method::POST, "/ballot/cast", "cast", &body).await;
        (shown(&cast), cast.text_of("receipt"))
    };
    let voters = [&few, &many, &all];
    let bodies = [json!({}), json!({"ratings": {b: 5}}), json!({"ratings": {b: 1}})];
    let mut casts = Vec::new();
    for (voter, body) in voters.iter().zip(bodies) {
        casts.push(receipt(voter, body).await);
    }
    assert!(casts.iter().all(|(shown, _)| *shown == casts[0].0), "{casts:?}");

    for question in questions(&candidates, &tags) {
        // There are thousands of questions, and a deployment is far away.
        let answers = join_all(voters.map(|voter| question.asked_by(voter))).await;
        for (answer, (_, receipt)) in answers.iter().zip(&casts) {
            assert_eq!(shown(answer), shown(&answers[0]), "{question:?}: {answer}");
            assert_eq!(answer.headers.get("etag"), None, "{question:?}");
            let body = answer.json();
            match (&question.method, question.key) {
                (&Method::GET, _) => assert_eq!(body["ballot"]["receipt"], *receipt),
                (&Method::POST, Some("cast")) => assert_eq!(body, json!({"receipt": receipt}), "{question:?}"),
                _ => drop(answer.clone().refused(409, "ballot_cast_already")),
            }
        }
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_to_voters_have_one_length_for_all_ratings() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[40]).await;
    host.owner().patch(&election.path(""), json!({"scale": {"min": 0, "max": 10}})).await.status(200);
    election.post("/open", json!({})).await.status(200);
    let candidates = election.candidates();
    let voter = election.voter("ada").await;
    let mut lengths = Vec::new();
    let mut look = async |what: Answer| {
        let (length, ballot) = (what.status(200).text.len(), voter.client.get("/ballot").await.status(200));
        lengths.push((length, ballot.text.len(), ballot.header("content-length").to_owned()));
    };
    look(voter.rate(json!({})).await).await;
    for (rated, grade) in [(1, 9), (1, 10), (2, 10), (20, 0), (40, 9), (40, 10)] {
        let ratings: Map<_, _> = candidates[..rated].iter().map(|id| (id.clone(), grade.into())).collect();
        look(voter.rate(ratings.into()).await).await;
    }
    look(voter.client.delete(&format!("/ballot/ratings/{}", candidates[7])).await).await;
    look(voter.cast().await).await;
    assert!(lengths.iter().all(|length| *length == lengths[0] && length.0 == 1_024), "{lengths:?}");
    host.stop().await;
}

/// Clients pad requests, so that their lengths do not tell how many candidates are rated.
#[tokio::test(flavor = "multi_thread")]
async fn spaces_after_a_request_do_not_count() {
    let host = Host::start().await;
    let election = Election::open(host.owner(), &[2]).await;
    let (candidate, voter) = (&election.candidates()[0], election.voter("ada").await);
    let body = json!({"ratings": {candidate: 3}}).to_string();
    let rate = |spaces: usize| {
        let padded = format!("{body}{}", " ".repeat(spaces));
        voter.client.request(Method::PUT, "/ballot/ratings").key("rate").body("application/json", padded).send()
    };
    let first = rate(64 + 2 * 34).await.status(200);
    assert_eq!(rate(0).await.status(200).json(), first.json(), "it is the same request");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_changed_elsewhere_is_not_overwritten() {
    let host = Host::start().await;
    let election = Election::open(host.owner(), &[2]).await;
    let candidate = &election.candidates()[0];
    let voter = election.voter("ada").await;
    let seen = voter.client.get("/ballot").await.status(200);
    assert_eq!(seen.header("etag"), format!("\"{}\"", seen.json()["ballot"]["tag"].as_str().unwrap()));
    let rate = |tag: String, key: &'static str, grade: u8| {
        let request = voter.client.request(Method::PUT, "/ballot/ratings").header("if-match", &tag).key(key);
        request.json(&json!({"ratings": {candidate: grade}})).send()
    };
    let tag = seen.header("etag").to_owned();
    let first = rate(tag.clone(), "one", 3).await.status(200);
    let stale = rate(tag.clone(), "two", 4).await;
    stale.clone().refused(412, "version_mismatch");
    assert_eq!(stale.headers.get("etag"), None);
    let second = rate(first.header("etag").to_owned(), "three", 5).await.status(200);
    let again = rate(tag, "one", 3).await.status(200);
    assert_eq!((again.header("etag"), again.json()), (first.header("etag"), first.json()), "its first answer");
    let now = voter.client.get("/ballot").await.status(200);
    assert_eq!((now.header("etag"), &now.json()["ballot"]["ratings"]), (second.header("etag"), &json!({candidate: 5})));
    host.stop().await;
}
