//! What an administrator, of whatever role, can see of their elections: served from documents, the turnout from the gates.

mod administrators;
mod elections;
mod photographs;
mod results;
mod schedule;
mod sheet;
mod visible;
mod voters;

use photovote_coordination::ControlReader;
use photovote_documents_read::DocumentReader;
use photovote_domain::{
    election::{ElectionRejection, Status},
    photograph::PhotographRejection,
};
use photovote_edge::{Code, Problems};
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

photovote_edge::routes! {
    App:
    elections::list => Problems::of_query().codes([Code::MalformedCursor]),
    elections::show => of_election().codes([Code::NotProjectedYet]),
    schedule::show => of_election().codes([Code::NotProjectedYet, Code::GatesMissing]),
    administrators::list => of_election().codes([Code::MalformedCursor]),
    photographs::list => of_election().codes([Code::MalformedCursor]),
    photographs::show => of_election().refusals([PhotographRejection::NotFound]),
    voters::list => of_election().codes([Code::MalformedCursor]),
    voters::turnout => of_election().codes([Code::GatesMissing]),
    results::show => of_results(),
    results::sheet => of_results().codes([Code::Counting]),
}

/// What any query of an election can be refused for.
fn of_election() -> Problems {
    Problems::of_query().codes([Code::MalformedId]).refusals([ElectionRejection::NotFound])
}

/// The same for a query of its results.
fn of_results() -> Problems {
    of_election().codes([Code::NotProjectedYet]).refusals([ElectionRejection::NotClosed(Status::Open)])
}
