//! Comparing the photographs of an election with its objects. Finds uploads that S3 did not report or that never come, lost renditions,
//! and objects that no event names.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use photovote_domain::{
    Aggregate, ElectionId, Photograph, PhotographId, Timestamp,
    photograph::{PhotographCommand, Problem, Status},
};
use photovote_events::{LoadError, Part, Partition, Stream};
use photovote_keys::objects::{originals, photograph_at, rendition_key, renditions, uploads};
use photovote_objects::{Listed, Objects};
use photovote_queues::PhotographMessage;

use crate::{Processor, Trouble, Upload};

/// How long an upload is awaited after the photograph's last event. A form is good for ten minutes; clients can request another one.
const AWAITED: Duration = Duration::from_hours(24);
/// How old an unnamed object is before it is deleted. A processor stores an object first and appends the event that names it later.
const SETTLED: Duration = Duration::from_hours(1);
/// How many commits are read at once.
const PAGE: u16 = 1_000;

/// A photograph, as it is found.
#[derive(Debug, Default)]
struct Found {
    photograph: Photograph,
    /// When it moved last.
    moved: Option<Timestamp>,
}

impl Processor {
    /// Compares all photographs of an election with all objects below its id, and sends a message for each photograph that needs
    /// work. Safe at any time. Deletes all objects of a deleted election.
    pub(crate) async fn look_after(&self, election: ElectionId) -> Result<(), Trouble> {
        if !self.events.reader().is_living(election).await? {
            for prefix in [uploads(election), originals(election)] {
                self.delete_all(&self.originals, &prefix).await?;
            }
            return self.delete_all(&self.renditions, &renditions(election)).await;
        }
        let now = self.events.environment().now();
        // Objects first: what is put later belongs to a photograph that is found later.
        let incoming = all(&self.originals, &uploads(election)).await?;
        let kept = all(&self.originals, &originals(election)).await?;
        let shown = all(&self.renditions, &renditions(election)).await?;
        let photographs = self.photographs(election).await?;
        let status = |prefix: &str, key: &str| {
            let found = photograph_at(prefix, key).and_then(|id| photographs.get(&id));
            found.map_or(Status::Absent, |found| found.photograph.status)
        };

        let mut asks = BTreeSet::new();
        for Listed { key, modified, .. } in &incoming {
            match (photograph_at(&uploads(election), key), status(&uploads(election), key)) {
                (Some(id), Status::Requested | Status::Processing) => drop(asks.insert(id)),
                _ if has_passed(SETTLED, *modified, now) => self.originals.delete(key).await?,
                _ => {}
            }
        }
        let came: BTreeSet<_> = asks.clone();
        for Listed { key, modified, .. } in &kept {
            let is_of_no_use =
                matches!(status(&originals(election), key), Status::Absent | Status::Refused | Status::Removed);
            if is_of_no_use && has_passed(SETTLED, *modified, now) {
                self.originals.delete(key).await?;
            }
        }
        let there: BTreeSet<_> = shown.iter().map(|object| object.key.as_str()).collect();
        let mut referred = BTreeSet::new();
        for (id, found) in &photographs {
            match found.photograph.status {
                Status::Requested | Status::Processing => {
                    if !came.contains(id) && has_passed(AWAITED, found.moved, now) {
                        self.give_up(election, *id).await?;
                    }
                }
                Status::Ready => {
                    let files = found.photograph.pixels.iter().flat_map(|pixels| &pixels.renditions);
                    let keys: Vec<_> = files.map(|file| rendition_key(election, *id, file)).collect();
                    if keys.iter().any(|key| !there.contains(key.as_str())) {
                        asks.insert(*id);
                    }
                    referred.extend(keys);
                }
                Status::Absent | Status::Refused | Status::Removed => {}
            }
        }
        for Listed { key, modified, .. } in &shown {
            // While a photograph is processed, its files are there before it is written down which they are.
            let is_processed = matches!(status(&renditions(election), key), Status::Requested | Status::Processing);
            if !referred.contains(key) && !is_processed && has_passed(SETTLED, *modified, now) {
                self.renditions.delete(key).await?;
            }
        }
        for photograph in asks {
            self.queue.send(&PhotographMessage { election, photograph: Some(photograph) }).await?;
        }
        Ok(())
    }

    /// Refuses a photograph whose upload never came.
    async fn give_up(&self, election: ElectionId, photograph: PhotographId) -> Result<(), Trouble> {
        let stream = Stream::Photograph(election, photograph);
        let history = self.events.reader().load::<Photograph>(stream).await?;
        let problem = Problem {
            code: "not_uploaded".to_owned(),
            detail: "The file did not arrive within a day. Upload it again.".to_owned(),
        };
        self.write_down(Upload { election, photograph, history }, PhotographCommand::Refuse(problem)).await.map(drop)
    }

    /// All photographs of an election, as their streams say.
    async fn photographs(&self, election: ElectionId) -> Result<BTreeMap<PhotographId, Found>, Trouble> {
        let mut photographs: BTreeMap<PhotographId, Found> = BTreeMap::new();
        let (part, mut after) = (Part::Partition(election, Partition::Photographs), None);
        loop {
            let page = self.events.reader().sweep(part, after.as_ref(), PAGE).await.map_err(LoadError::from)?;
            if let Some(unreadable) = page.unreadable.into_iter().next() {
                return Err(LoadError::from(unreadable.error).into());
            }
            // A partition is read in the order of its streams and their versions.
            for commit in &page.commits {
                let Stream::Photograph(_, id) = commit.stream else { continue };
                let found = photographs.entry(id).or_default();
                for event in commit.decode::<Photograph>()? {
                    found.photograph = std::mem::take(&mut found.photograph).evolve(&event);
                }
                found.moved = Some(commit.private_part()?.time);
            }
            after = page.next;
            if after.is_none() {
                return Ok(photographs);
            }
        }
    }
}

/// All objects whose keys begin with the prefix.
async fn all(objects: &Objects, prefix: &str) -> Result<Vec<Listed>, Trouble> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = objects.list(prefix, after.as_deref()).await?;
        found.extend(page.objects);
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// Is a moment so long ago? One that nobody knows is not.
fn has_passed(patience: Duration, moment: Option<Timestamp>, now: Timestamp) -> bool {
    let patience = i64::try_from(patience.as_millis()).unwrap_or(i64::MAX);
    moment.is_some_and(|moment| now.millis().saturating_sub(moment.millis()) >= patience)
}
