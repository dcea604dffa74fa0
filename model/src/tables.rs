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

    /// Its subsets that are not empty.
    pub fn parts(self) -> impl Iterator<Item = Self> {
        (1..=self.0).filter(move |part| part & !self.0 == 0).map(Self)
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
    ElectionClosed { casts: u8 },
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

/// A part of the tally.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Part {
    /// How often it was written.
    pub version: u8,
    /// What was counted: a real part has only sums.
    pub counted: Vec<Nonce>,
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
    /// Documents: the receipts.
    pub receipts: Set,
    /// Documents: the tally.
    pub tally: Vec<Part>,
}

impl Tables {
    /// The tables after an election and its ballots were created.
    pub fn new(model: &Gates) -> Self {
        Self {
            election: Vec::new(),
            ballots: vec![Vec::new(); model.voters().into()],
            gates: vec![Gate { status: Status::Draft, casts: 0 }; model.shards.into()],
            receipts: Set::default(),
            tally: vec![Part::default(); model.parts.into()],
        }
    }

    /// The status of the election at a version of its stream.
    pub fn status_at(&self, version: usize) -> Status {
        match self.election.get(..version).and_then(<[_]>::last) {
            None => Status::Draft,
            Some(ElectionEvent::ElectionOpened) => Status::Open,
            Some(ElectionEvent::ElectionClosing) => Status::Closing,
            Some(ElectionEvent::ElectionClosed { .. }) => Status::Closed,
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

    /// All that the tally counts.
    pub fn counted(&self) -> impl Iterator<Item = Nonce> {
        self.tally.iter().flat_map(|part| part.counted.iter().copied())
    }

    /// Are there final results? (`domain/src/results.rs`)
    pub fn is_final(&self) -> bool {
        self.casts().is_some_and(|casts| self.counted().count() == usize::from(casts))
    }

    /// Writes a commit after `version` of a stream, over what may stand there.
    pub(crate) fn put<C>(stream: &mut Vec<C>, version: usize, commit: C) {
        match stream.get_mut(version) {
            None => stream.push(commit),
            Some(standing) => *standing = commit,
        }
    }
}
