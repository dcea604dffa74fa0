//! The mailer: the worker that sends voters their links, reminders and results.
//!
//! ```text
//! due → claim it → is it still due? → derive the link → append its hash to the ballot → send → note it → settle the claim
//! ```
//!
//! The hash is appended before the mail is sent, so the link opens the ballot when it arrives. The link is derived anew each time and
//! stored nowhere. Each step can be repeated: a crash leaves the mail due, and the claim ends after two minutes. Then the mail is sent
//! again, unless it was noted. Whoever meets a claim asks for another look at the shard once the claim has ended. So a mail can arrive twice if the mailer dies between sending and noting it, or if the service's answer
//! is lost, with the same link both times. There is no other way.
//!
//! The mails of a mailing are queued first: its recipients are found shard by shard, and each gets an item of their own. Then they go
//! the same way. Reports about mails that came back are counted.

mod find;
mod invite;
mod issue;
mod message;
mod notify;
mod remind;
mod report;
mod send;
mod test_mail;

use std::{
    collections::{BTreeMap, BTreeSet},
    future::ready,
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use futures::{StreamExt, stream};
use photovote_coordination::ControlError;
use photovote_coordination_write::{Claim, Control, Due, DueMail};
use photovote_domain::{
    Election, ElectionId, Email, LinkNumber, Mailing, MailingId, Name, Shard, Timestamp, Voter, VoterId,
    ballot::BallotRejection,
    mailing::{self, Kind, Requested},
    voter::{self, VoterEvent},
};
use photovote_dynamodb::{StorageError, TransactFailure};
use photovote_events::{Commit, ElectionCache, EventReader, History, LoadError, Part, Position, Stream};
use photovote_events_append::{EventStore, ExecuteError};
use photovote_links::{LinkKey, LinkKeyError};
use photovote_mail::MailService;
use photovote_queues::{MailMessage, Queue};
use thiserror::Error;

/// How many mails a message is worth.
const PAGE: u16 = 25;
/// How many voters are looked at for each message, when all of them may lack their links. A transaction has at most 100 actions.
const LOOKED_AT: u16 = 100;
/// For how long a mail is claimed: longer than any mail takes.
const CLAIM: Duration = Duration::from_mins(2);
/// When a claim has ended, wherever its claimant is.
const AFTER_CLAIM: Duration = CLAIM.saturating_add(Duration::from_secs(5));
/// How long a mail waits that the service did not take.
const PAUSE: Duration = Duration::from_secs(30);

/// Who writes to voters, and where their links lead.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The address that mails come from.
    pub address: Email,
    /// The name that stands beside it.
    pub name: Name,
    /// The address of the page, without a `/` at its end.
    pub page: String,
}

/// Sends voters their links.
#[derive(Debug, Clone)]
pub struct Mailer {
    events: EventStore,
    control: Control,
    elections: ElectionCache<EventReader>,
    queue: Queue<MailMessage>,
    key: LinkKey,
    service: MailService,
    sender: Sender,
}

/// Why a message has to come again.
#[derive(Debug, Error)]
enum Trouble {
    /// It is none of ours.
    #[error("the message is not understood: {0}")]
    Message(#[from] serde_json::Error),
    /// Events cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The control table has no answer.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// Nothing can be written to it.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The link's hash cannot be appended.
    #[error(transparent)]
    Append(#[from] ExecuteError<BallotRejection>),
    /// The link cannot be derived.
    #[error(transparent)]
    Key(#[from] LinkKeyError),
    /// The queue does not take a message.
    #[error("the queue does not take a message: {0}")]
    Queue(#[from] photovote_queues::SendError),
}

impl From<TransactFailure> for Trouble {
    fn from(failure: TransactFailure) -> Self {
        match failure {
            TransactFailure::Storage(error) => error.into(),
            // There is no condition that could fail.
            TransactFailure::Cancelled(_) => StorageError::Contended.into(),
        }
    }
}

impl Mailer {
    /// Reads elections, voters and ballots from `events` and appends links' hashes to it, keeps in `control` what is due and what was
    /// mailed, and sends `queue` what comes next. Derives links from `key`, and sends mails through `service`.
    pub fn new(
        events: EventStore,
        control: Control,
        queue: Queue<MailMessage>,
        key: LinkKey,
        service: MailService,
        sender: Sender,
    ) -> Self {
        let elections = ElectionCache::new(events.reader().clone());
        Self { events, control, elections, queue, key, service, sender }
    }

    /// Works off a batch of messages. The answer names those that have to come again.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        for message in event.records {
            let id = message.message_id.unwrap_or_default();
            if let Err(trouble) = self.work_off(&message.body.unwrap_or_default()).await {
                tracing::error!(event = "mail_failed", message = id, error = %trouble, "to be tried again");
                // An unknown id would make all of them come again, and so it should.
                response.add_failure(id);
            }
        }
        response
    }

    async fn work_off(&self, body: &str) -> Result<(), Trouble> {
        if report::is_report(body) {
            return self.take_report(body).await;
        }
        let MailMessage { election, shard, test, notice } = serde_json::from_str(body)?;
        if let Some(test) = test {
            return self.send_test(election, test).await;
        }
        if let Some(notice) = notice {
            return self.send_notice(election, notice).await;
        }
        match shard {
            Some(shard) => self.mail(election, shard).await,
            None => self.look_after(election).await,
        }
    }

    /// Finds out anew what is due to the voters of an election.
    async fn look_after(&self, id: ElectionId) -> Result<(), Trouble> {
        let election = self.elections.fresh(id).await?;
        let (shards, invites) = (election.state().shards, invites(election.state()));
        if invites {
            self.control.transact(|| self.control.ask_for_everybody(id, shards)).await?;
        }
        for shard in shards.shards() {
            // Mails of a mailing may have been left as well.
            if invites || self.control.due(id, shard, 1).await? != Due::default() {
                self.queue.send(&MailMessage::shard(id, shard)).await?;
            }
        }
        Ok(())
    }

    /// Sends some of what is due to the voters of a shard, and asks for the rest.
    async fn mail(&self, id: ElectionId, shard: Shard) -> Result<(), Trouble> {
        let due = self.control.due(id, shard, PAGE).await?;
        // Those who come next wait behind those whom others are at.
        let mut again = due.more.then_some(PAUSE);
        let mut claimed = false;
        let (mailings, mut trouble) = self.mailings(id, &due.mails).await;
        let is_delayed = AtomicBool::new(false);
        let mails = stream::iter(due.mails).take_while(|_| ready(!is_delayed.load(Ordering::Relaxed)));
        let sends = mails.map(|mail| self.send_due(id, shard, mail, &mailings));
        let mut sends = pin!(sends.buffer_unordered(self.service.at_once()));
        while let Some(sent) = sends.next().await {
            match sent {
                Ok(Outcome::Settled) => again = again.map(|_| Duration::ZERO),
                Ok(Outcome::Claimed) => claimed = true,
                Ok(Outcome::Again) => again = again.or(Some(Duration::ZERO)),
                // The service takes no more: the others wait as well, but for those that are on their way.
                Ok(Outcome::Delayed) => is_delayed.store(true, Ordering::Relaxed),
                // One whose events are damaged does not keep the others waiting.
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        if is_delayed.load(Ordering::Relaxed) {
            again = Some(PAUSE);
        }
        // Recipients are found once those are written to who were found before.
        for finding in due.finding {
            self.find(id, shard, &finding).await?;
            again = again.or(Some(Duration::ZERO));
        }
        if let Some(everybody) = due.everybody {
            let after = everybody.after.as_deref().and_then(|place| serde_json::from_str::<Position>(place).ok());
            let next = self.ask_for_some(id, shard, after.as_ref()).await?;
            let next = next.map(|place| serde_json::to_string(&place)).transpose()?;
            self.control.looked_at(id, shard, &everybody, next).await?;
            again = again.or(Some(Duration::ZERO));
        }
        // Whoever has claimed a mail may be dead.
        if let Some(pause) = again.or(claimed.then_some(AFTER_CLAIM)) {
            self.queue.send_after(&MailMessage::shard(id, shard), pause).await?;
        }
        trouble.map_or(Ok(()), Err)
    }

    /// Sends a mail that may be due: a voter's link, or a mail of a mailing.
    async fn send_due(
        &self,
        id: ElectionId,
        shard: Shard,
        mail: DueMail,
        mailings: &BTreeMap<MailingId, Requested>,
    ) -> Result<Outcome, Trouble> {
        match mail.mailing.map(|mailing| mailings.get(&mailing)) {
            None => self.invite(id, shard, mail).await,
            Some(Some(requested)) => self.remind(id, shard, mail, requested).await,
            // Items of a mailing come after its event, or its events are damaged.
            Some(None) => Ok(Outcome::Claimed),
        }
    }

    /// What the mailings of these mails are, as far as that can be read.
    async fn mailings(&self, id: ElectionId, mails: &[DueMail]) -> (BTreeMap<MailingId, Requested>, Option<Trouble>) {
        let (mut mailings, mut trouble) = (BTreeMap::new(), None);
        for mailing in mails.iter().filter_map(|mail| mail.mailing).collect::<BTreeSet<_>>() {
            match self.requested(id, mailing).await {
                Ok(requested) => mailings.extend(requested.map(|requested| (mailing, requested))),
                Err(error) => trouble = trouble.or(Some(error.into())),
            }
        }
        (mailings, trouble)
    }

    /// What a mailing is.
    async fn requested(&self, id: ElectionId, mailing: MailingId) -> Result<Option<Requested>, LoadError> {
        let history: History<Mailing> = self.events.reader().load(Stream::Mailing(id, mailing)).await?;
        Ok(history.state().requested.clone())
    }

    /// Claims a mail. Nothing, if somebody else is at it, or has sent it.
    async fn claim(&self, id: ElectionId, shard: Shard, mail: DueMail) -> Result<Option<Claim>, Trouble> {
        let now = self.events.environment().now();
        let by = self.events.environment().random_id();
        Ok(self.control.claim(id, shard, mail, by, (now, claimed_until(now))).await?)
    }

    /// Notes that some voters of a shard may lack their links. Answers where the next ones begin.
    async fn ask_for_some(
        &self,
        id: ElectionId,
        shard: Shard,
        after: Option<&Position>,
    ) -> Result<Option<Position>, Trouble> {
        let page = self.events.reader().sweep(Part::Voters(id, shard), after, LOOKED_AT).await?;
        let links = links(&page.commits)?;
        let (Some((first, _)), Some((last, _))) = (links.first_key_value(), links.last_key_value()) else {
            return Ok(page.next);
        };
        let mailed = self.control.mailed_links(id, shard, *first, *last).await?;
        let lacking: Vec<_> = links
            .into_iter()
            .filter(|(voter, link)| link.is_none_or(|link| mailed.get(voter).is_none_or(|mailed| *mailed < link)))
            .map(|(voter, _)| voter)
            .collect();
        if !lacking.is_empty() {
            let ask = || lacking.iter().map(|voter| self.control.ask_for(id, shard, *voter)).collect();
            self.control.transact(ask).await?;
        }
        Ok(page.next)
    }
}

/// The present links of the voters of these commits, as far as the commits tell: a stream may go on, or have begun before them.
/// Voters who are removed have none.
fn links(commits: &[Commit]) -> Result<BTreeMap<VoterId, Option<LinkNumber>>, LoadError> {
    let mut links = BTreeMap::new();
    for commit in commits {
        let Stream::Voter(_, _, voter) = commit.stream else { continue };
        for event in commit.decode::<Voter>()? {
            match event {
                VoterEvent::VoterRegistered { .. } => drop(links.insert(voter, Some(LinkNumber::FIRST))),
                VoterEvent::VoterTokenReplaced {} => {
                    let link = links.entry(voter).or_insert(None);
                    *link = link.map(LinkNumber::next);
                }
                VoterEvent::VoterRemoved {} => drop(links.remove(&voter)),
                VoterEvent::VoterNameChanged { .. } | VoterEvent::VoterEmailChanged { .. } => {}
            }
        }
    }
    Ok(links)
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It was sent, cannot be sent, or is not due.
    Settled,
    /// Somebody else is at it, or it is not due any more.
    Claimed,
    /// The voter got another link, or was asked for again, meanwhile.
    Again,
    /// The service takes no more for the moment.
    Delayed,
}

/// Does PhotoVote mail the links of this election's voters now?
fn invites(election: &Election) -> bool {
    mailing::mails(election, Kind::Invitation).is_ok()
}

/// Is a voter there?
fn is_registered(voter: &Voter) -> bool {
    voter.status == voter::Status::Registered
}

/// The end of a claim that begins now.
fn claimed_until(now: Timestamp) -> Timestamp {
    Timestamp::from_millis(now.millis().saturating_add(i64::try_from(CLAIM.as_millis()).unwrap_or(i64::MAX)))
}
