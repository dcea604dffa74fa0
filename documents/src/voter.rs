//! The document of a voter.

use photovote_domain::{Version, Voter, VoterId, voter::VoterEvent};

use crate::{StreamDocument, Turn};

/// A voter as the administrator sees them: the fold of their stream, without the ballot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoterDocument {
    /// Their id.
    pub id: VoterId,
    /// How many events are in it.
    pub version: Version,
    /// Their name; empty once they are removed.
    pub name: String,
    /// Their email address; empty once they are removed.
    pub email: String,
    /// Were they removed? Then only this is left, so that an event that comes late finds a version to be compared with.
    pub removed: bool,
}

impl StreamDocument for VoterDocument {
    type Of = Voter;
    type Id = VoterId;

    fn empty(id: VoterId) -> Self {
        Self { id, version: Version::NONE, name: String::new(), email: String::new(), removed: false }
    }

    fn id(&self) -> VoterId {
        self.id
    }

    fn version(&self) -> Version {
        self.version
    }

    fn apply(&mut self, first: Version, events: &[VoterEvent]) -> Turn {
        let turn = Turn::of(first, self.version);
        if turn != Turn::Next {
            return turn;
        }
        self.version = self.version.plus(events.len());
        for event in events {
            match event {
                VoterEvent::VoterRegistered { ballot: _, email, name } => {
                    self.name.clone_from(name);
                    self.email.clone_from(email);
                }
                VoterEvent::VoterNameChanged { name } => self.name.clone_from(name),
                VoterEvent::VoterEmailChanged { email } => self.email.clone_from(email),
                VoterEvent::VoterTokenReplaced {} => {}
                VoterEvent::VoterRemoved {} => {
                    *self = Self { version: self.version, removed: true, ..Self::empty(self.id) };
                }
            }
        }
        turn
    }
}
