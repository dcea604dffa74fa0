//! A line of a backup.

use std::{
    io::{self, Write},
    str::FromStr,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use photovote_domain::Digest;
use photovote_events::{Commit, KeyError, StoredEvent, Stream};
use serde::{Deserialize, Serialize};

/// A line: a commit, or how many there were.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Entry {
    Commit(Box<Line>),
    End { commits: u64 },
}

/// A commit: what is bytes in the table is in base64.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    pk: String,
    sk: String,
    events: Vec<Event>,
    command: String,
    private: String,
    /// Commits of release 0.1.0 have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    salt: String,
    prev: Digest,
    hash: Digest,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    t: String,
    v: u32,
    p: String,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// It is not what a line should be.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// Bytes are not in base64.
    #[error("{0}")]
    Base64(#[from] base64::DecodeError),
    /// The salt has not 32 bytes.
    #[error("a salt has 32 bytes")]
    Salt,
    /// It has no events.
    #[error("a commit has events")]
    NoEvents,
    /// No commit has these keys.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl FromStr for Entry {
    type Err = LineError;

    fn from_str(line: &str) -> Result<Self, LineError> {
        Ok(serde_json::from_str(line)?)
    }
}

impl Entry {
    pub(super) fn of(commit: &Commit) -> Self {
        let event = |event: &StoredEvent| Event {
            t: event.event_type.clone(),
            v: event.schema_version,
            p: BASE64_STANDARD.encode(&event.payload),
        };
        Self::Commit(Box::new(Line {
            pk: commit.stream.partition(),
            sk: commit.stream.sort_key(commit.first),
            events: commit.events.iter().map(event).collect(),
            command: commit.command.clone(),
            private: BASE64_STANDARD.encode(&commit.private),
            request: commit.request.as_ref().map(|request| BASE64_STANDARD.encode(request)),
            salt: BASE64_STANDARD.encode(commit.salt),
            prev: commit.prev,
            hash: commit.hash,
        }))
    }

    pub(super) const fn end(commits: u64) -> Self {
        Self::End { commits }
    }

    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }

    /// The commit; or, from the last line, how many there were.
    pub(super) fn into_commit(self) -> Result<Result<Commit, u64>, LineError> {
        let line = match self {
            Self::Commit(line) => *line,
            Self::End { commits } => return Ok(Err(commits)),
        };
        let event = |event: Event| {
            let payload = BASE64_STANDARD.decode(event.p)?;
            Ok::<_, LineError>(StoredEvent { event_type: event.t, schema_version: event.v, payload })
        };
        let (stream, first) = Stream::parse(&line.pk, &line.sk)?;
        let events = line.events.into_iter().map(event).collect::<Result<Vec<_>, _>>()?;
        if events.is_empty() {
            return Err(LineError::NoEvents);
        }
        Ok(Ok(Commit {
            stream,
            first,
            events,
            command: line.command,
            private: BASE64_STANDARD.decode(line.private)?,
            request: line.request.map(|request| BASE64_STANDARD.decode(request)).transpose()?,
            salt: BASE64_STANDARD.decode(line.salt)?.try_into().map_err(|_wrong_length| LineError::Salt)?,
            prev: line.prev,
            hash: line.hash,
        }))
    }
}
