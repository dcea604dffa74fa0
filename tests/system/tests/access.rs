//! Who gets in where: every route with every caller. A route that has no row here fails, and so does a row without a route.
//! The API document names for each route the token that its row needs.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use photovote_domain::election::Role;
use photovote_edge::{ADMINISTRATOR, BALLOT, OPENAPI};
use photovote_tests::{Answer, Client, Election, Host, Voter, until};
use reqwest::Method;
use serde_json::{Value, json};

/// How many rows are checked at once.
const AT_ONCE: usize = 4;

/// Where an election has to be in its life for a request to succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Stage {
    Draft,
    Open,
    Closed,
    Released,
}

/// Who may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum May {
    /// Every administrator, for themself: nothing of an election is in the path.
    Administrators,
    /// The administrators of the election who have at least this role.
    Least(Role),
    /// The voter whose ballot it is.
    Voter,
    /// Everybody, with any token or none.
    Anyone,
}

impl May {
    /// The security that the API document gives the route.
    fn security(self) -> Value {
        match self {
            Self::Administrators | Self::Least(_) => json!([{ADMINISTRATOR: []}]),
            Self::Voter => json!([{BALLOT: []}]),
            Self::Anyone => json!([]),
        }
    }
}

/// A route, and a request to it that succeeds with the right caller.
struct Row {
    route: &'static str,
    may: May,
    stage: Stage,
    body: fn(&Scene<'_>) -> Value,
    success: u16,
}

const fn row(route: &'static str, may: May, stage: Stage, body: fn(&Scene<'_>) -> Value, success: u16) -> Row {
    Row { route, may, stage, body, success }
}

/// No body.
const NONE: fn(&Scene<'_>) -> Value = |_| Value::Null;

const OBSERVER: May = May::Least(Role::Observer);
const EDITOR: May = May::Least(Role::Editor);
const OWNER: May = May::Least(Role::Owner);

const ROWS: &[Row] = &[
    row("GET /v1/elections", May::Administrators, Stage::Draft, NONE, 200),
    row("POST /v1/elections", May::Administrators, Stage::Draft, |_| json!({"name": "Winter"}), 201),
    row("GET /v1/elections/{election}", OBSERVER, Stage::Draft, NONE, 200),
    row("PATCH /v1/elections/{election}", EDITOR, Stage::Draft, |_| json!({"name": "Winter"}), 200),
    row("DELETE /v1/elections/{election}", OWNER, Stage::Draft, NONE, 200),
    row(
        "PUT /v1/elections/{election}/schedule",
        EDITOR,
        Stage::Draft,
        |_| json!({"closes_at": "9000-01-01T12:00", "time_zone": "Europe/Berlin"}),
        200,
    ),
    row("GET /v1/elections/{election}/schedule", OBSERVER, Stage::Draft, NONE, 200),
    row("POST /v1/elections/{election}/open", EDITOR, Stage::Draft, NONE, 200),
    row(
        "POST /v1/elections/{election}/extend",
        EDITOR,
        Stage::Open,
        |scene| json!({"closes_at": scene.host.in_seconds(7_200)}),
        200,
    ),
    row("POST /v1/elections/{election}/close", EDITOR, Stage::Open, NONE, 200),
    row("POST /v1/elections/{election}/release", EDITOR, Stage::Closed, NONE, 200),
    row("POST /v1/elections/{election}/competitions", EDITOR, Stage::Draft, |_| json!({"name": "Birds"}), 201),
    row(
        "PATCH /v1/elections/{election}/competitions/{competition}",
        EDITOR,
        Stage::Draft,
        |_| json!({"name": "Birds"}),
        200,
    ),
    row("DELETE /v1/elections/{election}/competitions/{competition}", EDITOR, Stage::Draft, NONE, 200),
    row(
        "POST /v1/elections/{election}/competitions/{competition}/candidates",
        EDITOR,
        Stage::Draft,
        |_| json!({"name": "Wren"}),
        201,
    ),
    row(
        "PATCH /v1/elections/{election}/competitions/{competition}/candidates/{candidate}",
        EDITOR,
        Stage::Draft,
        |_| json!({"name": "Wren"}),
        200,
    ),
    row(
        "DELETE /v1/elections/{election}/competitions/{competition}/candidates/{candidate}",
        EDITOR,
        Stage::Draft,
        NONE,
        200,
    ),
    row(
        "POST /v1/elections/{election}/competitions/{competition}/candidates/{candidate}/disqualify",
        EDITOR,
        Stage::Open,
        |_| json!({"reason": "It shows a clock, not a bird."}),
        200,
    ),
    row("GET /v1/elections/{election}/photographs", OBSERVER, Stage::Draft, NONE, 200),
    row(
        "POST /v1/elections/{election}/photographs",
        EDITOR,
        Stage::Draft,
        |_| json!({"name": "DSC_0043.jpg", "bytes": 5_000_000}),
        201,
    ),
    row("GET /v1/elections/{election}/photographs/{photograph}", OBSERVER, Stage::Draft, NONE, 200),
    row("DELETE /v1/elections/{election}/photographs/{photograph}", EDITOR, Stage::Draft, NONE, 200),
    row("GET /v1/elections/{election}/imports", OBSERVER, Stage::Draft, NONE, 200),
    row(
        "POST /v1/elections/{election}/imports",
        EDITOR,
        Stage::Open,
        |_| json!({"name": "members.csv", "bytes": 5_000_000}),
        201,
    ),
    row("GET /v1/elections/{election}/imports/{import}", OBSERVER, Stage::Draft, NONE, 200),
    row("GET /v1/elections/{election}/imports/{import}/rejected.csv", OBSERVER, Stage::Draft, NONE, 200),
    row(
        "PUT /v1/elections/{election}/imports/{import}/columns",
        EDITOR,
        Stage::Draft,
        |_| json!({"name": 0, "email": 0}),
        200,
    ),
    row("POST /v1/elections/{election}/imports/{import}/confirm", EDITOR, Stage::Draft, NONE, 200),
    row("POST /v1/elections/{election}/imports/{import}/undo", EDITOR, Stage::Draft, NONE, 200),
    row("GET /v1/elections/{election}/mailings", OBSERVER, Stage::Draft, NONE, 200),
    row(
        "POST /v1/elections/{election}/mailings",
        EDITOR,
        Stage::Released,
        |_| json!({"kind": "results", "to": "all"}),
        201,
    ),
    row(
        "POST /v1/elections/{election}/mailings/preview",
        EDITOR,
        Stage::Draft,
        |_| json!({"kind": "reminder", "to": "not_cast"}),
        200,
    ),
    row(
        "POST /v1/elections/{election}/mailings/test",
        EDITOR,
        Stage::Draft,
        |_| json!({"kind": "invitation", "address": "club@example.org"}),
        200,
    ),
    row("GET /v1/elections/{election}/mailings/{mailing}", OBSERVER, Stage::Released, NONE, 200),
    row("GET /v1/elections/{election}/bounced", OBSERVER, Stage::Draft, NONE, 200),
    row("GET /v1/elections/{election}/voters", OBSERVER, Stage::Open, NONE, 200),
    row(
        "POST /v1/elections/{election}/voters",
        EDITOR,
        Stage::Open,
        |_| json!({"name": "A late voter", "email": "late@example.org"}),
        201,
    ),
    row("PATCH /v1/elections/{election}/voters/{voter}", EDITOR, Stage::Open, |_| json!({"name": "Grace Hopper"}), 200),
    row("DELETE /v1/elections/{election}/voters/{voter}", EDITOR, Stage::Open, NONE, 200),
    row("POST /v1/elections/{election}/voters/{voter}/token", EDITOR, Stage::Open, NONE, 200),
    row("GET /v1/elections/{election}/turnout", OBSERVER, Stage::Open, NONE, 200),
    row("GET /v1/elections/{election}/results", OBSERVER, Stage::Closed, NONE, 200),
    row("GET /v1/elections/{election}/results.csv", OBSERVER, Stage::Closed, NONE, 200),
    row("GET /v1/elections/{election}/audit", OBSERVER, Stage::Closed, NONE, 200),
    row("GET /v1/elections/{election}/administrators", OBSERVER, Stage::Draft, NONE, 200),
    row(
        "PUT /v1/elections/{election}/administrators/{subject}",
        OWNER,
        Stage::Draft,
        |_| json!({"role": "editor"}),
        200,
    ),
    row("DELETE /v1/elections/{election}/administrators/{subject}", OWNER, Stage::Draft, NONE, 200),
    row("GET /v1/ballot", May::Voter, Stage::Open, NONE, 200),
    row("PUT /v1/ballot/ratings", May::Voter, Stage::Open, |scene| json!({"ratings": {scene.candidate(): 4}}), 200),
    row("DELETE /v1/ballot/ratings/{candidate}", May::Voter, Stage::Open, NONE, 200),
    row("POST /v1/ballot/cast", May::Voter, Stage::Open, |scene| json!({"ratings": {scene.candidate(): 4}}), 200),
    // A token that no mail has.
    row("POST /v1/unsubscribe/{token}", May::Anyone, Stage::Draft, NONE, 404),
    row("GET /v1/public/elections/{election}", May::Anyone, Stage::Released, NONE, 200),
    row("GET /v1/public/elections/{election}/results", May::Anyone, Stage::Released, NONE, 200),
    row("GET /v1/public/elections/{election}/receipts/{receipt}", May::Anyone, Stage::Closed, NONE, 200),
    row("GET /v1/sign-in", May::Anyone, Stage::Draft, NONE, 200),
    row("GET /v1/health", May::Anyone, Stage::Draft, NONE, 200),
    row("GET /v1/openapi.json", May::Anyone, Stage::Draft, NONE, 200),
];

/// No election has this id.
const NOTHING: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
/// An administrator of every election.
const SUBJECT: &str = "somebody";

/// Makes somebody an administrator of an election. The version that it comes to.
async fn appoint(election: &Election, subject: &str, role: Role) -> u64 {
    let path = election.path(&format!("/administrators/{subject}"));
    election.owner.put(&path, json!({"role": role})).await.status(200).version()
}

/// An election at some stage, with all that a path or a caller can name.
struct Scene<'a> {
    host: &'a Host,
    election: Election,
    /// Has not cast.
    voter: Voter,
    /// The token that the voter had before.
    replaced: String,
    /// The token of a voter who was removed.
    removed: String,
    receipt: String,
    /// A photograph whose upload is awaited.
    photograph: String,
    /// An import that is ready, or done if the row undoes it.
    import: String,
    /// A mailing, once the results are released.
    mailing: String,
}

impl<'a> Scene<'a> {
    /// An election at the stage of this row.
    async fn at(host: &'a Host, row: &Row) -> Self {
        let stage = row.stage;
        let election = Election::draft(host.owner(), &[3, 3]).await;
        let [voter, gone, caster] = ["voter", "gone", "caster"].map(|name| election.voter(name));
        let (mut voter, gone, caster) = (voter.await, gone.await, caster.await);
        let path = format!("/voters/{}/token", voter.id);
        let token = election.post(&path, json!({})).await.status(200).text_of("ballot_token");
        let replaced = std::mem::replace(&mut voter.token, token);
        voter.client = voter.client.with_token(&voter.token);
        election.owner.delete(&election.path(&format!("/voters/{}", gone.id))).await.status(200);
        appoint(&election, SUBJECT, Role::Observer).await;
        let request = json!({"name": "DSC_0042.jpg", "bytes": 5_000_000});
        let photograph = election.post("/photographs", request).await.status(201).text_of("id");
        let (removed, receipt, mailing) = (gone.token, String::new(), String::new());
        let import = if row.route.contains("{import}") { imported(host, &election, row).await } else { String::new() };
        let mut scene = Self { host, election, voter, replaced, removed, receipt, photograph, import, mailing };
        if stage >= Stage::Open {
            let closes_at = host.in_seconds(3_600);
            scene.election.post("/open", json!({"closes_at": closes_at})).await.status(200);
            scene.receipt = caster.cast_with(json!({scene.candidate(): 3})).await.status(200).text_of("receipt");
        }
        if stage >= Stage::Closed {
            let closed = scene.election.post("/close", json!({})).await.status(200).version();
            scene.election.final_results(closed).await;
        }
        if stage == Stage::Released {
            let released = scene.election.post("/release", json!({})).await.status(200).version();
            scene.election.at(released).await.status(200);
            scene.election.public_results(&host.anybody()).await;
            let mailing = json!({"kind": "results", "to": {"voters": [scene.voter.id]}});
            scene.mailing = scene.election.post("/mailings", mailing).await.status(201).text_of("id");
        }
        scene.readable().await;
        scene
    }

    /// Waits until the lists, which take no `min_version`, have the voters.
    async fn readable(&self) {
        loop {
            let (voters, photographs) = (self.election.get("/voters").await, self.election.get("/photographs").await);
            let holds = |list: &Answer, number: usize| {
                list.status == 200 && list.json()["items"].as_array().is_some_and(|items| items.len() == number)
            };
            if holds(&voters, 2) && holds(&photographs, 1) {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    fn candidate(&self) -> &str {
        &self.election.competitions[0].candidates[0].id
    }

    /// The request of a row, from this caller.
    async fn send(&self, row: &Row, caller: &Client) -> Answer {
        self.send_for(&self.election.id, row, caller).await
    }

    /// The same for an election of this id.
    async fn send_for(&self, election: &str, row: &Row, caller: &Client) -> Answer {
        let (method, path) = row.route.split_once(' ').unwrap();
        let path = path
            .strip_prefix("/v1")
            .unwrap()
            .replace("{election}", election)
            .replace("{competition}", &self.election.competitions[0].id)
            .replace("{candidate}", self.candidate())
            .replace("{voter}", &self.voter.id)
            .replace("{photograph}", &self.photograph)
            .replace("{import}", &self.import)
            .replace("{mailing}", &self.mailing)
            .replace("{receipt}", &self.receipt)
            .replace("{subject}", SUBJECT);
        let request = caller.request(Method::from_bytes(method.as_bytes()).unwrap(), &path);
        let body = (row.body)(self);
        if body.is_null() { request } else { request.json(&body) }.send().await
    }

    /// All that its owner can see of the election: what no refused request may change.
    async fn looks(&self) -> Vec<String> {
        let mut looks = Vec::new();
        for path in ["", "/administrators", "/photographs", "/imports", "/voters", "/turnout", "/schedule", "/audit"] {
            looks.push(self.election.get(path).await.status(200).text);
        }
        looks.push(self.voter.client.get("/ballot").await.status(200).text);
        looks
    }
}

/// An import of a list that names nobody but the voter, so that it registers nobody.
async fn imported(host: &Host, election: &Election, row: &Row) -> String {
    const LIST: &str = "email\nvoter@example.org\n";
    let requested = election.post("/imports", json!({"name": "members.csv", "bytes": LIST.len()})).await.status(201);
    let id = requested.text_of("id");
    // A deployment takes files into a bucket that this test does not reach.
    if !host.is_local() {
        return id;
    }
    assert_eq!(election.owner.upload(&requested.json()["upload"], LIST.as_bytes()).await, 201);
    let path = format!("/imports/{id}");
    let comes_to = async |status| {
        until(status, async || election.get(&path).await.json()["status"] == status).await;
    };
    comes_to("ready").await;
    if row.route.ends_with("/undo") {
        election.post(&format!("{path}/confirm"), json!({})).await.status(200);
        comes_to("done").await;
    }
    id
}

/// A name for messages, and the caller.
type Caller = (&'static str, Client);

/// Callers whom nobody knows.
fn nobody(host: &Host) -> Vec<Caller> {
    let mut callers = vec![
        ("nobody", host.anybody()),
        ("a text that is no token", host.with_token("token")),
        ("a ballot token that is cut off", host.with_token("pvb_01ARZ3NDEKTSV4RRFFQ69G5FAV")),
    ];
    callers.extend(host.forged_tokens().into_iter().map(|(name, token)| (name, host.with_token(&token))));
    callers
}

/// What a refusal must look like. A gateway of the cloud has its own 401: only the status of that is ours.
fn refused(scene: &Scene<'_>, answer: Answer, status: u16, code: &str) -> Answer {
    if status == 401 && !scene.host.is_local() { answer.status(401) } else { answer.refused(status, code) }
}

async fn check(host: &Host, row: &Row) {
    let scene = Scene::at(host, row).await;
    let elsewhere = Election::open(host.owner(), &[2]).await.voter("elsewhere").await;
    let before = if row.may == May::Anyone { Vec::new() } else { scene.looks().await };
    let voters = [
        ("the voter", scene.voter.client.clone()),
        ("a voter of another election", elsewhere.client),
        ("a token that was replaced", host.with_token(&scene.replaced)),
        ("a removed voter's token", host.with_token(&scene.removed)),
    ];
    let administrators = [("the owner", host.owner()), ("another administrator", host.other())];
    for (name, caller) in nobody(host).into_iter().chain(voters).chain(administrators) {
        // Those who may come last: what they do may end it.
        if matches!((row.may, name), (May::Administrators | May::Least(_), "the owner") | (May::Voter, "the voter")) {
            continue;
        }
        let answer = scene.send(row, &caller).await;
        println!("{} by {name}: {}", row.route, answer.status);
        match (row.may, name) {
            (May::Anyone, _) | (May::Administrators, "another administrator") => {
                answer.status(row.success);
            }
            (May::Least(_), "another administrator") => {
                let missing = scene.send_for(NOTHING, row, &caller).await;
                assert_eq!(told(&answer), told(&missing), "{}", row.route);
                refused(&scene, answer, 404, "election_not_found");
            }
            // It opens that voter's own ballot; of this election it reaches nothing.
            (May::Voter, "a voter of another election") if row.route == "GET /v1/ballot" => {
                assert_ne!(answer.status(200).json()["election"]["id"], scene.election.id);
            }
            (May::Voter, "a voter of another election") => {
                let status = if row.route.contains("{candidate}") { 404 } else { 422 };
                assert_eq!(answer.status.as_u16(), status, "{answer}");
            }
            _ => {
                refused(&scene, answer, 401, "unauthorized");
            }
        }
    }
    if row.may == May::Anyone {
        return;
    }
    assert!(scene.looks().await == before, "{}: a refused request has changed something", row.route);
    let caller = if row.may == May::Voter { scene.voter.client.clone() } else { host.owner() };
    scene.send(row, &caller).await.status(row.success);
    // Roles are not the gateway's: what holds here holds behind every one.
    if let May::Least(least) = row.may
        && host.is_local()
    {
        for role in [Role::Observer, Role::Editor] {
            check_role(host, row, role, least).await;
        }
    }
}

/// A route with somebody who has this role in the election.
async fn check_role(host: &Host, row: &Row, role: Role, least: Role) {
    let scene = Scene::at(host, row).await;
    let caller = host.other();
    let version = appoint(&scene.election, &caller.subject(), role).await;
    scene.election.at(version).await.status(200);
    let before = scene.looks().await;
    let answer = scene.send(row, &caller).await;
    if role >= least {
        answer.status(row.success);
    } else {
        answer.refused(403, "role_insufficient");
        assert!(scene.looks().await == before, "{}: a refused {role} has changed something", row.route);
    }
}

/// What an answer tells: all but the request's own number and the moment.
fn told(answer: &Answer) -> String {
    let mut body = answer.json();
    body["request_id"] = Value::Null;
    let own = ["x-request-id", "apigw-requestid", "date", "content-length"];
    let headers = answer.headers.iter().filter(|(name, _)| !own.contains(&name.as_str()));
    let headers: BTreeSet<_> = headers.map(|header| format!("{header:?}")).collect();
    format!("{} {headers:?} {body}", answer.status)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_admits_whom_it_must_and_nobody_else() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let operations = document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let operations = item.as_object().unwrap().iter();
        operations.map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), &operation["security"]))
    });
    let operations: BTreeMap<_, _> = operations.map(|(route, security)| (route, security.clone())).collect();
    let rows: BTreeMap<_, _> = ROWS.iter().map(|row| (row.route.to_owned(), row.may.security())).collect();
    assert_eq!(rows, operations, "each route has a row, each row a route, and both name the same caller");
    assert_eq!(rows.len(), ROWS.len(), "no route has two rows");
    let host = Host::start().await;
    let takes_file = |row: &Row| row.route.contains("{import}") && !row.route.starts_with("GET");
    let rows = ROWS.iter().filter(|row| host.is_local() || !takes_file(row));
    stream::iter(rows).for_each_concurrent(AT_ONCE, |row| check(&host, row)).await;
    host.stop().await;
}
