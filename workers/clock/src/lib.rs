//! The clock: opening and closing elections, and the function that does what is due, every minute.
//!
//! An election is on the schedule from the moment that anything is planned for it, and until it is closed.
//!
//! | It is | and | The clock |
//! |---|---|---|
//! | a draft | its opening time has come, and nothing prevents it | opens it; the follower `invitations` has its voters mailed |
//! | a draft | its opening comes within a day, and something prevents it | has the organiser told |
//! | open | a reminder is due | requests a mailing to those who have not cast |
//! | open | its closing time has come | closes it |
//! | open | whoever opened or extended it was stopped | opens or extends the gates |
//! | closing | | finishes what was begun |
//!
//! Closing has four steps, and no step does harm when it is done twice:
//!
//! ```text
//! append ElectionClosing → list it as being counted → close every gate, each answering its final count
//! → append ElectionClosed {casts}
//! ```

mod closing;
mod noticing;
mod opening;
mod readiness;
mod reminding;

use std::pin::pin;

use futures::{StreamExt, stream};
use photovote_coordination::{ControlError, GateStatus};
use photovote_coordination_write::Control;
use photovote_domain::{
    Election, ElectionId, Schedule,
    election::{ElectionCommand, Status},
};
use photovote_events::{Actor, CommandRecord, ElectionCache, LoadError, Stream};
use photovote_events_append::{EventStore, ExecuteError, SnapshotStore};
use photovote_queues::{MailMessage, Queue};
use thiserror::Error;

pub use closing::{CloseError, close, finish};
pub use noticing::NoticeError;
pub use opening::{OpenError, open};
pub use readiness::ReadinessError;
pub use reminding::{RemindError, reminder_id};

/// How many elections are looked after at once.
const AT_ONCE: usize = 8;

/// Does what elections are due.
#[derive(Debug, Clone)]
pub struct Clock {
    store: EventStore,
    control: Control,
    snapshots: SnapshotStore,
    mailer: Queue<MailMessage>,
    /// What was seen in earlier runs: of an election that is known, only the news are read.
    elections: ElectionCache<SnapshotStore>,
}

/// What one run of the clock did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Run {
    /// Elections that are open now and were not before.
    pub opened: usize,
    /// Reminders that were requested.
    pub reminded: usize,
    /// Elections that are closed now and were not before.
    pub closed: usize,
    /// Elections that could not be looked after; the next run tries again.
    pub failed: usize,
}

/// What the clock did for an election.
enum Done {
    Nothing,
    Opened,
    Reminded,
    Closed,
}

/// Why an election cannot be looked after.
#[derive(Debug, Error)]
enum LookError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Close(#[from] CloseError),
    #[error(transparent)]
    Remind(#[from] RemindError),
    #[error(transparent)]
    Readiness(#[from] ReadinessError),
    #[error(transparent)]
    Notice(#[from] NoticeError),
}

impl Clock {
    /// A clock over these tables, which has organisers told by `mailer`.
    pub fn new(store: EventStore, control: Control, snapshots: SnapshotStore, mailer: Queue<MailMessage>) -> Self {
        // The source writes snapshots: a command function can be stopped after an opening and before its snapshot.
        let elections = ElectionCache::new(snapshots.clone());
        Self { store, control, snapshots, mailer, elections }
    }

    /// Looks after every election on the schedule. One that fails does not keep the others waiting.
    pub async fn run(&self) -> Result<Run, ControlError> {
        let mut run = Run::default();
        let scheduled = stream::iter(self.control.scheduled().await?);
        let looks = scheduled.map(|election| async move { (election, self.look_after(election).await) });
        let mut looks = pin!(looks.buffer_unordered(AT_ONCE));
        while let Some((election, look)) = looks.next().await {
            match look {
                Ok(Done::Nothing) => {}
                Ok(Done::Opened) => run.opened += 1,
                Ok(Done::Reminded) => run.reminded += 1,
                Ok(Done::Closed) => run.closed += 1,
                Err(error) => {
                    tracing::error!(%election, %error, "an election on the schedule cannot be looked after");
                    run.failed += 1;
                }
            }
        }
        Ok(run)
    }

    /// Does what an election needs now.
    async fn look_after(&self, id: ElectionId) -> Result<Done, LookError> {
        let seen = self.elections.fresh(id).await?;
        let election = &seen.state;
        let now = self.store.environment().now();
        match election.status {
            Status::Draft => self.prepare(id, election).await,
            Status::Open if !election.is_due(now) => {
                self.heal(id, election).await?;
                match election.due_reminder(now) {
                    Some(at) => self.remind(id, election, at).await,
                    None => Ok(Done::Nothing),
                }
            }
            _ => self.end(id).await,
        }
    }

    /// Opens a draft whose time has come. If something prevents that, its organiser is told, beginning a day before.
    async fn prepare(&self, id: ElectionId, election: &Election) -> Result<Done, LookError> {
        let now = self.store.environment().now();
        let Some(opens_at) = election.schedule.as_ref().and_then(Schedule::opening_time) else {
            return Ok(Done::Nothing);
        };
        if noticing::begins(opens_at, noticing::AHEAD) > now {
            return Ok(Done::Nothing);
        }
        let obstacles = readiness::obstacles(self.store.reader(), &self.control, id, election).await?;
        let is_due = election.is_due_to_open(now);
        if is_due && obstacles.is_empty() {
            return self.open(id).await;
        }
        // It was not opened in time, and its closing time has come as well.
        let is_over = opens_at <= now && !is_due;
        if is_over || !obstacles.is_empty() {
            noticing::tell(&self.control, &self.mailer, id, election, opens_at, now, obstacles).await?;
        }
        Ok(Done::Nothing)
    }

    async fn open(&self, id: ElectionId) -> Result<Done, LookError> {
        // What cannot be undone rests on the whole stream.
        let history = self.store.reader().load::<Election>(Stream::Election(id)).await?;
        let command = ElectionCommand::OpenIfDue;
        let record = CommandRecord::once(command.name(), Actor::Clock, self.store.environment());
        match open(&self.store, &self.control, &self.snapshots, history, &record, |_| true, command).await {
            Ok(_) => {
                metrics::counter!("ElectionsOpened").increment(1);
                tracing::info!(election = %id, "opened an election whose time had come");
                Ok(Done::Opened)
            }
            // Somebody else opened it, or moved its time, at this very moment.
            Err(OpenError::Execute(ExecuteError::Rejected(_))) => Ok(Done::Nothing),
            Err(error) => Err(error.into()),
        }
    }

    async fn remind(
        &self,
        id: ElectionId,
        election: &Election,
        at: photovote_domain::Timestamp,
    ) -> Result<Done, LookError> {
        let requested = reminding::remind(&self.store, id, election, at).await?;
        if requested {
            tracing::info!(election = %id, "requested a reminder whose time had come");
        }
        Ok(if requested { Done::Reminded } else { Done::Nothing })
    }

    /// Closes an election whose time has come, finishes one that is closing, and takes what has ended off the schedule.
    async fn end(&self, id: ElectionId) -> Result<Done, LookError> {
        // What cannot be undone rests on the whole stream.
        let history = self.store.reader().load::<Election>(Stream::Election(id)).await?;
        let state = history.state();
        if matches!(state.status, Status::Open | Status::Closing) {
            let record = CommandRecord::once("CloseElection", Actor::Clock, self.store.environment());
            match close(&self.store, &self.control, history, &record, |_| true, ElectionCommand::CloseIfDue).await {
                Ok(_) => {}
                // Somebody else closed it, or moved its time, at this very moment.
                Err(CloseError::Execute(ExecuteError::Rejected(_))) => return Ok(Done::Nothing),
                Err(error) => return Err(error.into()),
            }
            metrics::counter!("ElectionsClosed").increment(1);
            tracing::info!(election = %id, "closed an election whose time had come");
            return Ok(Done::Closed);
        }
        if state.status == Status::Deleted && state.casts.is_none() {
            // A draft that was deleted still lets voters in, if whoever deleted it was stopped.
            self.control.close_gates(id, state.shards).await?;
        }
        self.control.unschedule(id).await?;
        Ok(Done::Nothing)
    }
}

impl Clock {
    /// Whoever opened or extended an election may have been stopped between the event and the gates.
    async fn heal(&self, id: ElectionId, election: &Election) -> Result<(), LookError> {
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
