//! Generations: documents that are built side by side, so that one can be served while the next is being built.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use photovote_domain::{ElectionId, Version};
use photovote_dynamodb::{Item, storage_error};
use photovote_keys::documents::{Generation, generations_key, old_generations_key};
use tokio::{sync::Mutex, time::Instant};

use crate::{failure::DocumentError, item::damaged};

/// For how long whoever reads or writes documents may go by generations that have changed since.
pub const FRESH: Duration = Duration::from_secs(5);

/// Which generations there are.
///
/// Two are kept side by side at most: the one that is served, and the one that is being built or was served before. An
/// election can be built again by itself: then it has further ones of its own ([`Own`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generations {
    /// The one that is read.
    pub serving: Generation,
    /// The ones that are written, the one that is read among them.
    pub active: Vec<Generation>,
    /// The elections that have generations of their own.
    pub own: BTreeMap<ElectionId, Own>,
    /// Those that nobody reads or writes any more, as long as items of theirs may be left.
    pub retired: Vec<Generation>,
}

/// The generations of an election that was built again by itself. They stand in for a generation of everything, and for
/// that one only: whatever is built after it knows of the election what there is to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// The generation that they stand in for. It is written, too, and keeps the election's entries in the administrators' lists.
    pub of: Generation,
    /// The one that is read instead.
    pub serving: Option<Generation>,
    /// The ones that are written.
    pub active: Vec<Generation>,
}

impl Default for Generations {
    /// The first one, before anything was ever rebuilt.
    fn default() -> Self {
        let first = Generation::first();
        Self { serving: first.clone(), active: vec![first], own: BTreeMap::new(), retired: Vec::new() }
    }
}

impl Generations {
    /// The generation that an election is read in.
    pub fn serving_of(&self, election: ElectionId) -> &Generation {
        let own = self.own.get(&election).filter(|own| own.of == self.serving);
        own.and_then(|own| own.serving.as_ref()).unwrap_or(&self.serving)
    }

    /// The generations that an election is written in.
    pub fn active_of(&self, election: ElectionId) -> Vec<Generation> {
        let own = self.own.get(&election).into_iter().flat_map(|own| &own.active);
        self.active.iter().chain(own).cloned().collect()
    }

    fn from_item(item: &Item) -> Result<Self, DocumentError> {
        let serving = item.get("serving").and_then(named).ok_or_else(|| damaged(item, "no generation is served"))?;
        let active = item.get("active").and_then(names).filter(|active| active.contains(&serving));
        let active = active.ok_or_else(|| damaged(item, "the served generation is not written"))?;
        let own = item.get("own").map_or_else(|| Some(BTreeMap::new()), own);
        let own = own.ok_or_else(|| damaged(item, "an election's own generations make no sense"))?;
        let retired = item.get("retired").map_or_else(|| Some(Vec::new()), names);
        let retired = retired.ok_or_else(|| damaged(item, "what is retired has no names"))?;
        Ok(Self { serving, active, own, retired })
    }
}

fn named(value: &AttributeValue) -> Option<Generation> {
    value.as_s().ok()?.parse().ok()
}

fn names(value: &AttributeValue) -> Option<Vec<Generation>> {
    value.as_l().ok()?.iter().map(named).collect()
}

fn own(value: &AttributeValue) -> Option<BTreeMap<ElectionId, Own>> {
    let entry = |(election, own): (&String, &AttributeValue)| {
        let own = own.as_m().ok()?;
        let serving = own.get("serving").map(|serving| named(serving).ok_or(())).transpose().ok()?;
        let own = Own { of: named(own.get("of")?)?, serving, active: names(own.get("active")?)? };
        let written = own.serving.as_ref().is_none_or(|serving| own.active.contains(serving));
        written.then_some((election.parse().ok()?, own))
    };
    value.as_m().ok()?.iter().map(entry).collect()
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
        let (generations, _revision) = self.read().await?;
        // Dated from before the question, so that no answer is ever older than it seems.
        *seen = Some((now, generations.clone()));
        Ok(generations)
    }

    /// The generations as they are now, and how often they have changed.
    pub(crate) async fn read(&self) -> Result<(Generations, Version), DocumentError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(generations_key())).consistent_read(true);
        let Some(item) = get.send().await.map_err(|error| storage_error(&error))?.item else {
            return Ok((Generations::default(), Version::NONE));
        };
        let revision = item.get("version").map(|revision| revision.as_n().ok()?.parse().ok().map(Version::new));
        let revision = revision.unwrap_or(Some(Version::NONE)).ok_or_else(|| damaged(&item, "it has no version"))?;
        Ok((Generations::from_item(&item)?, revision))
    }

    /// The generations that release 0.1.0 knew.
    pub(crate) async fn of_old(&self) -> Result<Vec<Generation>, DocumentError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(old_generations_key()));
        let item = get.send().await.map_err(|error| storage_error(&error))?.item;
        let old = item.map(|item| Generations::from_item(&item)).transpose()?.unwrap_or_default();
        let first = Generation::of_release_0_1_0();
        let own = old.own.into_values().flat_map(|own| own.active);
        let mut all: Vec<_> = std::iter::once(first).chain(old.active).chain(own).chain(old.retired).collect();
        all.retain(|generation| *generation != Generation::first());
        all.sort();
        all.dedup();
        Ok(all)
    }

    /// Forgets what was seen.
    pub(crate) async fn forget(&self) {
        *self.seen.lock().await = None;
    }
}
