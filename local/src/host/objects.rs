//! Stands in for S3: objects in the data directory. Functions reach them through the SDK, browsers through the gateway.
//!
//! One bucket holds uploads and originals, the other renditions. An object is a file, written in a temporary directory and then renamed.

mod answer;
mod bucket;
mod credentials;
mod file;
mod policy;
mod sdk;
mod untold;
mod upload;

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::SdkConfig;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use photovote_dynamodb::{Endpoint, config};
use photovote_uploads::Target;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::task::JoinError;

use self::{
    bucket::Bucket,
    file::{Draft, Written},
    untold::Untold,
};
use crate::{
    data_dir::{DataDir, make_private},
    host::engine::Durability,
};

pub(crate) use answer::{Refusal, XML, post_response};
pub(crate) use bucket::sync;
pub(crate) use file::{checked, file_name};
pub(crate) use upload::too_slow;

/// The bucket of photographs as they were uploaded. It is private.
pub const ORIGINALS: &str = "photovote-originals";
/// The bucket of photographs as anybody may see them.
pub const RENDITIONS: &str = "photovote-renditions";
/// Both.
pub(crate) const BUCKETS: [&str; 2] = [ORIGINALS, RENDITIONS];
/// The directory of all objects in a data directory.
pub(crate) const HOME: &str = "objects";
/// Below it, where objects are written before they are in their place.
pub(crate) const TEMPORARY: &str = "temporary";
/// The region of the buckets.
pub const REGION: &str = "us-east-1";
/// Where the gateway takes uploads.
pub const UPLOADS: &str = "/uploads";

/// Why objects cannot be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// A file or a directory cannot be used.
    #[error("{} cannot be used: {source}", path.display())]
    File {
        /// The file or the directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is not as it was written.
    #[error("{} is damaged: restore it from a copy, or delete it and upload its photograph again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The key of uploads is not as it was written.
    #[error("the key of uploads {} is damaged: delete it, and a new one is made; uploads under way are then void", path.display())]
    DamagedKey {
        /// The file.
        path: PathBuf,
    },
    /// The listener does not take an upload.
    #[error("an upload cannot be told: {0}")]
    Untold(Box<dyn std::error::Error + Send + Sync>),
    /// The work was cut off.
    #[error("the objects broke off: {0}")]
    BrokenOff(#[from] JoinError),
}

/// An object that was uploaded by a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// How many bytes it has.
    pub size: u64,
    /// Names its bytes, without quotes.
    pub etag: String,
}

impl Created {
    /// What S3 would say of it in a message.
    pub fn notification(&self) -> String {
        let object = json!({"key": utf8_percent_encode(&self.key, NON_ALPHANUMERIC).to_string(), "size": self.size});
        let s3 = json!({"bucket": {"name": self.bucket}, "object": object});
        json!({"Records": [{"eventName": "ObjectCreated:Post", "s3": s3}]}).to_string()
    }
}

/// Learns of each upload at least once, in any order, on a thread that may block. When it returns, the upload must not be lost:
/// a queue has it on the disk, for example. If it fails, the client is told to try again, and the next start tells the upload
/// again.
pub type Listener = Arc<dyn Fn(&Created) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + Send + Sync>;

/// The objects of a data directory. Clones lead to the same objects.
#[derive(Clone)]
pub struct ObjectStore(Arc<Shared>);

struct Shared {
    originals: Bucket,
    renditions: Bucket,
    untold: Untold,
    /// Where objects are written before they are in their place.
    temporary: PathBuf,
    is_durable: bool,
    credentials: aws_credential_types::Credentials,
    listener: Listener,
}

impl fmt::Debug for ObjectStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ObjectStore")
    }
}

impl ObjectStore {
    /// Opens the objects of a data directory, which the caller has claimed. Deletes what a killed server has not finished, and
    /// tells uploads that it has not told. Blocks the thread.
    pub fn open(dir: &DataDir, durability: Durability, listener: Listener) -> Result<Self, ObjectsError> {
        let home = dir.file(HOME);
        let is_durable = durability == Durability::PowerLoss;
        let prepare = || {
            let temporary = home.join(TEMPORARY);
            make_private(&temporary)?;
            empty(&temporary)?;
            let originals = Bucket::open(&home, ORIGINALS, is_durable)?;
            let renditions = Bucket::open(&home, RENDITIONS, is_durable)?;
            let untold = Untold::open(home.join("untold"), is_durable)?;
            if is_durable {
                bucket::sync(&home)?;
                bucket::sync(dir.path())?;
            }
            Ok((temporary, originals, renditions, untold))
        };
        let failed = |source| ObjectsError::File { path: home.clone(), source };
        let (temporary, originals, renditions, untold) = prepare().map_err(failed)?;
        let credentials = credentials::credentials(dir)?;
        let shared = Shared { originals, renditions, untold, temporary, is_durable, credentials, listener };
        shared.tell_left()?;
        Ok(Self(Arc::new(shared)))
    }

    /// The SDK's configuration for clients of these buckets, and for signing uploads to them.
    pub fn config(&self) -> SdkConfig {
        let credentials = SharedCredentialsProvider::new(self.0.credentials.clone());
        config(&Endpoint::Client(sdk::client(self.clone()))).into_builder().credentials_provider(credentials).build()
    }

    /// Where uploads go. The page resolves the URL against its own address: the server does not know by which name and port it
    /// is reached.
    pub fn target() -> Target {
        Target { url: UPLOADS.to_owned(), bucket: ORIGINALS.to_owned(), region: REGION.to_owned() }
    }

    /// What anybody may see of the object with this key: its media type, its tag without quotes, and its bytes.
    pub(crate) async fn rendition(&self, key: String) -> Result<Option<Rendition>, ObjectsError> {
        let read = move |shared: &Shared| {
            let Some(stored) = shared.renditions.get(&key)? else { return Ok(None) };
            let (media_type, etag) = (stored.about.media_type.clone(), stored.about.etag.clone());
            Ok(Some(Rendition { media_type, etag, bytes: stored.bytes()? }))
        };
        self.on_thread(read).await
    }

    /// Does work that blocks its thread.
    async fn on_thread<T, E>(&self, work: impl FnOnce(&Shared) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<ObjectsError> + Send + 'static,
    {
        let shared = self.0.clone();
        tokio::task::spawn_blocking(move || work(&shared)).await.map_err(ObjectsError::from)?
    }
}

/// An object of the bucket that anybody may see.
#[derive(Debug)]
pub(crate) struct Rendition {
    pub(crate) media_type: String,
    pub(crate) etag: String,
    pub(crate) bytes: Vec<u8>,
}

impl Shared {
    fn bucket(&self, name: &str) -> Option<&Bucket> {
        [&self.originals, &self.renditions].into_iter().find(|bucket| bucket.name() == name)
    }

    /// Begins an object.
    fn begin(&self) -> Result<Draft, ObjectsError> {
        Draft::begin(&self.temporary).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> ObjectsError {
        ObjectsError::File { path: self.temporary.clone(), source }
    }

    /// Puts an upload in its place, and tells the listener.
    fn keep_upload(&self, written: Written) -> Result<Created, ObjectsError> {
        let created = Created {
            bucket: ORIGINALS.to_owned(),
            key: written.about.key.clone(),
            size: written.size,
            etag: written.about.etag.clone(),
        };
        let failed = |source| ObjectsError::File { path: self.untold.directory().to_owned(), source };
        let note = self.untold.write(&created).map_err(failed)?;
        self.originals.keep(written)?;
        (self.listener)(&created).map_err(ObjectsError::Untold)?;
        note.delete().map_err(failed)?;
        Ok(created)
    }

    /// Tells the uploads that a killed server has not told.
    fn tell_left(&self) -> Result<(), ObjectsError> {
        let failed = |source| ObjectsError::File { path: self.untold.directory().to_owned(), source };
        for (note, created) in self.untold.left().map_err(failed)? {
            if let Some(created) = created
                && self.originals.get(&created.key)?.is_some_and(|stored| stored.about.etag == created.etag)
            {
                (self.listener)(&created).map_err(ObjectsError::Untold)?;
            }
            note.delete().map_err(failed)?;
        }
        Ok(())
    }
}

/// Deletes the files in a directory.
fn empty(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        fs::remove_file(entry?.path())?;
    }
    Ok(())
}

/// Whether an object can have this key: as on S3, but without control characters, which XML cannot hold.
fn check_key(key: &str) -> Result<(), Refusal> {
    if key.is_empty() || key.chars().any(char::is_control) {
        Err(Refusal::new(400, "InvalidArgument", "A key has at least one character, and no control characters."))
    } else if key.len() > LONGEST_KEY {
        Err(Refusal::new(400, "KeyTooLongError", "Your key is too long. It has at most 1,024 bytes."))
    } else {
        Ok(())
    }
}

/// The longest key that S3 takes, in bytes.
const LONGEST_KEY: usize = 1_024;

#[cfg(test)]
mod tests;
