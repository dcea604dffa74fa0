//! Closed elections: their gates, and whether all that passed them is counted.

use std::{collections::BTreeSet, time::Duration};

use photovote_coordination::{ControlError, GateStatus};
use photovote_domain::{
    Aggregate, Election, ElectionId, Timestamp, Version,
    election::{ElectionEvent, Status},
};
use photovote_events::{Commit, LoadError, Stream};

use crate::{MendError, ReconcileError, Reconciler, Run, has_passed, report};

/// An election as its events tell it, and when it was closed.
struct Closing {
    election: Election,
    closed: Option<Timestamp>,
}

impl Reconciler {
    /// Looks after the elections that are being counted, and takes those off the list that are.
    pub(crate) async fn look_after_counting(
        &self,
        now: Timestamp,
        patience: Duration,
        run: &mut Run,
    ) -> Result<(), ReconcileError> {
        for election in self.control.counting().await? {
            match self.reconcile_count(election, now, patience, run).await {
                Ok(Counted::Yes) => self.control.remove_from_counting(election).await?,
                Ok(Counted::NotYet) => {}
                Ok(Counted::Late) => {
                    tracing::error!(event = "results_unfinished", %election, "a closed election is not counted");
                    run.unfinished += 1;
                }
                // One that fails does not keep the others waiting.
                Err(error) => {
                    tracing::error!(event = "results_unfinished", %election, %error, "counting cannot be looked after");
                    run.unfinished += 1;
                }
            }
        }
        Ok(())
    }

    /// Asks the counter again for an election that is not counted, and says how far its count is.
    async fn reconcile_count(
        &self,
        id: ElectionId,
        now: Timestamp,
        patience: Duration,
        run: &mut Run,
    ) -> Result<Counted, ReconcileError> {
        let Closing { election, closed } = self.closing(id).await.map_err(MendError::from)?;
        let (Some(_), Some(closed)) = (election.casts, closed) else {
            // It is still closing, and the clock looks after it; a draft that was deleted never had a vote.
            let over = matches!(election.status, Status::Absent | Status::Deleted);
            return Ok(if over { Counted::Yes } else { Counted::NotYet });
        };
        // What is being imported has no gates, and not all of its ballots may be there.
        self.control.reader().has_gates(id, election.shards).await?;
        let generations = self.mender.projection().documents().reader().generations().await?;
        let serving = generations.serving_of(id);
        if self.mender.awaits_counter(serving, id).await?.is_none() {
            return Ok(Counted::Yes);
        }
        if !has_passed(patience, closed, now) {
            return Ok(Counted::NotYet);
        }
        let own = self.mender.projection().events().commits_after(&Stream::Election(id), Version::NONE).await;
        let own = own.map_err(MendError::from)?;
        for generation in generations.active_of(id) {
            let mended = self.mender.mend(&generation, &own).await?;
            if generation == *serving {
                report(&mended, run);
            }
        }
        // The counter was asked in the run before, too, and had as long again.
        let late = has_passed(patience * 2, closed, now) && self.mender.awaits_counter(serving, id).await?.is_some();
        Ok(if late { Counted::Late } else { Counted::NotYet })
    }

    async fn closing(&self, id: ElectionId) -> Result<Closing, LoadError> {
        let commits = self.mender.projection().events().commits_after(&Stream::Election(id), Version::NONE).await?;
        let mut closing = Closing { election: Election::default(), closed: None };
        for commit in commits {
            for event in commit.decode::<Election>()? {
                if matches!(event, ElectionEvent::ElectionClosed { .. }) {
                    closing.closed = commit.private_part().ok().map(|private| private.time);
                }
                closing.election = closing.election.evolve(&event);
            }
        }
        Ok(closing)
    }

    /// Looks whether elections have their gates, and compares those of closed elections with what they closed with.
    pub(crate) async fn compare_gates(&self, commits: &[Commit], run: &mut Run) -> Result<(), ReconcileError> {
        let tells_of_gates = |commit: &&Commit| {
            let mut types = commit.events.iter().map(|event| event.event_type.as_str());
            types.any(|event_type| matches!(event_type, "ElectionCreated" | "ElectionClosed"))
        };
        let elections: BTreeSet<_> =
            commits.iter().filter(tells_of_gates).map(|commit| commit.stream.election()).collect();
        for id in elections {
            let election = match self.closing(id).await {
                Ok(closing) => closing.election,
                Err(LoadError::Storage(error)) => return Err(error.into()),
                // What cannot be read was found when its document was compared.
                Err(error) => {
                    tracing::warn!(election = %id, %error, "gates cannot be compared");
                    continue;
                }
            };
            let sound = match self.control.reader().gates(id, election.shards).await {
                Ok(gates) => {
                    let all_closed = gates.values().all(|gate| gate.status == GateStatus::Closed);
                    let let_through = Some(gates.values().map(|gate| gate.casts).sum());
                    // One that is not closed has no count yet, and only has to have its gates.
                    election.casts.is_none() || all_closed && let_through == election.casts
                }
                Err(ControlError::Missing { .. } | ControlError::Unguarded { .. }) => false,
                Err(error) => return Err(error.into()),
            };
            if !sound {
                tracing::error!(event = "drift_found", election = %id, "gates are missing, or not what they were closed with");
                metrics::counter!("DriftFound").increment(1);
                run.found += 1;
            }
        }
        Ok(())
    }
}

/// How the counting of an election stands.
enum Counted {
    /// All that was cast is counted.
    Yes,
    /// There is nothing to worry about so far.
    NotYet,
    /// It should be.
    Late,
}
