//! SQLite files, looked at before they are trusted.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags};

/// Why an SQLite file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// What it holds is not what was written.
    #[error("{} is damaged ({detail}): restore it from a copy, or move it away to start with nothing", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// It cannot be read or written.
    #[error("{} cannot be used: {source}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// It cannot be looked at, or made.
    #[error("{} cannot be used: {source}", path.display())]
    Unseen {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Opens an SQLite file, or makes it. One that was damaged by a full disk, a bad copy or somebody's hand is refused here,
/// before anything is written to it.
pub(crate) fn open(path: &Path) -> Result<Connection, FileError> {
    let connection = open_or_make(path)?;
    keep_log(&connection).map_err(|error| failure(path, error))?;
    Ok(connection)
}

/// Lets readers and a writer work at once: changes go into a log beside the file.
pub(crate) fn keep_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")
}

/// Opens an SQLite file, or makes it. Nothing is written to one that is there.
pub(crate) fn open_or_make(path: &Path) -> Result<Connection, FileError> {
    if let Err(missing) = std::fs::metadata(path)
        && missing.kind() == io::ErrorKind::NotFound
    {
        make(path)?;
    }
    open_existing(path)
}

/// Opens an SQLite file that is there, and refuses one that was damaged. Nothing is written to it.
pub(crate) fn open_existing(path: &Path) -> Result<Connection, FileError> {
    let length = std::fs::metadata(path).map_err(|source| FileError::Unseen { path: path.to_owned(), source })?.len();
    // SQLite would take an empty file for a new one, and all that was in it would silently be gone.
    if length == 0 {
        return Err(damaged(path, "it is empty"));
    }
    let failed = |error| failure(path, error);
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    connection.busy_timeout(Duration::from_secs(10)).map_err(failed)?;
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if verdict != "ok" {
        return Err(damaged(path, &verdict));
    }
    Ok(connection)
}

/// Makes a new file. It appears under its name only once it is a database: whoever is killed in between leaves no empty
/// file behind that would look like damage.
fn make(path: &Path) -> Result<(), FileError> {
    let new = path.with_extension("new");
    let unseen = |source| FileError::Unseen { path: path.to_owned(), source };
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unseen(error)),
        _ => {}
    }
    make_private(&new).map_err(unseen)?;
    let connection = Connection::open(&new).map_err(|error| failure(path, error))?;
    // Writing its version, SQLite writes its first page.
    connection.pragma_update(None, "user_version", 0).map_err(|error| failure(path, error))?;
    connection.execute_batch("VACUUM").map_err(|error| failure(path, error))?;
    connection.close().map_err(|(_, error)| failure(path, error))?;
    std::fs::rename(&new, path).map_err(unseen)
}

/// Makes an empty file that only its owner can read. What SQLite puts beside it gets the same rights.
fn make_private(path: &Path) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// What SQLite's error says about the file.
pub(crate) fn failure(path: &Path, error: rusqlite::Error) -> FileError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => damaged(path, &error.to_string()),
        _ => FileError::Unusable { path: path.to_owned(), source: error },
    }
}

fn damaged(path: &Path, detail: &str) -> FileError {
    FileError::Damaged { path: path.to_owned(), detail: detail.trim().replace('\n', " ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of some pages.
    fn file(dir: &Path) -> PathBuf {
        let path = dir.join("some.db");
        let connection = open(&path).unwrap();
        connection.execute_batch("CREATE TABLE t (x TEXT)").unwrap();
        for _ in 0..200 {
            connection.execute("INSERT INTO t VALUES (hex(randomblob(200)))", []).unwrap();
        }
        path
    }

    #[test]
    fn what_was_written_is_there_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(dir.path());
        let rows: i64 = open(&path).unwrap().query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 200);
    }

    #[test]
    fn a_damaged_file_is_refused_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let good = std::fs::read(file(dir.path())).unwrap();
        let mut overwritten = good.clone();
        overwritten[4096..20_000].fill(7);
        for bytes in
            [b"hello, this is no database at all".to_vec(), Vec::new(), good[..good.len() / 2].to_vec(), overwritten]
        {
            let path = dir.path().join("other.db");
            std::fs::write(&path, &bytes).unwrap();
            let refused = open(&path).unwrap_err();
            assert!(matches!(refused, FileError::Damaged { .. }), "{refused}");
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        let connection = open(&dir.path().join("some.db")).unwrap();
        connection.execute_batch("CREATE TABLE t (x TEXT)").unwrap();
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
        }
    }

    #[test]
    fn a_directory_in_its_place_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(open(dir.path()), Err(FileError::Unusable { .. })));
    }
}
