//! Given, when, then.

use std::fmt::Debug;

use photovote_domain::{Aggregate, fold};

/// An aggregate with a past.
pub(crate) struct Given<A>(A);

/// What became of a command.
#[must_use = "a decision that nobody looks at tests nothing"]
pub(crate) struct Decision<A: Aggregate>(Result<Vec<A::Event>, A::Rejection>);

/// Given that this has happened to an election, a voter or a ballot.
pub(crate) fn given<A: Aggregate>(events: impl IntoIterator<Item = A::Event>) -> Given<A> {
    Given(fold(&events.into_iter().collect::<Vec<_>>()))
}

impl<A: Aggregate> Given<A> {
    /// When this is asked of it.
    pub(crate) fn when(&self, command: A::Command, context: &A::Context<'_>) -> Decision<A> {
        Decision(self.0.decide(command, context))
    }
}

impl<A: Aggregate> Decision<A>
where
    A::Event: PartialEq + Debug,
    A::Rejection: PartialEq,
{
    /// Then exactly this happens.
    #[track_caller]
    pub(crate) fn then(self, events: impl IntoIterator<Item = A::Event>) {
        assert_eq!(self.0, Ok(events.into_iter().collect()));
    }

    /// Then nothing needs to happen.
    #[track_caller]
    pub(crate) fn then_nothing(self) {
        self.then([]);
    }

    /// Then the answer is no, for this reason.
    #[track_caller]
    pub(crate) fn then_refused(self, rejection: A::Rejection) {
        assert_eq!(self.0, Err(rejection));
    }
}

impl<A: Aggregate> Decision<A> {
    /// What was decided.
    pub(crate) fn get(self) -> Result<Vec<A::Event>, A::Rejection> {
        self.0
    }
}
