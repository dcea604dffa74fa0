//! The mail service, and everybody's mailboxes. It can take no mail, or take one and not say so. Beside mails it knows what the
//! mailer notes about them, in the order in which everything happens.

use std::sync::{Mutex, MutexGuard, PoisonError};

use photovote_domain::{ElectionId, LinkNumber, Timestamp, VoterId};
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
        self.locked().iter().filter(|step| matches!(step.what, Done::Sent(_))).count() as u64
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
        if body["TableName"] != CONTROL {
            return;
        }
        let named =
            |item: &Value, prefix: &str| item["sk"]["S"].as_str()?.strip_prefix(prefix)?.parse::<VoterId>().ok();
        let seen = match operation {
            "UpdateItem"
                if body["UpdateExpression"].as_str().is_some_and(|update| update.starts_with("SET claimed")) =>
            {
                named(&body["Key"], DUE).map(|voter| (voter, Done::Claimed))
            }
            "PutItem" => named(&body["Item"], MAILED).zip(
                body["Item"]["link"]["N"]
                    .as_str()
                    .and_then(|link| link.parse().ok())
                    .map(LinkNumber::new)
                    .map(Done::Noted),
            ),
            _ => None,
        };
        if let Some((voter, what)) = seen {
            self.push(Step { at, life: life.clone(), voter, what });
        }
    }
}

/// The mail service as one instance of a function reaches it.
pub(crate) fn service(transport: Transport) -> MailService {
    MailService::in_process(move |mail: &Outgoing<'_>| {
        let (cloud, life) = transport.connection();
        let (voter, sent) = read(mail);
        async move { carry_out(&cloud, &life, voter, sent).await }
    })
}

async fn carry_out(cloud: &Cloud, life: &Life, voter: VoterId, sent: Sent) -> Result<(), SendError> {
    let faults = &cloud.faults;
    life.boundary().await;
    latency(cloud).await;
    let failed = if faults.strikes(Fault::MailThrottled) {
        Some(SendError::Throttled("Maximum sending rate exceeded.".to_owned()))
    } else {
        faults.strikes(Fault::MailUnavailable).then(unavailable)
    };
    if let Some(failed) = failed {
        cloud.note(|| format!("a mail to {} fails", sent.to));
        return Err(failed);
    }
    let answer_lost = faults.strikes(Fault::MailUnavailableAfter);
    cloud.note(|| format!("a mail to {} is sent: link {} of {voter}, {}", sent.to, sent.link, sent.token));
    let what = Done::Sent(Sent { answer_lost, ..sent });
    cloud.mails.push(Step { at: cloud.clock.now(), life: life.clone(), voter, what });
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
fn read(mail: &Outgoing<'_>) -> (VoterId, Sent) {
    let named = mail.name.strip_prefix("invitation-").and_then(|name| name.rsplit_once('-'));
    let named =
        named.and_then(|(voter, link)| Some((voter.parse::<VoterId>().ok()?, LinkNumber::new(link.parse().ok()?))));
    let (voter, link) = named.expect("a mail is named for its voter and link");
    // Quoted-printable breaks lines with `=`.
    let text = String::from_utf8_lossy(mail.message).replace("=\r\n", "");
    let (_, token) = text.split_once(&format!("{PAGE}/vote#")).expect("a mail has a link");
    let token = token.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    (voter, Sent { to: mail.to.to_owned(), link, token, answer_lost: false })
}
