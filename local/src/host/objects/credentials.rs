//! The key that signs uploads to this machine.

use std::io;

use aws_credential_types::Credentials;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::ObjectsError;
use crate::data_dir::DataDir;

/// The file of the key.
const FILE: &str = "uploads.key";

/// A key as its file holds it.
#[derive(Serialize, Deserialize)]
struct Key {
    access_key_id: String,
    secret_access_key: String,
}

/// The key of this data directory. It is made when it is first asked for.
pub(super) fn credentials(dir: &DataDir) -> Result<Credentials, ObjectsError> {
    let path = dir.file(FILE);
    let failed = |source| ObjectsError::File { path: path.clone(), source };
    let kept = dir.keep_first(FILE, || serde_json::to_vec(&new_key()?).map_err(io::Error::other)).map_err(failed)?;
    let key: Key = serde_json::from_slice(&kept).map_err(|_damaged| ObjectsError::DamagedKey { path: path.clone() })?;
    Ok(Credentials::new(key.access_key_id, key.secret_access_key, None, None, "the data directory"))
}

fn new_key() -> io::Result<Key> {
    let (mut name, mut secret) = ([0; 8], [0; 32]);
    getrandom::fill(&mut name).and_then(|()| getrandom::fill(&mut secret)).map_err(io::Error::other)?;
    Ok(Key {
        access_key_id: format!("LOCAL{}", hex::encode_upper(name)),
        secret_access_key: URL_SAFE_NO_PAD.encode(secret),
    })
}
