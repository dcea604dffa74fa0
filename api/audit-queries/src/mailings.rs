//! What became of mailings.
//!
//! A mailing is in the events; how many of its mails became what, the mailer counts in the control table.

use std::cmp::Reverse;

use axum::{Json, extract::State, response::IntoResponse};
use photovote_coordination::Counts;
use photovote_domain::{
    Election, ElectionId, Mailing, MailingId, ShardCount, Version, Voter, VoterId,
    election::Role,
    fold,
    mailing::{Kind, MOST_MAILINGS, MailingRejection, Recipients as DomainRecipients, Requested},
    voter::Status,
};
use photovote_edge::{
    Administrator, Answer, Items, Moment, PageParameters, Parameters, Problem, Segments, at_version, schema,
};
use photovote_events::{Commit, History, LoadError, Part, Stream};
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

/// How many mails became what.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MailCounts {
    /// Mails that are still to be sent. Some of them may turn out not to be due.
    #[schema(example = 3)]
    queued: u64,
    /// Mails that the mail service took.
    #[schema(example = 197)]
    sent: u64,
    /// Mails that cannot be sent.
    #[schema(example = 0)]
    failed: u64,
    /// Mails that came back.
    #[schema(example = 2)]
    bounced: u64,
    /// Mails whose recipients complained.
    #[schema(example = 0)]
    complained: u64,
}

impl From<Counts> for MailCounts {
    fn from(counts: Counts) -> Self {
        let Counts { queued, sent, failed, bounced, complained, found: _ } = counts;
        Self { queued, sent, failed, bounced, complained }
    }
}

/// Which voters a mailing goes to: a word, or the voters' ids.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum MailedTo {
    /// A word for them.
    #[schema(example = "not_cast")]
    Word(&'static str),
    /// These voters.
    Named(MailedVoters),
}

/// Voters by their ids.
#[derive(Debug, Serialize, ToSchema)]
struct MailedVoters {
    /// Their ids.
    #[schema(value_type = Vec<schema::Id>)]
    voters: Vec<VoterId>,
}

impl From<DomainRecipients> for MailedTo {
    fn from(to: DomainRecipients) -> Self {
        match to {
            DomainRecipients::All => Self::Word("all"),
            DomainRecipients::NotInvited => Self::Word("not_invited"),
            DomainRecipients::NotCast => Self::Word("not_cast"),
            DomainRecipients::Bounced => Self::Word("bounced"),
            DomainRecipients::Voters(voters) => Self::Named(MailedVoters { voters: voters.into_iter().collect() }),
        }
    }
}

/// A mailing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MailingAnswer {
    /// Its id, a ULID.
    #[schema(value_type = schema::Id)]
    id: String,
    /// Why voters are written to.
    #[schema(value_type = schema::MailKind)]
    kind: Kind,
    /// Which voters are written to.
    to: MailedTo,
    /// The organiser's subject.
    #[schema(value_type = Option<schema::Name>, required = true)]
    subject: Option<String>,
    /// The organiser's introduction.
    #[schema(value_type = Option<schema::Description>, required = true)]
    text: Option<String>,
    /// When it was requested.
    #[schema(value_type = schema::Moment)]
    requested_at: Moment,
    /// How many mails became what.
    counts: MailCounts,
    /// Whether all its recipients are found, and no mail is to be sent any more.
    #[schema(example = true)]
    complete: bool,
    /// Its version.
    #[schema(value_type = schema::Version)]
    version: Version,
}

impl MailingAnswer {
    fn new(commit: &Commit, id: MailingId, requested: Requested, counts: Counts, shards: ShardCount) -> Answer<Self> {
        let Requested { kind, subject, text, to } = requested;
        let requested_at = commit.private_part().map_err(|error| {
            tracing::error!(event = "commit_unreadable", commit = %commit.stream, %error, "a mailing has no time");
            Problem::internal()
        })?;
        let complete = counts.queued == 0 && usize::try_from(counts.found) == Ok(shards.shards().count());
        Ok(Self {
            id: id.to_string(),
            kind,
            to: to.into(),
            subject,
            text,
            requested_at: Moment(requested_at.time),
            counts: counts.into(),
            complete,
            version: commit.last(),
        })
    }
}

/// The mails of an election.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MailingsAnswer {
    /// The invitations that PhotoVote sent by itself: at the opening, at a registration, and with another link.
    invitations: MailCounts,
    /// The mailings that administrators requested, the latest first.
    mailings: Vec<MailingAnswer>,
}

/// Lists the mailings of an election.
///
/// Every administrator of the election may call this. An election has at most 100 mailings.
#[utoipa::path(
    get, path = "/elections/{election}/mailings", tag = "mailings", operation_id = "list_mailings", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id")),
    responses((status = OK, body = MailingsAnswer, description = "The mailings"))
)]
pub(crate) async fn list(State(app): State<App>, caller: Administrator, path: Segments) -> Answer {
    let (id, election) = app.election(&caller, &path).await?;
    let shards = election.state().shards;
    // A few more than the limit can have been requested at once.
    let most = u16::try_from(2 * MOST_MAILINGS).unwrap_or(u16::MAX);
    let page = app.reader.sweep(Part::Mailings(id), None, most).await.map_err(LoadError::from)?.intact()?;
    let mut requested = Vec::new();
    for commit in page.commits {
        let Stream::Mailing(_, mailing) = commit.stream else { continue };
        requested.extend(requested_by(&commit)?.map(|said| (mailing, said, commit)));
    }
    let known: Vec<_> = requested.iter().map(|(id, ..)| Some(*id)).chain([None]).collect();
    let mut counts = app.control.mail_counts(id, shards, &known).await?;
    let mut counted = |mailing| counts.remove(&mailing).unwrap_or_default();
    let invitations = counted(None).into();
    let mailings: Answer<Vec<_>> = requested
        .into_iter()
        .map(|(id, said, commit)| MailingAnswer::new(&commit, id, said, counted(Some(id)), shards))
        .collect();
    let mut mailings = mailings?;
    mailings.sort_by_key(|mailing| Reverse(mailing.requested_at.0));
    Ok(Json(MailingsAnswer { invitations, mailings }).into_response())
}

/// Shows a mailing, and what became of its mails.
///
/// Every administrator of the election may call this. Of a reminder, only numbers are told: to whom it went would tell who has not
/// voted.
#[utoipa::path(
    get, path = "/elections/{election}/mailings/{mailing}", tag = "mailings", operation_id = "show_mailing", security(("administrator" = [])),
    params(
        ("election" = schema::Id, Path, description = "The election's id"),
        ("mailing" = schema::Id, Path, description = "The mailing's id"),
    ),
    responses((status = OK, body = MailingAnswer, description = "The mailing"))
)]
pub(crate) async fn show(State(app): State<App>, caller: Administrator, path: Segments) -> Answer {
    let (id, election) = app.election(&caller, &path).await?;
    let mailing: MailingId = path.id("mailing")?;
    let shards = election.state().shards;
    let stream = Stream::Mailing(id, mailing);
    let commit = app.reader.commits_after(&stream, Version::NONE).await?.into_iter().next();
    let commit = commit.ok_or_else(|| Problem::refused(&MailingRejection::NotFound))?;
    let requested = requested_by(&commit)?.ok_or_else(|| Problem::refused(&MailingRejection::NotFound))?;
    let counts = app.control.mail_counts(id, shards, &[Some(mailing)]).await?.remove(&Some(mailing));
    let answer = MailingAnswer::new(&commit, mailing, requested, counts.unwrap_or_default(), shards)?;
    Ok(at_version(answer.version, answer))
}

/// A voter whose invitation did not arrive.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BouncedInvitation {
    /// The voter's id.
    #[schema(value_type = schema::Id)]
    voter: VoterId,
    /// The voter's name.
    #[schema(example = "Grace Hopper")]
    name: String,
    /// The voter's email address.
    #[schema(example = "grace@example.org")]
    email: String,
    /// Why it did not arrive: `bounced`, `complained`, `local_part` (the address has other characters than ASCII before the @), or a
    /// sentence.
    #[schema(example = "bounced")]
    reason: String,
}

/// Lists voters whose invitation did not arrive.
///
/// Every administrator of the election may call this. Correct an address, and the voter is mailed another link. A mailing to `bounced`
/// sends the present links again. A page may have fewer entries than `limit`; the last page has no `next_cursor`.
#[utoipa::path(
    get, path = "/elections/{election}/bounced", tag = "mailings", operation_id = "list_bounced_invitations", security(("administrator" = [])),
    params(("election" = schema::Id, Path, description = "The election's id"), PageParameters),
    responses((status = OK, body = Items<BouncedInvitation>, description = "A page of the list"))
)]
pub(crate) async fn bounced(
    State(app): State<App>,
    caller: Administrator,
    path: Segments,
    query: Parameters,
) -> Answer {
    let (id, election) = app.election(&caller, &path).await?;
    let list = format!("bounced/{id}");
    let page = query.page(&list)?;
    // A place is a voter, whose shard follows from the id.
    let shards = election.state().shards;
    let after: Option<VoterId> = page.after.as_deref().and_then(|after| after.parse().ok());
    let first = after.map(|voter| shards.shard_of(&voter.to_string()));
    let (mut items, mut end) = (Vec::new(), None);
    'shards: for shard in shards.shards().skip_while(|shard| Some(*shard) < first) {
        let mut place = after.filter(|_| Some(shard) == first).map(|voter| voter.to_string());
        loop {
            let room = page.limit - u16::try_from(items.len()).unwrap_or(page.limit);
            if room == 0 {
                break 'shards;
            }
            let found = app.control.bounced(id, shard, place.as_deref(), room).await?;
            for bounced in found.voters {
                end = Some(bounced.voter.to_string());
                let voter: History<Voter> = app.reader.load(Stream::Voter(id, shard, bounced.voter)).await?;
                let voter = voter.state();
                if voter.status == Status::Registered {
                    let (name, email) = (voter.name.clone(), voter.email.clone());
                    items.push(BouncedInvitation { voter: bounced.voter, name, email, reason: bounced.why });
                }
            }
            place = found.next;
            if place.is_none() {
                break;
            }
        }
    }
    let is_full = items.len() >= usize::from(page.limit);
    Ok(Json(Items::new(&list, items, end.as_deref().filter(|_| is_full))).into_response())
}

/// What a commit requests.
fn requested_by(commit: &Commit) -> Result<Option<Requested>, LoadError> {
    Ok(fold::<Mailing>(&commit.decode::<Mailing>()?).requested)
}

impl App {
    /// The election of a path, if the caller administers it.
    pub(crate) async fn election(
        &self,
        caller: &Administrator,
        path: &Segments,
    ) -> Answer<(ElectionId, History<Election>)> {
        let id: ElectionId = path.id("election")?;
        let election: History<Election> = self.reader.load(Stream::Election(id)).await?;
        let admitted = election.state().administrators.admit(&caller.subject, Role::Observer);
        admitted.map_err(|refused| Problem::refused(&refused))?;
        Ok((id, election))
    }
}
