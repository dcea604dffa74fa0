//! Registering voters, correcting and removing them, and replacing their ballot tokens.
//!
//! The crate `registration` has the transactions by which voters come and go.

use axum::extract::State;
use photovote_commands::Submission;
use photovote_domain::{
    Aggregate, Ballot, BallotId, BallotToken, Election, Links, Version, Voter, VoterId,
    ballot::{BallotCommand, BallotRejection},
    election::Role,
    email_key,
    voter::{self, VoterCommand, VoterEvent, VoterRejection},
};
use photovote_dynamodb::{Cancellation, Retry};
use photovote_edge::{
    Administrator, Answer, Changed, Code, CommandHeaders, Preconditions, Problem, Segments, at_version, created,
    optional, present, schema, value,
};
use photovote_events::{CommandRecord, Commit, History, Known, Snapshot, Stream};
use photovote_events_append::ExecuteError;
use photovote_registration::is_unlinked;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{App, changed, elections::Nothing};

/// A new voter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewVoter {
    /// Their id, a ULID, if the client chooses it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Id>, nullable = false)]
    id: Option<VoterId>,
    /// Their name: 1 to 200 characters.
    #[schema(value_type = schema::Name)]
    name: String,
    /// Their email address, unique in the election.
    #[schema(value_type = schema::Email)]
    email: String,
}

/// A voter was registered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RegisteredVoter {
    /// Their id, a ULID.
    #[schema(value_type = schema::Id)]
    id: String,
    /// The version that their stream has come to.
    #[schema(value_type = schema::Version)]
    version: Version,
    /// What opens their ballot. It is shown this once: a repeated registration answers without it. In an election that invites
    /// its voters, nobody is shown it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::BallotToken>, nullable = false)]
    ballot_token: Option<String>,
}

/// Registers a voter.
///
/// An editor of the election may call this, while it is a draft or open. If the election's links are handed out, the answer has
/// the voter's ballot token: hand it to the voter, and keep it secret. It is shown this once. If the answer is lost, repeat the request with the same `Idempotency-Key`: the
/// voter is registered once, and the answer has no token; then replace the token. An email address is registered once in an
/// election.
#[utoipa::path(
    post, path = "/elections/{election}/voters", tag = "voters", operation_id = "register_voter", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), CommandHeaders), request_body = NewVoter,
    responses((status = CREATED, body = RegisteredVoter, description = "The voter was registered"))
)]
pub(crate) async fn register(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let election = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let (id, shards) = (election.stream().election(), election.state().shards);
    let (body, mut intent): (NewVoter, _) = submission.read_new(&caller)?;
    let (name, email) = (value("name", &body.name)?, value("email", &body.email)?);
    app.control.reader().has_gates(id, shards).await?;

    let environment = app.store.environment();
    let scope = format!("{id}/voter");
    let voter = intent.choose_id(body.id, &scope, election.secret(), environment);
    let ballot = BallotId::from_bits(environment.random_id());
    let handed_out = election.state().links == Links::HandOut;
    let token = handed_out.then(|| BallotToken::new(id, ballot, environment.random()));
    let record = intent.record(VoterCommand::REGISTER, &Stream::voter(id, shards, voter), environment);
    let new = photovote_registration::NewVoter {
        id: voter,
        name,
        email,
        ballot,
        token: token.as_ref().map(BallotToken::hash),
        import: None,
    };
    let done = app.registrar.register(&election, new, &record).await?;
    let ballot_token = token.filter(|_| !done.repeated).map(|token| token.reveal());
    let body = RegisteredVoter { id: voter.to_string(), version: done.version, ballot_token };
    Ok(created(&format!("/v1/elections/{id}/voters/{voter}"), done.version, body))
}

/// Removes a voter and the ballot.
///
/// An editor of the election may call this, while it is a draft or open. A voter who has cast the ballot stays. `ETag` and
/// `If-Match` are the voter's.
#[utoipa::path(
    delete, path = "/elections/{election}/voters/{voter}", tag = "voters", operation_id = "remove_voter", security(("administrator" = [])),
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("voter" = schema::Id, Path, description = "The voter's id"),
        CommandHeaders,
        Preconditions,
    ),
    responses((status = OK, body = Changed, description = "The voter is removed"))
)]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let election = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let (id, shards) = (election.stream().election(), election.state().shards);
    let voter: VoterId = path.id("voter")?;
    let history = app.voter(&election, voter).await?;
    let (_, intent): (Nothing, _) = submission.read(&caller)?;
    app.control.reader().has_gates(id, shards).await?;
    let record = intent.record(VoterCommand::Remove.name(), &history.stream(), app.store.environment());
    let expected = |seen: &Snapshot<Voter>| intent.expects(seen.version);
    let done = app.registrar.remove(&election, &history, &record, expected).await?;
    Ok(changed(done.version))
}

/// What is to change about a voter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VoterPatch {
    /// Another name.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Name>, nullable = false)]
    name: Option<String>,
    /// Another email address, unique in the election.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Email>, nullable = false)]
    email: Option<String>,
}

/// Corrects a voter's name or address.
///
/// An editor of the election may call this. Fields that are left out stay as they are. In an election that invites its voters,
/// another address gets another link, as long as the ballot is not cast: what went to the old address opens nothing any more, and
/// the draft of the ballot is emptied. `ETag` and `If-Match` are the voter's.
#[utoipa::path(
    patch, path = "/elections/{election}/voters/{voter}", tag = "voters", operation_id = "change_voter", security(("administrator" = [])),
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("voter" = schema::Id, Path, description = "The voter's id"),
        CommandHeaders,
        Preconditions,
    ),
    request_body = VoterPatch,
    responses((status = OK, body = Changed, description = "The voter is at this version"))
)]
pub(crate) async fn change(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let election = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let (id, shards) = (election.stream().election(), election.state().shards);
    let voter_id: VoterId = path.id("voter")?;
    let mut voter = app.voter(&election, voter_id).await?;
    let (body, intent): (VoterPatch, _) = submission.read(&caller)?;
    let command = VoterCommand::Change {
        name: optional("name", body.name.as_deref())?,
        email: optional("email", body.email.as_deref())?,
    };
    app.control.reader().has_gates(id, shards).await?;

    let record = intent.record(command.name(), &voter.stream(), app.store.environment());
    let mut retry = Retry::attempts(3);
    loop {
        let Some(ballot) = voter.state().ballot else { return Err(Problem::refused(&VoterRejection::NotFound)) };
        let ballot: History<Ballot> = app.store.reader().load_end(Stream::ballot(id, shards, ballot)).await?;
        app.look_again(&election, &mut voter).await?;
        let context = voter::Context { election: election.state(), ballot: ballot.state() };
        let decide = |voter: &Voter| voter.decide(command.clone(), &context);
        // What is refused is refused below, unless the command is known.
        let events = decide(voter.state()).unwrap_or_default();
        let moved = events.iter().find_map(|event| match event {
            VoterEvent::VoterEmailChanged { email } => Some(email_key(email)),
            _ => None,
        });
        let before = email_key(&voter.state().email);
        let moved = moved.filter(|moved| *moved != before);
        let is_replaced = events.contains(&VoterEvent::VoterTokenReplaced {});
        let revoke = || app.revoked(&ballot, voter.state(), &election, &record);
        let revoked = is_replaced.then(revoke).transpose()?;
        let alongside = |_: &Commit| {
            let mut actions = Vec::new();
            if let Some(moved) = &moved {
                actions.push(app.control.release_email(id, shards, &before, voter_id)?);
                actions.push(app.control.reserve_email(id, shards, moved, voter_id)?);
            }
            if let Some(revoked) = &revoked {
                actions.push(app.store.action(revoked)?);
            }
            Ok(actions)
        };
        let expected = |seen: &Snapshot<Voter>| intent.expects(seen.version);
        match app.store.execute_with(voter.clone(), &record, expected, decide, alongside).await {
            Ok(done) => return Ok(changed(done.version)),
            Err(ExecuteError::Blocked(reasons)) => match reasons.as_slice() {
                [Cancellation::Condition(_), ..] => {
                    app.store.reader().refresh(&mut voter).await?;
                    // Unless somebody else has moved the voter meanwhile, the old address has lost its guard.
                    if email_key(&voter.state().email) == before {
                        return Err(app.control.reader().unguarded(id).into());
                    }
                }
                [_, taken, ..] if taken.is_condition() => return Err(Problem::refused(&VoterRejection::EmailTaken)),
                // The voter was faster: with a rating, or with the cast.
                _ if retry.again().await => app.store.reader().refresh(&mut voter).await?,
                _ => return Err(Problem::new(Code::Conflict, "another command was faster: look again and retry")),
            },
            Err(error) => return Err(error.into()),
        }
    }
}

/// A voter's new ballot token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplacedToken {
    /// The version that the voter's stream has come to.
    #[schema(value_type = schema::Version)]
    version: Version,
    /// What opens the ballot from now on. It is shown this once: a repeated request answers without it. In an election that
    /// invites its voters, nobody is shown it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::BallotToken>, nullable = false)]
    ballot_token: Option<String>,
}

/// Gives a voter a new ballot token.
///
/// An editor of the election may call this, until the voter has cast or the election closes. The old token opens nothing any
/// more, and the draft of the ballot is emptied, so that the new token shows nobody what was rated. If the election's links are
/// handed out, the answer shows the new token this once; a repeated answer leaves it out. If it invites its voters, the new link
/// goes to the voter by mail.
#[utoipa::path(
    post, path = "/elections/{election}/voters/{voter}/token", tag = "voters", operation_id = "replace_ballot_token", security(("administrator" = [])),
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("voter" = schema::Id, Path, description = "The voter's id"),
        CommandHeaders,
        Preconditions,
    ),
    request_body = Option<Nothing>,
    responses((status = OK, body = ReplacedToken, description = "The token was replaced"))
)]
pub(crate) async fn replace_token(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let election = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let (id, shards) = (election.stream().election(), election.state().shards);
    let mut voter = app.voter(&election, path.id("voter")?).await?;
    let Some(ballot) = voter.state().ballot else { return Err(Problem::refused(&VoterRejection::NotFound)) };
    let (_, intent): (Nothing, _) = submission.read(&caller)?;
    app.control.reader().has_gates(id, shards).await?;

    let environment = app.store.environment();
    let handed_out = election.state().links == Links::HandOut;
    let token = handed_out.then(|| BallotToken::new(id, ballot, environment.random()));
    let record = intent.record(VoterCommand::ReplaceToken.name(), &voter.stream(), environment);
    let mut retry = Retry::attempts(3);
    loop {
        // That it was done, the voter's stream tells auditors; which token opens the ballot, stands in the ballot's alone.
        let history: History<Ballot> = app.store.reader().load_end(Stream::ballot(id, shards, ballot)).await?;
        app.look_again(&election, &mut voter).await?;
        let command = match &token {
            Some(token) => BallotCommand::ReplaceToken { token: token.hash() },
            None => BallotCommand::RevokeLink { next: voter.state().link.next() },
        };
        let replaced = match history.state().decide(command, &app.registrar.ballot_context(&election)) {
            Ok(events) => Some(app.store.commit(&history, &events, &app.registrar.in_ballot(&record))?),
            // It may have been done before, and the ballot be cast since.
            Err(_settled) if voter.known(&record) != Known::No => None,
            // The ballot went with its voter.
            Err(BallotRejection::Voided) => return Err(Problem::refused(&VoterRejection::NotFound)),
            Err(refused) => return Err(Problem::refused(&refused)),
        };
        let context = voter::Context { election: election.state(), ballot: history.state() };
        let decide = |voter: &Voter| voter.decide(VoterCommand::ReplaceToken, &context);
        let shown = handed_out && replaced.is_some() && is_unlinked(history.state());
        let alongside = |_: &Commit| {
            let shown = shown.then(|| app.control.pass_link(id, shards.shard_of(&ballot.to_string())));
            replaced.iter().map(|replaced| app.store.action(replaced)).chain(shown).collect()
        };
        let expected = |seen: &Snapshot<Voter>| intent.expects(seen.version);
        match app.store.execute_with(voter.clone(), &record, expected, decide, alongside).await {
            Ok(done) => {
                let ballot_token = token.filter(|_| !done.repeated).map(|token| token.reveal());
                return Ok(at_version(done.version, ReplacedToken { version: done.version, ballot_token }));
            }
            // The voter was faster: with a rating, or with the cast; or another administrator.
            Err(ExecuteError::Blocked(_)) if retry.again().await => {}
            Err(error) => return Err(error.into()),
        }
    }
}

impl App {
    /// Reads what is new of a voter, after the ballot was read. The ballot's stream gets the number of a link that the voter's stream
    /// counts. If somebody else replaces the link meanwhile, either the ballot is outdated, and its commit is refused, or the voter is
    /// read with that link.
    async fn look_again(&self, election: &History<Election>, voter: &mut History<Voter>) -> Answer<()> {
        match election.state().links {
            Links::HandOut => Ok(()),
            Links::Invite => Ok(self.store.reader().refresh(voter).await?),
        }
    }

    /// The commit by which a ballot is opened by nothing until its next link is issued.
    fn revoked(
        &self,
        ballot: &History<Ballot>,
        voter: &Voter,
        election: &History<Election>,
        record: &CommandRecord,
    ) -> Answer<Commit> {
        let revoke = BallotCommand::RevokeLink { next: voter.link.next() };
        let events = ballot.state().decide(revoke, &self.registrar.ballot_context(election));
        let events = events.map_err(|refused| Problem::refused(&refused))?;
        Ok(self.store.commit(ballot, &events, &self.registrar.in_ballot(record))?)
    }

    /// A voter of an election, removed or not.
    pub(crate) async fn voter(&self, election: &History<Election>, id: VoterId) -> Answer<History<Voter>> {
        let stream = Stream::voter(election.stream().election(), election.state().shards, id);
        let voter: History<Voter> = self.store.reader().load(stream).await?;
        match voter.state().status {
            voter::Status::Absent => Err(Problem::refused(&VoterRejection::NotFound)),
            _ => Ok(voter),
        }
    }
}
