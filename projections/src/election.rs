//! The document of an election.

use std::collections::{BTreeMap, BTreeSet};

use photovote_domain::{
    Aggregate, CompetitionId, Election, ElectionId, Version,
    election::{ElectionEvent, Status},
};

use crate::Turn;

/// An election as it is served: the fold of its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElectionDocument {
    /// Its id.
    pub id: ElectionId,
    /// How many events are in it.
    pub version: Version,
    /// The state they lead to.
    pub election: Election,
    /// For each of its competitions, the version of the commit that changed it last. The parts of a document are stored
    /// apart: whoever puts them together can tell by this whether they belong together.
    pub competition_versions: BTreeMap<CompetitionId, Version>,
}

/// What an owner's list says about an election.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElectionSummary {
    /// Its id.
    pub id: ElectionId,
    /// Its name.
    pub name: String,
    /// Where it is in its life.
    pub status: Status,
    /// The version of its stream.
    pub version: Version,
}

impl ElectionDocument {
    /// The document before the first event.
    pub fn empty(id: ElectionId) -> Self {
        let (election, competition_versions) = (Election::default(), BTreeMap::new());
        Self { id, version: Version::NONE, election, competition_versions }
    }

    /// Takes a commit in, if it is the next one; otherwise nothing changes. The competitions that it changed, added or
    /// removed go into `changed`.
    pub fn apply(&mut self, first: Version, events: &[ElectionEvent], changed: &mut BTreeSet<CompetitionId>) -> Turn {
        let turn = Turn::of(first, self.version);
        if turn != Turn::Next {
            return turn;
        }
        self.version = self.version.plus(events.len());
        self.election = events.iter().fold(std::mem::take(&mut self.election), Election::evolve);
        for competition in events.iter().filter_map(competition_of) {
            changed.insert(competition);
            self.competition_versions.insert(competition, self.version);
        }
        let election = &self.election;
        self.competition_versions.retain(|id, _| election.competition(*id).is_some());
        turn
    }

    /// What the owner's list says about it; nothing once it is deleted.
    pub fn summary(&self) -> Option<ElectionSummary> {
        let Election { name, status, .. } = &self.election;
        let listed = !matches!(status, Status::Absent | Status::Deleted);
        listed.then(|| ElectionSummary { id: self.id, name: name.clone(), status: *status, version: self.version })
    }
}

/// The competition that an event changes.
fn competition_of(event: &ElectionEvent) -> Option<CompetitionId> {
    use ElectionEvent as E;
    match event {
        E::CompetitionAdded { competition, .. }
        | E::CompetitionRemoved { competition }
        | E::CompetitionNameChanged { competition, .. }
        | E::CompetitionDescriptionChanged { competition, .. }
        | E::CandidateAdded { competition, .. }
        | E::CandidateRemoved { competition, .. }
        | E::CandidateNameChanged { competition, .. }
        | E::CandidateDescriptionChanged { competition, .. }
        | E::CandidateImageChanged { competition, .. }
        | E::CandidateDisqualified { competition, .. } => Some(*competition),
        E::ElectionCreated { .. }
        | E::ElectionNameChanged { .. }
        | E::ElectionDescriptionChanged { .. }
        | E::ElectionScaleChanged { .. }
        | E::ElectionOpened { .. }
        | E::ElectionExtended { .. }
        | E::ElectionClosing {}
        | E::ElectionClosed { .. }
        | E::ResultsReleased {}
        | E::ElectionDeleted {} => None,
    }
}
