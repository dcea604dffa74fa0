//! Notes of uploads that are not in the queue yet.
//!
//! The store writes a note of each upload before it renames the object into its place, and deletes the note when the queue has the
//! message. The next start reads the notes of a killed server and sends a message for each object that is there. So each upload is
//! reported at least once.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::{Created, bucket::sync};
use crate::data_dir::make_private;

/// The notes.
#[derive(Debug)]
pub(super) struct Untold {
    directory: PathBuf,
    is_durable: bool,
}

/// A note of one upload.
#[derive(Debug)]
pub(super) struct Note(PathBuf);

impl Untold {
    /// Opens the notes of this directory.
    pub(super) fn open(directory: PathBuf, is_durable: bool) -> io::Result<Self> {
        make_private(&directory)?;
        Ok(Self { directory, is_durable })
    }

    /// Where the notes are.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes a note of an upload.
    pub(super) fn write(&self, created: &Created) -> io::Result<Note> {
        let mut file = NamedTempFile::new_in(&self.directory)?;
        file.write_all(&serde_json::to_vec(created)?)?;
        if self.is_durable {
            file.as_file().sync_all()?;
        }
        let (_file, path) = file.keep().map_err(|error| error.error)?;
        if self.is_durable {
            sync(&self.directory)?;
        }
        Ok(Note(path))
    }

    /// The notes that a killed server has left. One that is cut short has none: its object never came to its place.
    pub(super) fn left(&self) -> io::Result<Vec<(Note, Option<Created>)>> {
        let mut notes = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            let created = serde_json::from_slice(&fs::read(&path)?).ok();
            notes.push((Note(path), created));
        }
        Ok(notes)
    }
}

impl Note {
    /// Deletes the note: its upload has been told. If a power cut brings it back, it is told twice.
    pub(super) fn delete(self) -> io::Result<()> {
        fs::remove_file(self.0)
    }
}
