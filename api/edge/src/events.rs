//! What a stream that cannot be loaded means to a client. Only for functions that read events.

use photovote_events::{CommitError, DecodeError, LoadError};

use crate::problem::Problem;

impl From<LoadError> for Problem {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Storage(error) => error.into(),
            // While a new version of the functions is being deployed, old ones meet what new ones wrote. Soon this one is new, too.
            newer @ (LoadError::Decode(DecodeError::Newer { .. }) | LoadError::Commit(CommitError::Newer(_))) => {
                tracing::warn!(event = "newer_schema", error = %newer, "a stream has a commit that this program is too old for");
                Self::being_updated()
            }
            damaged => {
                tracing::error!(error = %damaged, "a stream cannot be read");
                Self::internal()
            }
        }
    }
}
