//! Generations: documents that are built side by side, so that one can be served while the next is being built.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use photovote_dynamodb::{Item, storage_error};
use thiserror::Error;
use tokio::{sync::Mutex, time::Instant};

use crate::{failure::DocumentError, item::damaged, key::generations_key};

/// For how long an answer may be out of date.
const FRESH: Duration = Duration::from_secs(5);

/// Why a text does not name a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a generation is named by 1 to 32 letters, digits and hyphens")]
pub struct GenerationError;

/// One set of documents; its name begins the keys of all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(Arc<str>);

impl Generation {
    /// The one that the tables are born with.
    fn first() -> Self {
        Self(Arc::from("1"))
    }
}

impl FromStr for Generation {
    type Err = GenerationError;

    fn from_str(text: &str) -> Result<Self, GenerationError> {
        let named = (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if named { Ok(Self(Arc::from(text))) } else { Err(GenerationError) }
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which generations there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generations {
    /// The one that is read.
    pub serving: Generation,
    /// The ones that are written, the one that is read among them.
    pub active: Vec<Generation>,
}

impl Default for Generations {
    /// The first one, before anything was ever rebuilt.
    fn default() -> Self {
        Self { serving: Generation::first(), active: vec![Generation::first()] }
    }
}

impl Generations {
    fn from_item(item: &Item) -> Result<Self, DocumentError> {
        let named = |value: &AttributeValue| value.as_s().ok().and_then(|name| name.parse().ok());
        let serving = item.get("serving").and_then(named).ok_or_else(|| damaged(item, "no generation is served"))?;
        let active = item.get("active").and_then(|value| value.as_l().ok());
        let active: Option<Vec<_>> = active.and_then(|names| names.iter().map(named).collect());
        let active = active.filter(|active| active.contains(&serving));
        Ok(Self { serving, active: active.ok_or_else(|| damaged(item, "the served generation is not written"))? })
    }
}

/// The pointer to the generations, remembered for a moment. Clones share their memory.
#[derive(Debug, Clone)]
pub(crate) struct Pointer {
    client: Client,
    table: String,
    seen: Arc<Mutex<Option<(Instant, Generations)>>>,
}

impl Pointer {
    pub(crate) fn new(client: Client, table: String) -> Self {
        Self { client, table, seen: Arc::default() }
    }

    /// The generations, as they were at most [`FRESH`] ago.
    pub(crate) async fn get(&self) -> Result<Generations, DocumentError> {
        // Whoever asks meanwhile waits for the same answer.
        let mut seen = self.seen.lock().await;
        let now = Instant::now();
        if let Some((then, generations)) = &*seen
            && now.duration_since(*then) < FRESH
        {
            return Ok(generations.clone());
        }
        let get = self.client.get_item().table_name(&self.table).set_key(Some(generations_key())).consistent_read(true);
        let answer = get.send().await.map_err(|error| storage_error(&error))?;
        let generations = answer.item.as_ref().map_or_else(|| Ok(Generations::default()), Generations::from_item)?;
        // Dated from before the question, so that no answer is ever older than it seems.
        *seen = Some((now, generations.clone()));
        Ok(generations)
    }
}
