//! What an administrator can do: elections, their competitions and candidates, and their voters.
//!
//! Each handler reads like the order in which requests are checked: existence and role, form, value; then the event
//! store asks whether the command is known, whether the precondition holds, and the domain.

mod administrators;
mod candidates;
mod competitions;
mod elections;
mod lifecycle;
mod voters;

use closer::CloseError;
use photovote_control::{Control, ControlError};
use photovote_domain::{
    Aggregate, CandidateId, CompetitionId, Election, ElectionId, Version,
    election::{Context, ElectionCommand, ElectionRejection, Role},
};
use photovote_event_store::{ElectionCache, EventStore, History, Snapshots};
use photovote_http::{Administrator, Answer, Changed, Intent, Problem, at_version};

/// The function: the tables it works on, and the elections it has seen lately.
#[derive(Debug, Clone)]
pub struct App {
    store: EventStore,
    control: Control,
    elections: ElectionCache<History<Election>>,
    snapshots: Snapshots,
}

impl App {
    /// Works on these tables.
    pub fn new(store: EventStore, control: Control, snapshots: Snapshots) -> Self {
        let elections = ElectionCache::new(store.reader().clone());
        Self { store, control, elections, snapshots }
    }

    /// An election as it is now. Of one that was seen lately only what is new is read: its definition may be megabytes, and
    /// somebody may be registering thousands of voters.
    async fn load(&self, id: ElectionId) -> Answer<History<Election>> {
        let history = self.elections.fresh(id).await?;
        Ok(History::clone(&history))
    }

    /// An election in which this administrator has at least this role. One in which they have none is not to be told from
    /// one that does not exist.
    ///
    /// What is asked of the election itself asks for the role again when it is decided: until then it may be lost.
    async fn election(&self, caller: &Administrator, id: ElectionId, needed: Role) -> Answer<History<Election>> {
        let history = self.load(id).await?;
        let admitted = history.state.administrators.admit(&caller.subject, needed);
        admitted.map(|()| history).map_err(|refused| Problem::refused(&refused))
    }

    /// Carries out a command that touches nothing but the election's own stream.
    async fn change(
        &self,
        history: History<Election>,
        intent: &Intent,
        command: ElectionCommand,
        reason: Option<String>,
    ) -> Answer<Version> {
        self.create(history, intent, command, false, reason).await
    }

    /// The same for a command that creates something in the election, perhaps under an id that the client chose.
    async fn create(
        &self,
        history: History<Election>,
        intent: &Intent,
        command: ElectionCommand,
        own_id: bool,
        reason: Option<String>,
    ) -> Answer<Version> {
        let environment = self.store.environment();
        let mut record = intent.record(command.name(), &history.stream, environment);
        record.own_id = own_id;
        record.private.reason = reason;
        let by = record.private.actor.administrator();
        let decide = |election: &Election| election.decide(command.clone(), &Context { now: environment.now(), by });
        let done = self.store.execute(history, &record, |version| intent.expects(version), decide).await?;
        Ok(done.version)
    }
}

photovote_http::routes! {
    App:
    elections::create,
    elections::change, elections::delete,
    administrators::appoint, administrators::remove,
    lifecycle::open,
    lifecycle::extend,
    lifecycle::close,
    lifecycle::release,
    competitions::create,
    competitions::change, competitions::delete,
    candidates::create,
    candidates::change, candidates::delete,
    candidates::disqualify,
    voters::register,
    voters::remove,
    voters::replace_token,
}

/// What is wrong with a request is said only of what exists: otherwise the answer is that it does not.
///
/// Whether it exists is asked again when the command is decided, after it was looked up whether the command is known:
/// that a thing was removed is no reason to answer its removal differently the second time.
fn existing(
    election: &Election,
    competition: CompetitionId,
    candidate: Option<CandidateId>,
) -> impl FnOnce(Problem) -> Problem {
    let missing = match (election.competition(competition), candidate) {
        (None, _) => Some(ElectionRejection::CompetitionNotFound),
        (Some(found), Some(candidate)) if found.candidate(candidate).is_none() => {
            Some(ElectionRejection::CandidateNotFound)
        }
        _ => None,
    };
    move |problem| missing.map_or(problem, |missing| Problem::refused(&missing))
}

fn changed(version: Version) -> axum::response::Response {
    at_version(version, Changed { version })
}

fn closing(error: CloseError) -> Problem {
    match error {
        CloseError::Execute(error) => error.into(),
        CloseError::Control(error) => control(error),
        CloseError::Load(error) => error.into(),
    }
}

fn control(error: ControlError) -> Problem {
    match error {
        ControlError::Storage(error) => error.into(),
        damaged @ ControlError::Damaged { .. } => {
            tracing::error!(error = %damaged, "the control table is damaged");
            Problem::internal()
        }
    }
}
