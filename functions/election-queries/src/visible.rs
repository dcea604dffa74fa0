//! Which documents a caller may see, and when they are recent enough.

use std::time::Duration;

use photovote_document_store::{DocumentError, Standing};
use photovote_domain::{
    ElectionId, Tally, Version,
    election::{Administrators, ElectionRejection, Role, Status},
};
use photovote_http::{Administrator, Answer, Code, Parameters, Problem};
use photovote_projections::ElectionDocument;
use tokio::time::{Instant, sleep};

use crate::App;

/// For how long a caller waits for the version that they want to see.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long it is until the first second look; each further one takes twice as long, up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_millis(160);

/// What the answer to a question about an election is made of.
pub(crate) trait Found {
    /// The election.
    fn document(&self) -> &ElectionDocument;
}

impl Found for ElectionDocument {
    fn document(&self) -> &ElectionDocument {
        self
    }
}

impl Found for (ElectionDocument, Tally) {
    fn document(&self) -> &ElectionDocument {
        &self.0
    }
}

impl App {
    /// The version that the caller wants to see at least. That it is malformed is said only of an election of theirs.
    pub(crate) async fn least(
        &self,
        caller: &Administrator,
        id: ElectionId,
        query: &Parameters,
    ) -> Answer<Option<Version>> {
        match query.min_version() {
            Ok(least) => Ok(least),
            Err(malformed) => Err(self.standing(caller, id).await.err().unwrap_or(malformed)),
        }
    }

    /// An election that the caller administers, at least at this version.
    pub(crate) async fn election(
        &self,
        caller: &Administrator,
        id: ElectionId,
        least: Option<Version>,
    ) -> Answer<ElectionDocument> {
        visible(caller, least, || self.documents.election(id, least.is_some())).await
    }

    /// The same, with what is counted for it.
    pub(crate) async fn election_and_tally(
        &self,
        caller: &Administrator,
        id: ElectionId,
        least: Option<Version>,
    ) -> Answer<(ElectionDocument, Tally)> {
        visible(caller, least, || self.documents.results_input(id, least.is_some())).await
    }

    /// How things stand with an election that the caller administers.
    pub(crate) async fn standing(&self, caller: &Administrator, id: ElectionId) -> Answer<Standing> {
        let found = self.documents.standing(id).await?;
        let own = found.filter(|found| sees(caller, &found.administrators) && found.status != Status::Deleted);
        own.ok_or_else(no_such)
    }
}

/// Every administrator may look at everything here.
fn sees(caller: &Administrator, administrators: &Administrators) -> bool {
    administrators.admit(&caller.subject, Role::Observer).is_ok()
}

/// Reads until the version is there. An election that does not exist and one that is none of the caller's cannot be told
/// apart: neither is ever recent enough.
async fn visible<T, F>(caller: &Administrator, least: Option<Version>, read: impl Fn() -> F) -> Answer<T>
where
    T: Found,
    F: Future<Output = Result<Option<T>, DocumentError>>,
{
    let deadline = Instant::now() + PATIENCE;
    let mut wait = FIRST_WAIT;
    loop {
        let own = read().await?.filter(|found| sees(caller, &found.document().election.administrators));
        let recent = own.filter(|found| least.is_none_or(|least| found.document().version >= least));
        match recent {
            Some(found) if found.document().election.status == Status::Deleted => return Err(no_such()),
            Some(found) => return Ok(found),
            None if least.is_none() => return Err(no_such()),
            None => {}
        }
        if Instant::now() + wait > deadline {
            let detail = "the election has not come to this version here: try again";
            return Err(Problem::unavailable(Code::NotProjectedYet, detail, 1));
        }
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

fn no_such() -> Problem {
    Problem::refused(&ElectionRejection::NotFound)
}
