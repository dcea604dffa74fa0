//! Closing elections: the protocol, and the function that closes those whose time has come.
//!
//! ```text
//! append ElectionClosing → list it as being counted → close every gate, each answering its final count
//! → append ElectionClosed {casts}
//! ```
//!
//! Whoever finds an election closing finishes it: the command that began it, a retry, the next run of the closer. No
//! step does harm when it is done twice.

mod closing;

use std::pin::pin;

use futures::{StreamExt, stream};
use photovote_coordination::{ControlError, GateStatus};
use photovote_coordination_write::Control;
use photovote_domain::{
    Digest, Election, ElectionId,
    election::{ElectionCommand, Status},
};
use photovote_events::{Actor, CommandId, CommandRecord, ElectionCache, Environment, PrivatePart, Stream};
use photovote_events_append::{EventStore, ExecuteError, SnapshotStore};

pub use closing::{CloseError, close, finish};

/// How many elections are looked after at once.
const AT_ONCE: usize = 8;

/// Closes what is due, finishes what is half closed, and opens the gates of what was half opened.
#[derive(Debug, Clone)]
pub struct Closer {
    store: EventStore,
    control: Control,
    /// What was seen in earlier runs: of an election that is known, only the news are read.
    elections: ElectionCache<SnapshotStore>,
}

/// What one run of the closer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Run {
    /// Elections that are closed now and were not before.
    pub closed: usize,
    /// Elections that could not be looked after; the next run tries again.
    pub failed: usize,
}

impl Closer {
    /// A closer over these tables.
    pub fn new(store: EventStore, control: Control, snapshots: SnapshotStore) -> Self {
        // The source writes snapshots: a command function can be stopped after an opening and before its snapshot.
        Self { store, control, elections: ElectionCache::new(snapshots) }
    }

    /// Looks after every election on the schedule. One that fails does not keep the others waiting.
    pub async fn run(&self) -> Result<Run, ControlError> {
        let mut run = Run::default();
        let scheduled = stream::iter(self.control.scheduled().await?);
        let looks = scheduled.map(|election| async move { (election, self.look_after(election).await) });
        let mut looks = pin!(looks.buffer_unordered(AT_ONCE));
        while let Some((election, look)) = looks.next().await {
            match look {
                Ok(closed) => run.closed += usize::from(closed),
                Err(error) => {
                    tracing::error!(%election, %error, "an election on the schedule cannot be looked after");
                    run.failed += 1;
                }
            }
        }
        Ok(run)
    }

    /// Does what an election needs now; was it closed?
    async fn look_after(&self, election: ElectionId) -> Result<bool, CloseError> {
        let seen = self.elections.fresh(election).await?;
        let now = self.store.environment().now();
        if seen.state.status == Status::Open && !seen.state.is_due(now) {
            self.heal(election, &seen.state).await?;
            return Ok(false);
        }
        // What cannot be undone rests on the whole stream.
        let history = self.store.reader().load::<Election>(Stream::Election(election)).await?;
        let state = history.state();
        if matches!(state.status, Status::Open | Status::Closing) {
            let record = record("CloseElection", self.store.environment());
            match close(&self.store, &self.control, history, &record, ElectionCommand::CloseIfDue).await {
                Ok(_) => {}
                // Somebody else closed it, or moved its time, at this very moment.
                Err(CloseError::Execute(ExecuteError::Rejected(_))) => return Ok(false),
                Err(error) => return Err(error),
            }
            metrics::counter!("ElectionsClosed").increment(1);
            tracing::info!(%election, "closed an election whose time had come");
            return Ok(true);
        }
        if state.status == Status::Deleted && state.casts.is_none() {
            // A draft that was deleted still lets voters in, if whoever deleted it was stopped.
            self.control.close_gates(election, state.shards).await?;
        }
        self.control.unschedule(election).await?;
        Ok(false)
    }
}

impl Closer {
    /// Whoever opened or extended an election may have been stopped between the event and the gates.
    async fn heal(&self, id: ElectionId, election: &Election) -> Result<(), CloseError> {
        let gates = self.control.reader().gates(id, election.shards).await?;
        if gates.values().any(|gate| gate.status == GateStatus::Draft) {
            self.control.open_gates(id, election.shards, election.closes_at).await?;
        }
        match election.closes_at {
            Some(closes_at) if gates.values().any(|gate| gate.closes_at.is_some_and(|at| at < closes_at)) => {
                Ok(self.control.extend_gates(id, election.shards, closes_at).await?)
            }
            _ => Ok(()),
        }
    }
}

fn record(name: &'static str, environment: &Environment) -> CommandRecord {
    let random = || Digest::from_bytes(environment.random());
    CommandRecord {
        name,
        own_id: false,
        private: PrivatePart {
            actor: Actor::Closer,
            fingerprint: random(),
            id: CommandId::new(random()),
            reason: None,
            source: None,
            time: environment.now(),
        },
    }
}
