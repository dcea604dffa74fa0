//! The mail service, and everybody's mailboxes. It can take no mail, or take one and not say so. Beside mails it knows what the
//! mailer notes about them, in the order in which everything happens.

use std::sync::{Mutex, MutexGuard, PoisonError};

use photovote_domain::{ElectionId, LinkNumber, MailingId, Timestamp, VoterId};
use photovote_keys::coordination::{DUE, MAILED};
use photovote_mail::{MailService, Outgoing, SendError};
use serde_json::Value;
use tokio::sync::Notify;

use crate::{
    cloud::Cloud,
    engine::CONTROL,
    faults::Fault,
    transport::{Life, Transport, latency},
};

/// Where links lead.
pub(crate) const PAGE: &str = "https://vote.example.org";

/// How many mails a mailer sends at once.
const AT_ONCE: usize = 3;

/// A step on the way of a mail to a voter.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) at: Timestamp,
    /// The invocation of the mailer that took it.
    pub(crate) life: Life,
    pub(crate) voter: VoterId,
    pub(crate) what: Done,
}

/// What was done.
#[derive(Debug, Clone)]
pub(crate) enum Done {
    /// The mail was claimed.
    Claimed,
    /// It was sent.
    Sent(Sent),
    /// The control table says that this link was mailed.
    Noted(LinkNumber),
    /// The mail of a mailing was claimed.
    ClaimedReminder(MailingId),
    /// It was sent.
    Reminded(Reminder),
    /// The control table says that it is not due any more.
    Settled(MailingId),
}

/// A mail that was sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) to: String,
    pub(crate) link: LinkNumber,
    pub(crate) token: String,
    /// Did the service not say that it was sent?
    pub(crate) answer_lost: bool,
}

/// A mail of a mailing that was sent.
#[derive(Debug, Clone)]
pub(crate) struct Reminder {
    pub(crate) mailing: MailingId,
    pub(crate) to: String,
    pub(crate) token: String,
    /// Did the service not say that it was sent?
    pub(crate) answer_lost: bool,
}

/// All mails.
#[derive(Debug, Default)]
pub(crate) struct Mails {
    steps: Mutex<Vec<Step>>,
    bell: Notify,
}

impl Mails {
    fn locked(&self) -> MutexGuard<'_, Vec<Step>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All steps so far, in order.
    pub(crate) fn steps(&self) -> Vec<Step> {
        self.locked().clone()
    }

    /// How many mails were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.locked().iter().filter(|step| matches!(step.what, Done::Sent(_) | Done::Reminded(_))).count() as u64
    }

    /// The token in the last mail of an election to an address, once one is sent after this moment.
    pub(crate) async fn latest(&self, election: ElectionId, to: &str, after: Timestamp) -> String {
        let of_election = format!("pvb_{election}_");
        loop {
            let rings = self.bell.notified();
            let found = self.locked().iter().rev().find_map(|step| match &step.what {
                Done::Sent(mail) if step.at >= after && mail.to == to && mail.token.starts_with(&of_election) => {
                    Some(mail.token.clone())
                }
                _ => None,
            });
            if let Some(token) = found {
                return token;
            }
            rings.await;
        }
    }

    fn push(&self, step: Step) {
        self.locked().push(step);
        self.bell.notify_waiters();
    }

    /// Looks at a call to the control table that had its effect: the mailer claims and notes mails there.
    pub(crate) fn see(&self, operation: &str, body: &Value, at: Timestamp, life: &Life) {
        let one = [(operation, body)];
        let actions = body["TransactItems"].as_array().into_iter().flatten().flat_map(|action| {
            let of = |kind: &str, name| (!action[kind].is_null()).then(|| (name, &action[kind]));
            [of("Put", "PutItem"), of("Delete", "DeleteItem")].into_iter().flatten()
        });
        for (operation, body) in one.into_iter().chain(actions) {
            if body["TableName"] == CONTROL
                && let Some((voter, what)) = done(operation, body)
            {
                self.push(Step { at, life: life.clone(), voter, what });
            }
        }
    }
}

/// What an action on the control table does about a mail.
fn done(operation: &str, body: &Value) -> Option<(VoterId, Done)> {
    let rest = |item: &Value, prefix: &str| item["sk"]["S"].as_str()?.strip_prefix(prefix).map(str::to_owned);
    match operation {
        "UpdateItem" if body["UpdateExpression"].as_str().is_some_and(|update| update.starts_with("SET claimed")) => {
            let due = rest(&body["Key"], DUE)?;
            match due.split_once('#') {
                None => Some((due.parse().ok()?, Done::Claimed)),
                Some((voter, mailing)) => Some((voter.parse().ok()?, Done::ClaimedReminder(mailing.parse().ok()?))),
            }
        }
        "PutItem" => {
            let link = body["Item"]["link"]["N"].as_str()?.parse().ok().map(LinkNumber::new)?;
            Some((rest(&body["Item"], MAILED)?.parse().ok()?, Done::Noted(link)))
        }
        "DeleteItem" => {
            let due = rest(&body["Key"], DUE)?;
            let (voter, mailing) = due.split_once('#')?;
            Some((voter.parse().ok()?, Done::Settled(mailing.parse().ok()?)))
        }
        _ => None,
    }
}

/// The mail service as one instance of a function reaches it.
pub(crate) fn service(transport: Transport) -> MailService {
    MailService::in_process(AT_ONCE, move |mail: &Outgoing<'_>| {
        let (cloud, life) = transport.connection();
        let (voter, sent) = read(mail);
        async move { carry_out(&cloud, &life, voter, sent).await }
    })
}

async fn carry_out(cloud: &Cloud, life: &Life, voter: VoterId, mut sent: Done) -> Result<(), SendError> {
    let faults = &cloud.faults;
    life.boundary().await;
    latency(cloud).await;
    let failed = if faults.strikes(Fault::MailThrottled) {
        Some(SendError::Throttled("Maximum sending rate exceeded.".to_owned()))
    } else {
        faults.strikes(Fault::MailUnavailable).then(unavailable)
    };
    if let Some(failed) = failed {
        cloud.note(|| format!("a mail to {voter} fails"));
        return Err(failed);
    }
    let answer_lost = faults.strikes(Fault::MailUnavailableAfter);
    if let Done::Sent(Sent { answer_lost: lost, .. }) | Done::Reminded(Reminder { answer_lost: lost, .. }) = &mut sent {
        *lost = answer_lost;
    }
    cloud.note(|| format!("a mail to {voter} is sent: {sent:?}"));
    cloud.mails.push(Step { at: cloud.clock.now(), life: life.clone(), voter, what: sent });
    if answer_lost {
        return Err(unavailable());
    }
    life.boundary().await;
    latency(cloud).await;
    Ok(())
}

fn unavailable() -> SendError {
    SendError::Unavailable("the connection is lost".to_owned())
}

/// What a mail's name and text say.
fn read(mail: &Outgoing<'_>) -> (VoterId, Done) {
    let mut named = mail.name.split('-');
    let (kind, voter, what) = (named.next().unwrap_or_default(), named.next(), named.next().unwrap_or_default());
    let voter = voter.and_then(|voter| voter.parse().ok()).expect("a mail is named for its voter");
    // Quoted-printable breaks lines with `=`.
    let text = String::from_utf8_lossy(mail.message).replace("=\r\n", "");
    let (_, token) = text.split_once(&format!("{PAGE}/vote#")).expect("a mail has a link");
    let token = token.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let (to, answer_lost) = (mail.to.to_owned(), false);
    let done = if kind == "invitation" {
        let link = LinkNumber::new(what.parse().expect("an invitation is named for its link"));
        Done::Sent(Sent { to, link, token, answer_lost })
    } else {
        let mailing = what.parse().expect("other mails are named for their mailing");
        Done::Reminded(Reminder { mailing, to, token, answer_lost })
    };
    (voter, done)
}
