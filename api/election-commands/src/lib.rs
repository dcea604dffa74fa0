//! What an administrator can do: elections, their competitions and candidates, and their voters.
//!
//! Each handler reads like the order in which requests are checked: existence and role, form, value; then the event
//! store asks whether the command is known, whether the precondition holds, and the domain.

mod administrators;
mod candidates;
mod competitions;
mod creation;
mod elections;
mod imports;
mod lifecycle;
mod mailings;
mod photographs;
mod schedule;
mod upload_view;
mod voters;

use photovote_clock::{CloseError, OpenError};
use photovote_commands::Intent;
use photovote_coordination_write::Control;
use photovote_domain::{
    Aggregate, CandidateId, CompetitionId, Election, ElectionId, Photograph, Version,
    ballot::BallotRejection,
    election::{Context, ElectionCommand, ElectionRejection, ElectionRejection as E, Limit, Role, Status},
    import::ImportRejection as I,
    mailing::{Kind as MailKind, MailingRejection as M},
    photograph::PhotographRejection as P,
    voter::VoterRejection as V,
};
use photovote_edge::{Administrator, Answer, Changed, Code, Problem, Problems, at_version};
use photovote_events::{Commit, ElectionCache, EventReader, History, Snapshot};
use photovote_events_append::{EventStore, SnapshotStore};
use photovote_queues::{ImportMessage, MailMessage, Queue};
use photovote_registration::Registrar;
use photovote_uploads::Uploads;

pub use creation::{CreationRules, MostError};

/// The function: the tables it works on, and the elections it has seen lately.
#[derive(Debug, Clone)]
pub struct App {
    store: EventStore,
    control: Control,
    registrar: Registrar,
    elections: ElectionCache<EventReader>,
    snapshots: SnapshotStore,
    creation: CreationRules,
    sends_mail: bool,
    mailer: Queue<MailMessage>,
    uploads: Uploads,
    importer: Queue<ImportMessage>,
}

impl App {
    /// Works on these tables, signs uploads, and asks `mailer` for test mails and `importer` for imports.
    pub fn new(
        store: EventStore,
        control: Control,
        snapshots: SnapshotStore,
        uploads: Uploads,
        mailer: Queue<MailMessage>,
        importer: Queue<ImportMessage>,
    ) -> Self {
        let elections = ElectionCache::new(store.reader().clone());
        let registrar = Registrar::new(store.clone(), control.clone());
        let creation = CreationRules::default();
        Self { store, control, registrar, elections, snapshots, creation, sends_mail: false, mailer, uploads, importer }
    }

    /// Lets these administrators create elections, and so many.
    #[must_use]
    pub fn creating(self, creation: CreationRules) -> Self {
        Self { creation, ..self }
    }

    /// Lets elections invite their voters by mail.
    #[must_use]
    pub fn sending_mail(self, sends_mail: bool) -> Self {
        Self { sends_mail, ..self }
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
        let admitted = history.state().administrators.admit(&caller.subject, needed);
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
        self.change_using(history, intent, command, reason, None).await
    }

    /// The same for a command that uses a photograph, which must not move meanwhile.
    async fn change_using(
        &self,
        history: History<Election>,
        intent: &Intent,
        command: ElectionCommand,
        reason: Option<String>,
        photograph: Option<&History<Photograph>>,
    ) -> Answer<Version> {
        self.control.reader().has_gates(history.stream().election(), history.state().shards).await?;
        let environment = self.store.environment();
        let mut record = intent.record(command.name(), &history.stream(), environment);
        record.private.reason = reason;
        let by = record.private.actor.administrator();
        let decide = |election: &Election| election.decide(command.clone(), &Context { now: environment.now(), by });
        let alongside = |_: &Commit| photograph.map(|used| self.store.unmoved(used)).into_iter().collect();
        let expected = |seen: &Snapshot<Election>| intent.expects(seen.version);
        let done = self.store.execute_with(history, &record, expected, decide, alongside).await?;
        Ok(done.version)
    }
}

photovote_edge::routes! {
    App:
    elections::create => Problems::of_command()
        .codes([Code::CreationForbidden, Code::InvalidValue, Code::NoMail, Code::TooManyElections])
        .refusals([E::IdTaken]),
    elections::change => on_election().codes([Code::InvalidValue, Code::NoMail]).refusals([NOT_DRAFT, E::HasVoters, E::RemindersNeedInvitations]),
    elections::delete => on_election().refusals([E::WrongStatus(Status::Open)]),
    administrators::appoint => on_election()
        .codes([Code::InvalidValue])
        .refusals([E::LastOwner, E::TooMany(Limit::Administrators)]),
    administrators::remove => on_election()
        .codes([Code::InvalidValue])
        .refusals([E::AdministratorNotFound, E::LastOwner]),
    schedule::plan => on_election()
        .codes([Code::InvalidValue])
        .refusals(schedule::unresolvable())
        .refusals([E::OpeningTimePast, E::ClosingTimePast, E::ReminderPast, E::RemindersNeedInvitations])
        .refusals([E::Opened, E::ClosingTimeNotLater, E::NoClosingTime, E::Due, E::WrongStatus(Status::Closed)]),
    lifecycle::open => on_election()
        .refusals([E::ClosingTimePast, NOT_DRAFT, E::NoCompetition, E::TooFewCandidates]),
    lifecycle::extend => on_election()
        .refusals([E::ClosingTimePast, E::ClosingTimeNotLater, NOT_OPEN, E::NoClosingTime, E::Due]),
    lifecycle::close => on_election().refusals([NOT_OPEN]),
    lifecycle::release => on_election().refusals([E::NotClosed(Status::Open), E::Counting]),
    competitions::create => on_election()
        .codes([Code::InvalidValue])
        .refusals([NOT_DRAFT, E::IdTaken, E::TooMany(Limit::Competitions), E::TooMany(Limit::ElectionBytes)]),
    competitions::change => on_competition().codes([Code::InvalidValue]).refusals(TOO_LARGE),
    competitions::delete => on_competition(),
    candidates::create => on_competition()
        .codes([Code::InvalidValue])
        .refusals([E::IdTaken, E::TooMany(Limit::CandidatesInCompetition)])
        .refusals([P::NotFound, P::NotReady])
        .refusals(TOO_LARGE),
    candidates::change => on_competition()
        .codes([Code::InvalidValue])
        .refusals([E::CandidateNotFound])
        .refusals([P::NotFound, P::NotReady])
        .refusals(TOO_LARGE),
    candidates::delete => on_competition().refusals([E::CandidateNotFound]),
    candidates::disqualify => on_election().codes([Code::InvalidValue]).refusals([
        E::CompetitionNotFound,
        E::CandidateNotFound,
        E::WrongStatus(Status::Draft),
        E::DisqualifiedAlready,
        E::TooMany(Limit::ModeratedBytes),
    ]),
    photographs::request => at_any_version()
        .codes([Code::InvalidValue])
        .refusals([P::IdTaken, P::TooMany, P::NotDraft(Status::Open)]),
    photographs::remove => on_election().refusals([P::NotFound, P::Used, P::NotDraft(Status::Open)]),
    mailings::request => at_any_version()
        .codes([Code::InvalidValue, Code::NoMail])
        .refusals([V::NotFound])
        .refusals([
            M::IdTaken,
            M::TooMany,
            M::LinksHandedOut,
            M::NotOpen(Status::Draft),
            M::NotReleased(Status::Closed),
            M::Recipients(MailKind::Reminder),
        ]),
    mailings::preview => at_any_version().codes([Code::InvalidValue]).refusals([M::Recipients(MailKind::Reminder)]),
    mailings::test => at_any_version().codes([Code::InvalidValue, Code::NoMail]),
    imports::request => at_any_version()
        .codes([Code::InvalidValue])
        .refusals([I::IdTaken, I::TooMany, I::RegistrationClosed(Status::Closed)]),
    imports::choose => on_election()
        .codes([Code::InvalidValue])
        .refusals([I::NotFound, I::NotReady, I::RegistrationClosed(Status::Closed)]),
    imports::confirm => on_election()
        .refusals([I::NotFound, I::NotReady, I::RegistrationClosed(Status::Closed)]),
    imports::undo => on_election().refusals([I::NotFound, I::NotDone, I::NotDraft(Status::Open)]),
    voters::register => at_any_version()
        .codes([Code::InvalidValue])
        .refusals([V::IdTaken, V::EmailTaken, V::RegistrationClosed(Status::Closed)]),
    voters::remove => on_election()
        .refusals([V::NotFound, V::HasCast, V::RegistrationClosed(Status::Closed)]),
    voters::change => on_election()
        .codes([Code::InvalidValue])
        .refusals([V::NotFound, V::EmailTaken]),
    voters::replace_token => on_election()
        .refusals([V::NotFound])
        .refusals([BallotRejection::CastAlready, BallotRejection::Closed]),
}

const NOT_DRAFT: E = E::NotDraft(Status::Open);
const NOT_OPEN: E = E::NotOpen(Status::Draft);
const TOO_LARGE: [E; 2] = [E::TooMany(Limit::CompetitionBytes), E::TooMany(Limit::ElectionBytes)];

/// What any command on an election can be refused for, whatever its version.
fn at_any_version() -> Problems {
    Problems::of_command().codes([Code::GatesMissing, Code::MalformedId]).refusals([
        E::NotFound,
        E::RoleInsufficient(Role::Editor),
        E::Deleted,
    ])
}

/// The same for a command that heeds `If-Match`.
fn on_election() -> Problems {
    at_any_version().codes([Code::VersionMismatch])
}

/// The same for a command on a competition of a draft.
fn on_competition() -> Problems {
    on_election().refusals([E::CompetitionNotFound, NOT_DRAFT])
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

fn opening(error: OpenError) -> Problem {
    match error {
        OpenError::Execute(error) => error.into(),
        OpenError::Control(error) => error.into(),
        OpenError::Load(error) => error.into(),
    }
}

fn closing(error: CloseError) -> Problem {
    match error {
        CloseError::Execute(error) => error.into(),
        CloseError::Control(error) => error.into(),
        CloseError::Load(error) => error.into(),
    }
}
