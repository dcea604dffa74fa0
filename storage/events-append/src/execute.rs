//! Carrying out a command: is it known? → precondition → decide → append; and again, if another was faster.

use aws_sdk_dynamodb::{error::BuildError, types::TransactWriteItem};
use photovote_domain::{Aggregate, Digest, ElectionId, Kind, Refusal, Version};
use photovote_dynamodb::{Cancellation, Failure, Meaning, Retry};
use thiserror::Error;

use photovote_events::{Actor, CommandRecord, Commit, History, Known, LoadError, Snapshot};

use crate::append::{AppendError, Attempt, EventStore};

/// How often a command is decided before a conflict is the answer.
const ATTEMPTS: u32 = 3;

/// A command that was carried out.
#[derive(Debug)]
pub struct Done<A> {
    /// The stream as it is now, or was a moment ago.
    pub history: History<A>,
    /// The version that the command led to.
    pub version: Version,
    /// Was it carried out before, so that this is only its answer once more?
    pub repeated: bool,
}

/// Why a command was not carried out.
#[derive(Debug, Error)]
pub enum ExecuteError<R: Refusal> {
    /// The rules do not allow it.
    #[error(transparent)]
    Rejected(R),
    /// The stream is not at the version that the client expects.
    #[error("the version is {0}, not the one that was expected")]
    Precondition(Version),
    /// Another command was carried out under the same idempotency key.
    #[error("the idempotency key belongs to another request")]
    KeyReused,
    /// Others were faster every time.
    #[error("other commands were faster")]
    Conflict,
    /// An action alongside the commit was refused, and nothing that has happened to the stream explains it. One entry
    /// for each action, in order.
    #[error("a condition beside the stream does not hold")]
    Blocked(Vec<Cancellation>),
    /// The stream cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The commit cannot be written.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl<R: Refusal> Failure for ExecuteError<R> {
    fn meaning(&self) -> Meaning<'_> {
        match self {
            Self::Rejected(rejection) => Meaning::Refused(rejection),
            Self::Precondition(version) => Meaning::Precondition(*version),
            Self::KeyReused => Meaning::KeyReused,
            Self::Conflict | Self::Blocked(_) => Meaning::Conflict,
            Self::Load(error) => error.meaning(),
            Self::Append(error) => error.meaning(),
        }
    }
}

impl EventStore {
    /// Carries out a command on one stream. `expected` says whether the client's precondition holds where the stream is.
    pub async fn execute<A: Aggregate>(
        &self,
        history: History<A>,
        record: &CommandRecord,
        expected: impl Fn(&Snapshot<A>) -> bool,
        decide: impl FnMut(&A) -> Result<Vec<A::Event>, A::Rejection>,
    ) -> Result<Done<A>, ExecuteError<A::Rejection>> {
        self.execute_with(history, record, expected, decide, |_| Ok(Vec::new())).await
    }

    /// Carries out a command whose commit is written together with actions on other items: all of them or none.
    ///
    /// `alongside` is asked afresh before each time that the transaction is sent.
    pub async fn execute_with<A: Aggregate>(
        &self,
        history: History<A>,
        record: &CommandRecord,
        expected: impl Fn(&Snapshot<A>) -> bool,
        decide: impl FnMut(&A) -> Result<Vec<A::Event>, A::Rejection>,
        alongside: impl FnMut(&Commit) -> Result<Vec<TransactWriteItem>, BuildError>,
    ) -> Result<Done<A>, ExecuteError<A::Rejection>> {
        let election = history.stream().election();
        let answer = self.decide_and_append(history, record, expected, decide, alongside).await;
        log_outcome(election, record, &answer);
        answer
    }

    /// The same without a word: whoever may try twice logs the outcome once.
    pub async fn decide_and_append<A: Aggregate>(
        &self,
        mut history: History<A>,
        record: &CommandRecord,
        expected: impl Fn(&Snapshot<A>) -> bool,
        mut decide: impl FnMut(&A) -> Result<Vec<A::Event>, A::Rejection>,
        mut alongside: impl FnMut(&Commit) -> Result<Vec<TransactWriteItem>, BuildError>,
    ) -> Result<Done<A>, ExecuteError<A::Rejection>> {
        let mut retry = Retry::attempts(ATTEMPTS);
        let mut looked = false;
        // What this very call tried to write. If it stands there after all, that is no repetition.
        let mut tried = Vec::new();
        loop {
            match history.known(record) {
                Known::Done(version) => return Ok(repeated(history, version, &tried)),
                Known::Reused => return Err(ExecuteError::KeyReused),
                Known::No => {}
            }
            // What is missing or breaks a rule is so at every version; the precondition comes before the state.
            let decided = decide(history.state());
            let of_the_state = decided
                .as_ref()
                .map_or_else(|no| matches!(no.kind(), Kind::State | Kind::Taken | Kind::Pending), |_| true);
            if of_the_state && !expected(history.snapshot()) {
                return Err(ExecuteError::Precondition(history.version()));
            }
            let events = match decided {
                Ok(events) => events,
                Err(rejection) if history.version() > Version::NONE || looked => {
                    return repeated_creation(history, record, rejection);
                }
                Err(_) => {
                    // Nothing was loaded, and it may have happened already.
                    self.reader().refresh(&mut history).await?;
                    looked = true;
                    continue;
                }
            };
            if events.is_empty() {
                let version = history.version();
                return Ok(Done { history, version, repeated: false });
            }
            let (events, seal) = sealed::<A>(&events);
            let commit = self.commit(&history, events, record)?;
            let seal = seal.map(|event| self.following(&commit, event, record)).transpose()?;
            tried.push(commit.hash);
            let mut beside = || {
                let seal = seal.as_ref().map(|seal| self.action(seal)).transpose()?;
                Ok(alongside(&commit)?.into_iter().chain(seal).collect())
            };
            match self.try_append(&commit, record.private.id, &mut beside).await? {
                Attempt::Written => {
                    let version = commit.last();
                    history.push(commit)?;
                    seal.map(|seal| history.push(seal)).transpose()?;
                    return Ok(Done { history, version, repeated: false });
                }
                Attempt::Ours(standing) => {
                    let ours = standing.private_part().is_ok_and(|p| p.fingerprint == record.private.fingerprint);
                    if !ours {
                        return Err(ExecuteError::KeyReused);
                    }
                    let version = standing.last();
                    history.push(*standing)?;
                    if seal.is_some() {
                        self.reader().refresh(&mut history).await?;
                    }
                    return Ok(repeated(history, version, &tried));
                }
                Attempt::Conflict => {
                    metrics::counter!("Conflicts", "Command" => record.name).increment(1);
                    self.reader().refresh(&mut history).await?;
                    if !retry.again().await {
                        return answer_of_another_attempt(history, record, &tried);
                    }
                }
                Attempt::Blocked(reasons) => {
                    // We may have been let through before, and the answer lost.
                    let before = history.version();
                    self.reader().refresh(&mut history).await?;
                    if history.version() == before || !retry.again().await {
                        return match answer_of_another_attempt(history, record, &tried) {
                            Err(ExecuteError::Conflict) => Err(ExecuteError::Blocked(reasons)),
                            answer => answer,
                        };
                    }
                }
            }
        }
    }
}

/// A seal is a last event that stands alone. It is written as a commit of its own, in the same transaction, so that whoever
/// reads the stream from its end reads a small item.
fn sealed<A: Aggregate>(events: &[A::Event]) -> (&[A::Event], Option<&A::Event>) {
    match events.split_last() {
        Some((last, others)) if !others.is_empty() && A::stands_alone(last) => (others, Some(last)),
        _ => (events, None),
    }
}

/// The answer to a command that led to this version: by an attempt of this call whose answer was lost, or before it.
fn repeated<A: Aggregate>(history: History<A>, version: Version, tried: &[Digest]) -> Done<A> {
    let repeated = history.hash_at(version).is_none_or(|hash| !tried.contains(&hash));
    Done { history, version, repeated }
}

fn answer_of_another_attempt<A: Aggregate>(
    history: History<A>,
    record: &CommandRecord,
    tried: &[Digest],
) -> Result<Done<A>, ExecuteError<A::Rejection>> {
    match history.known(record) {
        Known::Done(version) => Ok(repeated(history, version, tried)),
        Known::Reused => Err(ExecuteError::KeyReused),
        Known::No => Err(ExecuteError::Conflict),
    }
}

/// Logs and counts what became of a command.
pub fn log_outcome<A: Aggregate>(
    election: ElectionId,
    record: &CommandRecord,
    answer: &Result<Done<A>, ExecuteError<A::Rejection>>,
) {
    let outcome = match answer {
        Ok(Done { repeated: false, .. }) => "done",
        Ok(Done { repeated: true, .. }) => "repeated",
        Err(ExecuteError::Load(_) | ExecuteError::Append(_)) => "failed",
        Err(ExecuteError::Conflict) => "conflict",
        Err(_) => "refused",
    };
    // A voter's commit is not named, nor is the ballot: the log must not tell who voted when. The hash is salted, a command's
    // id is not: it would confirm a guessed idempotency key.
    let named = answer.as_ref().ok().filter(|_| matches!(record.private.actor, Actor::Administrator(_)));
    let commit = named.and_then(|done| done.history.hash_at(done.version)).map(tracing::field::display);
    tracing::info!(command = record.name, commit, %election, outcome, "command");
    metrics::counter!("Commands", "Command" => record.name, "Outcome" => outcome).increment(1);
}

/// A creation whose id is taken by the very same request is that creation.
fn repeated_creation<A: Aggregate>(
    history: History<A>,
    record: &CommandRecord,
    rejection: A::Rejection,
) -> Result<Done<A>, ExecuteError<A::Rejection>> {
    if record.own_id
        && rejection.kind() == Kind::Taken
        && let Some(version) = history.same_request(record)
    {
        return Ok(Done { history, version, repeated: true });
    }
    Err(ExecuteError::Rejected(rejection))
}
