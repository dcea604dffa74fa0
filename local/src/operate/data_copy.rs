//! The data as it was at one moment, for commands that only look.
//!
//! A server may be running on the data or not; SQLite makes a copy that is consistent either way, across all tables. Only its
//! owner can read it. It lies in the data directory or where the command line says, and is deleted when the command ends.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use aws_sdk_dynamodb::Client;
use photovote_dynamodb::{Item, StorageError, storage_error};
use rusqlite::{ErrorCode, InterruptHandle};
use tokio::{sync::oneshot, task::JoinError};

use crate::{
    data_dir::{DATABASE, DataDir, DataDirError, Location, make_private},
    host::engine::{self, Durability, Engine, EngineError},
    operate::leftovers::Leftover,
    sqlite::{self, FileError},
};

/// The data that a command looks at, and where it may copy them to.
#[derive(Debug, Clone)]
pub struct Source {
    /// The data directory.
    pub data_dir: Location,
    /// Where the copy is to lie, if not in the data directory.
    pub copy_dir: Option<PathBuf>,
}

impl Source {
    /// This data directory, in which the copy is to lie, too.
    pub fn of(data_dir: impl Into<Location>) -> Self {
        Self { data_dir: data_dir.into(), copy_dir: None }
    }
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// There is no place for the copy.
    #[error("no copy can be made in {}: {source}", path.display())]
    Place {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The disk is full.
    #[error("there is no room for a copy in {}: choose a directory on another disk with --copy-dir", path.display())]
    Full {
        /// The directory.
        path: PathBuf,
    },
    /// The data cannot be read, or the copy not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The data are not PhotoVote's, or the copy cannot be served.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The work was cut off.
    #[error("the copy broke off: {0}")]
    BrokenOff(#[from] JoinError),
}

/// A copy, and an engine that serves it.
pub struct DataCopy {
    engine: Engine,
    client: Client,
    /// It is deleted with this.
    _place: Leftover,
}

impl DataCopy {
    /// Copies what is in a data directory now. If this is dropped before it is done, nothing stays behind.
    pub async fn take(source: &Source) -> Result<Self, CopyError> {
        let Source { data_dir, copy_dir } = source.clone();
        DataDir::existing(&data_dir)?;
        let parent = copy_dir.unwrap_or_else(|| data_dir.path().to_owned());
        let (tell, told) = oneshot::channel();
        let copying = tokio::task::spawn_blocking(move || copy(&data_dir, &parent, tell));
        let _interrupt = Interrupt(told.await.ok());
        let place = copying.await??;
        let engine = Engine::start(&DataDir::open(place.path())?, Durability::ProcessEnd).await?;
        let client = engine.client();
        Ok(Self { engine, client, _place: place })
    }

    /// A client of the copy.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The engine that serves the copy.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Reads all items of a table of the copy, page by page, and lets `each` have them.
    pub async fn scan(&self, table: &str, mut each: impl FnMut(Item)) -> Result<(), StorageError> {
        let mut start = None;
        loop {
            let scan = self.client.scan().table_name(table).consistent_read(true).set_exclusive_start_key(start);
            let page = scan.send().await.map_err(|error| storage_error(&error))?;
            page.items.unwrap_or_default().into_iter().for_each(&mut each);
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(());
            }
        }
    }

    /// Stops serving the copy, and deletes it.
    pub async fn end(self) {
        self.engine.stop().await;
    }
}

/// Whether SQLite failed because it could write nothing beside the file. Even to read it needs an index of its log there, and the
/// disk may be full.
fn wants_to_write(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    code.is_some_and(|code| [ErrorCode::SystemIoFailure, ErrorCode::DiskFull, ErrorCode::CannotOpen].contains(&code))
}

/// Copies a database that nobody writes to: the file, and the log beside it.
fn copy_files(file: &Path, target: &Path) -> io::Result<()> {
    fs::copy(file, target)?;
    match fs::copy(file.with_extension("db-wal"), target.with_extension("db-wal")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Ends the work of a connection when it is dropped.
struct Interrupt(Option<InterruptHandle>);

impl Drop for Interrupt {
    fn drop(&mut self) {
        if let Some(connection) = &self.0 {
            connection.interrupt();
        }
    }
}

/// Copies the database into a new directory below `parent`. Blocks the thread until it is done or interrupted.
fn copy(location: &Location, parent: &Path, tell: oneshot::Sender<InterruptHandle>) -> Result<Leftover, CopyError> {
    let data_dir = location.path();
    let unplaced = |source: io::Error| match source.kind() {
        io::ErrorKind::StorageFull => CopyError::Full { path: parent.to_owned() },
        _ => CopyError::Place { path: parent.to_owned(), source },
    };
    let file = data_dir.join(DATABASE);
    let opened = engine::open_existing(&file);
    let place = || {
        let place = Leftover::announce(data_dir, Leftover::name(parent).map_err(unplaced)?);
        make_private(place.path()).map_err(unplaced)?;
        Ok::<_, CopyError>(place)
    };
    let connection = match opened {
        Ok(connection) => connection,
        Err(EngineError::File(FileError::Unusable { path, source })) if path.is_file() && wants_to_write(&source) => {
            let Ok(_nobody_writes) = DataDir::existing(location)?.claim() else {
                return Err(FileError::Unusable { path, source }.into());
            };
            let place = place()?;
            copy_files(&file, &place.path().join(DATABASE)).map_err(unplaced)?;
            return Ok(place);
        }
        Err(error) => return Err(error.into()),
    };
    let place = place()?;
    let target = place.path().join(DATABASE);
    if tell.send(connection.get_interrupt_handle()).is_err() {
        // The command has ended.
        return Ok(place);
    }
    match connection.execute("VACUUM INTO ?1", [target.to_string_lossy()]) {
        Ok(_) => Ok(place),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
            Err(CopyError::Full { path: parent.to_owned() })
        }
        Err(error) => Err(sqlite::failure(&file, error).into()),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;
    use crate::data_dir::temporary;
    use crate::host::engine::EVENTS;

    async fn count(copy: &DataCopy) -> usize {
        let mut count = 0;
        copy.scan(EVENTS, |_| count += 1).await.unwrap();
        count
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_copy_is_complete_with_a_server_and_from_files() {
        let (home, files) = (temporary().unwrap(), temporary().unwrap());
        let dir = DataDir::open(home.path()).unwrap();
        let engine = Engine::start(&dir, Durability::ProcessEnd).await.unwrap();
        let put = engine.client().put_item().table_name(EVENTS).item("pk", AttributeValue::S("a".into()));
        put.item("sk", AttributeValue::S("b".into())).send().await.unwrap();
        // As on a full disk, where SQLite cannot even read. What was written last stands in the log.
        copy_files(&dir.file(DATABASE), &files.path().join(DATABASE)).unwrap();
        for source in [home.path(), files.path()] {
            let copy = DataCopy::take(&Source::of(source)).await.unwrap();
            assert_eq!(count(&copy).await, 1);
            copy.end().await;
        }
        engine.stop().await;
    }

    #[test]
    fn an_unwritable_disk_is_told_from_damaged_data() {
        let error = |code| rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        assert!(
            wants_to_write(&error(rusqlite::ffi::SQLITE_IOERR)) && wants_to_write(&error(rusqlite::ffi::SQLITE_FULL))
        );
        assert!(!wants_to_write(&error(rusqlite::ffi::SQLITE_CORRUPT)));
    }
}
