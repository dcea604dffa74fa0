//! How far the followers are behind the events.

use std::{collections::BTreeMap, path::Path};

use photovote_domain::Timestamp;
use serde::Serialize;

use super::StatusError;
use crate::{
    host::checkpoint::{self, Checkpoint},
    host::functions::FOLLOWERS,
    host::stream::StreamError,
    operate::data_copy::DataCopy,
};

/// How far a follower is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct FollowerLag {
    /// Commits that it has not looked at.
    pub commits: u64,
    /// How long ago the oldest of them was made, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_ms: Option<i64>,
}

/// Compares each follower's place in the stream with the end of the stream. A server that runs moves the places on meanwhile, so
/// that a follower may be found less far behind than it was when the copy was taken. Blocks the thread.
pub(super) fn look(
    copy: &DataCopy,
    data_dir: &Path,
    now: Timestamp,
) -> Result<BTreeMap<&'static str, FollowerLag>, StatusError> {
    let stream = copy.engine().events().map_err(StreamError::from)?;
    let file = data_dir.join(checkpoint::FILE);
    let lag = |follower| {
        let name = checkpoint::name(stream.arn(), Some(follower));
        // After an import of a backup, no server has run yet.
        let consumed = if file.is_file() { Checkpoint::look(&file, &name)? } else { None };
        let (commits, oldest) = copy.engine().behind(consumed)?;
        let age = |since: Timestamp| now.millis().saturating_sub(since.millis()).max(0);
        Ok((follower, FollowerLag { commits, oldest_ms: oldest.map(age) }))
    };
    FOLLOWERS.into_iter().map(lag).collect()
}
