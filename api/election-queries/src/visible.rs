//! Which documents a caller may see, and when they are recent enough.

use std::time::Duration;

use photovote_documents::ElectionDocument;
use photovote_documents_read::Standing;
use photovote_domain::{
    ElectionId, Tally, Version,
    election::{Administrators, ElectionRejection, Role, Status},
};
use photovote_edge::{Administrator, Answer, Code, Parameters, Problem};
use tokio::time::sleep;

use crate::App;

/// How long it takes until the second and the third look at the version that a caller wants to see. A function that waits serves
/// no other request, so it waits briefly. The client waits for the second after which it may ask again.
const WAITS: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(200)];

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
        self.come_to(caller, id, least).await?;
        let found = self.documents.election(id, least.is_some()).await?;
        visible(caller, least, found, |document| document)
    }

    /// The same, with what is counted for it.
    pub(crate) async fn election_and_tally(
        &self,
        caller: &Administrator,
        id: ElectionId,
        least: Option<Version>,
    ) -> Answer<(ElectionDocument, Option<Tally>)> {
        self.come_to(caller, id, least).await?;
        let found = self.documents.results_input(id, least.is_some()).await?;
        visible(caller, least, found, |(document, _tally)| document)
    }

    /// Waits until an election of the caller's has come to this version. Only its version is read meanwhile. An election that does not
    /// exist and one that is none of the caller's cannot be told apart: neither comes to any version, and both are looked at as often.
    async fn come_to(&self, caller: &Administrator, id: ElectionId, least: Option<Version>) -> Answer<()> {
        let Some(least) = least else { return Ok(()) };
        let mut waits = WAITS.into_iter();
        loop {
            let found = self.documents.recency(id).await?;
            if found.is_some_and(|found| sees(caller, &found.administrators) && found.version >= least) {
                return Ok(());
            }
            let Some(wait) = waits.next() else { return Err(not_projected_yet()) };
            sleep(wait).await;
        }
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

/// What was found, if the caller may see it and it is recent enough.
fn visible<T>(
    caller: &Administrator,
    least: Option<Version>,
    found: Option<T>,
    document: impl Fn(&T) -> &ElectionDocument,
) -> Answer<T> {
    let own = found.filter(|found| sees(caller, &document(found).election.administrators));
    let recent = own.filter(|found| least.is_none_or(|least| document(found).version >= least));
    match recent {
        Some(found) if document(&found).election.status == Status::Deleted => Err(no_such()),
        Some(found) => Ok(found),
        None if least.is_none() => Err(no_such()),
        // It was the caller's at this version a moment ago.
        None => Err(not_projected_yet()),
    }
}

fn not_projected_yet() -> Problem {
    Problem::unavailable(Code::NotProjectedYet, "the election has not come to this version here: try again", 1)
}

fn no_such() -> Problem {
    Problem::refused(&ElectionRejection::NotFound)
}
