//! The mails in the outbox, for the administrator who started the server. A deployment has no such route.
//!
//! They hold voters' links. On one machine whoever reads the data directory has them anyway; no other answer holds one.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use axum::{
    Json, Router,
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
    routing::get,
};
use mail_parser::{Message, MessageParser};
use photovote_domain::Timestamp;
use photovote_edge::{Code, Problem};
use serde::{Deserialize, Serialize};

use super::route::authorize;
use crate::host::{issuer::Issuer, sign_in::ADMINISTRATOR};

/// How many mails an answer has, unless it is asked for more or fewer.
const USUAL: usize = 100;

/// A mail, as the page shows it.
#[derive(Debug, Serialize)]
struct Shown {
    /// The name of its file.
    name: String,
    /// Why it was sent: `invitation`, `reminder`, `results` or `test`.
    kind: String,
    /// The recipient's address.
    to: String,
    /// The name beside it.
    recipient: String,
    subject: String,
    /// When it was written, as RFC 3339 says it.
    date: Option<String>,
    text: String,
    /// The first link in it.
    link: Option<String>,
    /// Where a POST ends the mails to its recipient.
    unsubscribe: Option<String>,
}

/// Mails, the newest first.
#[derive(Debug, Serialize)]
struct Listed {
    mails: Vec<Shown>,
    /// How many are in the outbox.
    count: usize,
    /// Are there more of those that were asked for?
    more: bool,
}

/// Which mails are asked for.
#[derive(Debug, Deserialize)]
#[serde(default)]
struct Wish {
    /// At most so many.
    limit: usize,
    /// Those whose recipient (name or address) or subject has each of these words, in any case.
    search: String,
}

impl Default for Wish {
    fn default() -> Self {
        Self { limit: USUAL, search: String::new() }
    }
}

#[derive(Clone)]
struct Outbox {
    directory: PathBuf,
    issuer: Arc<Issuer>,
}

/// The route to the mails of a directory.
pub(super) fn routes(directory: PathBuf, issuer: Arc<Issuer>) -> Router {
    Router::new().route("/local/mails", get(list)).with_state(Outbox { directory, issuer })
}

async fn list(
    State(outbox): State<Outbox>,
    wish: Result<Query<Wish>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Json<Listed>, Problem> {
    let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
    let claims = authorize(&outbox.issuer, &headers, now)?;
    // To others there is nothing here.
    if claims.get("sub").map(String::as_str) != Some(ADMINISTRATOR) {
        return Err(Problem::no_route());
    }
    let Query(wish) = wish.map_err(|error| Problem::new(Code::MalformedParameter, error.body_text()))?;
    let read = tokio::task::spawn_blocking(move || read(&outbox.directory, &wish)).await;
    let mails = read.map_err(io::Error::other).and_then(|read| read).map_err(|error| {
        tracing::error!(%error, "the outbox cannot be read");
        Problem::internal()
    })?;
    Ok(Json(mails))
}

/// The latest mails of a directory. Blocks the thread.
fn read(directory: &Path, wish: &Wish) -> io::Result<Listed> {
    let mut files: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        // A mail that is being written has another ending, and may be gone by now.
        if path.extension().is_some_and(|extension| extension == "eml")
            && let Ok(written) = fs::metadata(&path).and_then(|about| about.modified())
        {
            files.push((written, path));
        }
    }
    files.sort_by(|one, other| other.cmp(one));
    let count = files.len();
    let words: Vec<_> = wish.search.split_whitespace().map(str::to_lowercase).collect();
    let is_wanted = |mail: &Shown| {
        let text = format!("{} {} {}", mail.recipient, mail.to, mail.subject).to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let all = files.iter().filter_map(|(_, path)| Some(shown(path.file_stem()?.to_str()?, &fs::read(path).ok()?)));
    let mut wanted = all.filter(is_wanted);
    let mails = wanted.by_ref().take(wish.limit).collect();
    Ok(Listed { mails, count, more: wanted.next().is_some() })
}

/// What the page shows of a file. One that is no mail is shown as its text.
fn shown(name: &str, bytes: &[u8]) -> Shown {
    let parsed = MessageParser::default().parse(bytes).unwrap_or_default();
    let text = parsed.body_text(0).map(|text| text.replace("\r\n", "\n")).unwrap_or_default();
    let link = text.lines().find(|line| line.starts_with("http://") || line.starts_with("https://"));
    Shown {
        name: name.to_owned(),
        kind: name.split('-').next().unwrap_or_default().to_owned(),
        recipient: parsed.to().and_then(|to| to.first()?.name()).unwrap_or_default().to_owned(),
        to: parsed.to().and_then(|to| to.first()?.address()).unwrap_or_default().to_owned(),
        subject: parsed.subject().unwrap_or_default().to_owned(),
        date: parsed.date().map(mail_parser::DateTime::to_rfc3339),
        link: link.map(str::to_owned),
        unsubscribe: unsubscribe(&parsed),
        text,
    }
}

fn unsubscribe(mail: &Message<'_>) -> Option<String> {
    let header = mail.header_raw("List-Unsubscribe")?;
    header.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(url, _)| url.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
    use super::*;

    const MAIL: &str = "From: <club@example.org>\r\nTo: \"Ada\" <ada@example.net>\r\nSubject: Your ballot\r\n\
        Date: Sat, 28 Nov 2026 20:00:00 +0000\r\nList-Unsubscribe: <http://127.0.0.1/v1/unsubscribe/x>\r\n\
        Content-Type: text/plain; charset=utf-8\r\n\r\nHello Ada,\r\n\r\nhttp://127.0.0.1/vote#pvb_x\r\n";

    #[test]
    fn a_mail_is_shown_with_its_link() {
        let shown = shown("invitation-01-1", MAIL.as_bytes());
        assert_eq!((shown.kind.as_str(), shown.to.as_str()), ("invitation", "ada@example.net"));
        assert_eq!(shown.subject, "Your ballot");
        assert_eq!(shown.date.as_deref(), Some("2026-11-28T20:00:00Z"));
        assert_eq!(shown.link.as_deref(), Some("http://127.0.0.1/vote#pvb_x"));
        assert_eq!(shown.unsubscribe.as_deref(), Some("http://127.0.0.1/v1/unsubscribe/x"));
    }

    #[test]
    fn only_whole_mails_are_listed() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("reminder-1.eml"), MAIL).unwrap();
        fs::write(home.path().join("half"), MAIL).unwrap();
        let listed = read(home.path(), &Wish::default()).unwrap();
        assert_eq!(names(&listed), ["reminder-1"]);
    }

    #[test]
    fn older_mails_are_found_by_recipient_and_subject() {
        let home = tempfile::tempdir().unwrap();
        for (number, to) in ["Ada", "bea", "cyd"].iter().enumerate() {
            let path = home.path().join(format!("invitation-{number}.eml"));
            fs::write(&path, MAIL.replace("ada@", &format!("{to}@"))).unwrap();
            let written = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number.try_into().unwrap());
            fs::File::options().append(true).open(&path).unwrap().set_modified(written).unwrap();
        }
        let asked = |limit, search: &str| read(home.path(), &Wish { limit, search: search.to_owned() }).unwrap();
        let first = asked(2, "");
        assert_eq!((names(&first), first.count, first.more), (vec!["invitation-2", "invitation-1"], 3, true));
        let all = asked(3, "");
        assert_eq!((all.mails.len(), all.more), (3, false));
        let found = asked(1, "ballot ADA@");
        assert_eq!((names(&found), found.count, found.more), (vec!["invitation-0"], 3, false));
        assert_eq!(names(&asked(9, "ada ballot")).len(), 3, "the name beside the address is Ada");
        assert_eq!(names(&asked(9, "ballot nobody")), [""; 0]);
    }

    fn names(mails: &Listed) -> Vec<&str> {
        mails.mails.iter().map(|mail| mail.name.as_str()).collect()
    }
}
