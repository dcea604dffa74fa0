//! Following one commit.

use std::fmt;

use aws_sdk_dynamodb::{error::BuildError, types::TransactWriteItem};
use photovote_coordination_write::Control;
use photovote_dynamodb::{Cancellation, Retry, StorageError, TransactFailure};
use photovote_events::{Commit, DecodeError, LoadError};
use thiserror::Error;

/// How often a commit is decided about again because the follower's own state has changed meanwhile.
const ATTEMPTS: u32 = 8;

/// What a follower decides. It is pure: the same commit and the same state lead to the same commands.
pub trait Policy {
    /// The follower's name in what it keeps. It never changes.
    const NAME: &'static str;
    /// The types of the events that it looks at. Commits without any of them cost nothing: they are not even decoded.
    const EVENTS: &'static [&'static str];
    /// What it decides with, beside the commit.
    type State;
    /// What it decides.
    type Command;

    /// What is to be done about a commit. If nothing is, the commit is not marked, and may be decided about again.
    ///
    /// # Errors
    /// An event cannot be understood. The commit comes again.
    fn decide(&self, commit: &Commit, state: &Self::State) -> Result<Vec<Self::Command>, DecodeError>;
}

/// Carries out what a policy decides: knows where the follower's state is and what a command changes of it.
pub trait Recorder<P: Policy> {
    /// The follower's state, as far as it matters for this commit, as it is now.
    fn state(&self, commit: &Commit) -> impl Future<Output = Result<P::State, LoadError>> + Send;

    /// The actions that carry a command out. They are written together with the mark that the commit is followed. A condition
    /// that fails says that the state has changed: it is read and decided with again.
    fn actions(&self, commit: &Commit, command: &P::Command) -> Result<Vec<TransactWriteItem>, BuildError>;

    /// Tells others what was decided. It comes after the transaction and can be repeated: whoever is told must be able to bear that.
    fn tell(
        &self,
        commit: &Commit,
        commands: &[P::Command],
    ) -> impl Future<Output = Result<(), Box<dyn std::error::Error + Send + Sync>>> + Send;
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// Nothing is to be done about it.
    Ignored,
    /// What was decided about it is written.
    Now,
    /// It was followed before.
    Before,
}

/// Why a commit is not followed. It has to come again.
#[derive(Debug, Error)]
pub enum FollowError {
    /// An event of it is not understood.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The follower's state cannot be read.
    #[error(transparent)]
    State(#[from] LoadError),
    /// Nothing can be written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The follower's state changed each time that it was decided with.
    #[error("the state has changed each time")]
    Conflict,
    /// Others cannot be told.
    #[error("others cannot be told: {0}")]
    Tell(Box<dyn std::error::Error + Send + Sync>),
}

/// A policy, and what it needs to have an effect.
#[derive(Clone)]
pub struct Follower<P, R> {
    policy: P,
    recorder: R,
    pub(crate) control: Control,
}

impl<P: Policy, R> fmt::Debug for Follower<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Follower").field(&P::NAME).finish()
    }
}

impl<P: Policy, R: Recorder<P>> Follower<P, R> {
    /// Decides by a policy, carries out through a recorder, and keeps marks in the control table.
    pub const fn new(policy: P, recorder: R, control: Control) -> Self {
        Self { policy, recorder, control }
    }

    /// Does it look at this commit?
    pub fn follows(commit: &Commit) -> bool {
        commit.events.iter().any(|event| P::EVENTS.contains(&event.event_type.as_str()))
    }

    /// Follows a commit, once. It can be called at any time and any number of times.
    pub async fn follow(&self, commit: &Commit) -> Result<Followed, FollowError> {
        if !Self::follows(commit) {
            return Ok(Followed::Ignored);
        }
        let mut retry = Retry::attempts(ATTEMPTS);
        loop {
            let state = self.recorder.state(commit).await?;
            let commands = self.policy.decide(commit, &state)?;
            if commands.is_empty() {
                return Ok(Followed::Ignored);
            }
            let actions = || {
                let mut actions = vec![self.control.track(P::NAME, &commit.stream, commit.first)?];
                for command in &commands {
                    actions.extend(self.recorder.actions(commit, command)?);
                }
                Ok(actions)
            };
            let followed = match self.control.transact(actions).await {
                Ok(()) => Followed::Now,
                Err(TransactFailure::Cancelled(reasons)) if reasons.first().is_some_and(Cancellation::is_condition) => {
                    Followed::Before
                }
                Err(TransactFailure::Cancelled(_)) if retry.again().await => continue,
                Err(TransactFailure::Cancelled(_)) => return Err(FollowError::Conflict),
                Err(TransactFailure::Storage(error)) => return Err(error.into()),
            };
            // Whoever followed it before may have died before it could tell.
            self.recorder.tell(commit, &commands).await.map_err(FollowError::Tell)?;
            metrics::counter!("Followed", "Follower" => P::NAME).increment(u64::from(followed == Followed::Now));
            return Ok(followed);
        }
    }
}
