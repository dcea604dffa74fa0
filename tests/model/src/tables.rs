//! What stands in the three tables.

use crate::Gates;

/// A set of small numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Set(u8);

impl Set {
    /// All numbers below this one.
    pub fn below(end: u8) -> Self {
        (0..end).fold(Self::default(), Self::with)
    }

    /// This set, and this number.
    #[must_use]
    pub fn with(self, number: u8) -> Self {
        Self(self.0 | 1 << number)
    }

    /// This set without this number.
    #[must_use]
    pub fn without(self, number: u8) -> Self {
        Self(self.0 & !(1 << number))
    }

    /// Is the number in it?
    pub fn has(self, number: u8) -> bool {
        self.0 & 1 << number != 0
    }

    /// Is there nothing in it?
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in it, in order.
    pub fn numbers(self) -> impl Iterator<Item = u8> {
        (0..8).filter(move |number| self.has(*number))
    }
}

/// The number of the request that drew it.
pub type Nonce = u8;

/// Where an election or a gate is in its life. A gate goes from open to closed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Status {
    Draft,
    Open,
    Closing,
    Closed,
}

/// A commit in an election's stream, which begins here after its creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of the domain")]
pub enum ElectionEvent {
    ElectionOpened,
    ElectionClosing,
    ElectionClosed {
        casts: u8,
    },
    /// With the digest of the results: here, the casts that they are made of.
    ResultsCounted {
        cast: Set,
    },
}

/// A commit in a ballot's stream, which begins here after its creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BallotCommit {
    /// The idempotency key of the command.
    pub key: u8,
    /// What it did.
    pub event: BallotEvent,
}

/// What happens to a ballot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BallotEvent {
    /// Something was rated.
    BallotCandidateRated,
    /// It was cast.
    BallotCast {
        /// What makes its receipt.
        nonce: Nonce,
        /// Where its gate was when it was written. Nobody in the model sees this.
        gate: Status,
    },
}

impl BallotCommit {
    /// The nonce of a cast.
    pub fn cast(&self) -> Option<Nonce> {
        match self.event {
            BallotEvent::BallotCast { nonce, .. } => Some(nonce),
            BallotEvent::BallotCandidateRated => None,
        }
    }
}

/// A gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Gate {
    /// Where it is in its life.
    pub status: Status,
    /// How many casts it let through.
    pub casts: u8,
}

/// The three tables, as far as the protocol looks at them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tables {
    /// Events: the election's stream.
    pub election: Vec<ElectionEvent>,
    /// Events: each voter's ballot.
    pub ballots: Vec<Vec<BallotCommit>>,
    /// Control: a gate for each shard.
    pub gates: Vec<Gate>,
    /// Documents: the receipts and the tally of each shard, once it is counted. A real tally has only sums.
    pub counted: Vec<Option<Set>>,
    /// Documents: what the shards add up to.
    pub sum: Option<Set>,
}

impl Tables {
    /// The tables after an election and its ballots were created.
    pub fn new(model: &Gates) -> Self {
        Self {
            election: Vec::new(),
            ballots: vec![Vec::new(); model.voters().into()],
            gates: vec![Gate { status: Status::Draft, casts: 0 }; model.shards.into()],
            counted: vec![None; model.shards.into()],
            sum: None,
        }
    }

    /// The status of the election at a version of its stream.
    pub fn status_at(&self, version: usize) -> Status {
        match self.election.get(..version).and_then(<[_]>::last) {
            None => Status::Draft,
            Some(ElectionEvent::ElectionOpened) => Status::Open,
            Some(ElectionEvent::ElectionClosing) => Status::Closing,
            Some(ElectionEvent::ElectionClosed { .. } | ElectionEvent::ResultsCounted { .. }) => Status::Closed,
        }
    }

    /// The status of the election.
    pub fn status(&self) -> Status {
        self.status_at(self.election.len())
    }

    /// How many ballots the election has, once it is closed.
    pub fn casts(&self) -> Option<u8> {
        self.election.iter().find_map(|event| match event {
            ElectionEvent::ElectionClosed { casts } => Some(*casts),
            _ => None,
        })
    }

    /// The nonces of all ballots that were cast, by voter.
    pub fn cast(&self) -> impl Iterator<Item = (u8, Nonce)> {
        (0..).zip(&self.ballots).flat_map(|(voter, ballot)| ballot.iter().filter_map(move |c| Some((voter, c.cast()?))))
    }

    /// What history says of the results.
    pub fn recorded(&self) -> Option<Set> {
        self.election.iter().rev().find_map(|event| match event {
            ElectionEvent::ResultsCounted { cast } => Some(*cast),
            _ => None,
        })
    }

    /// Are there final results? (`api/edge/src/results_view.rs`)
    pub fn is_final(&self) -> bool {
        self.sum.is_some() && self.recorded().is_some()
    }

    /// Writes a commit after `version` of a stream, over what may stand there.
    pub(crate) fn put<C>(stream: &mut Vec<C>, version: usize, commit: C) {
        match stream.get_mut(version) {
            None => stream.push(commit),
            Some(standing) => *standing = commit,
        }
    }
}
