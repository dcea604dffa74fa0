//! What an aggregate is.

use serde::{Serialize, de::DeserializeOwned};

/// A consistency boundary: its state is the fold of its own events, and nothing else decides what may happen to it.
///
/// The default state is the one before anything has happened.
pub trait Aggregate: Default + Clone {
    /// What has happened to it. Serialised by name (`{"ElectionOpened": {…}}`), primitives only.
    type Event: Serialize + DeserializeOwned + Clone;
    /// What it can be asked to do. A command holds valid values only.
    type Command;
    /// What a decision needs beside the state: the time, and what belongs to others.
    type Context<'a>;
    /// Why it says no.
    type Rejection: Refusal;

    /// The name of its streams, the first part of their keys.
    const KIND: &'static str;

    /// Decides what a command does now. No events means that there is nothing to change.
    fn decide(&self, command: Self::Command, context: &Self::Context<'_>) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// The state after an event. It never fails: what has happened has happened.
    #[must_use]
    fn evolve(self, event: &Self::Event) -> Self;

    /// Does an event lead to the same state, whatever came before it? Then the stream can be read from its end.
    fn stands_alone(_event: &Self::Event) -> bool {
        false
    }
}

/// The state that these events lead to.
pub fn fold<'a, A: Aggregate>(events: impl IntoIterator<Item = &'a A::Event>) -> A
where
    A::Event: 'a,
{
    events.into_iter().fold(A::default(), A::evolve)
}

/// What kind of no a rejection is; the edge turns it into a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What the command names does not exist.
    Missing,
    /// Whoever asks may see the thing, but not do this with it.
    Forbidden,
    /// The command is well formed but breaks a rule, whatever the state.
    Invalid,
    /// The state does not allow it.
    State,
    /// What the command creates has an id that is taken.
    Taken,
    /// The state does not allow it yet, and will in a moment without anybody's doing.
    Pending,
}

/// A typed no.
pub trait Refusal: std::error::Error + Send + Sync + 'static {
    /// A stable name for it, in snake case; clients may depend on it.
    fn code(&self) -> &'static str;
    /// What kind of no it is.
    fn kind(&self) -> Kind;
    /// The path of the value that is at fault, by the names under which clients send it: `ratings.01ARZ3NDEKTSV4RRFFQ69G5FAV`.
    fn field(&self) -> Option<String> {
        None
    }
}
