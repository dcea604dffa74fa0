//! What an older release wrote, read by this one: everything is answered as it was then.
//!
//! `releases/<version>` holds the events of some elections as that release exported them, and what it answered. A release is
//! added once, with `UPDATE_GOLDEN=1`, and stays for ever.

use std::{
    fs,
    path::{Path, PathBuf},
};

use photovote::data_dir::temporary;
use photovote::{
    host::consumer::Redelivery,
    operate::backup::{Place, Renditions, Target, export, import},
    operate::data_copy::Source,
};
use photovote_tests::{Answers, Everything, administrator, followed, serve, until};
use serde_json::{Map, Value, json};

/// What is about a release, and not about elections.
const OF_RELEASE: [&str; 2] = ["anybody /health", "anybody /openapi.json"];

fn releases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/releases")
}

/// Does an answer say what it said then? It may say more.
fn still_says(now: &Value, then: &Value) -> bool {
    match (now, then) {
        (Value::Object(now), Value::Object(then)) => {
            then.iter().all(|(name, then)| now.get(name).is_some_and(|now| still_says(now, then)))
        }
        (Value::Array(now), Value::Array(then)) => {
            now.len() == then.len() && now.iter().zip(then).all(|(now, then)| still_says(now, then))
        }
        // A table begins with a byte order mark since.
        (Value::String(now), Value::String(then)) => now.strip_prefix('\u{FEFF}').unwrap_or(now) == then,
        (now, then) => now == then,
    }
}

/// What an entry of an audit trail has to say now that said this then. What release 0.1.0 kept of a voter's command confirms
/// guesses of name and address, so it is withheld since; who and when stand beside it.
fn entry_since(then: &Value) -> Value {
    let mut entry = then.clone();
    let of_voter = then["kind"] == "commit" && then["stream"].as_str().unwrap().starts_with("voter#");
    if let (true, Some(data)) = (of_voter, then["private"]["data"].as_str()) {
        let data: Value = serde_json::from_str(data).unwrap();
        entry["private"] = json!({"digest": then["private"]["digest"]});
        entry["unproved"] = json!({"actor": data["actor"], "time": data["time"]});
    }
    entry
}

/// The elections that were open when these answers were given.
fn open(then: &Answers) -> Vec<&str> {
    let open = then.iter().filter(|(_, answer)| answer["body"]["status"] == "open");
    open.filter_map(|(question, _)| question.split_once(" /elections/")?.1.split('/').next()).collect()
}

/// What an answer has to say now that said this then. These elections were open.
fn since(question: &str, then: &Value, open: &[&str]) -> Value {
    let mut answer = then.clone();
    // Since then, ballots are counted after the close.
    if question.contains("/receipts/") && open.iter().any(|election| question.contains(election)) {
        return json!({"status": 404, "body": {"code": "receipt_not_found"}});
    }
    if question.split(['?', ' ']).any(|word| word.ends_with("/audit"))
        && let Some(entries) = answer.pointer_mut("/body/items").and_then(Value::as_array_mut)
    {
        for entry in entries {
            *entry = entry_since(entry);
        }
    }
    // Their tag tells their bytes now, and not the election's version.
    if question.starts_with("anybody /public/") && question.ends_with("/results") {
        answer.as_object_mut().unwrap().remove("etag");
    }
    // The version of a ballot is kept from answers now.
    if question.ends_with(" /ballot") && then["status"] == 200 {
        answer.as_object_mut().unwrap().remove("etag");
        answer["body"]["ballot"].as_object_mut().unwrap().remove("version");
    }
    answer
}

/// Holds elections, and keeps what this release makes of them.
async fn write(directory: &Path) {
    let home = temporary().unwrap();
    let server = serve(home.path(), Redelivery::default()).await;
    let on = |subject: &str| administrator(&server, subject);
    let all = Box::pin(Everything::hold(on)).await;
    followed(home.path()).await;
    let mut answers = all.answers(on).await;
    answers.retain(|question, _| !OF_RELEASE.contains(&question.as_str()));
    server.stop().await;
    fs::create_dir_all(directory).unwrap();
    export(&Place::Directory(Source::of(home.path())), &directory.join("events.jsonl")).await.unwrap();
    let mut lines: Vec<_> = vec![json!({"asked": all.asked()}).to_string()];
    lines.extend(answers.iter().map(|(question, answer)| json!({question: answer}).to_string()));
    fs::write(directory.join("answers.jsonl"), lines.join("\n") + "\n").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_release_wrote_is_answered_as_it_was() {
    let this = releases().join(env!("CARGO_PKG_VERSION"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() && !this.exists() {
        write(&this).await;
    }
    let (mut read, mut withheld_somewhere) = (0, false);
    for release in fs::read_dir(releases()).unwrap() {
        let release = release.unwrap().path();
        let text = fs::read_to_string(release.join("answers.jsonl")).unwrap();
        let mut lines = text.lines().map(|line| serde_json::from_str::<Map<String, Value>>(line).unwrap());
        let asked = lines.next().unwrap().remove("asked").unwrap();
        let then: Answers = lines.flatten().collect();
        assert!(then.len() > 100, "{}", then.len());

        let home = temporary().unwrap();
        let home = home.path();
        import(&Target::Directory(home.into()), &release.join("events.jsonl"), Renditions::Needed).await.unwrap();
        let server = serve(home, Redelivery::default()).await;
        followed(home).await;
        let on = |subject: &str| administrator(&server, subject);
        // Receipts are confirmed when everything is counted, which is after the documents have followed.
        let open = open(&then);
        let receipts = then.iter().filter(|(question, _)| question.contains("/receipts/"));
        let receipts: Vec<_> = receipts.map(|(question, then)| (question, since(question, then, &open))).collect();
        let confirmed = async || {
            let now = Everything::asked_again(&asked, on).answers(on).await;
            receipts
                .iter()
                .all(|(question, then)| now.get(*question).is_some_and(|now| now["status"] == then["status"]))
        };
        until("the receipts", confirmed).await;
        let now = Everything::asked_again(&asked, on).answers(on).await;
        for (question, then) in &then {
            let now = now.get(question).unwrap_or(&Value::Null);
            let since = &since(question, then, &open);
            assert!(still_says(now, since), "{}: {question}\nthen {since}\nnow {now}", release.display());
            if since != then && question.contains("/audit") {
                let entries = now.pointer("/body/items").and_then(Value::as_array).unwrap();
                let withheld = |entry: &Value| {
                    entry["stream"].as_str().unwrap().starts_with("election#") || entry["private"].get("data").is_none()
                };
                assert!(entries.iter().all(withheld), "{question}");
                withheld_somewhere = true;
            }
        }
        server.stop().await;
        // Commits come back as they were, whatever this release would write.
        let again = home.join("again.jsonl");
        export(&Place::Directory(Source::of(home)), &again).await.unwrap();
        assert_eq!(fs::read(again).unwrap(), fs::read(release.join("events.jsonl")).unwrap());
        read += 1;
    }
    assert!(read > 0, "no release was kept");
    assert!(withheld_somewhere, "no release kept a voter's commit in the first form");
}
