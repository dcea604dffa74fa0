//! How somebody voted shows in nothing but the results.
//!
//! Two elections differ in how some voters rate, and in nothing else. To everybody but those voters they look the same.
//! The test needs hosts of its own: a deployment is shared, and its lists show what others do.

mod guesses;
mod names;
mod observer;

use std::collections::{BTreeMap, BTreeSet};

use photovote_edge::{OPENAPI, PREFIX};
use photovote_tests::{Answer, Election, Host, Voter};
use reqwest::Method;
use serde_json::{Value, json};

use observer::Observer;

const ULID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// Something that a voter does in the booth.
enum Step {
    /// Rates candidates, by their numbers.
    Rate(&'static [(usize, u8)]),
    /// Takes a rating back.
    Clear(usize),
}

use Step::{Clear, Rate};

/// How the voters of an election behave where nobody sees it.
struct Behaviour {
    /// What the one who votes does before the cast.
    draft: &'static [Step],
    /// What is sent along with the cast.
    cast: &'static [(usize, u8)],
    /// What one does who never casts.
    undecided: &'static [Step],
    /// What one does before the token is replaced, or before being removed.
    leaving: &'static [Step],
}

const BRIEF: Behaviour = Behaviour { draft: &[Rate(&[(0, 1)])], cast: &[], undecided: &[], leaving: &[] };

const LONG: Behaviour = Behaviour {
    draft: &[Rate(&[(1, 5), (2, 4)]), Rate(&[(3, 2)]), Clear(2), Rate(&[(1, 3)]), Clear(1), Rate(&[(0, 5), (1, 5)])],
    cast: &[(2, 5), (3, 4)],
    undecided: &[Rate(&[(0, 5), (1, 4), (2, 3), (3, 2)]), Clear(0)],
    leaving: &[Rate(&[(3, 3)]), Rate(&[(3, 4), (0, 2)]), Clear(3)],
};

fn ratings(election: &Election, ratings: &[(usize, u8)]) -> Value {
    let candidates = election.candidates();
    ratings
        .iter()
        .map(|(number, grade)| (candidates[*number].clone(), Value::from(*grade)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

async fn does(election: &Election, voter: &Voter, steps: &[Step]) {
    for step in steps {
        match step {
            Rate(grades) => voter.rate(ratings(election, grades)).await.status(200),
            Clear(number) => {
                voter.client.delete(&format!("/ballot/ratings/{}", election.candidates()[*number])).await.status(200)
            }
        };
    }
}

/// An election in which voters behave like this, under observation from beginning to end.
async fn observed(behaviour: &Behaviour) -> Observer {
    let host = Host::start().await;
    let owner = host.owner();
    let callers = [("the owner", owner.clone()), ("another", host.other()), ("anybody", host.anybody())];
    let mut observer = Observer::new();

    // One shard: in which of several a ballot lies, is chance.
    let created = owner.post("/elections", json!({"name": "Summer", "expected_voters": 10})).await.status(201);
    let mut election = Election { owner: owner.clone(), id: created.text_of("id"), competitions: Vec::new() };
    observer.notes("create", &created);
    election.add_competition("Nature", 2).await;
    election.add_competition("People", 2).await;
    let requested = election
        .post("/photographs", json!({"id": "01ARZ3NDEKTSV4RRFFQ69G5FB0", "name": "a.jpg", "bytes": 1}))
        .await
        .status(201);
    let photograph = requested.text_of("id");
    let mut voters = Vec::new();
    for number in 0..5 {
        let (id, name) = (format!("01ARZ3NDEKTSV4RRFFQ69G5FA{number}"), format!("voter-{number}"));
        let body = json!({"id": id, "name": name, "email": format!("{name}@example.org")});
        let answer = election.post("/voters", body).await.status(201);
        observer.notes("register", &answer);
        let token = answer.text_of("ballot_token");
        voters.push(Voter { client: owner.with_token(&token), id, token });
    }
    let [one, same, undecided, lost, gone] = &voters[..] else { panic!("five voters") };
    // Until somebody has cast, nobody knows a receipt.
    let unknown = format!("0-{}", "ab".repeat(32));
    let mut parameters =
        BTreeMap::from([("election", election.id.clone()), ("receipt", unknown), ("photograph", photograph)]);
    let members = json!({"name": "members.csv", "bytes": 1_000});
    parameters.insert("import", election.post("/imports", members).await.status(201).text_of("id"));
    // Mails go to voters of elections that invite, and to no ballot.
    parameters.insert("mailing", election.id.clone());
    settled(&election, 7, 5).await;
    observer.looks("draft", &callers, &parameters).await;

    observer.notes("open", &election.post("/open", json!({})).await.status(200));
    settled(&election, 8, 5).await;
    does(&election, one, behaviour.draft).await;
    does(&election, same, &[Rate(&[(0, 3)])]).await;
    does(&election, undecided, behaviour.undecided).await;
    does(&election, lost, behaviour.leaving).await;
    does(&election, gone, behaviour.leaving).await;
    observer.looks("open, before the cast", &callers, &parameters).await;

    let replaced = election.post(&format!("/voters/{}/token", lost.id), json!({})).await.status(200);
    observer.notes("replace a token", &replaced);
    let renewed = Voter { client: owner.with_token(&replaced.text_of("ballot_token")), ..lost.clone() };
    does(&election, &renewed, behaviour.leaving).await;
    reached(&election, &lost.id, replaced.version()).await;
    let removed = owner.delete(&election.path(&format!("/voters/{}", gone.id))).await.status(200);
    observer.notes("remove a voter", &removed);

    let receipt = one.cast_with(ratings(&election, behaviour.cast)).await.status(200).text_of("receipt");
    same.cast().await.status(200);
    parameters.insert("receipt", receipt.clone());
    settled(&election, 8, 4).await;
    observer.looks("open, after the cast", &callers, &parameters).await;
    tries(&mut observer, &election, one).await;

    let closed = election.post("/close", json!({})).await.status(200);
    observer.notes("close", &closed);
    election.final_results(closed.version()).await;
    observer.results_are_out();
    observer.looks("closed", &callers, &parameters).await;
    tries(&mut observer, &election, one).await;
    tries(&mut observer, &election, undecided).await;

    let released = election.post("/release", json!({})).await.status(200);
    observer.notes("release", &released);
    settled(&election, released.version(), 4).await;
    election.public_results(&host.anybody()).await;
    observer.looks("released", &callers, &parameters).await;
    host.stop().await;
    observer
}

/// The documents show this version, and so many voters.
async fn settled(election: &Election, version: u64, voters: usize) {
    election.at(version).await.status(200);
    while election.get("/voters").await.status(200).json()["items"].as_array().map(Vec::len) != Some(voters) {
        tokio::task::yield_now().await;
    }
}

/// The list of voters shows this one at this version.
async fn reached(election: &Election, voter: &str, version: u64) {
    let shown = |list: Value| list["items"].as_array()?.iter().find(|shown| shown["id"] == voter)?["version"].as_u64();
    while shown(election.get("/voters").await.status(200).json()) != Some(version) {
        tokio::task::yield_now().await;
    }
}

/// What an administrator can try against a voter who is not to be touched any more.
async fn tries(observer: &mut Observer, election: &Election, voter: &Voter) {
    let path = election.path(&format!("/voters/{}", voter.id));
    let replace = election.owner.post(&format!("{path}/token"), json!({})).await.status(409);
    observer.notes("replace the token", &replace);
    for version in ["*", "\"1\"", "\"2\"", "\"3\"", "\"12\""] {
        let remove = election.owner.request(Method::DELETE, &path).header("if-match", version).send().await;
        assert!([409, 412].contains(&remove.status.as_u16()), "{remove}");
        observer.notes("remove the voter", &remove);
    }
    let register = json!({"id": voter.id, "name": "another", "email": "another@example.org"});
    observer.notes("register the voter again", &election.post("/voters", register).await.status(409));
}

/// Where two values differ first, in words.
fn difference(one: &Value, other: &Value) -> Option<String> {
    let within = |name: String, one: &Value, other: &Value| difference(one, other).map(|how| format!("{name}/{how}"));
    match (one, other) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            a.iter().find_map(|(name, one)| within(name.clone(), one, &b[name]))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(at, (one, other))| within(at.to_string(), one, other))
        }
        _ => (one != other).then(|| format!("{one} and {other}")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_results_depend_on_how_somebody_voted() {
    if std::env::var_os("PHOTOVOTE_URL").is_some() {
        return;
    }
    let (brief, long) = (observed(&BRIEF).await, observed(&LONG).await);
    assert_eq!(brief.seen().len(), long.seen().len());
    for (one, other) in brief.seen().iter().zip(long.seen()) {
        assert_eq!(one.0, other.0);
        assert_eq!(difference(&one.1, &other.1), None, "{}", one.0);
    }
    assert!(brief.results().len() >= 6);
    for (one, other) in brief.results().iter().zip(long.results()) {
        assert_eq!(one.0, other.0);
        assert_ne!(one.1, other.1, "these elections end differently");
    }
}

/// While the election is open there is nothing to compare; afterwards, a disqualification takes out what it says.
#[tokio::test(flavor = "multi_thread")]
async fn new_results_differ_only_by_the_disqualification() {
    let host = Host::start().await;
    let election = Election::open(host.owner(), &[3]).await;
    let voters = election.voters(2).await;
    for voter in &voters {
        election.get("/results").await.refused(409, "election_not_closed");
        election.get("/results.csv").await.refused(409, "election_not_closed");
        voter.cast_with(ratings(&election, &[(0, 5), (1, 4), (2, 1)])).await.status(200);
    }
    let closed = election.post("/close", json!({})).await.status(200);
    let before = election.final_results(closed.version()).await;
    let competition = &election.competitions[0];
    let path = format!("/competitions/{}/candidates/{}/disqualify", competition.id, competition.candidates[1].id);
    let disqualified = election.post(&path, json!({"reason": "late"})).await.status(200);
    let after = election.final_results(disqualified.version()).await;

    let mut expected = before.clone();
    let results = &mut expected["competitions"][0];
    let out = results["candidates"].as_array_mut().unwrap().remove(1);
    results["disqualified"] = json!([{"candidate_id": out["candidate_id"], "name": out["name"], "reason": "late"}]);
    // The last one moves up by the one that is out.
    results["candidates"][1]["rank"] = json!(2);
    expected["digest"] = after["digest"].clone();
    assert_ne!(before["digest"], after["digest"]);
    assert_eq!(after, expected);
    host.stop().await;
}

/// Whatever is wrong with a token, whoever tries it learns the same: nothing.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_open_nothing_get_one_answer() {
    let host = Host::start().await;
    let election = Election::open(host.owner(), &[2]).await;
    let voters = election.voters(3).await;
    let [ada, lost, gone] = &voters[..] else { panic!("three voters") };
    let parts: Vec<&str> = ada.token.split('_').collect();
    let [scheme, at, ballot, secret] = parts[..] else { panic!("four parts") };
    let with = |at: &str, ballot: &str, secret: &str| format!("{scheme}_{at}_{ballot}_{secret}");
    let turned = |digit: usize| {
        let mut secret = secret.as_bytes().to_vec();
        secret[digit] = if secret[digit] == b'0' { b'1' } else { b'0' };
        with(at, ballot, std::str::from_utf8(&secret).unwrap())
    };
    let draft = Election::draft(host.owner(), &[2]).await;
    election.post(&format!("/voters/{}/token", lost.id), json!({})).await.status(200);
    gone.rate(ratings(&election, &[(0, 4)])).await.status(200);
    election.owner.delete(&election.path(&format!("/voters/{}", gone.id))).await.status(200);

    let guesses = [
        ("an unknown election", with(ULID, ballot, secret)),
        ("another election", with(&draft.id, ballot, secret)),
        ("an unknown ballot", with(at, ULID, secret)),
        ("another ballot", with(at, lost.token.split('_').nth(2).unwrap(), secret)),
        ("a wrong first digit", turned(0)),
        ("a wrong last digit", turned(63)),
        ("a replaced token", lost.token.clone()),
        ("a withdrawn ballot", gone.token.clone()),
    ];
    let candidate = &election.candidates()[0];
    let requests = [
        (Method::GET, "/ballot".to_owned(), None),
        (Method::PUT, "/ballot/ratings".to_owned(), Some(ratings(&election, &[(0, 4)]))),
        (Method::DELETE, format!("/ballot/ratings/{candidate}"), None),
        (Method::DELETE, format!("/ballot/ratings/{ULID}"), None),
        (Method::POST, "/ballot/cast".to_owned(), Some(ratings(&election, &[(0, 4)]))),
    ];
    for (method, path, body) in requests {
        let mut first: Option<(Value, Value)> = None;
        for (what, token) in &guesses {
            let request = host.with_token(token).request(method.clone(), &path);
            let request = match &body {
                Some(ratings) => request.json(&json!({"ratings": ratings})),
                None => request,
            };
            let answer = request.send().await.refused(401, "unauthorized");
            let seen = without_its_name(&answer);
            assert_eq!(&seen, first.get_or_insert_with(|| seen.clone()), "{what}: {method} {path}");
        }
    }
    // What is no token at all is told so: that can be seen without asking.
    for malformed in ["pvb", "pvb_x", &ada.token[1..], &ada.token[..ada.token.len() - 1], &ada.token.to_lowercase()] {
        host.with_token(malformed).get("/ballot").await.refused(401, "unauthorized");
    }
    host.stop().await;
}

/// An answer, but for the request's name and the time.
fn without_its_name(answer: &Answer) -> (Value, Value) {
    let mut body = answer.json();
    let name = body.as_object_mut().unwrap().remove("request_id");
    assert!(name.is_some(), "{answer}");
    let headers =
        answer.headers.iter().filter(|(name, _)| !["date", "x-request-id", "apigw-requestid"].contains(&name.as_str()));
    let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
        format!("{name}: {}", value.to_str().unwrap())
    };
    let headers: Vec<_> = headers.map(header).collect();
    (body, headers.into())
}

/// Ids in the order of time would tell who was registered when, and the list of ballots is in their order.
#[tokio::test(flavor = "multi_thread")]
async fn a_ballots_id_says_nothing_of_its_time() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[]).await;
    let voters = election.voters(20).await;
    // The ten digits that hold the time of a ULID.
    let times: BTreeSet<_> =
        voters.iter().map(|voter| voter.token.split('_').nth(2).unwrap()[..10].to_owned()).collect();
    let firsts: BTreeSet<_> = times.iter().map(|time| time.as_bytes()[0]).collect();
    assert!(times.len() == 20 && firsts.len() > 2, "{times:?}");
    host.stop().await;
}

/// Paths and queries stand in the logs of every proxy.
#[test]
fn no_secret_is_part_of_a_path_or_query() {
    let known = [
        "election",
        "competition",
        "candidate",
        "voter",
        "subject",
        "receipt",
        "photograph",
        "import",
        "mailing",
        // It ends mails to a voter, as RFC 8058 wants, and opens nothing.
        "token",
        "limit",
        "cursor",
        "min_version",
    ];
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let mut parameters = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with(PREFIX));
        for operation in methods.as_object().unwrap().values() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let (place, name) = (parameter["in"].as_str().unwrap(), parameter["name"].as_str().unwrap());
                let harmless = match place {
                    "path" | "query" => known.contains(&name),
                    "header" => ["Idempotency-Key", "If-Match"].contains(&name),
                    _ => false,
                };
                assert!(harmless, "{path}: is {name} in the {place} a secret?");
                parameters += 1;
            }
        }
    }
    assert!(parameters > 50, "{parameters}");
}
