//! Comparing the imports of an election with their lists. Finds imports that have stopped, uploads that S3 did not report or that never
//! come, and lists that no import needs.

use std::{collections::BTreeMap, time::Duration};

use photovote_domain::{Aggregate, ElectionId, Import, ImportId, Timestamp, import::Status};
use photovote_events::{LoadError, Part, Stream};
use photovote_keys::objects::{list_at, lists};

use crate::{Importer, Trouble, problem};

/// How long an upload is awaited after the import's last event. A form is good for ten minutes; clients can request another one.
const AWAITED: Duration = Duration::from_hours(24);
/// How long an administrator can think about a list that was read.
const CONSIDERED: Duration = Duration::from_hours(7 * 24);
/// How many commits are read at once.
const PAGE: u16 = 1_000;

/// An import, as it is found.
#[derive(Debug, Default)]
struct Found {
    import: Import,
    /// When it moved last.
    moved: Option<Timestamp>,
}

impl Importer {
    /// Compares all imports of an election with all lists below its id, and sends a message for each import that has work to do. Safe at
    /// any time.
    pub(crate) async fn look_after(&self, election: ElectionId) -> Result<(), Trouble> {
        let is_living = self.events.reader().is_living(election).await?;
        let now = self.events.environment().now();
        // Lists first: what is put later belongs to an import that is found later.
        let mut lying = Vec::new();
        let mut after = None;
        loop {
            let page = self.lists.list(&lists(election), after.as_deref()).await?;
            lying.extend(page.objects);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let mut asks = std::collections::BTreeSet::new();
        for object in lying {
            match list_at(&object.key) {
                // It is read, or deleted if nobody needs it.
                Some((_, import)) => drop(asks.insert(import)),
                None => self.lists.delete(&object.key).await?,
            }
        }
        for (id, found) in self.imports(election).await? {
            match found.import.status {
                Status::Requested if is_living && !asks.contains(&id) => {
                    if has_passed(AWAITED, found.moved, now) {
                        let detail = "The file did not arrive within a day. Upload it again.";
                        let known = self.load(election, id).await?;
                        self.refuse(known, problem("not_uploaded", detail)).await?;
                    }
                }
                Status::Ready if is_living && has_passed(CONSIDERED, found.moved, now) => {
                    let detail = "The import was not confirmed within a week. Upload the file again.";
                    let known = self.load(election, id).await?;
                    self.refuse(known, problem("not_confirmed", detail)).await?;
                    asks.remove(&id);
                }
                Status::Requested | Status::Reading | Status::Ready | Status::Importing | Status::Undoing => {
                    asks.insert(id);
                }
                Status::Absent | Status::Refused | Status::Done | Status::Undone => {}
            }
        }
        for import in asks {
            self.ask(election, import).await?;
        }
        Ok(())
    }

    /// All imports of an election, as their streams say.
    async fn imports(&self, election: ElectionId) -> Result<BTreeMap<ImportId, Found>, Trouble> {
        let mut imports: BTreeMap<ImportId, Found> = BTreeMap::new();
        let mut after = None;
        loop {
            let page = self.events.reader().sweep(Part::Imports(election), after.as_ref(), PAGE).await;
            let page = page.map_err(LoadError::from)?;
            if let Some(unreadable) = page.unreadable.into_iter().next() {
                return Err(LoadError::from(unreadable.error).into());
            }
            // A partition is read in the order of its streams and their versions.
            for commit in &page.commits {
                let Stream::Import(_, id) = commit.stream else { continue };
                let found = imports.entry(id).or_default();
                for event in commit.decode::<Import>()? {
                    found.import = std::mem::take(&mut found.import).evolve(&event);
                }
                found.moved = Some(commit.private_part()?.time);
            }
            after = page.next;
            if after.is_none() {
                return Ok(imports);
            }
        }
    }
}

/// Is a moment so long ago? One that nobody knows is not.
fn has_passed(patience: Duration, moment: Option<Timestamp>, now: Timestamp) -> bool {
    let patience = i64::try_from(patience.as_millis()).unwrap_or(i64::MAX);
    moment.is_some_and(|moment| now.millis().saturating_sub(moment.millis()) >= patience)
}
