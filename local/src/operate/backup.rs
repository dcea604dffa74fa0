//! The events as a file, the objects as a directory beside it, and back: `photovote export` and `photovote import`.
//!
//! A line is a commit, as JSON, with every byte that its hash covers; the last line says how many there are. Documents are
//! not part of it, since they are made of the events.

mod file;
mod import;
mod line;
mod objects;

use std::{
    collections::HashSet,
    fmt,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use aws_sdk_dynamodb::Client;
use photovote_coordination::ControlError;
use photovote_domain::{ElectionId, Version};
use photovote_dynamodb::{Endpoint, StorageError, client, config};
use photovote_events::{ChainError, CommitError, DecodeError, EventReader, Stream};
use photovote_events_append::AppendError;
use photovote_restoration::RestoreError;

use self::{
    file::check,
    line::{Entry, LineError},
};
use crate::{
    data_dir::DataDirError,
    host::engine::{EVENTS, EngineError},
    host::objects::ObjectsError,
    host::streams::Partitions,
    operate::data_copy::{CopyError, DataCopy, Source},
    operate::leftovers::Leftover,
};

pub use import::{Renditions, Target, import};

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
    /// An object cannot be read, or is damaged.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// A file beside the backup is no object of one of its elections.
    #[error("{} is not a file that `export` wrote beside this backup", path.display())]
    Object {
        /// The file.
        path: PathBuf,
    },
    /// A photograph would have no picture.
    #[error(
        "nothing was imported: {key} is missing, which shows a photograph. Put the directory that `export` wrote beside the file, or \
         import with --without-photographs and bring the photographs later"
    )]
    NoRendition {
        /// The key of the rendition.
        key: String,
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
    /// A stream of the file is in two places of it.
    #[error("{} holds {} of election {} twice, the second time before line {number}: it is not a file that `export` wrote", path.display(), stream, stream.election())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The stream.
        stream: Box<Stream>,
        /// The line after the second one.
        number: u64,
    },
    /// Voters or ballots are not where their election has them, or their election is not in the file.
    #[error("{} holds {} at a place that is not one of election {}: it is not a file that `export` wrote", path.display(), stream, stream.election())]
    Misplaced {
        /// The file.
        path: PathBuf,
        /// The stream.
        stream: Box<Stream>,
    },
    /// An event is of a newer release, or of none.
    #[error("{stream} of election {} cannot be read by this release: {error}", stream.election())]
    Decode {
        /// The stream.
        stream: Box<Stream>,
        /// What cannot be read.
        error: DecodeError,
    },
    /// The file is not what it was when it was checked.
    #[error("{} has changed while it was imported: nothing else of it is written. Import it again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The target holds another commit at a place of the file.
    #[error(
        "nothing was imported: the target holds another commit than the file at version {version} of {stream} of election \
         {}. Import into an empty target",
        stream.election()
    )]
    Diverged {
        /// The stream.
        stream: Box<Stream>,
        /// The first version of the commit.
        version: Version,
    },
    /// The target holds more of an election than the file.
    #[error(
        "nothing was imported: the target holds version {version} of {stream} of election {}, and the file does not. Import \
         into an empty target",
        stream.election()
    )]
    Ahead {
        /// The stream.
        stream: Box<Stream>,
        /// The first version of the commit that the file does not hold.
        version: Version,
    },
    /// Another program writes into the target.
    #[error(
        "another program wrote version {version} of {stream} of election {} during the import, which stopped. Stop that \
         program",
        stream.election()
    )]
    Taken {
        /// The stream.
        stream: Box<Stream>,
        /// The first version of the commit.
        version: Version,
    },
    /// The control table has no answer.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// All commits are written, but gates and guards are not.
    #[error(
        "the events are imported, but not the gates and guards of election {election}: {error}. Import the file again"
    )]
    Gates {
        /// The election.
        election: ElectionId,
        /// Why.
        error: Box<RestoreError>,
    },
    /// All elections are there, but not counted.
    #[error("the elections are imported, but not counted for their creators: {error}. Import the file again")]
    Creations {
        /// Why.
        error: Box<RestoreError>,
    },
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amount {
    /// Objects beside the file.
    pub objects: u64,
    /// Commits.
    pub commits: u64,
    /// The streams that they belong to.
    pub streams: u64,
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { objects, commits, streams } = self;
        write!(f, "{commits} commits of {streams} streams")?;
        if *objects == 0 { Ok(()) } else { write!(f, " and {objects} files of photographs") }
    }
}

/// Where events are.
#[derive(Debug, Clone)]
pub enum Place {
    /// In a data directory.
    Directory(Source),
    /// In the table of this name in DynamoDB, in the account that the environment leads to.
    Table(String),
}

/// Writes all events of a place into a new file that only its owner can read, once each chain is known to be whole. The objects of a
/// data directory are copied beside it.
pub async fn export(from: &Place, file: &Path) -> Result<Amount, BackupError> {
    match from {
        Place::Directory(source) => {
            objects::is_free(file)?;
            let copy = DataCopy::take(source).await?;
            let exported = write(copy.client(), EVENTS, file, Some(source.data_dir.path())).await;
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
    let name = Leftover::name(folder).map_err(failed)?;
    let _left = data_dir.map(|data_dir| Leftover::announce(data_dir, name.clone()));
    let mut file = Leftover::file(name).map_err(failed)?;
    let mut amount = Amount::default();
    let mut elections = HashSet::new();
    let mut out = BufWriter::new(&mut file);
    let unreadable = partitions
        .streams(&events, |commits| {
            check(commits)?;
            elections.extend(commits.first().map(|first| first.stream.election()));
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
    // A photograph that is ready by now has its files: they are put before the event. Its own file comes last, so that a backup that is
    // there is whole.
    if let Some(data_dir) = data_dir {
        amount.objects = objects::export(data_dir, path, |election| elections.contains(&election))?;
    }
    file.persist_noclobber(path).map_err(|error| failed(error.error))?;
    Ok(amount)
}
