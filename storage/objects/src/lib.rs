//! Objects of one bucket, as PhotoVote uses S3: photographs as they were uploaded, and their renditions.

mod notification;

use std::time::Duration;

use aws_sdk_s3::{
    Client,
    config::{Builder, RequestChecksumCalculation, ResponseChecksumValidation, timeout::TimeoutConfig},
    error::{ProvideErrorMetadata, SdkError},
    operation::{get_object::GetObjectError, head_object::HeadObjectError},
    primitives::ByteStream,
};
use aws_types::SdkConfig;
use bytes::Bytes;
use photovote_domain::Timestamp;
use photovote_dynamodb::{Failure, Meaning, StorageError, storage_error};

pub use notification::{Notification, TestNotification};

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// The object is larger than the caller allows. It was not read.
    #[error("the object has {length} bytes, and at most {at_most} are read")]
    TooLarge {
        /// How many bytes it has.
        length: u64,
        /// How many the caller allows.
        at_most: u64,
    },
    /// The storage fails, or refuses the request.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ObjectError {
    /// Whether the request itself is to blame, so that it fails whoever sends it, and whenever.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::TooLarge { .. } => true,
            Self::Storage(error) => error.is_permanent(),
        }
    }

    /// Whether the same request can succeed later, with nothing else changed.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::TooLarge { .. } => false,
            Self::Storage(error) => error.is_transient(),
        }
    }
}

impl Failure for ObjectError {
    fn meaning(&self) -> Meaning<'_> {
        match self {
            Self::TooLarge { .. } => Meaning::TooLarge,
            Self::Storage(error) => Meaning::Storage(error),
        }
    }
}

/// An object in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// How many bytes it has.
    pub size: u64,
    /// When it was written last.
    pub modified: Option<Timestamp>,
}

/// A part of a list, in the order of the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// At most 1,000 objects.
    pub objects: Vec<Listed>,
    /// The key after which the next page begins. None if this is the last page.
    pub next: Option<String>,
}

/// The objects of one bucket.
#[derive(Debug, Clone)]
pub struct Objects {
    client: Client,
    bucket: String,
}

impl Objects {
    /// The objects of this bucket.
    pub fn new(config: &SdkConfig, bucket: impl Into<String>) -> Self {
        let mut builder = Builder::from(config)
            // TLS protects what travels, and S3 computes its own checksum of each object.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .timeout_config(timeouts())
            // An emulator has one host for all buckets.
            .force_path_style(config.endpoint_url().is_some());
        if config.auth_scheme_preference().is_some() {
            builder.set_allow_no_auth();
        }
        Self { client: Client::from_conf(builder.build()), bucket: bucket.into() }
    }

    /// Reads an object of at most so many bytes. None if there is no such object.
    pub async fn get(&self, key: &str, at_most: u64) -> Result<Option<Bytes>, ObjectError> {
        let found = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(found) => found,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
            Err(error) => return Err(storage_error(&error).into()),
        };
        let Some(length) = found.content_length().and_then(|length| u64::try_from(length).ok()) else {
            return Err(StorageError::Unavailable("the storage does not say how long the object is".to_owned()).into());
        };
        if length > at_most {
            return Err(ObjectError::TooLarge { length, at_most });
        }
        let body = found.body.collect().await;
        let bytes = body.map_err(|broken| StorageError::Unavailable(broken.to_string()))?.into_bytes();
        // A connection can end early.
        if u64::try_from(bytes.len()) == Ok(length) {
            Ok(Some(bytes))
        } else {
            Err(StorageError::Unavailable(format!("{} of {length} bytes arrived", bytes.len())).into())
        }
    }

    /// Writes an object, in place of the one with this key if there is one.
    pub async fn put(
        &self,
        key: &str,
        bytes: impl Into<Bytes>,
        media_type: &str,
        cache_control: &str,
    ) -> Result<(), ObjectError> {
        let put = self.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(bytes.into()));
        let put = put.content_type(media_type).cache_control(cache_control).send().await;
        put.map(drop).map_err(|error| storage_error(&error).into())
    }

    /// Deletes an object, if there is one.
    pub async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        let deleted = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        deleted.map(drop).map_err(|error| storage_error(&error).into())
    }

    /// Whether there is an object with this key.
    pub async fn exists(&self, key: &str) -> Result<bool, ObjectError> {
        match self.client.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(_found) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => Ok(false),
            Err(error) => Err(without_body(&error)),
        }
    }

    /// The objects whose keys begin with the prefix, in the order of the keys: those after this key, or from the beginning.
    pub async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, ObjectError> {
        let list = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let list = list.set_start_after(after.map(str::to_owned)).send().await;
        let list = list.map_err(|error| storage_error(&error))?;
        let is_truncated = list.is_truncated() == Some(true);
        let mut objects = Vec::new();
        for object in list.contents.unwrap_or_default() {
            let (Some(key), size) = (object.key, object.size.unwrap_or_default()) else { continue };
            let modified = object.last_modified.and_then(|time| time.to_millis().ok()).map(Timestamp::from_millis);
            objects.push(Listed { key, size: size.try_into().unwrap_or_default(), modified });
        }
        let next = if is_truncated { objects.last().map(|last| last.key.clone()) } else { None };
        Ok(Page { objects, next })
    }
}

/// How long a request may take until its answer begins: several MB are sent before.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(25))
        .build()
}

/// The meaning of an answer to HEAD, which has no body that names the reason.
fn without_body(error: &SdkError<HeadObjectError, aws_sdk_s3::config::http::HttpResponse>) -> ObjectError {
    match error.raw_response().map(|response| response.status().as_u16()) {
        Some(status @ (400..429 | 430..500)) => {
            let code = error.code().map_or_else(|| status.to_string(), str::to_owned);
            StorageError::Refused { code, message: "HEAD of an object".to_owned() }.into()
        }
        Some(429 | 503) => StorageError::Throttled.into(),
        _ => storage_error(error).into(),
    }
}

#[cfg(test)]
mod tests;
