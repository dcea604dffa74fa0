//! `photovote import`: nothing is written before it is known that everything can be written.
//!
//! An election of the file has no gates while it is written, and is on the list of what is being imported. Both end at once,
//! when all commits stand. So an import can be killed at any moment and done again, and nothing uses half an election.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use aws_sdk_dynamodb::Client;
use futures::{TryStreamExt, stream};
use photovote_coordination_write::{Control, Fenced};
use photovote_domain::{Digest, ElectionId, Version};
use photovote_dynamodb::{Endpoint, client, config};
use photovote_events::{ChainError, Commit, Environment, EventReader, Stream, Unreadable, verify};
use photovote_events_append::EventStore;
use photovote_restoration::RestoreError;

use super::{Amount, BackupError, file::Backup, objects::Kept};
use crate::{
    data_dir::{DataDir, Location},
    host::engine::{CONTROL, Durability, EVENTS, Engine},
    host::streams::Partitions,
};

/// How many streams are written at once.
const AT_ONCE: usize = 16;

/// Into what a backup is imported.
#[derive(Debug, Clone)]
pub enum Target {
    /// A data directory.
    Directory(Location),
    /// These tables in DynamoDB, in the account that the environment leads to.
    Tables {
        /// The events table.
        events: String,
        /// The control table.
        control: String,
    },
}

/// Must each photograph have its files?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renditions {
    /// Otherwise nothing is imported into a data directory.
    Needed,
    /// They come later, or never.
    Optional,
}

/// Brings the elections of a file into a target: their commits, each where it stood, then their gates and guards. The objects beside
/// the file come before them, if the target is a data directory.
///
/// What the target holds of them has to be a part of the file, as an import leaves it that was stopped. Otherwise nothing is
/// written.
pub async fn import(to: &Target, file: &Path, renditions: Renditions) -> Result<Amount, BackupError> {
    let mut backup = Backup::check(file)?;
    match to {
        Target::Directory(data_dir) => {
            let kept = Kept::check(file, |election| backup.elections.contains_key(&election))?;
            let dir = DataDir::open(data_dir)?;
            if renditions == Renditions::Needed {
                kept.have(dir.path(), &backup.renditions)?;
            }
            let engine = Engine::start(&dir, Durability::PowerLoss).await?;
            let imported = async {
                compare(&EventReader::new(engine.client(), EVENTS), &backup).await?;
                kept.bring(dir.path())?;
                bring(engine.client(), EVENTS, CONTROL, &backup).await
            };
            let imported = imported.await;
            engine.stop().await;
            imported?;
            backup.amount.objects = kept.count();
        }
        Target::Tables { events, control } => {
            bring(client(&config(&Endpoint::Environment), None), events, control, &backup).await?;
        }
    }
    Ok(backup.amount)
}

/// Imports into these tables.
async fn bring(client: Client, events: &str, control: &str, backup: &Backup) -> Result<(), BackupError> {
    let store = EventStore::new(client.clone(), events, Environment::system());
    let control = Control::new(client, control);
    if compare(store.reader(), backup).await? != Lacks::Nothing || !have_gates(&control, backup).await? {
        fill(&store, &control, backup).await?;
    }
    let list = async || photovote_restoration::elections(store.reader()).await.map_err(RestoreError::from);
    let counted = photovote_restoration::restore_creations(store.reader(), &control, list).await;
    counted.map(drop).map_err(|error| BackupError::Creations { error: Box::new(error) })
}

/// Writes what the tables lack of a backup.
async fn fill(store: &EventStore, control: &Control, backup: &Backup) -> Result<(), BackupError> {
    let mut fenced = BTreeMap::new();
    for (&election, &shards) in &backup.elections {
        fenced.insert(election, control.begin_import(election, shards).await?);
    }
    if fenced.values().any(Fenced::had_gates)
        && let Err(error) = compare(store.reader(), backup).await
    {
        // An election went on before its gates were taken away. It gets them back.
        fenced.retain(|_, fenced| fenced.had_gates());
        finish(store.reader(), control, fenced).await?;
        return Err(error);
    }
    let streams = stream::iter(backup.streams()?);
    streams.map_ok(|commits| write(store, commits)).try_buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    finish(store.reader(), control, fenced).await
}

/// Is every election there with all its gates, and none of them on the list of what is being imported?
async fn have_gates(control: &Control, backup: &Backup) -> Result<bool, BackupError> {
    for (&election, &shards) in &backup.elections {
        if control.reader().standing(election, shards).await?.len() < shards.shards().count() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes a stream in its order, up to the first commit whose place is taken.
async fn write(store: &EventStore, commits: Vec<Commit>) -> Result<(), BackupError> {
    for commit in commits {
        if !store.restore(&commit).await? {
            return Err(BackupError::Taken { stream: Box::new(commit.stream), version: commit.first });
        }
    }
    Ok(())
}

async fn finish(
    events: &EventReader,
    control: &Control,
    fenced: BTreeMap<ElectionId, Fenced>,
) -> Result<(), BackupError> {
    for (election, fenced) in fenced {
        let restored = photovote_restoration::restore_fenced(events, control, election, fenced).await;
        restored.map_err(|error: RestoreError| BackupError::Gates { election, error: Box::new(error) })?;
    }
    Ok(())
}

/// What a target lacks of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lacks {
    Nothing,
    Something,
}

/// Compares what a target holds of the file's elections with the file.
///
/// # Errors
/// The target holds something else, or more.
async fn compare(events: &EventReader, backup: &Backup) -> Result<Lacks, BackupError> {
    let mut standing = standing(events, backup).await?;
    if standing.is_empty() {
        return Ok(Lacks::Something);
    }
    let mut lacks = Lacks::Nothing;
    for commits in backup.streams()? {
        let commits = commits?;
        let Some(stream) = commits.first().map(|first| first.stream) else { continue };
        let places = standing.remove(&stream).unwrap_or_default();
        if places.len() < commits.len() {
            lacks = Lacks::Something;
        }
        for (version, hash) in places {
            let stream = Box::new(stream);
            match commits.binary_search_by_key(&version, |commit| commit.first) {
                Ok(place) if commits[place].hash == hash => {}
                Err(end) if end == commits.len() => return Err(BackupError::Ahead { stream, version }),
                _ => return Err(BackupError::Diverged { stream, version }),
            }
        }
    }
    match standing.into_iter().next() {
        None => Ok(lacks),
        Some((stream, places)) => {
            let version = places.first().map_or(Version::NONE, |(version, _)| *version);
            Err(BackupError::Ahead { stream: Box::new(stream), version })
        }
    }
}

/// The commits that a target holds of the file's elections, by their streams: their first versions and hashes.
async fn standing(
    events: &EventReader,
    backup: &Backup,
) -> Result<HashMap<Stream, Vec<(Version, Digest)>>, BackupError> {
    let mut partitions = Partitions::of(events).await?;
    partitions.retain(|election| backup.elections.contains_key(&election));
    let mut standing: HashMap<Stream, Vec<_>> = HashMap::new();
    let take = |commits: &[Commit]| {
        // A place that is free is filled by the import. A commit that was changed stays what it is.
        if let Err(error @ ChainError::Content(_)) = verify(commits) {
            return Err(BackupError::Chain { stream: commits[0].stream, error });
        }
        for commit in commits {
            standing.entry(commit.stream).or_default().push((commit.first, commit.hash));
        }
        Ok(())
    };
    let unreadable = partitions.streams(events, take).await?;
    let ours = |item: &Unreadable| {
        let election = item.pk.split('#').next().unwrap_or_default();
        election.parse().is_ok_and(|election: ElectionId| backup.elections.contains_key(&election))
    };
    match partitions.unreadable.into_iter().chain(unreadable).find(ours) {
        Some(damaged) => Err(damaged.error.into()),
        None => Ok(standing),
    }
}

#[cfg(test)]
mod tests;
