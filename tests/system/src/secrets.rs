//! Secrets that the suite was handed out, and what it sent that no log may hold.
//!
//! A ballot token is shown once, in the answer that makes it. From then on no answer to anybody, no log and no table may
//! hold it, nor its secret part. What is remembered here is remembered for the whole process, across all its tests.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::{
        LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use photovote_test_support::Needles;
use serde_json::Value;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::answer::Answer;

/// Names the file to which the secrets are added, one in a line: whoever started the suite looks for them where it cannot.
const FILE: &str = "PHOTOVOTE_SECRETS";

/// Idempotency keys that are shorter may stand in a log by chance.
const SHORTEST_KEY: usize = 8;

/// The beginnings of our crates' names.
const OURS: [&str; 10] = [
    "photovote",
    "election_commands",
    "ballot_commands",
    "election_queries",
    "ballot_queries",
    "audit_queries",
    "public_queries",
    "projector",
    "repair",
    "clock",
];

static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static HOSTS: AtomicUsize = AtomicUsize::new(0);

#[derive(Default)]
struct Known {
    /// The secret parts of ballot tokens, as text and as bytes.
    secrets: Needles,
    /// What no log may hold: addresses, idempotency keys, ratings.
    unlogged: Needles,
}

/// Remembers what a request sends that no log may hold.
pub(crate) fn sends(body: &Value) {
    let mut known = known();
    if let Some(email) = body["email"].as_str().filter(|email| email.contains('@') && email.len() > 5) {
        known.unlogged.add(email.as_bytes());
    }
    for (candidate, grade) in body["ratings"].as_object().into_iter().flatten() {
        for quote in ["\"", "\\\""] {
            // A grade of one digit stands for all that begin with it, and that is right: they are ratings, too.
            known.unlogged.add(format!("{candidate}{quote}:{grade}").as_bytes());
        }
    }
}

/// Remembers an idempotency key that a request sends.
pub(crate) fn sends_key(key: &str) {
    if key.len() >= SHORTEST_KEY {
        known().unlogged.add(key.as_bytes());
    }
}

/// Remembers the ballot token that an answer shows, if it does, and sees to it that there is no other in it.
pub(crate) fn check_answer(answer: &Answer) {
    let mut known = known();
    let headers: Vec<u8> = answer.headers.iter().flat_map(|(_, value)| [value.as_bytes(), b"\n"].concat()).collect();
    assert_eq!(known.secrets.find(&headers), None, "a secret in the headers of the answer to {}", answer.request);
    assert_eq!(known.secrets.find(answer.text.as_bytes()), None, "an old secret in the answer to {}", answer.request);

    let shown = serde_json::from_str::<Value>(&answer.text)
        .ok()
        .and_then(|body| Some(body["ballot_token"].as_str()?.to_owned()));
    let mut rest = answer.text.clone();
    if let Some(token) = shown {
        let secret = secret_of(&token).unwrap_or_else(|| panic!("{} answered with a strange token", answer.request));
        assert!(known.secrets.add(secret.as_bytes()), "{} showed a token twice", answer.request);
        known.secrets.add(&bytes_of(secret));
        keep(secret);
        rest = rest.replacen(&token, "", 1);
    }
    assert_eq!(known.secrets.find(rest.as_bytes()), None, "a token twice in the answer to {}", answer.request);
    let mut words = rest.split(|c: char| c != '_' && !c.is_ascii_alphanumeric());
    assert_eq!(words.find_map(secret_of), None, "a token where none belongs, in the answer to {}", answer.request);
}

/// Remembers a ballot token that a mail holds. No answer, log or table may hold it.
pub(crate) fn mailed(token: &str) {
    let secret = secret_of(token).expect("a mail holds a ballot token");
    let mut known = known();
    if known.secrets.add(secret.as_bytes()) {
        known.secrets.add(&bytes_of(secret));
        keep(secret);
    }
}

/// The part of a ballot token that is secret.
fn secret_of(token: &str) -> Option<&str> {
    let (_, secret) = token.strip_prefix("pvb_")?.rsplit_once('_')?;
    // The API document has an example, whose secret is all zeros.
    let hex = secret.bytes().all(|digit| digit.is_ascii_hexdigit()) && secret.bytes().any(|digit| digit != b'0');
    (secret.len() == 64 && hex).then_some(secret)
}

fn bytes_of(secret: &str) -> Vec<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = secret.as_bytes().chunks(2).filter_map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?));
    pairs.collect()
}

fn keep(secret: &str) {
    if let Some(path) = std::env::var_os(FILE) {
        let mut file = OpenOptions::new().create(true).append(true).open(path).expect("the file of secrets");
        writeln!(file, "{secret}").expect("a line in the file of secrets");
    }
}

/// Looks for secrets in all files of a host's data directory.
pub(crate) fn check_files(directory: &Path) {
    let known = known();
    for file in fs::read_dir(directory).expect("the data directory") {
        let path = file.expect("an entry of the data directory").path();
        // A file of the database may go while it is listed.
        let Ok(bytes) = fs::read(&path) else { continue };
        assert_eq!(known.secrets.find(&bytes), None, "a secret in {}", path.display());
    }
}

/// A host of this process runs, and what is logged is kept: all of ours, and of the libraries what they have for debugging.
pub(crate) fn log_begins() {
    HOSTS.fetch_add(1, Ordering::SeqCst);
    let filter = OURS.iter().fold("debug".to_owned(), |filter, ours| format!("{filter},{ours}=trace"));
    // Only the first one can be the subscriber of the process.
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_ansi(false)
        .with_writer(Kept)
        .try_init()
        .ok();
}

/// A host of this process has stopped. With the last one, all that was logged is looked through.
pub(crate) fn log_ends() {
    if HOSTS.fetch_sub(1, Ordering::SeqCst) > 1 {
        // The others' secrets may be in the log already, and not known yet.
        return;
    }
    let log = std::mem::take(&mut *LOG.lock().unwrap_or_else(PoisonError::into_inner));
    assert!(log.windows(8).any(|word| word == b"answered"), "what is not logged cannot be checked");
    let known = known();
    for (what, needles) in [("a secret", &known.secrets), ("something private", &known.unlogged)] {
        if let Some(at) = needles.find(&log) {
            let line = log[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            let line: String = String::from_utf8_lossy(&log[line..]).lines().take(1).collect();
            panic!("{what} in the log: {}", line.chars().take(2_000).collect::<String>());
        }
    }
}

fn known() -> MutexGuard<'static, Known> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What takes the log.
struct Kept;

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Kept {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_of_a_token_is_its_last_part() {
        let secret = "0f".repeat(32);
        assert_eq!(secret_of(&format!("pvb_E_B_{secret}")), Some(secret.as_str()));
        assert_eq!(bytes_of(&secret), [15; 32]);
        assert_eq!(secret_of("pvb_E_B_x"), None);
    }
}
