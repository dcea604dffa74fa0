//! Sending a mail that is claimed, and noting what became of it.

use photovote_coordination_write::{Claim, Ended};
use photovote_domain::{LinkNumber, mailing::Kind};
use photovote_letters::Mail;
use photovote_mail::Outgoing;

use crate::{Mailer, Outcome, Trouble, report};

/// A mail that is ready to be sent.
pub(crate) struct Sending<'a> {
    pub(crate) kind: Kind,
    /// The link that is noted as mailed, if it is an invitation.
    pub(crate) link: Option<LinkNumber>,
    /// Names the mail among all others.
    pub(crate) name: &'a str,
    pub(crate) mail: &'a Mail,
}

impl Mailer {
    /// Sends a mail, and notes that.
    pub(crate) async fn send(
        &self,
        claim: &Claim,
        Sending { kind, link, name, mail }: Sending<'_>,
    ) -> Result<Outcome, Trouble> {
        let (election, voter) = (claim.election, claim.mail.voter);
        let tags = report::tags(claim, link);
        let outgoing = Outgoing { name, from: &mail.from, to: &mail.to, message: &mail.bytes, tags: &tags };
        match self.service.send(&outgoing).await {
            Ok(()) => {
                let ended = self.end(claim, Ended::Sent(link)).await?;
                let kind = kind.as_str();
                metrics::counter!("Mails", "Kind" => kind, "Outcome" => "sent").increment(1);
                Ok(ended)
            }
            Err(error) if error.is_permanent() => {
                tracing::warn!(event = "mail_refused", %election, %voter, "the service refuses a mail");
                self.fail(claim, kind, link, "refused").await
            }
            Err(error) => {
                metrics::counter!("MailsDelayed").increment(1);
                tracing::warn!(event = "mail_delayed", %election, %error, "a mail waits");
                self.control.give_up(claim).await?;
                Ok(Outcome::Delayed)
            }
        }
    }

    /// Notes that a mail can never be sent.
    pub(crate) async fn fail(
        &self,
        claim: &Claim,
        kind: Kind,
        link: Option<LinkNumber>,
        why: &str,
    ) -> Result<Outcome, Trouble> {
        let ended = self.end(claim, Ended::Failed(link, why)).await?;
        let kind = kind.as_str();
        metrics::counter!("Mails", "Kind" => kind, "Outcome" => "failed").increment(1);
        Ok(ended)
    }

    /// Ends a claim. A mail that was asked for again meanwhile is looked at again.
    pub(crate) async fn end(&self, claim: &Claim, ended: Ended<'_>) -> Result<Outcome, Trouble> {
        Ok(if self.control.settle(claim, ended).await? { Outcome::Again } else { Outcome::Settled })
    }
}
