//! Asks the importer to look after imports that have not ended, election by election.

use std::collections::{BTreeMap, BTreeSet};

use photovote_domain::import::ImportEvent;
use photovote_events::{Commit, Stream};
use photovote_queues::ImportMessage;

use crate::{ReconcileError, Reconciler};

impl Reconciler {
    /// Asks for the elections of these commits that have imports which wait, deleted ones included: the importer ends their imports.
    /// Answers how many were asked for.
    pub(crate) async fn look_after_imports(&self, commits: &[Commit]) -> Result<u64, ReconcileError> {
        let Some(importer) = &self.importer else { return Ok(0) };
        let mut newest: BTreeMap<Stream, &Commit> = BTreeMap::new();
        for commit in commits.iter().filter(|commit| matches!(commit.stream, Stream::Import(..))) {
            let known = newest.entry(commit.stream).or_insert(commit);
            *known = if known.first < commit.first { commit } else { known };
        }
        let waits = |commit: &&Commit| {
            commit.events.last().is_some_and(|event| ImportEvent::WAITS.contains(&event.event_type.as_str()))
        };
        let elections: BTreeSet<_> =
            newest.into_values().filter(waits).map(|commit| commit.stream.election()).collect();
        for election in &elections {
            importer.send(&ImportMessage::election(*election)).await?;
        }
        Ok(elections.len() as u64)
    }
}
