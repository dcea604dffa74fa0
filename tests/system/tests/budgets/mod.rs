//! What each operation costs: its DynamoDB calls, counted by the SDK, and its write units, reckoned from what it wrote. A
//! change that costs more fails here.
//!
//! The functions run in this process, as the gateway calls them. What projecting costs is tested with the projector.

mod bound;
mod crowd;
mod voter;
mod world;

use photovote_domain::import::{Columns, Counts, Found, ImportCommand};
use photovote_test_support::Sender;
use serde_json::{Value, json};
use world::{Cost, ELECTION, OWNER, Request, World};

const COMPETITION: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAC";
const CANDIDATE: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAK";
const VOTER: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// An election has this many shards, and as many gates, unless its administrator says how many voters are expected.
const SHARDS: usize = 16;

/// Method, path, body, and what is expected: status, calls, write units.
type Row = (&'static str, &'static str, Value, u16, &'static str, Option<usize>);

/// Method, path, body, which calls, write units, and what the importer does then.
type ImportRow = (&'static str, &'static str, Value, &'static str, usize, Vec<ImportCommand>);

/// A path, in which `{e}`, `{a}`, `{c}`, `{k}`, `{v}`, `{p}` and `{i}` stand for those of the election and its administrator,
/// competition, candidate, voter, photograph and import.
fn path(template: &str) -> String {
    let things = [
        ("{a}", "{e}/administrators/eve".to_owned()),
        ("{v}", format!("{{e}}/voters/{VOTER}")),
        ("{p}", format!("{{e}}/photographs/{VOTER}")),
        ("{i}", format!("{{e}}/imports/{VOTER}")),
        ("{k}", format!("{{c}}/candidates/{CANDIDATE}")),
        ("{c}", format!("{{e}}/competitions/{COMPETITION}")),
        ("{e}", format!("/elections/{ELECTION}")),
    ];
    things.iter().fold(template.to_owned(), |path, (letter, thing)| path.replace(letter, thing))
}

fn cost(calls: &str, units: Option<usize>) -> Cost {
    Cost { calls: calls.to_owned(), units }
}

#[tokio::test]
async fn administrators_commands_make_exactly_these_calls() {
    let world = World::new().await;
    let commands = world.election_commands();
    let election = json!({"id": ELECTION, "name": "Summer"});
    let competition = json!({"id": COMPETITION, "name": "Nature"});
    let (moon, sun) = (json!({"id": CANDIDATE, "name": "Moon"}), json!({"name": "Sun"}));
    let voter = |id, email| json!({"id": id, "name": "Grace Hopper", "email": email});
    let (grace, alan) = (voter(VOTER, "grace@example.org"), voter(COMPETITION, "alan@example.org"));
    let (noon, night) = (json!({"closes_at": "2999-01-01T12:00:00Z"}), json!({"closes_at": "2999-01-01T23:00:00Z"}));
    let (none, editor) = (Value::Null, json!({"role": "editor"}));
    let photograph = json!({"id": VOTER, "name": "DSC_0042.jpg", "bytes": 5_000_000});
    let reminder = json!({"kind": "reminder", "to": "not_cast"});
    let test = json!({"kind": "results", "address": "club@example.org"});
    let results = json!({"kind": "results", "to": "all"});
    let schedule = json!({"opens_at": "9000-01-01T12:00", "time_zone": "UTC"});
    // One unit for each kilobyte, twice that in a transaction; all that is written here is small.
    #[rustfmt::skip]
    let table: [Row; 27] = [
        ("POST",   "/elections",       election,                  201, "TransactWriteItems",                          Some(4 + 2 * SHARDS)),
        ("PATCH",  "{e}",              json!({"name": "Winter"}), 200, "PutItem, Query",                              Some(1)),
        ("PUT",    "{a}",              editor.clone(),            200, "PutItem, Query",                              Some(1)),
        ("PUT",    "{a}",              editor,                    200, "Query",                                       Some(0)),
        ("DELETE", "{a}",              none.clone(),              200, "PutItem, Query",                              Some(1)),
        ("POST",   "{e}/competitions", competition,               201, "PutItem, Query",                              Some(1)),
        ("PATCH",  "{c}",              json!({"name": "Sky"}),    200, "PutItem, Query",                              Some(1)),
        ("POST",   "{c}/candidates",   moon,                      201, "PutItem, Query",                              Some(1)),
        ("POST",   "{c}/candidates",   sun,                       201, "PutItem, Query",                              Some(1)),
        ("PATCH",  "{k}",              json!({"name": "Luna"}),   200, "PutItem, Query",                              Some(1)),
        ("POST",   "{e}/photographs",  photograph,                201, "BatchGetItem, 2 Query, TransactWriteItems",   Some(4)),
        ("DELETE", "{p}",              none.clone(),              200, "2 Query, TransactWriteItems",                 Some(4)),
        ("POST",   "{e}/voters",       grace,                     201, "Query, TransactWriteItems",                   Some(8)),
        ("PUT",    "{e}/schedule",     schedule,                  200, "BatchGetItem, Query, TransactWriteItems",    Some(4)),
        ("POST",   "{e}/open",         noon,                      200, "BatchGetItem, Query, TransactWriteItems, 16 UpdateItem",    None),
        ("POST",   "{e}/extend",       night,                     200, "BatchGetItem, PutItem, Query, 16 UpdateItem",               Some(1 + SHARDS)),
        ("POST",   "{e}/voters",       alan,                      201, "Query, TransactWriteItems",                   Some(8)),
        ("POST",   "{k}/disqualify",   json!({"reason": "!"}),    200, "PutItem, Query",                              Some(1)),
        ("PATCH",  "{v}",              json!({"name": "Ada"}),    200, "PutItem, 3 Query",                            Some(1)),
        ("POST",   "{v}/token",        json!({}),                 200, "3 Query, TransactWriteItems",                 Some(4)),
        ("DELETE", "{v}",              none.clone(),              200, "3 Query, TransactWriteItems",                 Some(8)),
        ("POST",   "{e}/close",        json!({}),                 200, "BatchGetItem, DeleteItem, 3 PutItem, Query, 16 UpdateItem", Some(1 + 3 + SHARDS)),
        ("POST",   "{e}/release",      json!({}),                 200, "PutItem, Query",                              Some(1)),
        ("POST",   "{e}/mailings/preview", reminder,              200, "BatchGetItem, Query",                         Some(0)),
        ("POST",   "{e}/mailings/test", test,                     200, "Query",                                       Some(0)),
        ("POST",   "{e}/mailings",     results,                   201, "PutItem, 3 Query",                            Some(1)),
        ("DELETE", "{e}",              none,                      200, "BatchGetItem, PutItem, Query",                Some(1)),
    ];
    for (method, template, body, status, calls, units) in &table {
        if *template != "/elections" {
            // It changes nothing at any status. So its gates have just been seen.
            let same = Request("PUT", &path("{e}/administrators/ada"), &json!({"role": "owner"}));
            world.prepare(&commands, OWNER, same).await;
        }
        if template.ends_with("release") {
            world.project().await;
            world.count(ELECTION.parse().unwrap()).await;
        }
        let request = Request(method, &path(template), body);
        let measured = world.cost(&commands, OWNER, request, *status).await;
        assert_eq!(measured, cost(calls, *units), "{method} {template}");
    }
}

#[tokio::test]
async fn commands_on_imports_make_exactly_these_calls() {
    let world = World::new().await;
    let commands = world.election_commands();
    let prepare = async |path: &str, body| world.prepare(&commands, OWNER, Request("POST", path, &body)).await;
    prepare("/elections", json!({"id": ELECTION, "name": "Summer"})).await;
    // It changes nothing. So its gates have just been seen.
    let same = json!({"name": "Summer"});
    world.prepare(&commands, OWNER, Request("PATCH", &path("{e}"), &same)).await;
    let import = VOTER.parse().unwrap();
    let columns = |email| Columns { email, ..Columns::default() };
    let found = |email| Found { columns: columns(email), width: 3, counts: Counts::default() };
    let finish = ImportCommand::Finish { imported: 1, already: 0, problem: None };
    let request = json!({"id": VOTER, "name": "members.csv", "bytes": 5_000});
    // How many imports there are is asked for before another one.
    #[rustfmt::skip]
    let table: [ImportRow; 8] = [
        ("POST", "{e}/imports", request.clone(),     "201", 1, vec![]),
        ("POST", "{e}/imports", request,             "201 again", 0, vec![ImportCommand::Receive, ImportCommand::Accept(found(0))]),
        ("PUT",  "{i}/columns", json!({"email": 1}), "", 1, vec![ImportCommand::Accept(found(1))]),
        ("PUT",  "{i}/columns", json!({"email": 1}), "same", 0, vec![]),
        ("POST", "{i}/confirm", json!({}),           "", 1, vec![]),
        ("POST", "{i}/confirm", json!({}),           "same", 0, vec![finish]),
        ("POST", "{i}/undo",    json!({}),           "", 1, vec![]),
        ("POST", "{i}/undo",    json!({}),           "same", 0, vec![]),
    ];
    for (method, template, body, kind, units, then) in table {
        let status = if kind.starts_with("201") { 201 } else { 200 };
        let calls = match kind {
            "201" => "PutItem, 3 Query",
            "" => "PutItem, 2 Query",
            _ => "2 Query",
        };
        let measured = world.cost(&commands, OWNER, Request(method, &path(template), &body), status).await;
        assert_eq!(measured, cost(calls, Some(units)), "{method} {template}");
        world.import(import, then).await;
    }
    let queries = world.queries();
    for (template, calls) in [("{e}/imports", "2 Query"), ("{i}", "GetItem, 2 Query"), ("{i}/rejected.csv", "3 Query")]
    {
        let measured = world.cost(&queries, OWNER, Request("GET", &path(template), &Value::Null), 200).await;
        assert_eq!(measured, cost(calls, Some(0)), "GET {template}");
    }
}

#[tokio::test]
async fn a_large_election_is_read_once() {
    let world = World::new().await;
    let commands = world.election_commands();
    let prepare = async |path: &str, body| world.prepare(&commands, OWNER, Request("POST", path, &body)).await;
    prepare("/elections", json!({"id": ELECTION, "name": "Summer"})).await;
    for competition in 0..5 {
        let added = prepare(&path("{e}/competitions"), json!({"name": format!("Nature {competition}")})).await;
        let id = added.json["id"].as_str().unwrap();
        for candidate in 0..60 {
            let body = json!({"name": format!("Moon {candidate}"), "description": "so bright ".repeat(400)});
            prepare(&path(&format!("{{e}}/competitions/{id}/candidates")), body).await;
        }
    }
    // More than a megabyte takes two Queries, and the gates are looked for; then only what is new is read.
    let other = world.election_commands();
    for (name, calls) in
        [("Winter", "BatchGetItem, PutItem, 2 Query"), ("Spring", "PutItem, Query"), ("Autumn", "PutItem, Query")]
    {
        let rename = json!({"name": name});
        assert_eq!(
            world.cost(&other, OWNER, Request("PATCH", &path("{e}"), &rename), 200).await.calls,
            calls,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_long_election_is_read_from_its_opening_on() {
    let world = World::new().await;
    let commands = world.election_commands();
    let prepare = async |path: &str, body| world.prepare(&commands, OWNER, Request("POST", path, &body)).await;
    prepare("/elections", json!({"id": ELECTION, "name": "Summer"})).await;
    let candidates = world.add_candidates(100).await;
    world.rename(2_500).await;
    let grace = json!({"name": "Grace Hopper", "email": "grace@example.org"});
    let grace = prepare(&path("{e}/voters"), grace).await.json["ballot_token"].as_str().unwrap().to_owned();
    let whole = world.read_units_of_the_election().await;

    // Whoever opens it keeps where it has come to.
    let open = world.cost(&commands, OWNER, Request("POST", &path("{e}/open"), &json!({})), 200).await;
    assert_eq!(open.calls, "BatchGetItem, PutItem, Query, TransactWriteItems, 16 UpdateItem");
    // Whoever starts then looks at it, begins there, and reads what is new; then the ballot.
    let ratings = json!({"ratings": {candidates[0].as_str(): 4}});
    let rate = Request("PUT", &path("/ballot/ratings"), &ratings);
    let booth = world.ballot_commands();
    let (first, units, _) = world.metered(&booth, Sender::Bearer(&grace), rate, 200).await;
    assert_eq!(first.calls, "BatchGetItem, PutItem, 4 Query");
    // The gates are a unit each, however long the election is.
    let units = units - SHARDS;
    assert!(4 * units < whole, "{units} read units, and the whole stream takes {whole}");
    let (then, units, _) = world.metered(&booth, Sender::Bearer(&grace), rate, 200).await;
    assert_eq!((then.calls.as_str(), units), ("Query", 1), "nothing changes");
}

#[tokio::test]
async fn a_vote_costs_one_query_and_write_for_any_ratings() {
    let world = World::new().await;
    let (commands, booth) = (world.election_commands(), world.ballot_commands());
    let prepare = async |path: &str, body| world.prepare(&commands, OWNER, Request("POST", path, &body)).await;
    prepare("/elections", json!({"id": ELECTION, "name": "Summer"})).await;
    let candidates = world.add_candidates(500).await;
    prepare(&path("{e}/open"), json!({})).await;
    let mut tokens = Vec::new();
    for name in ["ada", "alan", "grace", "early"] {
        let voter = json!({"name": name, "email": format!("{name}@example.org")});
        let registered = prepare(&path("{e}/voters"), voter).await;
        tokens.push(registered.json["ballot_token"].as_str().unwrap().to_owned());
    }
    let [ada, alan, grace, early] = tokens.try_into().unwrap();
    let rated = |photographs: usize, grade: i64| {
        let ratings: serde_json::Map<_, _> =
            candidates.iter().take(photographs).map(|candidate| (candidate.clone(), grade.into())).collect();
        json!({"ratings": ratings})
    };
    let unknown = json!({"ratings": {CANDIDATE: 3}});
    let clear = format!("/ballot/ratings/{}", candidates[0]);
    let (rate, cast) = ("/ballot/ratings", "/ballot/cast");

    // Each save holds the whole draft: with 500 candidates, two units. Of a ballot that was written to lately, one Query reads what is new. A refusal is decided
    // once more with election and ballot as they are now, and costs two Queries more at most.
    #[rustfmt::skip]
    let table: [(&str, &str, &str, Value, u16, &str, usize); 15] = [
        (&ada,   "PUT",    rate,   rated(1, 3),   200, "PutItem, Query",            2),
        (&ada,   "PUT",    rate,   rated(1, 3),   200, "Query",                     0),
        (&ada,   "PUT",    rate,   unknown,       422, "3 Query",                   0),
        (&ada,   "PUT",    rate,   rated(1, 6),   422, "3 Query",                   0),
        (&ada,   "PUT",    rate,   rated(1, 11),  422, "Query",                     0),
        (&ada,   "DELETE", &clear, Value::Null,   200, "PutItem, Query",            2),
        (&ada,   "POST",   cast,   Value::Null,   422, "3 Query",                   0),
        (&ada,   "PUT",    rate,   rated(5, 3),   200, "PutItem, Query",            2),
        (&ada,   "POST",   cast,   Value::Null,   200, "Query, TransactWriteItems", 2 + 2),
        (&ada,   "POST",   cast,   Value::Null,   409, "2 Query",                   0),
        (&ada,   "PUT",    rate,   rated(1, 4),   409, "2 Query",                   0),
        (&alan,  "POST",   cast,   rated(5, 3),   200, "Query, TransactWriteItems", 2 + 2),
        (&grace, "PUT",    rate,   rated(500, 3), 200, "PutItem, Query",            2),
        (&grace, "PUT",    rate,   rated(500, 4), 200, "PutItem, Query",            2),
        (&grace, "POST",   cast,   rated(500, 5), 200, "Query, TransactWriteItems", 2 * (16 + 1) + 2),
    ];
    let mut over = Vec::new();
    for (token, method, path, body, status, calls, units) in &table {
        // So that the election has just been seen.
        world.prepare(&booth, Sender::Bearer(&early), Request("PUT", rate, &rated(0, 1))).await;
        let measured = world.cost(&booth, Sender::Bearer(token), Request(method, path, body), *status).await;
        let photographs = body["ratings"].as_object().map_or(0, serde_json::Map::len);
        if measured != cost(calls, Some(*units)) {
            over.push(format!("{method} {path}, {photographs} photographs: {measured:?}, and not {calls}, {units}"));
        }
    }
    assert!(over.is_empty(), "{}", over.join("\n"));
}

#[tokio::test]
async fn a_change_of_a_ballot_by_another_instance_is_seen() {
    let world = World::new().await;
    let commands = world.election_commands();
    let prepare = async |path: &str, body| world.prepare(&commands, OWNER, Request("POST", path, &body)).await;
    prepare("/elections", json!({"id": ELECTION, "name": "Summer"})).await;
    let candidates = world.add_candidates(3).await;
    prepare(&path("{e}/open"), json!({})).await;
    let grace = json!({"id": VOTER, "name": "Grace Hopper", "email": "grace@example.org"});
    let registered = prepare(&path("{e}/voters"), grace).await;
    let token = registered.json["ballot_token"].as_str().unwrap();
    let (here, there) = (world.ballot_commands(), world.ballot_commands());
    let rate = |place: usize, grade: i64| json!({"ratings": {candidates[place].as_str(): grade}});
    let send = async |booth, token: &str, method, path, body: &Value, status| {
        world.cost(booth, Sender::Bearer(token), Request(method, path, body), status).await.calls
    };

    // Each keeps the ballot as it left it.
    assert_eq!(send(&here, token, "PUT", "/ballot/ratings", &rate(0, 1), 200).await, "BatchGetItem, PutItem, 2 Query");
    assert_eq!(send(&there, token, "PUT", "/ballot/ratings", &rate(0, 2), 200).await, "BatchGetItem, PutItem, 2 Query");
    // What is new of a ballot is read before it is appended to.
    assert_eq!(send(&here, token, "PUT", "/ballot/ratings", &rate(1, 3), 200).await, "PutItem, Query");
    // So what was done elsewhere changes nothing here.
    assert_eq!(send(&there, token, "PUT", "/ballot/ratings", &rate(1, 3), 200).await, "Query");
    // A token that was replaced opens nothing, whatever is kept and whatever is wrong with the request.
    let replaced = prepare(&path("{v}/token"), json!({})).await;
    let new = replaced.json["ballot_token"].as_str().unwrap();
    for booth in [&here, &there] {
        for body in [rate(2, 5), rate(1, 3), json!({"ratings": 7}), json!({"ratings": {CANDIDATE: 3}})] {
            send(booth, token, "PUT", "/ballot/ratings", &body, 401).await;
        }
        send(booth, token, "POST", "/ballot/cast", &Value::Null, 401).await;
    }
    send(&here, new, "PUT", "/ballot/ratings", &rate(2, 4), 200).await;
    send(&there, new, "POST", "/ballot/cast", &Value::Null, 200).await;
    // Nothing changes a ballot that was cast elsewhere.
    send(&here, new, "PUT", "/ballot/ratings", &rate(2, 5), 409).await;
    send(&here, new, "POST", "/ballot/cast", &rate(2, 5), 409).await;
}

/// What an instance keeps of a draft knows neither what was done under a key elsewhere, nor that the ballot is cast.
#[tokio::test]
async fn a_stale_instance_tells_nothing_of_a_cast_ballot() {
    let world = World::new().await;
    let commands = world.election_commands();
    let prepare = async |path: &str, body| world.prepare(&commands, OWNER, Request("POST", path, &body)).await;
    prepare("/elections", json!({"id": ELECTION, "name": "Summer"})).await;
    let candidates = world.add_candidates(3).await;
    prepare(&path("{e}/open"), json!({})).await;
    let rate = |place: usize, grade: i64| json!({"ratings": {candidates[place].as_str(): grade}});
    for (number, (method, path, guess)) in [
        ("PUT", "/ballot/ratings", rate(0, 5)),
        ("PUT", "/ballot/ratings", rate(0, 4)),
        ("POST", "/ballot/cast", rate(0, 5)),
        ("POST", "/ballot/cast", rate(1, 4)),
    ]
    .iter()
    .enumerate()
    {
        let (here, there) = (world.ballot_commands(), world.ballot_commands());
        let grace = json!({"name": "Grace Hopper", "email": format!("grace{number}@example.org")});
        let registered = self::path("{e}/voters");
        let registered = prepare(&registered, grace).await;
        let voter = Sender::Bearer(registered.json["ballot_token"].as_str().unwrap());
        let send = async |router, method, path, key, body: &Value| {
            let reply = Request(method, path, body).send_under(router, voter, Some(key)).await;
            (reply.status, reply.json)
        };
        assert_eq!(send(&here, "PUT", "/ballot/ratings", "first", &rate(2, 1)).await.0, 200);
        assert_eq!(send(&there, "PUT", "/ballot/ratings", "rate", &rate(0, 5)).await.0, 200);
        let (status, cast) = send(&there, "POST", "/ballot/cast", "cast", &rate(1, 4)).await;
        assert_eq!(status, 200, "{cast}");
        let (status, answer) = match *method {
            "PUT" => send(&here, method, path, "rate", guess).await,
            _ => send(&here, method, path, "cast", guess).await,
        };
        match *method {
            "PUT" => assert_eq!((status, &answer["code"]), (409, &json!("ballot_cast_already")), "{guess}"),
            _ => assert_eq!((status, &answer), (200, &cast), "{guess}"),
        }
    }
}

#[tokio::test]
async fn queries_make_exactly_these_calls_cold_and_warm() {
    let world = World::new().await;
    let (commands, booth) = (world.election_commands(), world.ballot_commands());
    let prepare = async |path: &str, body| world.prepare(&commands, OWNER, Request("POST", path, &body)).await;
    prepare("/elections", json!({"id": ELECTION, "name": "Summer"})).await;
    let candidates = world.add_candidates(2).await;
    prepare(&path("{e}/open"), json!({})).await;
    let grace = json!({"id": VOTER, "name": "Grace Hopper", "email": "grace@example.org"});
    let registered = prepare(&path("{e}/voters"), grace).await;
    let token = registered.json["ballot_token"].as_str().unwrap();
    let ratings = json!({"ratings": {candidates[0].as_str(): 4}});
    let cast = world.prepare(&booth, Sender::Bearer(token), Request("POST", "/ballot/cast", &ratings)).await;
    let receipt = cast.json["receipt"].as_str().unwrap();
    prepare(&path("{e}/close"), json!({})).await;
    world.project().await;
    world.count(ELECTION.parse().unwrap()).await;
    prepare(&path("{e}/release"), json!({})).await;
    world.project().await;
    world.count(ELECTION.parse().unwrap()).await;

    let (voter, anyone) = (Sender::Bearer(token), Sender::Nobody);
    let receipt = format!("/public/elections/{ELECTION}/receipts/{receipt}");
    // The second read is the pointer to the served generation, and for a ballot that of the election. What everybody sees has a header:
    // it tells whether everything is counted. `min_version` reads the version
    // of the header before. A ballot that is cast is two commits: the one before the cast tells which token opens it.
    #[rustfmt::skip]
    let table = [
        (OWNER,  "/elections",             "GetItem, Query",          "Query"),
        (OWNER,  "{e}",                    "GetItem, Query",          "Query"),
        (OWNER,  "{e}?min_version=8",      "2 GetItem, Query",        "GetItem, Query"),
        (OWNER,  "{e}/results",            "GetItem, Query",          "Query"),
        (OWNER,  "{e}/results.csv",        "GetItem, Query",          "Query"),
        // The header of the election tells whose the voters are, and how many gates there are.
        (OWNER,  "{e}/voters",             "2 GetItem, Query",        "GetItem, Query"),
        (OWNER,  "{e}/administrators",     "2 GetItem",              "GetItem"),
        (OWNER,  "{e}/turnout",            "BatchGetItem, 2 GetItem", "BatchGetItem, GetItem"),
        (OWNER,  "{e}/schedule",           "GetItem, Query",          "Query"),
        (OWNER,  "{e}/mailings",           "BatchGetItem, 2 Query",   "BatchGetItem, 2 Query"),
        (OWNER,  "{e}/bounced",            "17 Query",                "17 Query"),
        (voter,  "/ballot",                "3 Query",                 "2 Query"),
        (anyone, "/public{e}",             "2 GetItem, Query",        "GetItem, Query"),
        (anyone, "/public{e}/results",     "2 GetItem, Query",        "GetItem, Query"),
        (anyone, receipt.as_str(),         "2 GetItem, Query",        "GetItem, Query"),
        (anyone, "/health",                "",                        ""),
        (anyone, "/openapi.json",          "",                        ""),
    ];
    for (sender, template, first, then) in table {
        let queries = world.queries();
        for calls in [first, then] {
            let measured = world.cost(&queries, sender, Request("GET", &path(template), &Value::Null), 200).await;
            assert_eq!(measured, cost(calls, Some(0)), "GET {template}");
        }
    }
}
