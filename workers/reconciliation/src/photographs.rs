//! Asks the photo-processor to compare photographs with objects, election by election.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use photovote_domain::Version;
use photovote_events::{Commit, Stream};
use photovote_queues::PhotographMessage;

use crate::{ReconcileError, Reconciler};

/// How often the objects of all elections are compared with their photographs. Object stores lose little.
pub(crate) const ROUND: Duration = Duration::from_hours(24);
/// The events after which a photograph waits for an upload or for its processing.
const WAITS: [&str; 2] = ["PhotographRequested", "PhotographUploaded"];

impl Reconciler {
    /// Asks for the elections of these commits that have photographs which wait; in a round, for each election whose first commit is
    /// among them. Answers how many were asked for.
    pub(crate) async fn look_after_photographs(
        &self,
        commits: &[Commit],
        is_round: bool,
    ) -> Result<u64, ReconcileError> {
        let mut newest: BTreeMap<Stream, &Commit> = BTreeMap::new();
        let mut elections = BTreeSet::new();
        for commit in commits {
            match commit.stream {
                Stream::Photograph(..) => {
                    let known = newest.entry(commit.stream).or_insert(commit);
                    *known = if known.first < commit.first { commit } else { known };
                }
                Stream::Election(election) if is_round && commit.before() == Version::NONE => {
                    elections.insert(election);
                }
                Stream::Election(_)
                | Stream::Voter(..)
                | Stream::Ballot(..)
                | Stream::Import(..)
                | Stream::Mailing(..) => {}
            }
        }
        let waits =
            |commit: &&Commit| commit.events.last().is_some_and(|event| WAITS.contains(&event.event_type.as_str()));
        let waiting: BTreeSet<_> = newest.into_values().filter(waits).map(|commit| commit.stream.election()).collect();
        for election in waiting {
            // A deleted election has no objects left after the first look, and its photographs wait without end.
            if self.mender.projection().events().is_living(election).await? {
                elections.insert(election);
            }
        }
        for election in &elections {
            self.photo_processor.send(&PhotographMessage::election(*election)).await?;
        }
        Ok(elections.len() as u64)
    }
}
