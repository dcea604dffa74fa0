//! One object in one file: its bytes, and after them what is known of it.
//!
//! The name of the file is the hash of the key, so no key leads out of the directory. The end of the file is written last. A file
//! without it is no object.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use aws_lc_rs::digest::{Context, SHA256, digest};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::ObjectsError;

/// The last bytes of each file.
const MARK: [u8; 8] = *b"pvobject";
/// The mark, and before it the length of what is known of the object.
const END: u64 = 12;

/// What is known of an object besides its size and its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct About {
    /// Its key.
    pub(super) key: String,
    /// Its media type.
    pub(super) media_type: String,
    /// How long caches may keep it, if the writer said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<String>,
    /// Names its bytes, without quotes.
    pub(super) etag: String,
}

/// The name of the file of an object.
pub(crate) fn file_name(key: &str) -> String {
    hex::encode(digest(&SHA256, key.as_bytes()))
}

/// An object that is being written. Unless it is kept, its file is deleted when this is dropped.
pub(super) struct Draft {
    file: BufWriter<NamedTempFile>,
    hash: Context,
    size: u64,
}

/// An object that is written, but not in its place.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) file: NamedTempFile,
    pub(super) about: About,
    pub(super) size: u64,
}

impl Draft {
    /// Begins an object in a directory for temporary files.
    pub(super) fn begin(directory: &Path) -> io::Result<Self> {
        let file = BufWriter::new(NamedTempFile::new_in(directory)?);
        Ok(Self { file, hash: Context::new(&SHA256), size: 0 })
    }

    /// Writes the next bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Ends the object. If it has to survive a power cut, the disk has it when this returns.
    pub(super) fn end(
        self,
        key: String,
        media_type: String,
        cache_control: Option<String>,
        is_durable: bool,
    ) -> io::Result<Written> {
        let Self { mut file, hash, size } = self;
        let etag = hex::encode(&hash.finish().as_ref()[..16]);
        let about = About { key, media_type, cache_control, etag };
        let end = serde_json::to_vec(&about)?;
        file.write_all(&end)?;
        file.write_all(&u32::try_from(end.len()).map_err(io::Error::other)?.to_le_bytes())?;
        file.write_all(&MARK)?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        if is_durable {
            file.as_file().sync_all()?;
        }
        Ok(Written { file, about, size })
    }
}

/// An object in its place, open for reading. It stays readable when another takes its place.
#[derive(Debug)]
pub(super) struct Stored {
    path: PathBuf,
    file: File,
    pub(super) about: About,
    pub(super) size: u64,
    pub(super) modified: SystemTime,
}

impl Stored {
    /// Opens an object, and reads what is known of it. None if there is no such file.
    pub(super) fn open(path: PathBuf) -> Result<Option<Self>, ObjectsError> {
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ObjectsError::File { path, source }),
        };
        match end(&file) {
            Ok(Some((about, size, modified))) => Ok(Some(Self { path, file, about, size, modified })),
            Ok(None) => Err(ObjectsError::Damaged { path }),
            Err(source) => Err(ObjectsError::File { path, source }),
        }
    }

    /// Reads its bytes.
    pub(super) fn bytes(self) -> Result<Vec<u8>, ObjectsError> {
        let Self { path, mut file, size, .. } = self;
        let read = || {
            let mut bytes = Vec::with_capacity(usize::try_from(size).map_err(io::Error::other)?);
            file.rewind()?;
            file.take(size).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(|source| ObjectsError::File { path, source })
    }
}

/// The key of an object, if its file has the bytes that were written. None if there is no such file.
pub(crate) fn checked(path: &Path) -> Result<Option<String>, ObjectsError> {
    let Some(stored) = Stored::open(path.to_owned())? else { return Ok(None) };
    let About { key, etag, .. } = stored.about.clone();
    let hash = digest(&SHA256, &stored.bytes()?);
    if hex::encode(&hash.as_ref()[..16]) == etag {
        Ok(Some(key))
    } else {
        Err(ObjectsError::Damaged { path: path.to_owned() })
    }
}

/// What the end of a file says, with the size of the object and its time. None if that is no end.
fn end(mut file: &File) -> io::Result<Option<(About, u64, SystemTime)>> {
    let metadata = file.metadata()?;
    let Some(rest) = metadata.len().checked_sub(END) else { return Ok(None) };
    file.seek(SeekFrom::Start(rest))?;
    let (mut length, mut mark) = ([0; 4], [0; 8]);
    file.read_exact(&mut length)?;
    file.read_exact(&mut mark)?;
    let length = u32::from_le_bytes(length);
    let Some(size) = rest.checked_sub(length.into()).filter(|_| mark == MARK) else { return Ok(None) };
    file.seek(SeekFrom::Start(size))?;
    let mut about = Vec::new();
    file.take(length.into()).read_to_end(&mut about)?;
    Ok(serde_json::from_slice(&about)
        .ok()
        .map(|about| (about, size, metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH))))
}
