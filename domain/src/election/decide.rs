//! What an election allows.

use super::{
    Candidate, Competition, Context, Election, ElectionChange, ElectionCommand, ElectionEvent, ElectionRejection,
    Invitation, Limit, NewElection, Picture, ResultsDigest, Role, Status,
};
use crate::{
    aggregate::Aggregate,
    ids::{CandidateId, CompetitionId, Subject},
    image::Image,
    links::Links,
    text::{Description, Name, Reason},
};

pub(super) type Decision = Result<Vec<ElectionEvent>, ElectionRejection>;

impl Aggregate for Election {
    type Event = ElectionEvent;
    type Command = ElectionCommand;
    type Context<'a> = Context<'a>;
    type Rejection = ElectionRejection;

    const KIND: &'static str = "election";

    fn decide(&self, command: ElectionCommand, context: &Context<'_>) -> Decision {
        use ElectionCommand as C;
        if let C::Create(new) = command {
            let NewElection { owner, name, description, scale, links, language, contact, invitation, shards } = new;
            if self.exists() {
                return Err(ElectionRejection::IdTaken);
            }
            let created = ElectionEvent::ElectionCreated {
                description: description.map(Into::into),
                name: name.into(),
                owner: owner.into(),
                scale,
                shards,
            };
            // What is not as usual has its own events: older ones of the first kind stay complete.
            let unusual = ElectionChange {
                links: Some(links),
                language: Some(language),
                contact: Some(contact),
                invitation: Some(invitation),
                ..ElectionChange::default()
            };
            return Ok(std::iter::once(created).chain(Self::default().changes(unusual)).collect());
        }
        if !self.exists() {
            return Err(ElectionRejection::NotFound);
        }
        if let Some(subject) = context.by {
            self.administrators.admit(subject, command.needs(subject))?;
        }
        if self.status == Status::Deleted {
            return Err(ElectionRejection::Deleted);
        }
        match command {
            C::Create(_) => Err(ElectionRejection::IdTaken),
            C::Change(change) => self.change_election(change),
            C::Schedule(schedule) => self.plan(schedule, context.now),
            C::Open { closes_at } => self.open(closes_at, context.now),
            C::OpenIfDue => self.open_if_due(context.now),
            C::Extend { closes_at } => self.extend(closes_at, context.now),
            C::CloseIfDue if self.status == Status::Open && !self.is_due(context.now) => Err(ElectionRejection::NotDue),
            C::Close | C::CloseIfDue => self.close(),
            C::FinishClosing { casts, registered } => match self.status {
                Status::Closing => Ok(vec![ElectionEvent::ElectionClosed {
                    casts,
                    digest_follows: true,
                    registered: Some(registered),
                }]),
                status => Err(ElectionRejection::WrongStatus(status)),
            },
            C::RecordResults { digest } => match (self.status, self.results) {
                (Status::Closed, ResultsDigest::Awaited) => Ok(vec![ElectionEvent::ResultsCounted { digest }]),
                (Status::Closed | Status::Released, _) => Ok(Vec::new()),
                (status, _) => Err(ElectionRejection::NotClosed(status)),
            },
            C::Release => match (self.status, self.results) {
                (Status::Closed, ResultsDigest::Awaited) => Err(ElectionRejection::Counting),
                (Status::Closed, ResultsDigest::None) => Ok(vec![ElectionEvent::ResultsReleased { digest: None }]),
                (Status::Closed, ResultsDigest::Known(digest)) => {
                    Ok(vec![ElectionEvent::ResultsReleased { digest: Some(digest) }])
                }
                (status, _) => Err(ElectionRejection::NotClosed(status)),
            },
            C::Delete => match self.status {
                Status::Draft | Status::Closed | Status::Released => Ok(vec![ElectionEvent::ElectionDeleted {}]),
                status => Err(ElectionRejection::WrongStatus(status)),
            },
            C::AppointAdministrator { subject, role } => self.appoint(&subject, role),
            C::RemoveAdministrator { subject } => self.remove_administrator(&subject),
            C::AddCompetition { competition, name, description } => {
                self.add_competition(competition, name, description)
            }
            C::ChangeCompetition { competition, name, description } => {
                self.change_competition(competition, name, description)
            }
            C::RemoveCompetition { competition } => {
                self.find(competition)?;
                self.draft()?;
                Ok(vec![ElectionEvent::CompetitionRemoved { competition }])
            }
            C::AddCandidate { competition, candidate, name, description, image } => {
                let picture = image.map(Picture::from);
                let description = description.map(Into::into);
                let candidate =
                    Candidate { id: candidate, name: name.into(), description, image: picture, disqualified: None };
                self.add_candidate(competition, candidate)
            }
            C::ChangeCandidate { competition, candidate, name, description, image } => {
                self.change_candidate(competition, candidate, name, description, image)
            }
            C::RemoveCandidate { competition, candidate } => {
                self.find_candidate(competition, candidate)?;
                self.draft()?;
                Ok(vec![ElectionEvent::CandidateRemoved { candidate, competition }])
            }
            C::DisqualifyCandidate { competition, candidate, reason } => {
                self.disqualify(competition, candidate, reason)
            }
        }
    }

    fn evolve(mut self, event: &ElectionEvent) -> Self {
        self.apply(event);
        self
    }
}

impl Election {
    pub(super) fn draft(&self) -> Result<(), ElectionRejection> {
        if self.status == Status::Draft { Ok(()) } else { Err(ElectionRejection::NotDraft(self.status)) }
    }

    fn find(&self, id: CompetitionId) -> Result<&Competition, ElectionRejection> {
        self.competition(id).ok_or(ElectionRejection::CompetitionNotFound)
    }

    fn find_candidate(&self, competition: CompetitionId, id: CandidateId) -> Result<&Candidate, ElectionRejection> {
        self.find(competition)?.candidate(id).ok_or(ElectionRejection::CandidateNotFound)
    }

    fn change_election(&self, change: ElectionChange) -> Decision {
        // Name, description and scale are the question that is voted on: "1 is best" must not be written while people vote.
        self.draft()?;
        let reminds = self.schedule.as_ref().is_some_and(|schedule| !schedule.reminders.is_empty());
        if reminds && change.links == Some(Links::HandOut) {
            return Err(ElectionRejection::RemindersNeedInvitations);
        }
        Ok(self.changes(change))
    }

    /// What becomes different.
    fn changes(&self, change: ElectionChange) -> Vec<ElectionEvent> {
        let ElectionChange { name, description, scale, links, language, contact, invitation } = change;
        let name = name.map(String::from).filter(|name| *name != self.name);
        let description = description.map(|d| d.map(String::from)).filter(|d| *d != self.description);
        let scale = scale.filter(|scale| *scale != self.scale);
        let links = links.filter(|links| *links != self.links);
        let language = language.filter(|language| *language != self.language);
        let contact = contact.map(|contact| contact.map(String::from)).filter(|contact| *contact != self.contact);
        let invitation = invitation.map(Invitation::from).filter(|invitation| *invitation != self.invitation);
        [
            name.map(|name| ElectionEvent::ElectionNameChanged { name }),
            description.map(|description| ElectionEvent::ElectionDescriptionChanged { description }),
            scale.map(|scale| ElectionEvent::ElectionScaleChanged { scale }),
            links.map(|links| ElectionEvent::ElectionLinksChanged { links }),
            language.map(|language| ElectionEvent::ElectionLanguageChanged { language }),
            contact.map(|contact| ElectionEvent::ElectionContactChanged { contact }),
            invitation.map(|Invitation { subject, text }| ElectionEvent::ElectionInvitationChanged { subject, text }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn appoint(&self, subject: &Subject, role: Role) -> Decision {
        let administrators = &self.administrators;
        match administrators.role_of(subject) {
            Some(current) if current == role => Ok(Vec::new()),
            // Every other role is less than an owner's.
            Some(_) if administrators.is_last_owner(subject) => Err(ElectionRejection::LastOwner),
            Some(_) => Ok(vec![ElectionEvent::AdministratorRoleChanged { role, subject: subject.as_str().to_owned() }]),
            None if administrators.len() >= Limit::Administrators.most() => {
                Err(ElectionRejection::TooMany(Limit::Administrators))
            }
            None => Ok(vec![ElectionEvent::AdministratorAdded { role, subject: subject.as_str().to_owned() }]),
        }
    }

    fn remove_administrator(&self, subject: &Subject) -> Decision {
        if self.administrators.role_of(subject).is_none() {
            return Err(ElectionRejection::AdministratorNotFound);
        }
        if self.administrators.is_last_owner(subject) {
            return Err(ElectionRejection::LastOwner);
        }
        Ok(vec![ElectionEvent::AdministratorRemoved { subject: subject.as_str().to_owned() }])
    }

    fn add_competition(&self, id: CompetitionId, name: Name, description: Option<Description>) -> Decision {
        self.draft()?;
        if self.competition(id).is_some() {
            return Err(ElectionRejection::IdTaken);
        }
        if self.competitions.len() >= Limit::Competitions.most() {
            return Err(ElectionRejection::TooMany(Limit::Competitions));
        }
        let added =
            Competition { id, name: name.into(), description: description.map(Into::into), candidates: Vec::new() };
        if self.competitions.iter().chain([&added]).map(stored_size).sum::<usize>() > Limit::ElectionBytes.most() {
            return Err(ElectionRejection::TooMany(Limit::ElectionBytes));
        }
        let Competition { name, description, .. } = added;
        Ok(vec![ElectionEvent::CompetitionAdded { competition: id, description, name }])
    }

    fn change_competition(
        &self,
        id: CompetitionId,
        name: Option<Name>,
        description: Option<Option<Description>>,
    ) -> Decision {
        let current = self.find(id)?;
        self.draft()?;
        let name = name.map(String::from).filter(|name| *name != current.name);
        let description = description.map(|d| d.map(String::from)).filter(|d| *d != current.description);
        let events = [
            name.map(|name| ElectionEvent::CompetitionNameChanged { competition: id, name }),
            description
                .map(|description| ElectionEvent::CompetitionDescriptionChanged { competition: id, description }),
        ];
        self.within_size(id, events.into_iter().flatten().collect(), Limit::CompetitionBytes)
    }

    fn add_candidate(&self, competition: CompetitionId, candidate: Candidate) -> Decision {
        let candidates = self.find(competition)?.candidates.len();
        self.draft()?;
        if self.has_candidate(candidate.id) {
            return Err(ElectionRejection::IdTaken);
        }
        if candidates >= Limit::CandidatesInCompetition.most() {
            return Err(ElectionRejection::TooMany(Limit::CandidatesInCompetition));
        }
        if self.candidates().count() >= Limit::Candidates.most() {
            return Err(ElectionRejection::TooMany(Limit::Candidates));
        }
        let Candidate { id, name, description, image, disqualified: _ } = candidate;
        let added = ElectionEvent::CandidateAdded { candidate: id, competition, description, image, name };
        self.within_size(competition, vec![added], Limit::CompetitionBytes)
    }

    fn change_candidate(
        &self,
        competition: CompetitionId,
        id: CandidateId,
        name: Option<Name>,
        description: Option<Option<Description>>,
        image: Option<Option<Image>>,
    ) -> Decision {
        let current = self.find_candidate(competition, id)?;
        self.draft()?;
        let name = name.map(String::from).filter(|name| *name != current.name);
        let description = description.map(|d| d.map(String::from)).filter(|d| *d != current.description);
        let image = image.map(|i| i.map(Picture::from)).filter(|i| *i != current.image);
        let events = [
            name.map(|name| ElectionEvent::CandidateNameChanged { candidate: id, competition, name }),
            description.map(|description| ElectionEvent::CandidateDescriptionChanged {
                candidate: id,
                competition,
                description,
            }),
            image.map(|image| ElectionEvent::CandidateImageChanged { candidate: id, competition, image }),
        ];
        self.within_size(competition, events.into_iter().flatten().collect(), Limit::CompetitionBytes)
    }

    fn disqualify(&self, competition: CompetitionId, id: CandidateId, reason: Reason) -> Decision {
        let candidate = self.find_candidate(competition, id)?;
        if !matches!(self.status, Status::Open | Status::Closed) {
            return Err(ElectionRejection::WrongStatus(self.status));
        }
        if candidate.disqualified.is_some() {
            return Err(ElectionRejection::DisqualifiedAlready);
        }
        let reason = reason.into();
        let disqualified = ElectionEvent::CandidateDisqualified { candidate: id, competition, reason };
        self.within_size(competition, vec![disqualified], Limit::ModeratedBytes)
    }

    /// These events, if the competition that they change stays within this many bytes.
    fn within_size(&self, id: CompetitionId, events: Vec<ElectionEvent>, limit: Limit) -> Decision {
        let mut changed = Self { competitions: vec![self.find(id)?.clone()], ..Self::default() };
        for event in &events {
            changed.apply(event);
        }
        let bytes = changed.competitions.iter().map(stored_size).sum::<usize>();
        if bytes > limit.most() {
            return Err(ElectionRejection::TooMany(limit));
        }
        // A definition that fits is never too large to be moderated.
        let others =
            self.competitions.iter().filter(|competition| competition.id != id).map(stored_size).sum::<usize>();
        if limit == Limit::CompetitionBytes && others + bytes > Limit::ElectionBytes.most() {
            return Err(ElectionRejection::TooMany(Limit::ElectionBytes));
        }
        Ok(events)
    }
}

/// A competition's size as it is stored: its texts, and for each candidate its id and the names of its attributes.
fn stored_size(competition: &Competition) -> usize {
    const COMPETITION: usize = 200;
    const CANDIDATE: usize = 120;
    const PHOTOGRAPH: usize = 220;
    const RENDITION: usize = 95;
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let candidate = |c: &Candidate| {
        let image = c.image.as_ref().map_or(0, |image| match image {
            Picture::Linked { url, caption } => url.len() + text(caption),
            Picture::Uploaded { alt, caption, photograph: _, pixels } => {
                PHOTOGRAPH + RENDITION * pixels.renditions.len() + text(alt) + text(caption)
            }
        });
        CANDIDATE + c.name.len() + text(&c.description) + text(&c.disqualified) + image
    };
    COMPETITION
        + competition.name.len()
        + text(&competition.description)
        + competition.candidates.iter().map(candidate).sum::<usize>()
}

impl From<Image> for Picture {
    fn from(image: Image) -> Self {
        match image {
            Image::Linked { url, caption } => {
                Self::Linked { caption: caption.map(Into::into), url: url.as_str().to_owned() }
            }
            Image::Uploaded { photograph, pixels, caption, alt } => {
                Self::Uploaded { alt: alt.map(Into::into), caption: caption.map(Into::into), photograph, pixels }
            }
        }
    }
}
