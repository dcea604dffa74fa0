//! What a command writes for a while and deletes again: a copy of the data, a backup that is not whole yet. All of it holds
//! ballots, so nothing may stay behind.
//!
//! A command deletes its own when it ends, also by a signal. What a killed command leaves is deleted at the next start of any
//! command or server: the data directory has a record of it, which its owner keeps locked.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use tempfile::{NamedTempFile, TempPath};

use crate::data_dir::{DATABASE, DataDir, Location, open_lock};

/// What the names of records begin with, and of the directories in which earlier releases kept copies.
const RECORD: &str = "copy-";
/// What the names begin with of all that is deleted.
const PREFIX: &str = ".photovote-";
/// Held while records are made or swept, so that none is swept before its owner has locked it.
const LOCK: &str = "copies.lock";

/// How often a directory is emptied into which something is still being written, and the pause in between.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

/// A directory or file that is deleted when this is dropped.
#[derive(Debug)]
pub(crate) struct Leftover {
    path: PathBuf,
    /// A disk may have no room for it.
    record: Option<(PathBuf, File)>,
}

impl Leftover {
    /// Gives what is going to be written in this directory a name that is free.
    pub(crate) fn name(parent: &Path) -> io::Result<PathBuf> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        Ok(std::path::absolute(parent)?.join(format!("{PREFIX}{}", hex::encode(bytes))))
    }

    /// Makes a file of this name that only its owner can read, and that is deleted unless it is kept. The name is announced
    /// before: a command can be killed right after it has made the file.
    pub(crate) fn file(name: PathBuf) -> io::Result<NamedTempFile> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&name)?;
        Ok(NamedTempFile::from_parts(file, TempPath::try_from_path(name)?))
    }

    /// Tells later commands what is going to be written at this path.
    pub(crate) fn announce(data_dir: &Path, path: PathBuf) -> Self {
        let record = record(data_dir, &path);
        if let Err(error) = &record {
            tracing::warn!(path = %path.display(), %error, "if this command is killed, delete what it leaves there");
        }
        Self { path, record: record.ok() }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Leftover {
    fn drop(&mut self) {
        if let (true, Some((record, _locked))) = (deleted(&self.path), &self.record) {
            fs::remove_file(record).ok();
        }
    }
}

fn record(data_dir: &Path, path: &Path) -> io::Result<(PathBuf, File)> {
    let text = path.to_str().ok_or(io::ErrorKind::InvalidFilename)?;
    let _lock = lock(data_dir)?;
    let mut record = tempfile::Builder::new().prefix(RECORD).tempfile_in(data_dir)?;
    record.as_file().lock()?;
    record.write_all(text.as_bytes())?;
    let (file, path) = record.keep().map_err(|error| error.error)?;
    Ok((path, file))
}

/// Deletes what commands have left behind that do not run any more.
pub(crate) fn sweep(location: &Location) -> io::Result<()> {
    // A directory that holds no data or that is refused is left as it is. The command itself says why it is refused.
    let Ok(dir) = DataDir::existing(location) else { return Ok(()) };
    if records(dir.path())?.is_empty() {
        return Ok(());
    }
    let _lock = lock(dir.path())?;
    records(dir.path())?.iter().try_for_each(|record| sweep_one(record))
}

fn records(data_dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut records = Vec::new();
    for entry in fs::read_dir(data_dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(RECORD) {
            records.push(entry.path());
        }
    }
    Ok(records)
}

fn sweep_one(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        // An earlier release kept the copy here, and locked it while it was served.
        let is_left = is_copy(path)? && !is_locked(&path.join("lock"))?;
        return if is_left { fs::remove_dir_all(path) } else { Ok(()) };
    }
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        // Somebody's own file.
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(()),
        Err(error) => return Err(error),
    };
    if text.is_empty() && is_name_of_record(path) {
        // Its command was killed before it could write anything anywhere.
        return if is_locked(path)? { Ok(()) } else { fs::remove_file(path) };
    }
    let left = Path::new(&text);
    if is_ours(left) && !is_locked(path)? && deleted(left) { fs::remove_file(path) } else { Ok(()) }
}

/// Whether a directory holds a database of ours and nothing of anybody else's.
fn is_copy(path: &Path) -> io::Result<bool> {
    let mut has_database = false;
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        has_database |= name == DATABASE;
        if !name.starts_with(DATABASE) && name != "lock" && name != "endpoint" {
            return Ok(false);
        }
    }
    Ok(has_database)
}

/// Whether a file has the name of a record: nobody else's ends with six letters and digits that mean nothing.
fn is_name_of_record(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy());
    let random = name.as_deref().and_then(|name| name.strip_prefix(RECORD));
    random.is_some_and(|random| random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Whether a path is one that [`Leftover::name`] has made.
fn is_ours(path: &Path) -> bool {
    path.is_absolute() && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX))
}

fn is_locked(path: &Path) -> io::Result<bool> {
    match File::open(path).map(|file| file.try_lock()) {
        Ok(Ok(())) => Ok(false),
        Ok(Err(TryLockError::WouldBlock)) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Ok(Err(TryLockError::Error(error))) | Err(error) => Err(error),
    }
}

fn lock(data_dir: &Path) -> io::Result<File> {
    let file = open_lock(&data_dir.join(LOCK))?;
    file.lock()?;
    Ok(file)
}

/// Deletes a file or directory. Whether it is gone.
fn deleted(path: &Path) -> bool {
    let done = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => delete_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match done {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::error!(path = %path.display(), %error, "a copy of the data stays behind: delete it");
            false
        }
        _ => true,
    }
}

/// Deletes a directory. A database that is being closed may still write into it: that comes to an end.
fn delete_all(path: &Path) -> io::Result<()> {
    for _ in 0..ATTEMPTS {
        match fs::remove_dir_all(path) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => thread::sleep(PAUSE),
            done => return done,
        }
    }
    fs::remove_dir_all(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_dir::temporary;

    fn names(path: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_dropped_is_deleted() {
        let (data, elsewhere) = (temporary().unwrap(), temporary().unwrap());
        let left = Leftover::announce(data.path(), Leftover::name(elsewhere.path()).unwrap());
        fs::create_dir(left.path()).unwrap();
        fs::write(left.path().join("ballots"), "x").unwrap();
        drop(left);
        assert!(names(elsewhere.path()).is_empty());
        assert_eq!(names(data.path()), [LOCK]);
    }

    #[test]
    fn only_what_has_no_living_owner_is_swept() {
        let (data, elsewhere) = (temporary().unwrap(), temporary().unwrap());
        let path = || Leftover::name(elsewhere.path()).unwrap();
        fs::write(data.path().join(DATABASE), "x").unwrap();
        let living = Leftover::announce(data.path(), path());
        fs::write(living.path(), "x").unwrap();
        let mut killed = Leftover::announce(data.path(), path());
        fs::create_dir(killed.path()).unwrap();
        sweep(&data.path().into()).unwrap();
        assert!(living.path().exists() && killed.path().exists());
        // Its process is gone, and the lock with it.
        killed.record = None;
        let path = std::mem::take(&mut killed.path);
        std::mem::forget(killed);
        sweep(&data.path().into()).unwrap();
        assert!(living.path().exists() && !path.exists());
        assert_eq!(names(data.path()).len(), 3);
    }

    #[test]
    fn only_copies_of_an_earlier_release_are_swept() {
        let data = temporary().unwrap();
        let file = |name: &str, text: &str| {
            let path = data.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        };
        for name in ["copy-abc/photovote.db", "copy-abc/lock", "copy-def/photovote.db", "copy-def/lock"] {
            file(name, "");
        }
        // A record whose command was killed before it had written it.
        file("copy-a1B2c3", "");
        let served = File::open(data.path().join("copy-def/lock")).unwrap();
        served.lock().unwrap();
        // What happens to have such a name.
        file("copy-of-photographs/moon.png", "");
        file("copy-of-both/photovote.db", "");
        file("copy-of-both/letter", "");
        let letter = file("letter", "x");
        file("copy-of-a-path", letter.to_str().unwrap());
        file("copy-of-a-letter", "x");
        fs::write(data.path().join("copy-of-a-picture"), b"\xff").unwrap();
        let before = names(data.path());
        sweep(&data.path().into()).unwrap();
        assert_eq!(names(data.path()), before, "it is no data directory");
        file(DATABASE, "x");
        sweep(&data.path().into()).unwrap();
        let kept = ["copy-of-a-letter", "copy-of-a-path", "copy-of-a-picture", "copy-of-both", "copy-of-photographs"];
        assert_eq!(names(data.path()), [&["copies.lock", "copy-def"], &kept[..], &["letter", DATABASE]].concat());
    }

    #[test]
    fn a_directory_that_is_not_there_is_not_made() {
        let home = temporary().unwrap();
        sweep(&home.path().join("data").into()).unwrap();
        assert!(names(home.path()).is_empty());
    }
}
