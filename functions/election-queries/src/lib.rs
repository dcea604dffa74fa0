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
use utoipa_axum::{router::OpenApiRouter, routes};

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

/// The routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(elections::list))
        .routes(routes!(elections::show))
        .routes(routes!(administrators::list))
        .routes(routes!(voters::list))
        .routes(routes!(voters::turnout))
        .routes(routes!(results::show))
        .routes(routes!(results::sheet))
}
