//! What the API document lists can occur: each refusal that a request alone brings about, at each operation that lists it.

use photovote_edge::OPENAPI;
use photovote_tests::{Answer, Client, Election, Host, Voter, codes};
use reqwest::Method;
use serde_json::Value;

/// No election has this id.
const NOTHING: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

struct Scene {
    election: Election,
    /// The id of one that awaits its upload.
    photograph: String,
    /// The id of an import that awaits its list.
    import: String,
    voter: Voter,
    observer: Client,
    anybody: Client,
}

/// What a request says wrong.
#[derive(Default)]
struct Wrong {
    caller: Option<Client>,
    /// What stands in the path instead of the first id, or of the last.
    first: Option<&'static str>,
    last: Option<&'static str>,
    query: &'static str,
    header: Option<(&'static str, &'static str)>,
    body: Option<(&'static str, String)>,
}

impl Scene {
    /// The request that brings about this refusal; `None` where it takes more than a request.
    fn wrong(&self, operation: &str, code: &str) -> Option<Wrong> {
        let json = |body: String| Some(("application/json", body));
        // Mail programs send whatever they like to end mails, and it is not read.
        let command = !operation.starts_with("GET") && !operation.contains("/unsubscribe/");
        let wrong = Wrong::default();
        Some(match code {
            "unauthorized" => Wrong { caller: Some(self.anybody.clone()), ..wrong },
            "role_insufficient" => Wrong { caller: Some(self.observer.clone()), ..wrong },
            "malformed_id" => Wrong { first: Some("x"), ..wrong },
            "route_not_found" => Wrong { last: Some("a%2Fb"), ..wrong },
            "election_not_found" if operation.contains("{election}") => Wrong { first: Some(NOTHING), ..wrong },
            "malformed_cursor" => Wrong { query: "?cursor=x", ..wrong },
            "malformed_parameter" if operation.ends_with("/results") && !operation.contains("public") => {
                Wrong { query: "?x=1", ..wrong }
            }
            "malformed_idempotency_key" => Wrong { header: Some(("idempotency-key", "a\tb")), ..wrong },
            "malformed_if_match" => Wrong { header: Some(("if-match", "17")), ..wrong },
            "version_mismatch" => Wrong { header: Some(("if-match", "\"999\"")), ..wrong },
            "unsupported_media_type" => Wrong { body: Some(("text/plain", "{}".into())), ..wrong },
            // Mail programs send whatever they like there.
            "malformed_body" if command && !operation.contains("unsubscribe") => {
                Wrong { body: json("[]".into()), ..wrong }
            }
            "body_too_large" if command => Wrong { body: json(" ".repeat(300_000)), ..wrong },
            _ => return None,
        })
    }

    async fn send(&self, operation: &str, document: &Value, wrong: Wrong) -> Answer {
        let (method, path) = operation.split_once(' ').unwrap();
        let described = &document["paths"][path][method.to_lowercase()];
        let mut ids = vec![
            ("{election}", self.election.id.clone()),
            ("{competition}", self.election.competitions[0].id.clone()),
            ("{candidate}", self.election.competitions[0].candidates[0].id.clone()),
            ("{photograph}", self.photograph.clone()),
            ("{import}", self.import.clone()),
            ("{voter}", self.voter.id.clone()),
            ("{subject}", "owner".into()),
            ("{receipt}", format!("1-{}", "0".repeat(64))),
            ("{mailing}", NOTHING.into()),
            ("{token}", "pvu_x".into()),
        ];
        ids.retain(|(name, _)| path.contains(name));
        // They stand here in the order in which they stand in paths.
        if let Some(text) = wrong.first {
            ids.first_mut().unwrap().1 = text.into();
        }
        if let Some(text) = wrong.last {
            ids.last_mut().unwrap().1 = text.into();
        }
        let path = ids.iter().fold(path.to_owned(), |path, (name, id)| path.replace(name, id));
        let path = format!("{}{}", path.strip_prefix("/v1").unwrap(), wrong.query);
        let caller = match described["security"][0].as_object().and_then(|needed| needed.keys().next()) {
            Some(ballot) if ballot == "ballot" => &self.voter.client,
            _ => &self.election.owner,
        };
        let caller = wrong.caller.as_ref().unwrap_or(caller);
        let mut request = caller.request(Method::from_bytes(method.as_bytes()).unwrap(), &path);
        if let Some((name, value)) = wrong.header {
            request = request.header(name, value);
        }
        let example = &described["requestBody"]["content"]["application/json"]["example"];
        match wrong.body {
            Some((kind, body)) => request.body(kind, body),
            None if example.is_null() => request,
            None => {
                // The example rates a candidate, and this election has another one.
                let candidate = &self.election.competitions[0].candidates[0].id;
                request.body("application/json", example.to_string().replace(NOTHING, candidate))
            }
        }
        .send()
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_request_gets_the_code_its_operation_lists() {
    let host = Host::start().await;
    if !host.is_local() {
        // Some of these refusals are the gateway's there.
        return host.stop().await;
    }
    let election = Election::draft(host.owner(), &[2]).await;
    let voter = election.voter("ada").await;
    let observer = host.other();
    election.appoint(&observer.subject(), "observer").await;
    let requested = election.post("/photographs", serde_json::json!({"name": "a.jpg", "bytes": 1})).await.status(201);
    let photograph = requested.text_of("id");
    let requested = election.post("/imports", serde_json::json!({"name": "a.csv", "bytes": 1})).await.status(201);
    let import = requested.text_of("id");
    let scene = Scene { election, photograph, import, voter, observer, anybody: host.anybody() };
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let mut tried = 0;
    for operation in codes::operations() {
        for (status, code) in &operation.listed {
            // A ballot's token is looked at before the rest of the request, an election's receipts and results after.
            let Some(wrong) = scene.wrong(&operation.name, code) else { continue };
            let answer = scene.send(&operation.name, &document, wrong).await;
            println!("{} {code}", operation.name);
            answer.refused(*status, code);
            tried += 1;
        }
    }
    assert!(tried > 200, "{tried}");
    host.stop().await;
}
