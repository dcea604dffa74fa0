//! Elections at every point of their lives, and everything that can be asked about them: what has to come back the same,
//! whatever was lost.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{client::Client, election::Election, server::until};

/// Who administers what is held: the owner of all of it, who edits one election and observes another, and who has nothing
/// to do with any.
const SUBJECTS: [&str; 3] = ["owner", "editor", "stranger"];
/// So short that lists have several pages.
const PAGE: &str = "limit=2";

/// Answers by who asked for what: status, version and body.
pub type Answers = BTreeMap<String, Value>;

/// What was held, and who can ask about it.
#[derive(Debug, Clone)]
pub struct Everything {
    /// By the status that each has come to.
    pub elections: BTreeMap<&'static str, Election>,
    /// Who asks as an administrator.
    pub subjects: Vec<&'static str>,
    /// Ballot tokens of those who ask as voters.
    pub tokens: Vec<String>,
    /// Receipts that are looked up, in every election.
    pub receipts: Vec<String>,
    /// Photographs that are looked up, in every election.
    pub photographs: Vec<String>,
    /// The ids of imports: one whose list is awaited, and one that is done.
    pub imports: Vec<String>,
}

impl Everything {
    /// Holds the elections. `client` makes an administrator of a subject.
    pub async fn hold(client: impl Fn(&str) -> Client) -> Self {
        let [owner, editor, _] = SUBJECTS;
        let subjects = SUBJECTS.to_vec();
        let (tokens, receipts, photographs, imports) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut all = Self { elections: BTreeMap::new(), subjects, tokens, receipts, photographs, imports };

        let draft = Election::draft(client(owner), &[2, 1]).await;
        let change = json!({"name": "Winter", "description": "What it was like", "scale": {"min": 0, "max": 10}});
        draft.owner.patch(&draft.path(""), change).await.status(200);
        all.tokens.push(draft.voter("early").await.token);
        let moon = draft.photograph("one.png").await;
        let candidate = json!({"name": "Moon", "image": {"photograph": moon, "alt": "The moon", "caption": "Full"}});
        draft.post(&format!("/competitions/{}/candidates", draft.competitions[0].id), candidate).await.status(201);
        all.photographs.push(moon);
        for name in ["two.jpg", "three.jpg"] {
            let requested = draft.post("/photographs", json!({"name": name, "bytes": 1_000})).await.status(201);
            all.photographs.push(requested.text_of("id"));
        }
        all.imports.push(import(&draft, None).await);
        all.imports.push(import(&draft, Some("name,email\nMember,member@example.org\n")).await);
        let removed = draft.path(&format!("/photographs/{}", all.photographs[1]));
        draft.owner.delete(&removed).await.status(200);
        all.elections.insert("draft", draft);

        let open = Election::draft(client(owner), &[2, 3]).await;
        all.vote(&open, json!({"closes_at": "2999-01-01T12:00:00Z"})).await;
        open.appoint(editor, "editor").await;
        all.elections.insert("open", open);

        let closed = Election::draft(client(owner), &[3]).await;
        all.vote(&closed, json!({})).await;
        let last = &closed.competitions[0].candidates[2].id;
        let path = format!("/competitions/{}/candidates/{last}/disqualify", closed.competitions[0].id);
        closed.post(&path, json!({"reason": "not a photograph"})).await.status(200);
        let version = closed.post("/close", json!({})).await.status(200).version();
        closed.final_results(version).await;
        all.elections.insert("closed", closed);

        let released = Election::draft(client(owner), &[2, 2]).await;
        all.vote(&released, json!({})).await;
        released.appoint(editor, "observer").await;
        let version = released.post("/close", json!({})).await.status(200).version();
        released.final_results(version).await;
        released.post("/release", json!({})).await.status(200);
        all.elections.insert("released", released);

        let deleted = Election::draft(client(owner), &[1]).await;
        all.tokens.push(deleted.voter("late").await.token);
        deleted.owner.delete(&deleted.path("")).await.status(200);
        all.elections.insert("deleted", deleted);
        all
    }

    /// What has to be kept to ask again: ids, tokens and receipts.
    pub fn asked(&self) -> Value {
        let ids: BTreeMap<_, _> = self.elections.iter().map(|(status, election)| (*status, &election.id)).collect();
        json!({
            "elections": ids, "tokens": self.tokens, "receipts": self.receipts, "photographs": self.photographs, "imports": self.imports,
        })
    }

    /// What was kept, of elections that were brought back.
    pub fn asked_again(kept: &Value, client: impl Fn(&str) -> Client) -> Self {
        // Releases without photographs or imports kept none.
        let texts = |name: &str| -> Vec<String> {
            let values = kept[name].as_array().into_iter().flatten();
            values.map(|value| value.as_str().expect("a text").to_owned()).collect()
        };
        let election = |status: &'static str| {
            let id = kept["elections"][status].as_str().expect("an id").to_owned();
            (status, Election { owner: client(SUBJECTS[0]), id, competitions: Vec::new() })
        };
        let elections = ["draft", "open", "closed", "released", "deleted"].map(election).into();
        let (tokens, receipts, photographs) = (texts("tokens"), texts("receipts"), texts("photographs"));
        let imports = texts("imports");
        Self { elections, subjects: SUBJECTS.to_vec(), tokens, receipts, photographs, imports }
    }

    /// Opens an election and lets its voters vote: one casts what was rated before, one casts at once, one rates, one does
    /// nothing, one is given another token, and one is removed.
    async fn vote(&mut self, election: &Election, open: Value) {
        let voters = election.voters(6).await;
        election.post("/open", open).await.status(200);
        let candidates = election.candidates();
        voters[0].rate(json!({&candidates[0]: 5, &candidates[1]: 1})).await.status(200);
        self.receipts.push(voters[0].cast().await.status(200).text_of("receipt"));
        let ratings = json!({&candidates[0]: 3, candidates.last().expect("there are some"): 4});
        self.receipts.push(voters[1].cast_with(ratings).await.status(200).text_of("receipt"));
        voters[2].rate(json!({&candidates[1]: 2})).await.status(200);
        let again = election.post(&format!("/voters/{}/token", voters[4].id), json!({})).await.status(200);
        election.owner.delete(&election.path(&format!("/voters/{}", voters[5].id))).await.status(200);
        self.tokens.extend(voters.into_iter().map(|voter| voter.token));
        self.tokens.push(again.text_of("ballot_token"));
    }

    /// The answers to every GET of the host's own description: of every election, and of everybody who may send it; every
    /// page of every list. Which documents stand behind a route is not for this to know.
    pub async fn answers(&self, client: impl Fn(&str) -> Client) -> Answers {
        let administrators: Vec<_> =
            self.subjects.iter().map(|subject| ((*subject).to_owned(), client(subject))).collect();
        let anybody = administrators[0].1.without_token();
        let voters = self.tokens.iter().enumerate();
        let voters: Vec<_> = voters.map(|(n, token)| (format!("voter {n}"), anybody.with_token(token))).collect();
        let description = anybody.get("/openapi.json").await.status(200).json();
        let anybody = vec![("anybody".to_owned(), anybody)];
        let mut answers = Answers::new();
        for (path, operations) in description["paths"].as_object().expect("paths") {
            let Some(get) = operations.get("get") else { continue };
            // What became of mails is not in the events, and so in no backup.
            if ["/mailings", "/bounced"].iter().any(|part| path.contains(part)) {
                continue;
            }
            let askers = match &get["security"][0] {
                Value::Null => &anybody,
                needed if needed.get("administrator").is_some() => &administrators,
                needed if needed.get("ballot").is_some() => &voters,
                needed => panic!("who may ask: {needed}"),
            };
            let parameters = get["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
            let paged = parameters.iter().any(|parameter| parameter["name"] == "cursor");
            for path in self.paths(path) {
                for (who, asker) in askers {
                    Box::pin(ask(who, asker, &path, paged, &mut answers)).await;
                }
            }
        }
        answers
    }

    /// A path with every election and every receipt in the places that it leaves open.
    fn paths(&self, path: &str) -> Vec<String> {
        let ids: Vec<_> = self.elections.values().map(|election| election.id.clone()).collect();
        let mut paths = vec![path.trim_start_matches("/v1").to_owned()];
        let places = [
            ("{election}", &ids),
            ("{receipt}", &self.receipts),
            ("{photograph}", &self.photographs),
            ("{import}", &self.imports),
        ];
        for (place, values) in places {
            if path.contains(place) {
                paths = paths.iter().flat_map(|path| values.iter().map(|value| path.replace(place, value))).collect();
            }
        }
        assert!(paths.iter().all(|path| !path.contains('{')), "what is asked for in {path}?");
        paths
    }
}

/// Requests an import, and brings it to its end if there is a list.
async fn import(election: &Election, list: Option<&str>) -> String {
    let requested = election.post("/imports", json!({"name": "members.csv", "bytes": 1_000})).await.status(201);
    let id = requested.text_of("id");
    if let Some(list) = list {
        assert_eq!(election.owner.upload(&requested.json()["upload"], list.as_bytes()).await, 201);
        let path = format!("/imports/{id}");
        let comes_to = async |status| {
            until(status, async || election.get(&path).await.json()["status"] == status).await;
        };
        comes_to("ready").await;
        election.post(&format!("{path}/confirm"), json!({})).await.status(200);
        comes_to("done").await;
    }
    id
}

/// Are these the answers that there were before? What differs is said, not all there is.
pub fn assert_same(answers: &Answers, before: &Answers) {
    for (question, answer) in before {
        assert_eq!(answers.get(question), Some(answer), "{question}");
    }
    assert_eq!(answers.len(), before.len(), "there are others now");
}

/// Asks for a path, page by page if it has pages.
async fn ask(who: &str, asker: &Client, path: &str, paged: bool, answers: &mut Answers) {
    let mut query = if paged { format!("?{PAGE}") } else { String::new() };
    for page in 0.. {
        let answer = asker.request(Method::GET, &format!("{path}{query}")).persist().await;
        let mut body = serde_json::from_str(&answer.text).unwrap_or_else(|_no_json| json!(answer.text));
        // Each request has its own.
        if let Some(body) = body.as_object_mut() {
            body.remove("request_id");
        }
        let next = body["next_cursor"].as_str().map(|cursor| format!("?{PAGE}&cursor={cursor}"));
        let question = if page == 0 { format!("{who} {path}") } else { format!("page {page}, {who} {path}") };
        let answer = json!({"status": answer.status.as_u16(), "etag": answer.header("etag"), "body": body});
        assert!(answers.insert(question, answer).is_none(), "asked twice: {who} {path}");
        match next {
            Some(next) => query = next,
            None => return,
        }
    }
}
