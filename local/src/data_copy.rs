//! The data as it was at one moment, for whoever only wants to look.
//!
//! A server may be running on the data or not; SQLite makes a copy that is consistent either way, across all tables. It lies in
//! the data directory, where only its owner can read it, and is gone when it is not needed any more.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use aws_sdk_dynamodb::Client;
use photovote_dynamodb::{Item, StorageError, storage_error};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use tokio::task::JoinError;

use crate::{
    data_dir::{DataDir, DataDirError},
    engine::{Durability, Engine, EngineError},
    sqlite::{self, FileError},
};

/// What the names of copies begin with. One that was left behind by a process that was killed can be deleted.
const PREFIX: &str = "copy-";

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// There is nothing to be copied.
    #[error("there is no data in {}: choose its directory with --data-dir", path.display())]
    Nothing {
        /// The directory.
        path: PathBuf,
    },
    /// There is no place for the copy.
    #[error("there is no place for a copy in {}: {source}", path.display())]
    Place {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The data cannot be read, or the copy not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The copy cannot be served.
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
    _place: TempDir,
}

impl DataCopy {
    /// Copies what is in a data directory now.
    pub async fn take(path: &Path) -> Result<Self, CopyError> {
        let source = path.join("photovote.db");
        if !source.is_file() {
            return Err(CopyError::Nothing { path: path.to_owned() });
        }
        let unplaced = |source| CopyError::Place { path: path.to_owned(), source };
        let place = TempDir::with_prefix_in(PREFIX, path).map_err(unplaced)?;
        let target = place.path().join("photovote.db");
        tokio::task::spawn_blocking(move || copy(&source, &target)).await??;
        let engine = Engine::start(&DataDir::open(place.path())?, Durability::ProcessEnd).await?;
        let client = engine.client();
        Ok(Self { engine, client, _place: place })
    }

    /// A client of the copy.
    pub fn client(&self) -> Client {
        self.client.clone()
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

fn copy(source: &Path, target: &Path) -> Result<(), FileError> {
    let failed = |error| sqlite::failure(source, error);
    let connection = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    connection.busy_timeout(Duration::from_secs(10)).map_err(failed)?;
    connection.execute("VACUUM INTO ?1", [target.to_string_lossy()]).map_err(failed)?;
    Ok(())
}
