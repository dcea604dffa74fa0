//! What has happened to an election, and what that makes of it.

use serde::{Deserialize, Serialize};

use super::{Administrators, Candidate, Competition, Election, Invitation, Picture, ResultsDigest, Role, Status};
use crate::{
    hash::Digest,
    ids::{CandidateId, CompetitionId},
    language::Language,
    links::Links,
    rating::Scale,
    schedule::Schedule,
    shard::ShardCount,
    time::Timestamp,
};

/// What has happened to an election.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the values that the events are named for")]
pub enum ElectionEvent {
    /// It was created, as a draft.
    ElectionCreated {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        name: String,
        owner: String,
        scale: Scale,
        shards: ShardCount,
    },
    /// Its name changed.
    ElectionNameChanged { name: String },
    /// Its description changed or went.
    ElectionDescriptionChanged { description: Option<String> },
    /// Its scale changed.
    ElectionScaleChanged { scale: Scale },
    /// From now on, others hand out its voters' links.
    ElectionLinksChanged { links: Links },
    /// The language of its mails changed.
    ElectionLanguageChanged { language: Language },
    /// The organiser's address changed or went.
    ElectionContactChanged { contact: Option<String> },
    /// The organiser's own words in invitations changed, or went.
    ElectionInvitationChanged { subject: Option<String>, text: Option<String> },
    /// It was planned when it opens, reminds its voters and closes; or that was planned anew.
    ElectionScheduled { schedule: Schedule },
    /// Nothing is planned any more.
    ElectionUnscheduled {},
    /// Voting began.
    ElectionOpened { closes_at: Option<Timestamp> },
    /// Its closing time was moved.
    ElectionExtended { closes_at: Timestamp },
    /// It began to close.
    ElectionClosing {},
    /// Every gate is closed: so many ballots were cast. `digest_follows` is false in elections that a release closed which did
    /// not write the digest of the results into history.
    ElectionClosed { casts: u64, digest_follows: bool, registered: Option<u64> },
    /// All ballots are counted: the results have this digest.
    ResultsCounted { digest: Digest },
    /// The results of this digest became public. Elections that were closed without one have none.
    ResultsReleased { digest: Option<Digest> },
    /// It was deleted.
    ElectionDeleted {},
    /// Somebody became an administrator.
    AdministratorAdded { role: Role, subject: String },
    /// An administrator got another role.
    AdministratorRoleChanged { role: Role, subject: String },
    /// An administrator was removed, or left.
    AdministratorRemoved { subject: String },
    /// A competition was added.
    CompetitionAdded {
        competition: CompetitionId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        name: String,
    },
    /// A competition was removed with its candidates.
    CompetitionRemoved { competition: CompetitionId },
    /// A competition's name changed.
    CompetitionNameChanged { competition: CompetitionId, name: String },
    /// A competition's description changed or went.
    CompetitionDescriptionChanged { competition: CompetitionId, description: Option<String> },
    /// A candidate was added to a competition.
    CandidateAdded {
        candidate: CandidateId,
        competition: CompetitionId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image: Option<Picture>,
        name: String,
    },
    /// A candidate was removed.
    CandidateRemoved { candidate: CandidateId, competition: CompetitionId },
    /// A candidate's name changed.
    CandidateNameChanged { candidate: CandidateId, competition: CompetitionId, name: String },
    /// A candidate's description changed or went.
    CandidateDescriptionChanged { candidate: CandidateId, competition: CompetitionId, description: Option<String> },
    /// A candidate's picture changed or went.
    CandidateImageChanged { candidate: CandidateId, competition: CompetitionId, image: Option<Picture> },
    /// A candidate was taken out of the ranking.
    CandidateDisqualified { candidate: CandidateId, competition: CompetitionId, reason: String },
}

/// Whom an event names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Person<'a> {
    /// The administrator of this subject.
    Administrator(&'a str),
    /// The organiser, whose address voters get.
    Organiser,
}

impl ElectionEvent {
    /// The competition that the event changes.
    pub const fn competition(&self) -> Option<CompetitionId> {
        use ElectionEvent as E;
        match self {
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
            | E::ElectionLinksChanged { .. }
            | E::ElectionLanguageChanged { .. }
            | E::ElectionContactChanged { .. }
            | E::ElectionInvitationChanged { .. }
            | E::ElectionScheduled { .. }
            | E::ElectionUnscheduled {}
            | E::ElectionOpened { .. }
            | E::ElectionExtended { .. }
            | E::ElectionClosing {}
            | E::ElectionClosed { .. }
            | E::ResultsCounted { .. }
            | E::ResultsReleased { .. }
            | E::ElectionDeleted {}
            | E::AdministratorAdded { .. }
            | E::AdministratorRoleChanged { .. }
            | E::AdministratorRemoved { .. } => None,
        }
    }

    /// The person whom the event names, and the field that does. Each field stands here, so that a new one is decided about.
    pub fn person(&self) -> Option<(&'static str, Person<'_>)> {
        use ElectionEvent as E;
        match self {
            E::ElectionCreated { owner, description: _, name: _, scale: _, shards: _ } => {
                Some(("owner", Person::Administrator(owner)))
            }
            E::AdministratorAdded { subject, role: _ }
            | E::AdministratorRoleChanged { subject, role: _ }
            | E::AdministratorRemoved { subject } => Some(("subject", Person::Administrator(subject))),
            E::ElectionContactChanged { contact } => contact.as_ref().map(|_| ("contact", Person::Organiser)),
            E::ElectionNameChanged { name: _ }
            | E::ElectionDescriptionChanged { description: _ }
            | E::ElectionScaleChanged { scale: _ }
            | E::ElectionLinksChanged { links: _ }
            | E::ElectionLanguageChanged { language: _ }
            | E::ElectionInvitationChanged { subject: _, text: _ }
            | E::ElectionScheduled { schedule: _ }
            | E::ElectionUnscheduled {}
            | E::ElectionOpened { closes_at: _ }
            | E::ElectionExtended { closes_at: _ }
            | E::ElectionClosing {}
            | E::ElectionClosed { casts: _, digest_follows: _, registered: _ }
            | E::ResultsCounted { digest: _ }
            | E::ResultsReleased { digest: _ }
            | E::ElectionDeleted {}
            | E::CompetitionAdded { competition: _, description: _, name: _ }
            | E::CompetitionRemoved { competition: _ }
            | E::CompetitionNameChanged { competition: _, name: _ }
            | E::CompetitionDescriptionChanged { competition: _, description: _ }
            | E::CandidateAdded { candidate: _, competition: _, description: _, image: _, name: _ }
            | E::CandidateRemoved { candidate: _, competition: _ }
            | E::CandidateNameChanged { candidate: _, competition: _, name: _ }
            | E::CandidateDescriptionChanged { candidate: _, competition: _, description: _ }
            | E::CandidateImageChanged { candidate: _, competition: _, image: _ }
            | E::CandidateDisqualified { candidate: _, competition: _, reason: _ } => None,
        }
    }
}

impl Election {
    pub(super) fn apply(&mut self, event: &ElectionEvent) {
        use ElectionEvent as E;
        match event.clone() {
            E::ElectionCreated { description, name, owner, scale, shards } => {
                let administrators = Administrators::owned_by(owner);
                *self =
                    Self { status: Status::Draft, administrators, name, description, scale, shards, ..Self::default() };
            }
            E::ElectionNameChanged { name } => self.name = name,
            E::ElectionDescriptionChanged { description } => self.description = description,
            E::ElectionScaleChanged { scale } => self.scale = scale,
            E::ElectionLinksChanged { links } => self.links = links,
            E::ElectionLanguageChanged { language } => self.language = language,
            E::ElectionContactChanged { contact } => self.contact = contact,
            E::ElectionInvitationChanged { subject, text } => self.invitation = Invitation { subject, text },
            E::ElectionScheduled { schedule } => self.schedule = Some(schedule),
            E::ElectionUnscheduled {} => self.schedule = None,
            E::ElectionOpened { closes_at } => {
                self.status = Status::Open;
                self.closes_at = closes_at;
            }
            E::ElectionExtended { closes_at } => self.closes_at = Some(closes_at),
            E::ElectionClosing {} => self.status = Status::Closing,
            E::ElectionClosed { casts, digest_follows, registered } => {
                self.status = Status::Closed;
                self.casts = Some(casts);
                self.registered = registered;
                self.results = if digest_follows { ResultsDigest::Awaited } else { ResultsDigest::None };
            }
            E::ResultsCounted { digest } => self.results = ResultsDigest::Known(digest),
            E::ResultsReleased { digest: _ } => self.status = Status::Released,
            E::ElectionDeleted {} => self.status = Status::Deleted,
            E::AdministratorAdded { role, subject } | E::AdministratorRoleChanged { role, subject } => {
                self.administrators.set(subject, role);
            }
            E::AdministratorRemoved { subject } => self.administrators.remove(&subject),
            E::CompetitionAdded { competition, description, name } => {
                self.competitions.push(Competition { id: competition, name, description, candidates: Vec::new() });
            }
            E::CompetitionRemoved { competition } => self.competitions.retain(|c| c.id != competition),
            E::CompetitionNameChanged { competition, name } => {
                if let Some(competition) = self.competition_mut(competition) {
                    competition.name = name;
                }
            }
            E::CompetitionDescriptionChanged { competition, description } => {
                if let Some(competition) = self.competition_mut(competition) {
                    competition.description = description;
                }
            }
            E::CandidateAdded { candidate, competition, description, image, name } => {
                if let Some(competition) = self.competition_mut(competition) {
                    let added = Candidate { id: candidate, name, description, image, disqualified: None };
                    competition.candidates.push(added);
                }
            }
            E::CandidateRemoved { candidate, competition } => {
                if let Some(competition) = self.competition_mut(competition) {
                    competition.candidates.retain(|c| c.id != candidate);
                }
            }
            E::CandidateNameChanged { candidate, competition, name } => {
                self.change(competition, candidate, |candidate| candidate.name = name);
            }
            E::CandidateDescriptionChanged { candidate, competition, description } => {
                self.change(competition, candidate, |candidate| candidate.description = description);
            }
            E::CandidateImageChanged { candidate, competition, image } => {
                self.change(competition, candidate, |candidate| candidate.image = image);
            }
            E::CandidateDisqualified { candidate, competition, reason } => {
                self.change(competition, candidate, |candidate| candidate.disqualified = Some(reason));
                // The digest of the results before it does not fit any more.
                if let ResultsDigest::Known(_) = self.results {
                    self.results = ResultsDigest::Awaited;
                }
            }
        }
    }

    fn change(&mut self, competition: CompetitionId, candidate: CandidateId, change: impl FnOnce(&mut Candidate)) {
        if let Some(candidate) = self.candidate_mut(competition, candidate) {
            change(candidate);
        }
    }
}
