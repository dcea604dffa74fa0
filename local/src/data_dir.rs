//! The directory that holds all that a local PhotoVote keeps.

use std::{
    fs::{self, File, Metadata, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

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
    /// Other users can enter it.
    #[error(
        "other users can enter the data directory {0}, which is to hold ballots and a private key: run `chmod 700 {0}`, choose \
         another directory with --data-dir, or accept this with --insecure-data-dir",
        path.display()
    )]
    Exposed {
        /// The directory.
        path: PathBuf,
    },
    /// Another user owns it, and can let anybody in.
    #[error(
        "the data directory {} belongs to another user: choose another directory with --data-dir, or accept this with \
         --insecure-data-dir",
        path.display()
    )]
    Foreign {
        /// The directory.
        path: PathBuf,
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

/// Where a data directory is or is to be, and whether other users may enter it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    path: PathBuf,
    insecure: bool,
}

impl Location {
    /// A directory that is used whatever its mode and its owner.
    pub fn insecure(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), insecure: true }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A directory that only its owner can enter.
impl From<PathBuf> for Location {
    fn from(path: PathBuf) -> Self {
        Self { path, insecure: false }
    }
}

/// A directory that only its owner can enter.
impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        path.to_owned().into()
    }
}

impl From<&Location> for Location {
    fn from(location: &Location) -> Self {
        location.clone()
    }
}

/// A directory that is there and can be written. It holds ballots and a private key, so only its owner can enter it, unless its
/// [`Location`] says otherwise.
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
    /// Makes the directory if it is missing, and sees whether it can be written and by whom.
    pub fn open(location: impl Into<Location>) -> Result<Self, DataDirError> {
        let Location { path, insecure } = location.into();
        let failed = |source| DataDirError::Make { path: path.clone(), source };
        if !path.is_dir() {
            make_private(&path).map_err(failed)?;
        }
        let path = fs::canonicalize(&path).map_err(failed)?;
        let unusable = |source| DataDirError::Write { path: path.clone(), source };
        let found = fs::metadata(&path).map_err(unusable)?;
        if !insecure && lets_others_in(&found) {
            return Err(DataDirError::Exposed { path });
        }
        let own = tempfile::tempfile_in(&path).and_then(|deleted_again| deleted_again.metadata()).map_err(unusable)?;
        if !insecure && !have_one_owner(&found, &own) {
            return Err(DataDirError::Foreign { path });
        }
        Ok(Self { path })
    }

    /// Opens the directory if it holds data, and makes nothing otherwise.
    pub fn existing(location: impl Into<Location>) -> Result<Self, DataDirError> {
        let location = location.into();
        let path = location.path();
        match path.join(DATABASE).try_exists() {
            Ok(true) => Self::open(location),
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

    /// What the file of this name holds. If there is none, it is made, whole and readable by its owner only. If several make it at
    /// once, all get what the first one has made.
    pub(crate) fn keep_first(&self, name: &str, make: impl FnOnce() -> io::Result<Vec<u8>>) -> io::Result<Vec<u8>> {
        let path = self.file(name);
        match fs::read(&path) {
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => (),
            found => return found,
        }
        let bytes = make()?;
        let mut file = tempfile::NamedTempFile::new_in(&self.path)?;
        file.write_all(&bytes)?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(&path) {
            Ok(_file) => Ok(bytes),
            Err(late) if late.error.kind() == io::ErrorKind::AlreadyExists => fs::read(&path),
            Err(failed) => Err(failed.error),
        }
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
        let lock = open_lock(&self.file("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Claim { locked: lock }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse { path: self.path.clone() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

/// Opens a file to lock, which only its owner can do: others could keep it locked.
pub(crate) fn open_lock(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn lets_others_in(directory: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(directory) & 0o077 != 0
}

#[cfg(unix)]
fn have_one_owner(directory: &Metadata, own_file: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    directory.uid() == own_file.uid()
}

/// Elsewhere a directory has no mode: a user's own directories are closed to others unless the user opens them.
#[cfg(not(unix))]
fn lets_others_in(_directory: &Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn have_one_owner(_directory: &Metadata, _own_file: &Metadata) -> bool {
    true
}

/// Makes a directory among the system's temporary files that only its owner can enter, and that is deleted with the value.
pub fn temporary() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("photovote-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
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
        let parent = temporary().unwrap();
        let dir = DataDir::open(parent.path().join("a/b")).unwrap();
        assert!(dir.path().is_dir());
        DataDir::open(dir.path()).unwrap();
    }

    #[cfg(unix)]
    mod of_several_users {
        use std::os::unix::fs::{PermissionsExt, chown};

        use super::*;

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().permissions().mode() & 0o777
        }

        fn set_mode(path: &Path, mode: u32) {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }

        #[test]
        fn only_its_owner_can_enter_it() {
            let parent = temporary().unwrap();
            let dir = DataDir::open(parent.path().join("data")).unwrap();
            let _claim = dir.claim().unwrap();
            assert_eq!((mode(dir.path()), mode(&dir.file("lock"))), (0o700, 0o600));
        }

        #[test]
        fn an_exposed_directory_is_refused_unless_one_insists() {
            let home = temporary().unwrap();
            for open in [0o777, 0o755, 0o750, 0o701, 0o704, 0o710] {
                set_mode(home.path(), open);
                let refused = DataDir::open(home.path()).unwrap_err();
                assert!(matches!(refused, DataDirError::Exposed { .. }), "{open:o}: {refused}");
                let advice = format!("`chmod 700 {}`", fs::canonicalize(home.path()).unwrap().display());
                assert!(refused.to_string().contains(&advice), "{refused}");
                DataDir::open(Location::insecure(home.path())).unwrap();
            }
            assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
            set_mode(home.path(), 0o700);
            DataDir::open(home.path()).unwrap();
        }

        #[test]
        fn a_foreign_directory_is_refused_unless_one_insists() {
            let home = temporary().unwrap();
            if let Err(error) = chown(home.path(), Some(65534), None) {
                println!("skipped: only the superuser can give a directory away: {error}");
                return;
            }
            let refused = DataDir::open(home.path()).unwrap_err();
            assert!(matches!(refused, DataDirError::Foreign { .. }), "{refused}");
            DataDir::open(Location::insecure(home.path())).unwrap();
        }
    }

    #[test]
    fn a_file_in_its_place_is_refused_in_words() {
        let parent = temporary().unwrap();
        let path = parent.path().join("file");
        fs::write(&path, "x").unwrap();
        for path in [path.clone(), path.join("below")] {
            let refused = DataDir::open(path.clone()).unwrap_err();
            assert!(matches!(refused, DataDirError::Make { .. }));
            assert!(refused.to_string().contains(&*path.to_string_lossy()), "{refused}");
        }
    }

    #[test]
    fn there_is_one_server_at_a_time() {
        let parent = temporary().unwrap();
        let dir = DataDir::open(parent.path()).unwrap();
        let claim = dir.claim().unwrap();
        let refused = dir.claim().unwrap_err();
        assert!(refused.to_string().starts_with("another photovote is using "), "{refused}");
        drop(claim);
        dir.claim().unwrap();
    }
}
