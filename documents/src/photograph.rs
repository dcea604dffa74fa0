//! The document of a photograph.

use photovote_domain::{
    Aggregate, Photograph, PhotographId, Version,
    photograph::{PhotographEvent, Status},
};

use crate::{StreamDocument, Turn};

/// A photograph as the administrators see it: the fold of its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotographDocument {
    /// Its id.
    pub id: PhotographId,
    /// How many events are in it.
    pub version: Version,
    /// What it has come to. Once it is removed, only this is left, so that a late event finds a version to be compared with.
    pub photograph: Photograph,
}

impl StreamDocument for PhotographDocument {
    type Of = Photograph;
    type Id = PhotographId;

    fn empty(id: PhotographId) -> Self {
        Self { id, version: Version::NONE, photograph: Photograph::default() }
    }

    fn id(&self) -> PhotographId {
        self.id
    }

    fn version(&self) -> Version {
        self.version
    }

    fn apply(&mut self, first: Version, events: &[PhotographEvent]) -> Turn {
        let turn = Turn::of(first, self.version);
        if turn != Turn::Next {
            return turn;
        }
        self.version = self.version.plus(events.len());
        self.photograph = events.iter().fold(std::mem::take(&mut self.photograph), Aggregate::evolve);
        if self.photograph.status == Status::Removed {
            self.photograph = Photograph { status: Status::Removed, ..Photograph::default() };
        }
        turn
    }
}
