//! Registering and removing voters, for the routes of administrators and for imports.
//!
//! A voter and their ballot are two streams that only a payload links. So a registration is one transaction: the voter's
//! commit, the ballot's, the guard that keeps the address unique, and the gate that voters come through. A removal is the same
//! backwards.

use photovote_coordination::{ControlError, GateStatus};
use photovote_coordination_write::Control;
use photovote_domain::{
    Aggregate, Ballot, BallotId, Digest, Election, ElectionId, Email, ImportId, Links, Name, Shard, Voter, VoterId,
    ballot::{self, BallotCommand, BallotRejection},
    election::Status,
    email_key,
    voter::{self, VoterCommand, VoterRejection},
};
use photovote_dynamodb::{Cancellation, Failure, Meaning, Retry};
use photovote_events::{CommandId, CommandRecord, Commit, History, LoadError, Snapshot, Stream};
use photovote_events_append::{AppendError, Done, EventStore, ExecuteError};
use thiserror::Error;

/// Why a voter does not come or go.
#[derive(Debug, Error)]
pub enum RegistrationError {
    /// The voter's command is not carried out.
    #[error(transparent)]
    Execute(#[from] ExecuteError<VoterRejection>),
    /// The ballot cannot be made.
    #[error(transparent)]
    Ballot(#[from] BallotRejection),
    /// The ballot's commit cannot be made.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The ballot cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A gate or a guard is missing.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The election has changed since it was loaded, or another command was faster.
    #[error("another command was faster")]
    Moved,
}

impl Failure for RegistrationError {
    fn meaning(&self) -> Meaning<'_> {
        match self {
            Self::Execute(error) => error.meaning(),
            Self::Ballot(rejection) => Meaning::Refused(rejection),
            Self::Append(error) => error.meaning(),
            Self::Load(error) => error.meaning(),
            Self::Control(error) => error.meaning(),
            Self::Moved => Meaning::Conflict,
        }
    }
}

/// A voter who is to be registered.
#[derive(Debug, Clone)]
pub struct NewVoter {
    /// Their id.
    pub id: VoterId,
    /// Their name.
    pub name: Name,
    /// Their address.
    pub email: Email,
    /// The ballot that they get.
    pub ballot: BallotId,
    /// The hash of the token that opens it. Without one, nothing opens the ballot until a link is issued.
    pub token: Option<Digest>,
    /// The import that registers them. Once it is being undone, it registers nobody.
    pub import: Option<ImportId>,
}

/// Does nothing open this ballot yet? If links are handed out, nobody was shown its link.
pub fn is_unlinked(ballot: &Ballot) -> bool {
    ballot.status == ballot::Status::Draft && ballot.token.is_none()
}

/// Registers and removes voters.
#[derive(Debug, Clone)]
pub struct Registrar {
    store: EventStore,
    control: Control,
}

impl Registrar {
    /// Appends to this table and passes these gates.
    pub const fn new(store: EventStore, control: Control) -> Self {
        Self { store, control }
    }

    /// Registers a voter with a ballot, by one transaction. The command's id names the registration: the same command again finds the
    /// voter.
    pub async fn register(
        &self,
        election: &History<Election>,
        new: NewVoter,
        record: &CommandRecord,
    ) -> Result<Done<Voter>, RegistrationError> {
        let (id, shards, links) = (election.stream().election(), election.state().shards, election.state().links);
        let NewVoter { id: voter, name, email, ballot, token, import } = new;
        let key = email.key();
        let unlinked = links == Links::HandOut && token.is_none();
        let command = VoterCommand::Register { name, email, ballot };
        let gate = shards.shard_of(&ballot.to_string());
        let empty = History::<Ballot>::empty(Stream::ballot(id, shards, ballot));
        let created = empty.state().decide(BallotCommand::Create { token }, &self.ballot_context(election))?;
        let ballot = self.store.commit(&empty, &created, &self.in_ballot(record))?;
        let context = voter::Context { election: election.state(), ballot: empty.state() };
        let decide = |voter: &Voter| voter.decide(command.clone(), &context);
        let alongside = |_: &Commit| {
            Ok(vec![
                self.store.action(&ballot)?,
                self.control.reserve_email(id, shards, &key, voter)?,
                self.control.pass_registration(id, gate, links, unlinked, import)?,
            ])
        };
        // Nothing is loaded: a voter who is there already is found by the condition of the write.
        let empty = History::empty(Stream::voter(id, shards, voter));
        let done = self.store.execute_with(empty, record, |_| true, decide, alongside).await;
        done.map_err(|error| match error {
            ExecuteError::Blocked(reasons) => self.blocked(id, gate, &reasons),
            error => error.into(),
        })
    }

    /// Removes a voter and voids the ballot, by one transaction. A voter who has cast the ballot stays.
    pub async fn remove(
        &self,
        election: &History<Election>,
        history: &History<Voter>,
        record: &CommandRecord,
        expected: impl Fn(&Snapshot<Voter>) -> bool + Copy,
    ) -> Result<Done<Voter>, RegistrationError> {
        let (id, shards) = (election.stream().election(), election.state().shards);
        let (Stream::Voter(_, _, voter), Some(ballot_id)) = (history.stream(), history.state().ballot) else {
            return Err(ExecuteError::Rejected(VoterRejection::NotFound).into());
        };
        let shard = shards.shard_of(&ballot_id.to_string());
        let ballot_stream = Stream::ballot(id, shards, ballot_id);
        let mut history = history.clone();
        let mut retry = Retry::attempts(3);
        loop {
            let email = email_key(&history.state().email);
            // The ballot goes with its voter, unless it is cast: then both stay.
            let ballot: History<Ballot> = self.store.reader().load_end(ballot_stream).await?;
            let context = voter::Context { election: election.state(), ballot: ballot.state() };
            let voided = match ballot.state().decide(BallotCommand::Void, &self.ballot_context(election)) {
                Ok(events) => Some(self.store.commit(&ballot, &events, &self.in_ballot(record))?),
                // It is cast, and so the voter stays; or it went with the voter before.
                Err(_settled) => None,
            };
            let unlinked = election.state().links == Links::HandOut && is_unlinked(ballot.state());
            let alongside = |_: &Commit| {
                let release = self.control.release_email(id, shards, &email, voter)?;
                let mut actions = vec![release, self.control.pass_removal(id, shard, unlinked)?];
                if let Some(voided) = &voided {
                    actions.push(self.store.action(voided)?);
                }
                Ok(actions)
            };
            let decide = |voter: &Voter| voter.decide(VoterCommand::Remove, &context);
            match self.store.execute_with(history.clone(), record, expected, decide, alongside).await {
                Ok(done) => return Ok(done),
                Err(ExecuteError::Blocked(reasons)) => match reasons.as_slice() {
                    [_, gate, ..] if gate.is_condition() => return Err(self.registration_closed(id, shard, gate)),
                    [guard, ..] if guard.is_condition() => {
                        let before = history.version();
                        self.store.reader().refresh(&mut history).await?;
                        // Unless somebody else has corrected the address meanwhile, it has lost its guard.
                        if history.version() == before {
                            return Err(self.control.reader().unguarded(id).into());
                        }
                    }
                    // The voter was faster: with a rating, or with the cast.
                    _ if retry.again().await => {}
                    _ => return Err(ExecuteError::Blocked(reasons).into()),
                },
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The command as the ballot's stream keeps it. Which request it was, the voter's stream tells alone: it is made of the
    /// voter's name, address or id, and none of them belongs with a ballot.
    pub fn in_ballot(&self, record: &CommandRecord) -> CommandRecord {
        let random = || Digest::from_bytes(self.store.environment().random());
        let mut record = record.clone();
        (record.private.fingerprint, record.private.id) = (random(), CommandId::new(random()));
        record
    }

    /// What a decision about a ballot of this election needs now.
    pub fn ballot_context<'a>(&self, election: &'a History<Election>) -> ballot::Context<'a> {
        ballot::Context { election: election.state(), now: self.store.environment().now() }
    }

    /// What the ballot, the guard and the gate said to a registration.
    fn blocked(&self, election: ElectionId, shard: Shard, reasons: &[Cancellation]) -> RegistrationError {
        match reasons {
            [_, guard, _] if guard.is_condition() => ExecuteError::Rejected(VoterRejection::EmailTaken).into(),
            [_, _, gate] if gate.is_condition() => self.registration_closed(election, shard, gate),
            _ => RegistrationError::Moved,
        }
    }

    /// What a gate said that lets no voter come or go.
    fn registration_closed(&self, election: ElectionId, shard: Shard, gate: &Cancellation) -> RegistrationError {
        match self.control.refusing(election, shard, gate) {
            // Others hand out the links since the election was loaded, or the import is being undone.
            Ok(gate) if gate.status != GateStatus::Closed => RegistrationError::Moved,
            Ok(_closed) => ExecuteError::Rejected(VoterRejection::RegistrationClosed(Status::Closing)).into(),
            Err(missing) => missing.into(),
        }
    }
}
