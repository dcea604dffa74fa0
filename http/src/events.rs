//! What a stream that cannot be loaded means to a client. Only for functions that read events.

use photovote_event_store::LoadError;

use crate::problem::Problem;

impl From<LoadError> for Problem {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Storage(error) => error.into(),
            damaged => {
                tracing::error!(error = %damaged, "a stream cannot be read");
                Self::internal()
            }
        }
    }
}
