//! The directory that holds all that a local PhotoVote keeps.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// It is not there and cannot be made.
    #[error("the data directory {} cannot be made: {source}", path.display())]
    Make {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It holds no data.
    #[error("there is no data in {}: choose its directory with --data-dir", path.display())]
    Nothing {
        /// The directory.
        path: PathBuf,
    },
    /// It is there, but nothing can be written into it.
    #[error("the data directory {} cannot be written: {source}", path.display())]
    Write {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The server that is using it has not said where it can be reached.
    #[error("the photovote that is using {} is not ready: {source}", path.display())]
    NotReady {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It belongs to another server that is running.
    #[error("another photovote is using {}: stop it, or choose another directory with --data-dir", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
}

/// The file that holds the tables.
pub const DATABASE: &str = "photovote.db";
/// The file that says where the engine listens.
const ENDPOINT: &str = "endpoint";

/// A directory that is there and can be written. Only its owner can enter it: it holds ballots and a private key.
#[derive(Debug, Clone)]
pub struct DataDir {
    path: PathBuf,
}

/// The right to be the one server of a data directory, until it is dropped.
#[derive(Debug)]
pub struct Claim {
    locked: File,
}

impl Drop for Claim {
    fn drop(&mut self) {
        // To close the file is not enough: a process that is just being started may have it open as well.
        if let Err(error) = self.locked.unlock() {
            tracing::error!(%error, "the data directory stays claimed until the process ends");
        }
    }
}

impl DataDir {
    /// Makes the directory if it is missing, and sees whether it can be written.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let failed = |source| DataDirError::Make { path: path.to_owned(), source };
        if !path.is_dir() {
            make_private(path).map_err(failed)?;
        }
        let path = fs::canonicalize(path).map_err(failed)?;
        match tempfile::tempfile_in(&path) {
            Ok(_deleted_again) => Ok(Self { path }),
            Err(source) => Err(DataDirError::Write { path, source }),
        }
    }

    /// Opens the directory if it holds data, and makes nothing otherwise.
    pub fn existing(path: &Path) -> Result<Self, DataDirError> {
        match path.join(DATABASE).try_exists() {
            Ok(true) => Self::open(path),
            Ok(false) => Err(DataDirError::Nothing { path: path.to_owned() }),
            Err(source) => Err(DataDirError::Make { path: path.to_owned(), source }),
        }
    }

    /// Where it is, from the root.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the file of this name is, or will be.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Says where the engine of this directory listens, to whoever may enter it: commands that work beside a server.
    pub fn publish_endpoint(&self, endpoint: &str) -> Result<(), DataDirError> {
        let failed = |source| DataDirError::Write { path: self.path.clone(), source };
        // It is private from the start, and there as a whole or not at all.
        let mut file = tempfile::NamedTempFile::new_in(&self.path).map_err(failed)?;
        file.write_all(endpoint.as_bytes()).map_err(failed)?;
        file.persist(self.file(ENDPOINT)).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Takes that back.
    pub fn withdraw_endpoint(&self) -> Result<(), DataDirError> {
        match fs::remove_file(self.file(ENDPOINT)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(DataDirError::Write { path: self.path.clone(), source })
            }
            _gone => Ok(()),
        }
    }

    /// Where the engine of the server listens that claims this directory.
    pub fn endpoint(&self) -> Result<String, DataDirError> {
        let path = self.file(ENDPOINT);
        fs::read_to_string(&path).map_err(|source| DataDirError::NotReady { path: self.path.clone(), source })
    }

    /// Claims the directory for one server: two would tear each other's data apart.
    pub fn claim(&self) -> Result<Claim, DataDirError> {
        let failed = |source| DataDirError::Write { path: self.path.clone(), source };
        let lock = File::options().create(true).truncate(false).write(true).open(self.file("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Claim { locked: lock }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse { path: self.path.clone() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

/// Makes a directory that only its owner can enter.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_directory_is_made() {
        let parent = tempfile::tempdir().unwrap();
        let dir = DataDir::open(&parent.path().join("a/b")).unwrap();
        assert!(dir.path().is_dir());
        DataDir::open(dir.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_enter_it() {
        use std::os::unix::fs::PermissionsExt;

        let parent = tempfile::tempdir().unwrap();
        let dir = DataDir::open(&parent.path().join("data")).unwrap();
        assert_eq!(fs::metadata(dir.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_file_in_its_place_is_refused_in_words() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("file");
        fs::write(&path, "x").unwrap();
        for path in [path.clone(), path.join("below")] {
            let refused = DataDir::open(&path).unwrap_err();
            assert!(matches!(refused, DataDirError::Make { .. }));
            assert!(refused.to_string().contains(&*path.to_string_lossy()), "{refused}");
        }
    }

    #[test]
    fn there_is_one_server_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let dir = DataDir::open(parent.path()).unwrap();
        let claim = dir.claim().unwrap();
        let refused = dir.claim().unwrap_err();
        assert!(refused.to_string().starts_with("another photovote is using "), "{refused}");
        drop(claim);
        dir.claim().unwrap();
    }
}
