//! How far a stream has been consumed, kept over restarts.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    data_dir::DataDir,
    host::stream::SequenceNumber,
    sqlite::{self, FileError},
};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS checkpoints (
        stream TEXT PRIMARY KEY,
        -- The last record that was consumed.
        sequence_number TEXT NOT NULL
    )";

/// The file in the data directory that holds checkpoints.
pub const FILE: &str = "local.db";

/// The name under which a consumer's place in a stream is kept: a follower's, or the projector's.
pub fn name(stream: &str, follower: Option<&str>) -> String {
    follower.map_or_else(|| stream.to_owned(), |follower| format!("{stream}#{follower}"))
}

/// The place in a stream that its consumer has come to. A crash can take the last ones back: what follows is then consumed
/// again.
#[derive(Debug)]
pub struct Checkpoint {
    file: PathBuf,
    connection: Mutex<Connection>,
    stream: String,
}

impl Checkpoint {
    /// The checkpoint of the stream of this name. Blocks the thread, as all here does.
    pub fn open(dir: &DataDir, stream: &str) -> Result<Self, FileError> {
        let file = dir.file(FILE);
        let connection = sqlite::open(&file)?;
        let failed = |error| sqlite::failure(&file, error);
        connection.execute_batch(SCHEMA).map_err(failed)?;
        // No need to wait for the disk: what is consumed twice changes nothing.
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(failed)?;
        Ok(Self { file, connection: Mutex::new(connection), stream: stream.into() })
    }

    /// The last record that was consumed; `None` if none was.
    pub fn load(&self) -> Result<Option<SequenceNumber>, FileError> {
        number(&self.file, self.with(|connection| stored(connection, &self.stream))?)
    }

    /// Looks up the checkpoint of the stream of this name, in a file that a server may be using.
    pub fn look(file: &Path, stream: &str) -> Result<Option<SequenceNumber>, FileError> {
        let connection = sqlite::open_existing(file)?;
        number(file, stored(&connection, stream).map_err(|error| sqlite::failure(file, error))?)
    }

    /// All records up to this one are consumed.
    pub fn save(&self, last: SequenceNumber) -> Result<(), FileError> {
        let sql = "INSERT INTO checkpoints (stream, sequence_number) VALUES (?1, ?2)
                   ON CONFLICT (stream) DO UPDATE SET sequence_number = excluded.sequence_number";
        self.with(|connection| connection.execute(sql, params![self.stream, last.to_string()]).map(drop))
    }

    fn with<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, FileError> {
        // One statement: a panic leaves nothing half done.
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        work(&connection).map_err(|error| sqlite::failure(&self.file, error))
    }
}

fn stored(connection: &Connection, stream: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT sequence_number FROM checkpoints WHERE stream = ?1";
    connection.query_row(sql, [stream], |row| row.get(0)).optional()
}

fn number(file: &Path, stored: Option<String>) -> Result<Option<SequenceNumber>, FileError> {
    let damaged = |not_a_number| FileError::Damaged { path: file.to_owned(), detail: format!("{not_a_number}") };
    stored.map(|text| text.parse().map_err(damaged)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_dir::temporary;

    #[test]
    fn each_stream_has_its_own_which_outlives_a_restart() {
        let home = temporary().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        let number = |text: &str| text.parse::<SequenceNumber>().unwrap();
        let checkpoint = Checkpoint::open(&dir, "a").unwrap();
        assert_eq!(checkpoint.load().unwrap(), None);
        checkpoint.save(number("100000000000000000007")).unwrap();
        checkpoint.save(number("100000000000000000009")).unwrap();
        drop(checkpoint);
        assert_eq!(Checkpoint::open(&dir, "a").unwrap().load().unwrap(), Some(number("100000000000000000009")));
        assert_eq!(Checkpoint::look(&dir.file(FILE), "a").unwrap(), Some(number("100000000000000000009")));
        assert_eq!(Checkpoint::open(&dir, "b").unwrap().load().unwrap(), None);
    }
}
