//! An election without all its gates: nothing is appended to it, and every answer says that it can be tried later.

use std::collections::BTreeSet;

use axum::Router;
use photovote_functions::Wiring;
use photovote_test_support::{Engine, Reply, Sender, Tables, send};
use serde_json::{Value, json};

const OWNER: Sender<'_> = Sender::Administrator("ada");
const ELECTION: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAE";

/// What is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lost {
    OneGate,
    AllGates,
    ControlTable,
}

struct World {
    engine: Engine,
    /// The name of the control table.
    control: &'static str,
    /// The tokens of two voters. The first one has rated and not cast.
    tokens: Vec<String>,
    voters: Vec<String>,
    candidates: Vec<String>,
}

impl World {
    /// An election that is a draft or open.
    async fn new(open: bool) -> Self {
        let engine = Engine::start().await;
        let control = engine.tables().control;
        let mut world = Self { engine, control, tokens: Vec::new(), voters: Vec::new(), candidates: Vec::new() };
        let create = json!({"id": ELECTION, "name": "Summer", "expected_voters": 300});
        world.done("POST", "/elections", &create).await;
        let competitions = format!("/elections/{ELECTION}/competitions");
        let competition =
            world.done("POST", &competitions, &json!({"name": "Nature"})).await["id"].as_str().unwrap().to_owned();
        for name in ["Moon", "Sun"] {
            let path = format!("{competitions}/{competition}/candidates");
            let added = world.done("POST", &path, &json!({"name": name})).await;
            world.candidates.push(added["id"].as_str().unwrap().to_owned());
        }
        for name in ["grace", "alan"] {
            let body = json!({"name": name, "email": format!("{name}@example.org")});
            let added = world.done("POST", &format!("/elections/{ELECTION}/voters"), &body).await;
            world.voters.push(added["id"].as_str().unwrap().to_owned());
            world.tokens.push(added["ballot_token"].as_str().unwrap().to_owned());
        }
        if open {
            let closes_at = json!({"closes_at": "2999-01-01T12:00:00Z"});
            world.done("POST", &format!("/elections/{ELECTION}/open"), &closes_at).await;
            let rated = world.ballot(0, "PUT", "/ballot/ratings", &json!({"ratings": {&world.candidates[0]: 3}})).await;
            assert_eq!(rated.status, 200, "{}", rated.text);
        }
        world
    }

    /// What puts functions together that have just been started, and remember nothing.
    fn wiring(&self) -> Wiring {
        let tables = Tables { control: self.control, ..self.engine.tables() };
        let config = self.engine.config().clone();
        Wiring::new(config.clone(), config, move |name| tables.setting(name)).with_client(self.engine.client())
    }

    /// What administrators command.
    fn commands(&self) -> Router {
        self.wiring().election_commands().unwrap()
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> Reply {
        send(&self.commands(), OWNER, method, &format!("/v1{path}"), Some(body)).await
    }

    async fn done(&self, method: &str, path: &str, body: &Value) -> Value {
        let reply = self.ask(method, path, body).await;
        assert!(reply.status < 300, "{method} {path}: {}", reply.text);
        reply.json
    }

    async fn ballot(&self, voter: usize, method: &str, path: &str, body: &Value) -> Reply {
        let booth = self.wiring().ballot_commands().unwrap();
        let body = Some(body).filter(|body| !body.is_null());
        send(&booth, Sender::Bearer(&self.tokens[voter]), method, &format!("/v1{path}"), body).await
    }

    async fn lose(&mut self, lost: Lost) {
        let table = self.engine.tables().control;
        let mut gates = self.engine.items(table).await.into_keys().filter(|(_, sk)| sk == "gate");
        match lost {
            Lost::OneGate => self.engine.delete(table, &gates.next().unwrap()).await,
            Lost::AllGates => {
                for gate in gates {
                    self.engine.delete(table, &gate).await;
                }
            }
            Lost::ControlTable => self.control = "lost",
        }
    }

    /// The keys of all commits.
    async fn events(&self) -> BTreeSet<(String, String)> {
        self.engine.items(self.engine.tables().events).await.into_keys().collect()
    }
}

fn missing(asked: &str, lost: Lost, reply: &Reply) {
    // Without its table, a voter's election cannot be begun with its snapshot either.
    let code = if reply.problem().1 == "storage_unavailable" && lost == Lost::ControlTable {
        "storage_unavailable"
    } else {
        "gates_missing"
    };
    assert_eq!(reply.problem(), (503, code), "{lost:?}, {asked}");
    assert_eq!(reply.header("retry-after"), "30", "{lost:?}, {asked}");
}

#[tokio::test]
async fn nothing_is_appended_while_a_gate_is_missing() {
    for lost in [Lost::OneGate, Lost::AllGates, Lost::ControlTable] {
        for open in [false, true] {
            let mut world = World::new(open).await;
            world.lose(lost).await;
            let before = world.events().await;
            let e = format!("/elections/{ELECTION}");
            let voter = format!("{e}/voters/{}", world.voters[1]);
            let mut asked = vec![
                ("PATCH", e.clone(), json!({"name": "Winter"})),
                ("PUT", format!("{e}/administrators/eve"), json!({"role": "editor"})),
                ("POST", format!("{e}/voters"), json!({"name": "Bob", "email": "bob@example.org"})),
                ("POST", format!("{voter}/token"), json!({})),
                ("DELETE", voter, json!({})),
            ];
            if open {
                asked.push(("POST", format!("{e}/extend"), json!({"closes_at": "2999-01-01T23:00:00Z"})));
                asked.push(("POST", format!("{e}/close"), json!({})));
            } else {
                asked.push(("POST", format!("{e}/competitions"), json!({"name": "Sport"})));
                asked.push(("POST", format!("{e}/open"), json!({})));
                asked.push(("DELETE", e, json!({})));
            }
            for (method, path, body) in &asked {
                missing(&format!("{method} {path}"), lost, &world.ask(method, path, body).await);
            }
            if open {
                let ratings = json!({"ratings": {&world.candidates[0]: 4}});
                for voter in 0..2 {
                    missing("rate", lost, &world.ballot(voter, "PUT", "/ballot/ratings", &ratings).await);
                    missing("cast", lost, &world.ballot(voter, "POST", "/ballot/cast", &ratings).await);
                }
                let clear = format!("/ballot/ratings/{}", world.candidates[0]);
                missing("clear", lost, &world.ballot(0, "DELETE", &clear, &Value::Null).await);
            }
            assert_eq!(world.events().await, before, "{lost:?}");
        }
    }
}

#[tokio::test]
async fn gates_lost_just_after_a_look_are_noticed() {
    let mut world = World::new(true).await;
    // A function that has just seen all gates.
    let booth = world.wiring().ballot_commands().unwrap();
    let commands = world.commands();
    let rate = json!({"ratings": {&world.candidates[0]: 4}});
    let token = world.tokens[0].clone();
    let cast = async || send(&booth, Sender::Bearer(&token), "POST", "/v1/ballot/cast", Some(&rate)).await;
    let rated = send(&booth, Sender::Bearer(&token), "PUT", "/v1/ballot/ratings", Some(&rate)).await;
    assert_eq!(rated.status, 200, "{}", rated.text);
    let path = format!("/v1/elections/{ELECTION}");
    let (myself, same) = (format!("{path}/administrators/ada"), json!({"role": "owner"}));
    assert_eq!(send(&commands, OWNER, "PUT", &myself, Some(&same)).await.status, 200);
    let before = world.events().await;
    let gates = world.engine.items(world.engine.tables().control).await;
    world.lose(Lost::AllGates).await;

    missing("cast", Lost::AllGates, &cast().await);
    let bob = json!({"name": "Bob", "email": "bob@example.org"});
    let register = async || send(&commands, OWNER, "POST", &format!("{path}/voters"), Some(&bob)).await;
    missing("register", Lost::AllGates, &register().await);
    let removed = format!("{path}/voters/{}", world.voters[1]);
    missing("remove", Lost::AllGates, &send(&commands, OWNER, "DELETE", &removed, None).await);
    missing("close", Lost::AllGates, &send(&commands, OWNER, "POST", &format!("{path}/close"), None).await);
    assert_eq!(world.events().await, before);
    // Nothing is lost: with the gates, everything goes on.
    for item in gates.into_values() {
        let put = world.engine.client().put_item().table_name(world.engine.tables().control).set_item(Some(item));
        put.send().await.unwrap();
    }
    assert_eq!(cast().await.status, 200);
    assert_eq!(register().await.status, 201);
    let guard = |(_, sk): &(String, String)| sk.starts_with("email#");
    let table = world.engine.tables().control;
    for key in world.engine.items(table).await.into_keys().filter(guard) {
        world.engine.delete(table, &key).await;
    }
    missing("remove the unguarded", Lost::AllGates, &send(&commands, OWNER, "DELETE", &removed, None).await);
}
