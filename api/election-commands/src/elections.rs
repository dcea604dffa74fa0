//! Creating, changing and deleting elections.

use axum::extract::State;
use photovote_commands::Submission;
use photovote_coordination::GateStatus;
use photovote_domain::{
    Aggregate, Description, Election, ElectionId, Email, Language, Links, Name, Scale, ShardCount,
    election::{self as domain, Context, ElectionChange, ElectionCommand, ElectionRejection, NewInvitation, Role},
};
use photovote_dynamodb::Cancellation;
use photovote_edge::{
    Administrator, Answer, Changed, Code, CommandHeaders, Created, Patch, Preconditions, Problem, Segments, created,
    invalid_value, optional, present, schema, value,
};
use photovote_events::{History, Stream};
use photovote_events_append::ExecuteError;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{App, changed};

/// A scale: whole numbers within 0 to 10, `min` below `max`.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"min": 1, "max": 5}))]
pub(crate) struct ScaleBody {
    /// The lowest grade.
    #[schema(value_type = schema::Grade)]
    min: i64,
    /// The highest grade.
    #[schema(value_type = schema::Grade)]
    max: i64,
}

impl ScaleBody {
    fn parse(self) -> Result<Scale, Problem> {
        Scale::new(self.min, self.max).map_err(|error| invalid_value("scale", &error))
    }
}

/// The organiser's own words in the mails that invite voters. Mailings have the same words, unless they have their own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationBody {
    /// The subject: 1 to 200 characters. Without it, the usual one.
    #[serde(default)]
    #[schema(value_type = Option<schema::Name>)]
    subject: Option<String>,
    /// The introduction: at most 4,000 characters. Without it, the usual one. Addresses in it are not links.
    #[serde(default)]
    #[schema(value_type = Option<schema::Description>)]
    text: Option<String>,
}

impl InvitationBody {
    fn parse(self) -> Result<NewInvitation, Problem> {
        let subject = optional("invitation.subject", self.subject.as_deref())?;
        let text = optional("invitation.text", self.text.as_deref())?;
        Ok(NewInvitation { subject, text })
    }
}

/// A new election.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewElection {
    /// Its id, a ULID, if the client chooses it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Id>, nullable = false)]
    id: Option<ElectionId>,
    /// Its name: 1 to 200 characters.
    #[schema(value_type = schema::Name)]
    name: String,
    /// What there is to say about it: at most 4,000 characters.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Description>, nullable = false)]
    description: Option<String>,
    /// The grades that voters may give; 1 to 5 unless said otherwise.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    scale: Option<ScaleBody>,
    /// Who hands out the voters' links: `hand_out` unless said otherwise.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Links>, nullable = false)]
    links: Option<String>,
    /// In which language PhotoVote writes to voters: `en` unless said otherwise.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Language>, nullable = false)]
    language: Option<String>,
    /// The organiser's email address, to which voters reply.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Email>, nullable = false)]
    contact: Option<String>,
    /// The organiser's own words in invitations.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    invitation: Option<InvitationBody>,
    /// About how many voters will come. It sets over how many partitions they are spread.
    #[serde(default, deserialize_with = "present")]
    #[schema(minimum = 1, example = 200, nullable = false)]
    expected_voters: Option<i64>,
}

/// Creates an election.
///
/// Any administrator may call this, unless the operator limits it to a group or scope. An administrator can create 1,000 elections,
/// or as many as the operator says; those that were deleted count. The election begins as a draft, and the caller is its owner. The answer has the id and the
/// version. Next, add competitions, candidates and voters; then open the election. A client that chooses the `id` itself, or sends
/// an `Idempotency-Key`, can repeat the request: it creates one election.
#[utoipa::path(
    post, path = "/elections", tag = "elections", operation_id = "create_election", params(CommandHeaders), security(("administrator" = [])), request_body = NewElection,
    responses((status = CREATED, body = Created, description = "The election was created"))
)]
pub(crate) async fn create(State(app): State<App>, caller: Administrator, submission: Submission) -> Answer {
    app.creation.admit(&caller)?;
    let (body, mut intent): (NewElection, _) = submission.read_new(&caller)?;
    let name: Name = value("name", &body.name)?;
    let description: Option<Description> = optional("description", body.description.as_deref())?;
    let scale = body.scale.map_or(Ok(Scale::default()), ScaleBody::parse)?;
    let links: Links = optional("links", body.links.as_deref())?.unwrap_or_default();
    app.can_hand_out(links)?;
    let language: Language = optional("language", body.language.as_deref())?.unwrap_or_default();
    let contact: Option<Email> = optional("contact", body.contact.as_deref())?;
    let invitation = body.invitation.map_or(Ok(NewInvitation::default()), InvitationBody::parse)?;
    let shards = body.expected_voters.map_or(Ok(ShardCount::default()), shards)?;

    let environment = app.store.environment();
    let id = intent.choose_id(body.id, "election", None, environment);
    let stream = Stream::Election(id);
    let owner = caller.subject.clone();
    let new = domain::NewElection { owner, name, description, scale, links, language, contact, invitation, shards };
    let command = ElectionCommand::Create(new);
    let record = intent.record(command.name(), &stream, environment);
    let by = record.private.actor.administrator();
    let decide = |election: &Election| election.decide(command.clone(), &Context { now: environment.now(), by });
    // Nothing is loaded: an election that is there already is found by the condition of the write.
    let alongside = |_: &_| {
        let counted = app.control.count_creation(&caller.subject, app.creation.most)?;
        Ok(std::iter::once(counted).chain(app.control.create_gates(id, shards, links)?).collect())
    };
    let done = app.store.execute_with(History::empty(stream), &record, |_| true, decide, alongside).await;
    let done = done.map_err(|error| match error {
        ExecuteError::Blocked(reasons) if reasons.first().is_some_and(Cancellation::is_condition) => {
            app.creation.exhausted()
        }
        error => error.into(),
    })?;
    let body = Created { id: id.to_string(), version: done.version };
    Ok(created(&format!("/v1/elections/{id}"), done.version, body))
}

fn shards(expected_voters: i64) -> Result<ShardCount, Problem> {
    match u64::try_from(expected_voters) {
        Ok(voters) if voters > 0 => Ok(ShardCount::for_voters(voters)),
        _ => Err(invalid_value("expected_voters", &"is not a positive number")),
    }
}

/// What is to change in an election.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ElectionPatch {
    /// A new name.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Name>, nullable = false)]
    name: Option<String>,
    /// A new description; `null` clears it.
    #[serde(default)]
    #[schema(value_type = Option<schema::Description>)]
    description: Patch<String>,
    /// A new scale.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    scale: Option<ScaleBody>,
    /// Who hands out the voters' links from now on. It can change only while no voter is registered.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Links>, nullable = false)]
    links: Option<String>,
    /// A new language.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Language>, nullable = false)]
    language: Option<String>,
    /// A new address of the organiser; `null` clears it.
    #[serde(default)]
    #[schema(value_type = Option<schema::Email>)]
    contact: Patch<String>,
    /// Other words in invitations, instead of both words before; `null` makes them the usual ones.
    #[serde(default)]
    #[schema(value_type = Option<InvitationBody>)]
    invitation: Patch<InvitationBody>,
}

/// Changes an election.
///
/// An editor of the election may call this, while it is a draft. Fields that are left out stay as they are. From the opening on,
/// name, description and scale stay as they are, because they are the question that is voted on. The answer has the new version.
/// On 412 or 409, load the election again and decide anew.
#[utoipa::path(
    patch, path = "/elections/{election}", tag = "elections", operation_id = "change_election", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), CommandHeaders, Preconditions),
    request_body = ElectionPatch,
    responses((status = OK, body = Changed, description = "The election is at this version"))
)]
pub(crate) async fn change(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let history = app.election(&caller, path.id("election")?, Role::Editor).await?;
    let (body, intent): (ElectionPatch, _) = submission.read(&caller)?;
    let links: Option<Links> = optional("links", body.links.as_deref())?;
    let command = ElectionCommand::Change(ElectionChange {
        name: optional("name", body.name.as_deref())?,
        description: body.description.parse("description")?,
        scale: body.scale.map(ScaleBody::parse).transpose()?,
        links,
        language: optional("language", body.language.as_deref())?,
        contact: body.contact.parse("contact")?,
        invitation: body.invitation.map(InvitationBody::parse)?.map(Option::unwrap_or_default),
    });
    links.map_or(Ok(()), |links| app.can_hand_out(links))?;
    let Some(links) = links else { return app.change(history, &intent, command, None).await.map(changed) };
    let (id, shards) = (history.stream().election(), history.state().shards);
    app.control.reader().has_gates(id, shards).await?;
    let environment = app.store.environment();
    let record = intent.record(command.name(), &history.stream(), environment);
    let by = record.private.actor.administrator();
    let decide = |election: &Election| election.decide(command.clone(), &Context { now: environment.now(), by });
    // The gates know whether anybody is registered, and let nobody in by a link of the other kind afterwards.
    let gates = |_: &_| app.control.change_links(id, shards, links);
    let done = app.store.execute_with(history, &record, |seen| intent.expects(seen.version), decide, gates).await;
    done.map(|done| changed(done.version)).map_err(|error| match error {
        ExecuteError::Blocked(reasons) => app.links_stay(id, shards, &reasons),
        error => error.into(),
    })
}

impl App {
    /// Can links get to voters in this way here?
    fn can_hand_out(&self, links: Links) -> Answer<()> {
        let can = links == Links::HandOut || self.sends_mail;
        if can { Ok(()) } else { Err(Problem::new(Code::NoMail, Code::NoMail.meaning())) }
    }

    /// What the gates said to a change of who hands out the links.
    fn links_stay(&self, election: ElectionId, shards: ShardCount, reasons: &[Cancellation]) -> Problem {
        let refusing = shards.shards().zip(reasons).find(|(_, reason)| reason.is_condition());
        match refusing.map(|(shard, reason)| self.control.refusing(election, shard, reason)) {
            Some(Ok(gate)) if gate.status == GateStatus::Draft => Problem::refused(&ElectionRejection::HasVoters),
            Some(Err(missing)) => missing.into(),
            _ => Problem::new(Code::Conflict, "another command was faster: look again and retry"),
        }
    }
}

/// Deletes an election.
///
/// An owner of the election may call this, while it is a draft, closed or released. This is final: there is no way back, and the
/// ballots are not counted or shown any more. An open election has to be closed first.
#[utoipa::path(
    delete, path = "/elections/{election}", tag = "elections", operation_id = "delete_election", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), CommandHeaders, Preconditions),
    responses((status = OK, body = Changed, description = "The election is deleted"))
)]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    submission: Submission,
) -> Answer {
    let id = path.id("election")?;
    let history = app.election(&caller, id, Role::Owner).await?;
    let (_, intent): (Nothing, _) = submission.read(&caller)?;
    let (shards, counted) = (history.state().shards, history.state().casts.is_some());
    app.control.reader().gates(id, shards).await?;
    if counted {
        return app.change(history, &intent, ElectionCommand::Delete, None).await.map(changed);
    }
    // The gates of a draft let voters in. It goes on the schedule, so that they are closed whatever happens here.
    let environment = app.store.environment();
    let record = intent.record(ElectionCommand::Delete.name(), &history.stream(), environment);
    let by = record.private.actor.administrator();
    let decide =
        |election: &Election| election.decide(ElectionCommand::Delete, &Context { now: environment.now(), by });
    let schedule = |_: &_| Ok(vec![app.control.schedule(id)?]);
    let done = app.store.execute_with(history, &record, |seen| intent.expects(seen.version), decide, schedule).await?;
    app.control.close_gates(id, shards).await?;
    Ok(changed(done.version))
}

/// A body that says nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}
