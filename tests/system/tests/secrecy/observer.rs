//! Somebody who looks at everything that can be looked at, with every route of the API document.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use photovote_edge::{ADMINISTRATOR, BALLOT, OPENAPI};
use photovote_tests::{Answer, Client};
use serde_json::{Value, json};

use super::names::{Names, masked};

/// The lengths of pages that are tried.
const LIMITS: [usize; 7] = [1, 2, 3, 5, 8, 13, 100];

/// An observer of one election.
pub(crate) struct Observer {
    names: Names,
    seen: Vec<(String, Value)>,
    out: bool,
    results: Vec<(String, Value)>,
}

/// A route that can be looked at.
struct Route {
    path: String,
    lists: bool,
    versions: bool,
}

/// All GET routes of administrators and of anybody, as the document has them. Voters' are left out: what is the voter's own,
/// the voter may see.
fn routes() -> Vec<Route> {
    let document: Value = serde_json::from_str(OPENAPI).expect("the document is JSON");
    let paths = document["paths"].as_object().expect("paths");
    let queries = paths.iter().filter_map(|(path, methods)| Some((path, methods.get("get")?)));
    let open = queries.filter(|(_, query)| {
        let callers: Vec<&String> = query["security"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|one| one.as_object().expect("a scheme").keys())
            .collect();
        assert!(callers.iter().all(|caller| [ADMINISTRATOR, BALLOT].contains(&caller.as_str())), "{callers:?}");
        callers != [BALLOT]
    });
    let route = |(path, query): (&String, &Value)| {
        let names: Vec<&str> = query["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|p| p["in"] == "query")
            .map(|p| p["name"].as_str().expect("a name"))
            .collect();
        assert!(names.iter().all(|name| ["limit", "cursor", "min_version"].contains(name)), "{path}: {names:?}");
        let path = path.strip_prefix("/v1").expect("the prefix").to_owned();
        Route { path, lists: names.contains(&"cursor"), versions: names.contains(&"min_version") }
    };
    open.map(route).collect()
}

impl Observer {
    /// Has seen nothing yet.
    pub(crate) fn new() -> Self {
        Self { names: Names::default(), seen: Vec::new(), out: false, results: Vec::new() }
    }

    /// From now on, the results may tell how people voted, and are kept apart. Of them, how many ballots there are, and all
    /// headers but the length, stay what everything else is.
    pub(crate) fn results_are_out(&mut self) {
        self.out = true;
    }

    /// The results that were seen, in their order.
    pub(crate) fn results(&self) -> &[(String, Value)] {
        &self.results
    }

    /// Everything that was seen, in its order.
    pub(crate) fn seen(&self) -> &[(String, Value)] {
        &self.seen
    }

    /// Takes note of an answer.
    pub(crate) fn notes(&mut self, what: &str, answer: &Answer) {
        let body = answer_body(answer);
        if self.out && what.contains("/results") && answer.status == 200 {
            let counts = ["election_id", "status", "cast", "counted"].map(|name| body.get(name).cloned());
            let mut noted = self.named(answer, &json!(counts));
            noted["headers"].as_object_mut().expect("headers").remove("content-length");
            self.seen.push((what.to_owned(), noted));
            self.results.push((what.to_owned(), body));
            return;
        }
        let noted = self.named(answer, &body);
        self.seen.push((what.to_owned(), noted));
    }

    /// Looks at everything, as each of these callers. The paths' parameters have these values.
    pub(crate) async fn looks(&mut self, when: &str, callers: &[(&str, Client)], parameters: &BTreeMap<&str, String>) {
        for route in routes() {
            let mut path = route.path.clone();
            for (name, value) in parameters {
                path = path.replace(&format!("{{{name}}}"), value);
            }
            assert!(!path.contains('{'), "{path}: somebody has to say what this is");
            for (who, client) in callers {
                let what = format!("{when}: GET {} as {who}", route.path);
                if route.lists {
                    self.pages(&what, client, &path, None).await;
                    for limit in LIMITS {
                        self.pages(&format!("{what}, limit {limit}"), client, &path, Some(limit)).await;
                    }
                    continue;
                }
                let answer = client.get(&path).await;
                self.notes(&what, &answer);
                // To others no version is there, and they would wait for it.
                if route.versions && answer.status != 404 {
                    for version in [1, 3] {
                        self.notes(&what, &client.get(&format!("{path}?min_version={version}")).await);
                    }
                }
            }
        }
    }

    /// Looks at all pages of a list.
    ///
    /// Ballots stand in the order of their ids, which are random: which of them stands on which page is chance. So of
    /// each page it is noted how many ballots stand on it and where, and at the end all of them, sorted by what they
    /// are known by. How long a page with ballots is, is left out: `false` is longer than `true`.
    async fn pages(&mut self, what: &str, client: &Client, path: &str, limit: Option<usize>) {
        let start = limit.map_or_else(|| "?".to_owned(), |limit| format!("?limit={limit}&"));
        let mut query = start.trim_end_matches(['?', '&']).to_owned();
        let mut ballots: Vec<Value> = Vec::new();
        loop {
            let answer = client.get(&format!("{path}{query}")).await;
            let mut body = answer_body(&answer);
            let cursor = body["next_cursor"].as_str().map(ToOwned::to_owned);
            let mut found = false;
            for item in body["items"].as_array_mut().into_iter().flatten() {
                if item["kind"] == "ballot" {
                    found = true;
                    ballots.push(std::mem::replace(item, json!("a ballot")));
                }
            }
            if found && let Some(cursor) = &cursor {
                let opened = masked_cursor(cursor);
                body["next_cursor"] = Value::Null;
                body["cursor"] = opened.into();
            }
            let mut noted = self.named(&answer, &body);
            if found {
                noted["headers"].as_object_mut().expect("headers").remove("content-length");
            }
            self.seen.push((what.to_owned(), noted));
            match cursor {
                Some(cursor) => query = format!("{start}cursor={cursor}"),
                None => break,
            }
        }
        ballots.sort_by_cached_key(|ballot| self.names.known(&ballot.to_string()));
        let ballots = self.names.json(&ballots.into());
        self.seen.push((format!("{what}: ballots"), ballots));
    }

    fn named(&mut self, answer: &Answer, body: &Value) -> Value {
        let mut headers: Vec<(String, String)> = Vec::new();
        for (name, value) in &answer.headers {
            let value =
                if name == "date" { "date".to_owned() } else { self.names.text(value.to_str().expect("a text")) };
            headers.push((name.to_string(), value));
        }
        headers.sort();
        let mut members = serde_json::Map::new();
        for (name, value) in headers {
            assert!(members.insert(name, value.into()).is_none(), "a header twice");
        }
        json!({"status": answer.status.as_u16(), "headers": members, "body": self.names.json(body)})
    }
}

/// A body as JSON; what is no JSON is a text.
fn answer_body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.text).unwrap_or_else(|_text| answer.text.clone().into())
}

/// What a cursor among ballots says, apart from which ballot it is.
fn masked_cursor(cursor: &str) -> String {
    masked(&String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).expect("base64")).expect("text"))
}
