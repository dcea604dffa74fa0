//! The events as a file, and back: `photovote export` and `photovote import`.
//!
//! A line is a commit, as JSON, with every byte that its hash covers; the last line says how many there are. Documents are
//! not part of it, since they are made of the events.

mod line;

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use aws_sdk_dynamodb::Client;
use futures::{StreamExt, TryStreamExt, stream};
use photovote_dynamodb::{Endpoint, StorageError, client, config};
use photovote_event_store::{
    AppendError, ChainError, Commit, CommitError, Environment, EventReader, EventStore, Stream, verify,
};

use self::line::{Entry, LineError};
use crate::{
    data_copy::{CopyError, DataCopy, Source},
    data_dir::{DataDir, DataDirError},
    engine::{Durability, EVENTS, Engine, EngineError},
    leftovers::Leftover,
    streams::Partitions,
};

/// How many commits are written at once.
const AT_ONCE: usize = 16;

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The data cannot be looked at.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The events table has no answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// An item of the events table is no commit.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// A chain of hashes is broken.
    #[error("the stream {stream} is not what it was: {error}")]
    Chain {
        /// The stream.
        stream: Stream,
        /// Where.
        error: ChainError,
    },
    /// The file cannot be used.
    #[error("{} cannot be used: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line is not one of a backup.
    #[error("line {number} of {} is damaged: {error}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Its number, from 1.
        number: u64,
        /// What is wrong.
        error: LineError,
    },
    /// The last line is missing, or says something else.
    #[error("{} is not whole: it holds {found} commits, and its last line should say so", path.display())]
    NotWhole {
        /// The file.
        path: PathBuf,
        /// How many there are.
        found: u64,
    },
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The data cannot be written.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A commit cannot be written.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// Another commit stands in a commit's place.
    #[error("at version {} of {} of election {} stands another commit: import into what is empty", _0.first, _0.stream, _0.stream.election())]
    Taken(Box<Commit>),
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amount {
    /// Commits.
    pub commits: u64,
    /// The streams that they belong to.
    pub streams: u64,
}

/// Where events are.
#[derive(Debug, Clone)]
pub enum Place {
    /// In a data directory.
    Directory(Source),
    /// In the table of this name in DynamoDB, in the account that the environment leads to.
    Table(String),
}

/// Writes all events of a place into a new file that only its owner can read, once each chain is known to be whole.
pub async fn export(from: &Place, file: &Path) -> Result<Amount, BackupError> {
    match from {
        Place::Directory(source) => {
            let copy = DataCopy::take(source).await?;
            let exported = write(copy.client(), EVENTS, file, Some(&source.data_dir)).await;
            copy.end().await;
            exported
        }
        Place::Table(table) => write(client(&config(&Endpoint::Environment), None), table, file, None).await,
    }
}

async fn write(client: Client, table: &str, path: &Path, data_dir: Option<&Path>) -> Result<Amount, BackupError> {
    let failed = |source| BackupError::File { path: path.to_owned(), source };
    let events = EventReader::new(client, table);
    let partitions = Partitions::of(&events).await?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    // It appears under its name only once it is whole, and takes no other file's place.
    let mut file = Leftover::file(folder).map_err(failed)?;
    let _left = data_dir.map(|data_dir| Leftover::announce(data_dir, file.path().to_owned()));
    let mut amount = Amount::default();
    let mut out = BufWriter::new(&mut file);
    let unreadable = partitions
        .streams(&events, |commits| {
            check(commits)?;
            amount.streams += 1;
            amount.commits += commits.len() as u64;
            commits.iter().try_for_each(|commit| Entry::of(commit).write(&mut out)).map_err(failed)
        })
        .await?;
    if let Some(no_commit) = partitions.unreadable.into_iter().chain(unreadable).next() {
        return Err(no_commit.error.into());
    }
    Entry::end(amount.commits).write(&mut out).map_err(failed)?;
    out.flush().map_err(failed)?;
    drop(out);
    file.as_file().sync_all().map_err(failed)?;
    file.persist_noclobber(path).map_err(|error| failed(error.error))?;
    Ok(amount)
}

/// Puts the commits of a file into a place, each where it stood. Nothing is written unless the whole file is sound. What is
/// there already stays, so that an import that was stopped can be done again.
pub async fn import(to: &Place, file: &Path) -> Result<Amount, BackupError> {
    let mut amount = Amount::default();
    for commits in Streams::of(file)? {
        let commits = commits?;
        amount.streams += 1;
        amount.commits += commits.len() as u64;
    }
    match to {
        Place::Directory(source) => {
            let engine = Engine::start(&DataDir::open(&source.data_dir)?, Durability::PowerLoss).await?;
            let restored = restore(engine.client(), EVENTS, file).await;
            engine.stop().await;
            restored?;
        }
        Place::Table(table) => restore(client(&config(&Endpoint::Environment), None), table, file).await?,
    }
    Ok(amount)
}

async fn restore(client: Client, table: &str, file: &Path) -> Result<(), BackupError> {
    let store = &EventStore::new(client, table, Environment::system());
    let commits = stream::iter(Streams::of(file)?).map_ok(|commits| stream::iter(commits).map(Ok)).try_flatten();
    let put = |commit: Commit| async move {
        if store.restore(&commit).await? { Ok(()) } else { Err(BackupError::Taken(Box::new(commit))) }
    };
    commits.map_ok(put).try_buffer_unordered(AT_ONCE).try_collect().await
}

fn check(commits: &[Commit]) -> Result<(), BackupError> {
    let broken = |error| commits.first().map(|first| BackupError::Chain { stream: first.stream, error });
    verify(commits).map_err(broken).or_else(|error| error.map_or(Ok(()), Err))
}

/// The streams of a file, one after the other, each checked.
struct Streams {
    path: PathBuf,
    lines: io::Lines<BufReader<File>>,
    number: u64,
    commits: u64,
    /// The first commit of the stream that comes next.
    next: Option<Commit>,
    ended: bool,
}

impl Streams {
    fn of(path: &Path) -> Result<Self, BackupError> {
        let file = File::open(path).map_err(|source| BackupError::File { path: path.to_owned(), source })?;
        let lines = BufReader::new(file).lines();
        Ok(Self { path: path.to_owned(), lines, number: 0, commits: 0, next: None, ended: false })
    }

    /// The next commit; nothing after the last line, which must be the last.
    fn commit(&mut self) -> Result<Option<Commit>, BackupError> {
        if let Some(commit) = self.next.take() {
            return Ok(Some(commit));
        }
        let not_whole = |path: &Path, found| BackupError::NotWhole { path: path.to_owned(), found };
        loop {
            let Some(line) = self.lines.next() else {
                return if self.ended { Ok(None) } else { Err(not_whole(&self.path, self.commits)) };
            };
            let line = line.map_err(|source| BackupError::File { path: self.path.clone(), source })?;
            self.number += 1;
            if self.ended {
                return Err(not_whole(&self.path, self.commits));
            }
            let damaged = |error| BackupError::Line { path: self.path.clone(), number: self.number, error };
            match line.parse::<Entry>().and_then(Entry::into_commit).map_err(damaged)? {
                Ok(commit) => {
                    self.commits += 1;
                    return Ok(Some(commit));
                }
                Err(said) if said == self.commits => self.ended = true,
                Err(_other) => return Err(not_whole(&self.path, self.commits)),
            }
        }
    }

    fn stream(&mut self) -> Result<Option<Vec<Commit>>, BackupError> {
        let Some(first) = self.commit()? else { return Ok(None) };
        let mut commits = vec![first];
        while let Some(commit) = self.commit()? {
            if commit.stream != commits[0].stream {
                self.next = Some(commit);
                break;
            }
            commits.push(commit);
        }
        check(&commits)?;
        Ok(Some(commits))
    }
}

impl Iterator for Streams {
    type Item = Result<Vec<Commit>, BackupError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.stream().transpose()
    }
}
