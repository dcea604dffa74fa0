//! What an administrator sees of their elections, and what others do not.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare its case has failed")]

use std::collections::BTreeMap;

use axum::Router;
use photovote_coordination::ControlReader;
use photovote_coordination_write::Control;
use photovote_documents::{Changes, ElectionDocument, StreamDocument, VoterDocument};
use photovote_documents_read::{DocumentReader, PublicHeader};
use photovote_documents_write::{DocumentStore, Saved};
use photovote_domain::{
    BallotId, CandidateId, CompetitionId, ElectionId, Links, Scale, Shard, ShardCount, Tally, Timestamp, Version,
    VoterId,
    election::{ElectionEvent as E, Role},
    results::Results,
    voter::VoterEvent,
};
use photovote_dynamodb::transact;
use photovote_edge::edge;
use photovote_election_queries::{App, routes};
use photovote_test_support::{Engine, Reply, Sender, get};
use serde_json::{Value, json};

const ELECTION: ElectionId = ElectionId::from_bits(7);

/// A function with an engine of its own.
struct Office {
    engine: Engine,
    store: DocumentStore,
    control: Control,
    router: Router,
}

impl Office {
    async fn new() -> Self {
        let engine = Engine::start().await;
        let store = DocumentStore::new(engine.client(), engine.tables().documents);
        let control = Control::new(engine.client(), engine.tables().control);
        let app = App::new(store.reader().clone(), ControlReader::new(engine.client(), engine.tables().control));
        Self { engine, store, control, router: edge(routes().with_state(app)) }
    }

    /// Ada's election, with these names for its candidates, open.
    async fn open(names: &[&str]) -> (Self, ElectionDocument) {
        let office = Self::new().await;
        let mut document = ElectionDocument::empty(ELECTION);
        office.project(&mut document, &definition("ada", names)).await;
        (office, document)
    }

    async fn project(&self, document: &mut ElectionDocument, events: &[E]) {
        let previous = document.version;
        let mut changes = Changes::default();
        document.apply(previous.plus(1), events, &mut changes);
        let saved = self.store.save_election(&"2".parse().unwrap(), document, previous, &changes).await;
        assert_eq!(saved, Ok(Saved::Yes));
    }

    /// Closes the election after so many casts.
    async fn close(&self, document: &mut ElectionDocument, casts: u64) {
        self.project(
            document,
            &[E::ElectionClosing {}, E::ElectionClosed { casts, digest_follows: true, registered: Some(casts + 1) }],
        )
        .await;
    }

    /// Counts ballots with these grades for the candidates 11, 12, …, all in one shard.
    async fn count(&self, ballots: &[&[u8]]) {
        let tally = tally(ballots);
        let saved = self.store.save_count(&"2".parse().unwrap(), ELECTION, &tally, &PublicHeader::default()).await;
        assert_eq!(saved, Ok(Saved::Yes));
    }

    async fn registers(&self, number: u128) {
        let mut voter = VoterDocument::empty(VoterId::from_bits(number));
        let (ballot, name) = (BallotId::from_bits(number), format!("voter {number}"));
        let registered = VoterEvent::VoterRegistered { ballot, email: format!("v{number}@example.org"), name };
        voter.apply(Version::new(1), &[registered]);
        let saved = self.store.save_one(&"2".parse().unwrap(), ELECTION, &voter, Version::NONE).await;
        assert_eq!(saved, Ok(Saved::Yes));
    }

    async fn asked(&self, subject: &str, path: &str) -> Reply {
        get(&self.router, Sender::Administrator(subject), &format!("/v1/elections{path}")).await
    }

    async fn ada(&self, path: &str) -> Reply {
        self.asked("ada", &format!("/{ELECTION}{path}")).await
    }
}

fn definition(owner: &str, names: &[&str]) -> Vec<E> {
    let (competition, shards) = (CompetitionId::from_bits(10), ShardCount::try_from(2).unwrap());
    let (name, owner) = (String::from("Summer"), owner.to_owned());
    let created = E::ElectionCreated { description: None, name, owner, scale: Scale::default(), shards };
    let added = E::CompetitionAdded { competition, description: None, name: "Nature".into() };
    let candidates = (11..).zip(names).map(|(bits, name)| E::CandidateAdded {
        candidate: CandidateId::from_bits(bits),
        competition,
        description: None,
        image: None,
        name: (*name).into(),
    });
    [created, added].into_iter().chain(candidates).chain([E::ElectionOpened { closes_at: None }]).collect()
}

/// The contract of an election's fields: this test fails if one appears, disappears or changes. Other tests name only the
/// fields that they are about.
#[tokio::test]
async fn an_election_is_shown_with_its_version() {
    let (office, _) = Office::open(&["Moon", "Sun"]).await;
    let reply = office.ada("").await;
    assert_eq!((reply.status, reply.header("etag")), (200, "\"5\""));
    let candidate = |bits, name| {
        let id = CandidateId::from_bits(bits);
        json!({"id": id, "name": name, "description": null, "image": null, "disqualified": null})
    };
    let competition = json!({
        "id": CompetitionId::from_bits(10), "name": "Nature", "description": null,
        "candidates": [candidate(11, "Moon"), candidate(12, "Sun")],
    });
    let election = json!({
        "id": ELECTION, "name": "Summer", "description": null, "status": "open", "opens_at": null, "closes_at": null,
        "time_zone": null, "scale": {"min": 1, "max": 5}, "competitions": [competition], "version": 5,
        "links": "hand_out", "language": "en", "contact": null, "invitation": {"subject": null, "text": null},
    });
    assert_eq!(reply.json, election);
}

#[tokio::test]
async fn a_reader_waits_for_the_version_that_they_ask_for() {
    let (office, mut document) = Office::open(&["Moon", "Sun"]).await;
    let closes_at = Timestamp::from_millis(9_000);
    let extended = [E::ElectionExtended { closes_at }];
    for path in ["?min_version=6", "/results?min_version=8"] {
        let (reply, ()) = tokio::join!(office.ada(path), async {
            office.project(&mut document, &extended).await;
            if document.version == Version::new(7) {
                office.project(&mut document, &[E::ElectionNameChanged { name: "Late".into() }]).await;
            }
        });
        match path {
            "?min_version=6" => assert_eq!((reply.status, &reply.json["version"]), (200, &json!(6))),
            _ => assert_eq!(reply.problem(), (409, "election_not_closed")),
        }
    }
    assert_eq!(office.ada("?min_version=3").await.json["version"], 8, "what is newer serves as well");
}

/// A version that is not there yet costs three small reads, however long the election is, for its administrators and for strangers.
#[tokio::test]
async fn waiting_for_a_version_takes_three_small_reads() {
    let (office, _) = Office::open(&["Moon", "Sun"]).await;
    let (client, calls) = office.engine.counting_client();
    let documents = DocumentReader::new(client.clone(), office.engine.tables().documents);
    let app = App::new(documents, ControlReader::new(client, office.engine.tables().control));
    let router = edge(routes().with_state(app));
    let ask = async |subject: &str, path: String| {
        get(&router, Sender::Administrator(subject), &format!("/v1/elections/{path}")).await
    };
    ask("ada", ELECTION.to_string()).await;
    calls.take();
    let absent = ElectionId::from_bits(8);
    for (subject, path) in [
        ("ada", format!("{ELECTION}?min_version=6")),
        ("ada", format!("{ELECTION}/results?min_version=6")),
        ("ada", format!("{ELECTION}/results.csv?min_version=6")),
        ("eve", format!("{ELECTION}?min_version=1")),
        ("ada", format!("{absent}?min_version=1")),
    ] {
        assert_eq!(ask(subject, path.clone()).await.problem(), (503, "not_projected_yet"), "{path}");
        assert_eq!(calls.take(), BTreeMap::from([("GetItem".to_owned(), 3)]), "{subject} asks for {path}");
    }
}

#[tokio::test]
async fn a_missing_version_is_unavailable_whoever_asks() {
    let (office, _) = Office::open(&["Moon", "Sun"]).await;
    let other = format!("/{}?min_version=1", ElectionId::from_bits(8));
    let own = format!("/{ELECTION}?min_version=6");
    let foreign = format!("/{ELECTION}?min_version=1");
    let (late, absent, foreign) =
        tokio::join!(office.asked("ada", &own), office.asked("ada", &other), office.asked("eve", &foreign));
    for reply in [&late, &absent, &foreign] {
        assert_eq!((reply.problem(), reply.header("retry-after")), ((503, "not_projected_yet"), "1"));
        assert_eq!((&reply.text, &reply.headers), (&late.text, &late.headers));
    }
}

#[tokio::test]
async fn what_is_not_the_callers_is_not_there() {
    let (office, mut document) = Office::open(&["Moon", "Sun"]).await;
    let absent = ElectionId::from_bits(8);
    for path in ["", "/voters", "/turnout", "/administrators", "/results", "/results.csv"] {
        let missing = office.asked("ada", &format!("/{absent}{path}")).await;
        let foreign = office.asked("eve", &format!("/{ELECTION}{path}")).await;
        assert_eq!(missing.problem(), (404, "election_not_found"), "{path}");
        assert_eq!((&missing.text, &missing.headers), (&foreign.text, &foreign.headers), "{path}");
        assert_eq!(office.asked("ada", &format!("/x{path}")).await.problem(), (400, "malformed_id"), "{path}");
        let nobody = get(&office.router, Sender::Nobody, &format!("/v1/elections/{ELECTION}{path}")).await;
        assert_eq!(nobody.problem(), (401, "unauthorized"), "{path}");
    }
    office.close(&mut document, 0).await;
    office.project(&mut document, &[E::ElectionDeleted {}]).await;
    for path in ["", "?min_version=1", "/voters", "/turnout", "/administrators", "/results", "/results.csv"] {
        assert_eq!(office.ada(path).await.problem(), (404, "election_not_found"), "{path}, deleted");
    }
    assert_eq!(office.asked("ada", "").await.json["items"], json!([]));
}

#[tokio::test]
async fn an_owner_lists_their_elections_page_by_page() {
    let office = Office::new().await;
    for (bits, owner) in [(1, "ada"), (2, "eve"), (3, "ada"), (4, "ada")] {
        let mut document = ElectionDocument::empty(ElectionId::from_bits(bits));
        office.project(&mut document, &definition(owner, &["Moon", "Sun"])).await;
    }
    let first = office.asked("ada", "?limit=2").await.json;
    let item = |bits| {
        let id = ElectionId::from_bits(bits);
        json!({"id": id, "name": "Summer", "status": "open", "version": 5, "role": "owner"})
    };
    assert_eq!(first["items"], json!([item(1), item(3)]));
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = office.asked("ada", &format!("?limit=2&cursor={cursor}")).await.json;
    assert_eq!(second, json!({"items": [item(4)], "next_cursor": null}));
    let eves = office.asked("eve", &format!("?cursor={cursor}")).await.json;
    assert_eq!(eves["items"], json!([]), "a cursor is a place, and gives nothing away");
    assert_eq!(office.asked("ada", "?cursor=x").await.problem(), (400, "malformed_cursor"));
    // The cursor of a place that is no id.
    let forged = "?cursor=ZWxlY3Rpb25zAHg";
    assert_eq!(office.asked("ada", forged).await.problem(), (400, "malformed_cursor"));
    assert_eq!(office.asked("ada", "?offset=1").await.problem(), (400, "malformed_parameter"));
}

#[tokio::test]
async fn administrators_of_every_role_see_everything() {
    let (office, mut document) = Office::open(&["Moon", "Sun"]).await;
    let appointed = |subject: &str, role| E::AdministratorAdded { role, subject: subject.into() };
    let events = [appointed("eve", Role::Observer), appointed("bea", Role::Editor), appointed("auth0|é", Role::Owner)];
    office.project(&mut document, &events).await;
    office.registers(21).await;
    let item = |subject: &str, role: &str| json!({"subject": subject, "role": role});
    let all = [item("ada", "owner"), item("auth0|é", "owner"), item("bea", "editor"), item("eve", "observer")];
    for subject in ["ada", "auth0|é", "bea", "eve"] {
        let asked = async |path: &str| office.asked(subject, &format!("/{ELECTION}{path}")).await;
        assert_eq!(asked("/administrators").await.json, json!({"items": all, "next_cursor": null}));
        assert_eq!(asked("").await.json["version"], 8);
        assert_eq!(asked("/voters").await.json["items"][0]["name"], "voter 21");
        assert_eq!(asked("/results").await.problem(), (409, "election_not_closed"));
        let list = office.asked(subject, "").await.json;
        let role = all.iter().find(|item| item["subject"] == subject).unwrap()["role"].clone();
        assert_eq!((&list["items"][0]["id"], &list["items"][0]["role"]), (&json!(ELECTION), &role));
    }
    let first = office.ada("/administrators?limit=3").await.json;
    assert_eq!(first["items"], json!(all[..3]));
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = office.ada(&format!("/administrators?limit=3&cursor={cursor}")).await.json;
    assert_eq!(second, json!({"items": all[3..], "next_cursor": null}));
    assert_eq!(office.ada("/administrators?limit=4").await.json["next_cursor"], Value::Null);
    assert_eq!(office.ada(&format!("/voters?cursor={cursor}")).await.problem(), (400, "malformed_cursor"));

    office.project(&mut document, &[E::AdministratorRemoved { subject: "bea".into() }]).await;
    for path in ["", "?min_version=1", "/voters", "/turnout", "/results", "/administrators"] {
        let removed = office.asked("bea", &format!("/{ELECTION}{path}")).await;
        let problem = if path.starts_with('?') { (503, "not_projected_yet") } else { (404, "election_not_found") };
        assert_eq!(removed.problem(), problem, "{path}");
    }
    assert_eq!(office.asked("bea", "").await.json["items"], json!([]));
}

#[tokio::test]
async fn voters_are_listed_page_by_page() {
    let (office, _) = Office::open(&["Moon", "Sun"]).await;
    for number in [21, 22, 23] {
        office.registers(number).await;
    }
    let first = office.ada("/voters?limit=2").await.json;
    let voter = |bits: u128| {
        let email = format!("v{bits}@example.org");
        json!({"id": VoterId::from_bits(bits), "name": format!("voter {bits}"), "email": email, "version": 1})
    };
    assert_eq!(first["items"], json!([voter(21), voter(22)]));
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = office.ada(&format!("/voters?limit=2&cursor={cursor}")).await.json;
    assert_eq!(second, json!({"items": [voter(23)], "next_cursor": null}));
    assert_eq!(office.asked("ada", &format!("?cursor={cursor}")).await.problem(), (400, "malformed_cursor"));
}

#[tokio::test]
async fn the_turnout_stands_at_the_gates() {
    let (office, document) = Office::open(&["Moon", "Sun"]).await;
    let (client, calls) = office.engine.counting_client();
    let shards = document.election.shards;
    let gates = office.control.create_gates(ELECTION, shards, Links::default()).unwrap();
    transact(&client, || Ok(gates.clone())).await.unwrap();
    for shard in shards.shards().chain(shards.shards()) {
        let pass = office.control.pass_registration(ELECTION, shard, Links::default(), false, None).unwrap();
        transact(&client, || Ok(vec![pass.clone()])).await.unwrap();
    }
    office.control.open_gates(ELECTION, shards, None).await.unwrap();
    let pass = office.control.pass_cast(ELECTION, Shard::new(1).unwrap(), Timestamp::from_millis(0)).unwrap();
    transact(&client, || Ok(vec![pass.clone()])).await.unwrap();

    calls.take();
    let tables = office.engine.tables();
    let app =
        App::new(DocumentReader::new(client.clone(), tables.documents), ControlReader::new(client, tables.control));
    let router = edge(routes().with_state(app));
    let path = format!("/v1/elections/{ELECTION}/turnout");
    assert_eq!(get(&router, Sender::Administrator("ada"), &path).await.json, json!({"registered": 4, "cast": 1}));
    calls.take();
    get(&router, Sender::Administrator("ada"), &path).await;
    assert_eq!(calls.take(), [("BatchGetItem".to_owned(), 1), ("GetItem".to_owned(), 1)].into());

    let gate = (format!("{ELECTION}#{}", shards.shards().next().unwrap()), "gate".to_owned());
    office.engine.delete(tables.control, &gate).await;
    let missing = office.ada("/turnout").await;
    assert_eq!(missing.problem(), (503, "gates_missing"));
    assert_eq!(missing.header("retry-after"), "30");
}

/// What ballots with these grades come to.
fn tally(ballots: &[&[u8]]) -> Tally {
    let mut tally = Tally::default();
    for grades in ballots {
        let rated = (11..).zip(*grades).map(|(bits, grade)| (CandidateId::from_bits(bits), *grade));
        tally.count(&rated.filter(|(_, grade)| *grade > 0).collect());
    }
    tally
}

/// The event that says what these ballots come to.
fn counted(document: &ElectionDocument, ballots: &[&[u8]]) -> E {
    let election = &document.election;
    let (casts, tally) = (election.casts.unwrap(), tally(ballots));
    let results = Results::of(ELECTION, &election.competitions, election.scale, &tally, casts, election.registered);
    E::ResultsCounted { digest: results.unwrap().digest.0 }
}

#[tokio::test]
async fn results_come_once_all_is_counted_and_in_history() {
    let (office, mut document) = Office::open(&["Moon", "Sun"]).await;
    for path in ["/results", "/results.csv"] {
        assert_eq!(office.ada(path).await.problem(), (409, "election_not_closed"));
    }
    office.close(&mut document, 2).await;
    let so_far = |counted| json!({"election_id": ELECTION, "status": "counting", "counted": counted, "cast": 2});
    assert_eq!(office.ada("/results").await.json, so_far(0));
    let (generation, shard) = ("2".parse().unwrap(), Shard::new(3).unwrap());
    office.store.save_shard(&generation, ELECTION, shard, &tally(&[&[4, 2]]), Vec::new()).await.unwrap();
    assert_eq!(office.ada("/results").await.json, so_far(1));
    let sheet = office.ada("/results.csv").await;
    assert_eq!((sheet.problem(), sheet.header("retry-after")), ((503, "counting"), "1"));
    let ballots = [&[4, 2][..], &[5, 0]];
    office.count(&ballots).await;
    assert_eq!(office.ada("/results").await.json, so_far(2), "history does not know of it yet");
    let event = counted(&document, &ballots);
    office.project(&mut document, &[event]).await;
    let results = office.ada("/results").await.json;
    assert_eq!((&results["status"], &results["counted"], &results["cast"]), (&json!("final"), &json!(2), &json!(2)));
    let best = &results["competitions"][0]["candidates"][0];
    assert_eq!((&best["name"], &best["mean"], &best["rank"]), (&json!("Moon"), &json!("4.5000"), &json!(1)));
}

#[tokio::test]
async fn results_that_history_does_not_know_are_never_shown() {
    let (office, mut document) = Office::open(&["Moon", "Sun"]).await;
    office.close(&mut document, 2).await;
    let event = counted(&document, &[&[4, 2], &[5, 0]]);
    office.project(&mut document, &[event]).await;
    let more: &[&[u8]] = &[&[4, 2], &[5, 0], &[1, 1]];
    for ballots in [&[&[2, 4][..], &[0, 5]][..], more, &[&[4, 2]]] {
        office.count(ballots).await;
        for path in ["/results", "/results.csv"] {
            let refused = office.ada(path).await;
            assert_eq!(
                (refused.problem(), refused.header("retry-after")),
                ((503, "results_differ"), "60"),
                "{ballots:?}"
            );
        }
    }
}

#[tokio::test]
async fn the_csv_has_a_row_per_candidate_and_no_formula() {
    let names = ["=HYPERLINK(\"http://evil\")", "Sun, at \"noon\"", "@never", "Mist"];
    let (office, mut document) = Office::open(&names).await;
    let ballots = [&[4, 5, 0, 1][..], &[4, 0, 0, 1]];
    office.close(&mut document, 2).await;
    office.count(&ballots).await;
    let (candidate, competition) = (CandidateId::from_bits(14), CompetitionId::from_bits(10));
    let reason = "-late".into();
    office.project(&mut document, &[E::CandidateDisqualified { candidate, competition, reason }]).await;
    let event = counted(&document, &ballots);
    office.project(&mut document, &[event]).await;

    let sheet = office.ada("/results.csv").await;
    assert_eq!((sheet.status, sheet.header("content-type")), (200, "text/csv; charset=utf-8"));
    let name = format!("attachment; filename=\"results-{ELECTION}.csv\"");
    assert_eq!(sheet.header("content-disposition"), name);
    let row = |bits| format!("{competition},Nature,{}", CandidateId::from_bits(bits));
    let rows = [
        "competition_id,competition,candidate_id,candidate,status,rank,tied,ratings,sum,mean,median,standard_deviation,\
         grade_1,grade_2,grade_3,grade_4,grade_5,reason"
            .to_owned(),
        row(12) + ",\"Sun, at \"\"noon\"\"\",ranked,1,false,1,5,5.0000,5.0,0.0000,0,0,0,0,1,",
        row(11) + ",\"'=HYPERLINK(\"\"http://evil\"\")\",ranked,2,false,2,8,4.0000,4.0,0.0000,0,0,0,2,0,",
        row(13) + ",'@never,unranked,,,,,,,,,,,,,",
        row(14) + ",Mist,disqualified,,,,,,,,,,,,,'-late",
    ];
    assert_eq!(sheet.text, format!("\u{feff}{}", rows.map(|row| row + "\r\n").concat()));
    assert_ne!(office.ada("/results").await.json, Value::Null);
}
