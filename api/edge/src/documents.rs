//! What documents that cannot be read mean to a client. Only for functions that read documents.

use photovote_document_store::DocumentError;

use crate::{code::Code, problem::Problem};

impl From<DocumentError> for Problem {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::Storage(error) => error.into(),
            unsettled @ DocumentError::Unsettled(_) => {
                tracing::warn!(error = %unsettled, "a document does not settle");
                Self::unavailable(Code::StorageUnavailable, "this is changing right now: try again", 1)
            }
            newer @ DocumentError::Newer { .. } => {
                tracing::warn!(event = "newer_schema", error = %newer, "a document was written by a newer program");
                Self::being_updated()
            }
            damaged @ DocumentError::Damaged { .. } => {
                tracing::error!(error = %damaged, "a document cannot be read");
                Self::internal()
            }
        }
    }
}
