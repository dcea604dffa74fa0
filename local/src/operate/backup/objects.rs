//! Photographs beside a backup: the directory `FILE.objects` has the objects of a data directory, file by file as they lie there.
//! Each file carries its key and a hash of its bytes, so it can be checked by itself.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use photovote_domain::ElectionId;
use photovote_keys::objects::is_list;

use super::BackupError;
use crate::{
    data_dir::make_private,
    host::objects::{BUCKETS, HOME, RENDITIONS, TEMPORARY, checked, file_name, sync},
    operate::leftovers::Leftover,
};

/// The directory beside a backup.
pub(super) fn beside(file: &Path) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".objects");
    name.into()
}

fn failed(path: &Path) -> impl Fn(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::File { path: path.clone(), source }
}

/// The files in a directory, if it is there.
fn files(directory: &Path) -> Result<Vec<PathBuf>, BackupError> {
    match fs::read_dir(directory) {
        Ok(entries) => {
            let paths = entries.map(|entry| entry.map(|entry| entry.path()));
            paths.collect::<Result<_, _>>().map_err(failed(directory))
        }
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(failed(directory)(source)),
    }
}

/// Refuses a backup whose objects would take another one's place.
pub(super) fn is_free(file: &Path) -> Result<(), BackupError> {
    let to = beside(file);
    let taken = || failed(&to)(io::Error::from(io::ErrorKind::AlreadyExists));
    if to.try_exists().map_err(failed(&to))? { Err(taken()) } else { Ok(()) }
}

/// The election that an object belongs to, by its key.
fn election_of(key: &str) -> Option<ElectionId> {
    key.split('/').nth(1)?.parse().ok()
}

/// Copies the objects of these elections from a data directory to a place beside a backup, each of them checked. Answers how many; for
/// none, there is no directory. It appears under its name only once it is whole.
pub(super) fn export(
    data_dir: &Path,
    file: &Path,
    is_exported: impl Fn(ElectionId) -> bool,
) -> Result<u64, BackupError> {
    let to = beside(file);
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let name = Leftover::name(folder).map_err(failed(folder))?;
    let left = Leftover::announce(data_dir, name);
    let mut copied = 0;
    for bucket in BUCKETS {
        let there = left.path().join(bucket);
        make_private(&there).map_err(failed(&there))?;
        for path in files(&data_dir.join(HOME).join(bucket))? {
            let Some(key) = checked(&path)? else { continue };
            // Others were created after the events were copied.
            // Lists of voters are needed for hours, backups are kept for years.
            if is_list(&key) || !election_of(&key).is_some_and(&is_exported) {
                continue;
            }
            let copy = there.join(file_name(&key));
            match fs::copy(&path, &copy) {
                Ok(_bytes) => copied += 1,
                // A server has deleted it meanwhile.
                Err(missing) if missing.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(failed(&copy)(source)),
            }
            let on_disk = fs::File::open(&copy).and_then(|copy| copy.sync_all());
            on_disk.map_err(failed(&copy))?;
        }
        sync(&there).map_err(failed(&there))?;
    }
    if copied > 0 {
        fs::rename(left.path(), &to).map_err(failed(&to))?;
        sync(folder).map_err(failed(folder))?;
    }
    Ok(copied)
}

/// The objects beside a backup, each of them checked.
#[derive(Debug)]
pub(super) struct Kept {
    /// Bucket, key and file.
    objects: Vec<(&'static str, String, PathBuf)>,
}

impl Kept {
    /// Looks at every file. All of them have to be objects of the backup's elections.
    pub(super) fn check(file: &Path, is_known: impl Fn(ElectionId) -> bool) -> Result<Self, BackupError> {
        let mut objects = Vec::new();
        for bucket in BUCKETS {
            for path in files(&beside(file).join(bucket))? {
                let Some(key) = checked(&path)? else { continue };
                if !election_of(&key).is_some_and(&is_known)
                    || path.file_name().is_none_or(|name| name != file_name(&key).as_str())
                {
                    return Err(BackupError::Object { path });
                }
                objects.push((bucket, key, path));
            }
        }
        Ok(Self { objects })
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.objects.len() as u64
    }

    /// Are these renditions among them, or in a data directory?
    pub(super) fn have(&self, data_dir: &Path, needed: &[String]) -> Result<(), BackupError> {
        let kept: BTreeSet<_> =
            self.objects.iter().filter(|(bucket, ..)| *bucket == RENDITIONS).map(|(_, key, _)| key.as_str()).collect();
        for key in needed {
            let path = data_dir.join(HOME).join(RENDITIONS).join(file_name(key));
            if !kept.contains(key.as_str()) && !path.try_exists().map_err(failed(&path))? {
                return Err(BackupError::NoRendition { key: key.clone() });
            }
        }
        Ok(())
    }

    /// Copies what a data directory lacks of them. It keeps what it has.
    pub(super) fn bring(&self, data_dir: &Path) -> Result<(), BackupError> {
        let home = data_dir.join(HOME);
        let temporary = home.join(TEMPORARY);
        for directory in BUCKETS.map(|bucket| home.join(bucket)).iter().chain([&temporary]) {
            make_private(directory).map_err(failed(directory))?;
        }
        for (bucket, key, path) in &self.objects {
            let (draft, place) = (temporary.join(file_name(key)), home.join(bucket).join(file_name(key)));
            if place.try_exists().map_err(failed(&place))? {
                continue;
            }
            let copy = || {
                fs::copy(path, &draft)?;
                fs::File::open(&draft)?.sync_all()?;
                fs::rename(&draft, &place)
            };
            copy().map_err(failed(&place))?;
        }
        BUCKETS.iter().try_for_each(|bucket| sync(&home.join(bucket)).map_err(failed(&home)))
    }
}
