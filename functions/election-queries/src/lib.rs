//! What an administrator, of whatever role, can see of their elections: served from documents, the turnout from the gates.

mod administrators;
mod elections;
mod results;
mod sheet;
mod visible;
mod voters;

use photovote_control::ControlReader;
use photovote_document_store::DocumentReader;
pub use sheet::Sheet;

/// The function: the tables it reads.
#[derive(Debug, Clone)]
pub struct App {
    documents: DocumentReader,
    control: ControlReader,
}

impl App {
    /// Reads these tables.
    pub const fn new(documents: DocumentReader, control: ControlReader) -> Self {
        Self { documents, control }
    }
}

photovote_http::routes! {
    App:
    elections::list,
    elections::show,
    administrators::list,
    voters::list,
    voters::turnout,
    results::show,
    results::sheet,
}
