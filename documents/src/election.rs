//! The document of an election.

use std::collections::{BTreeMap, BTreeSet};

use photovote_domain::{
    Aggregate, CompetitionId, Election, ElectionId, Version,
    election::{ElectionEvent, Role, Status},
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

/// What an administrator's list says about an election.
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
    /// The administrator's role.
    pub role: Role,
}

/// What commits have changed in an election besides its header, since it was saved last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// The competitions that were changed, added or removed.
    pub competitions: BTreeSet<CompetitionId>,
    /// The subjects of administrators who were removed. They may have come back since.
    pub removed_administrators: BTreeSet<String>,
}

impl ElectionDocument {
    /// The document before the first event.
    pub fn empty(id: ElectionId) -> Self {
        let (election, competition_versions) = (Election::default(), BTreeMap::new());
        Self { id, version: Version::NONE, election, competition_versions }
    }

    /// Takes a commit in, if it is the next one; otherwise nothing changes. What it changed is added to `changes`.
    pub fn apply(&mut self, first: Version, events: &[ElectionEvent], changes: &mut Changes) -> Turn {
        let turn = Turn::of(first, self.version);
        if turn != Turn::Next {
            return turn;
        }
        self.version = self.version.plus(events.len());
        self.election = events.iter().fold(std::mem::take(&mut self.election), Election::evolve);
        for competition in events.iter().filter_map(ElectionEvent::competition) {
            changes.competitions.insert(competition);
            self.competition_versions.insert(competition, self.version);
        }
        changes.removed_administrators.extend(events.iter().filter_map(removed_administrator).map(ToOwned::to_owned));
        let election = &self.election;
        self.competition_versions.retain(|id, _| election.competition(*id).is_some());
        turn
    }

    /// What the list of an administrator of this role says about it; nothing once it is deleted.
    pub fn summary(&self, role: Role) -> Option<ElectionSummary> {
        let Election { name, status, .. } = &self.election;
        let listed = !matches!(status, Status::Absent | Status::Deleted);
        let summary =
            || ElectionSummary { id: self.id, name: name.clone(), status: *status, version: self.version, role };
        listed.then(summary)
    }
}

/// The administrator whom an event removes.
fn removed_administrator(event: &ElectionEvent) -> Option<&str> {
    match event {
        ElectionEvent::AdministratorRemoved { subject } => Some(subject),
        _ => None,
    }
}
