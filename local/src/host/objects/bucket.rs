//! One bucket: a directory with a file for each object.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    ops::Bound,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use super::{
    ObjectsError,
    file::{Stored, Written, file_name},
};
use crate::data_dir::make_private;

/// The objects of one bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    name: &'static str,
    directory: PathBuf,
    /// Whether a change has to survive a power cut.
    is_durable: bool,
    /// All keys, once a list has been asked for. Held while a file comes or goes.
    keys: Mutex<Option<BTreeSet<String>>>,
}

impl Bucket {
    /// Opens the bucket of this name below a directory.
    pub(super) fn open(parent: &Path, name: &'static str, is_durable: bool) -> io::Result<Self> {
        let directory = parent.join(name);
        make_private(&directory)?;
        Ok(Self { name, directory, is_durable, keys: Mutex::default() })
    }

    /// Its name.
    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    fn path(&self, key: &str) -> PathBuf {
        self.directory.join(file_name(key))
    }

    fn failed(&self, source: io::Error) -> ObjectsError {
        ObjectsError::File { path: self.directory.clone(), source }
    }

    /// Opens the object with this key, if there is one. Blocks the thread.
    pub(super) fn get(&self, key: &str) -> Result<Option<Stored>, ObjectsError> {
        Stored::open(self.path(key))
    }

    /// Puts an object in its place, whole. Blocks the thread.
    pub(super) fn keep(&self, written: Written) -> Result<(), ObjectsError> {
        let Written { file, about, .. } = written;
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        file.persist(self.path(&about.key)).map_err(|error| self.failed(error.error))?;
        if let Some(keys) = &mut *keys {
            keys.insert(about.key);
        }
        self.sync()
    }

    /// Deletes an object, if there is one. Blocks the thread.
    pub(super) fn delete(&self, key: &str) -> Result<(), ObjectsError> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        match fs::remove_file(self.path(key)) {
            Ok(()) => (),
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(self.failed(source)),
        }
        if let Some(keys) = &mut *keys {
            keys.remove(key);
        }
        self.sync()
    }

    /// The objects whose keys begin with the prefix and come after this key, at most so many, in the order of the keys; and
    /// whether there are more. The first list reads the end of each file. Blocks the thread.
    pub(super) fn list(&self, prefix: &str, after: &str, most: usize) -> Result<(Vec<Stored>, bool), ObjectsError> {
        // While this is held, none of the keys is deleted.
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = match &mut *keys {
            Some(keys) => keys,
            none => none.insert(self.scan()?),
        };
        let first = if after < prefix { Bound::Included(prefix) } else { Bound::Excluded(after) };
        let mut keys = keys.range::<str, _>((first, Bound::Unbounded)).take_while(|key| key.starts_with(prefix));
        let mut objects = Vec::new();
        for key in keys.by_ref().take(most) {
            objects.extend(self.get(key)?);
        }
        Ok((objects, keys.next().is_some()))
    }

    /// All keys.
    fn scan(&self) -> Result<BTreeSet<String>, ObjectsError> {
        let mut keys = BTreeSet::new();
        for entry in fs::read_dir(&self.directory).map_err(|source| self.failed(source))? {
            let path = entry.map_err(|source| self.failed(source))?.path();
            keys.extend(Stored::open(path)?.map(|stored| stored.about.key));
        }
        Ok(keys)
    }

    /// Sees to it that the disk has the names of the files.
    fn sync(&self) -> Result<(), ObjectsError> {
        if self.is_durable { sync(&self.directory).map_err(|source| self.failed(source)) } else { Ok(()) }
    }
}

/// Sees to it that the disk has the names in a directory.
#[cfg(unix)]
pub(crate) fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Elsewhere a directory cannot be opened as a file.
#[cfg(not(unix))]
pub(crate) fn sync(_directory: &Path) -> io::Result<()> {
    Ok(())
}
