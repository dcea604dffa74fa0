//! Notices: what an organiser is told about an opening that was planned.

use photovote_domain::{Election, ElectionId, Email, Name, Schedule, Timestamp, election::Status};
use photovote_letters::{Closing, Envelope, Link, Mail, MessageId, Place, notify};
use photovote_mail::Outgoing;
use photovote_queues::{MailMessage, Notice, NoticeKind};

use crate::{Mailer, PAUSE, Sender, Trouble, message::Unwritable};

impl Mailer {
    /// Sends a notice to the election's organiser. If the service takes no more, it is tried again later.
    pub(crate) async fn send_notice(&self, id: ElectionId, notice: Notice) -> Result<(), Trouble> {
        let election = self.elections.fresh(id).await?;
        // Since this was asked for, the organiser may have taken the address back, planned another time, or mended what prevented it.
        let Some(contact) = election.state().contact.clone() else { return Ok(()) };
        let opens_at = election.state().schedule.as_ref().and_then(Schedule::opening_time);
        if opens_at != Some(notice.opens_at) || election.state().status != Status::Draft {
            return Ok(());
        }
        let name = format!("notice-{id}-{}-{}", notice.opens_at.millis(), notice.kind.as_str());
        let mail = match write(&self.sender, id, election.state(), &contact, &notice, self.events.environment().now()) {
            Ok(mail) => mail,
            Err(unwritable) => {
                tracing::warn!(event = "mail_unwritable", election = %id, error = %unwritable, "a notice is not sent");
                return Ok(());
            }
        };
        let outgoing = Outgoing { name: &name, from: &mail.from, to: &mail.to, message: &mail.bytes, tags: &[] };
        match self.service.send(&outgoing).await {
            Ok(()) => {}
            Err(error) if error.is_permanent() => {
                tracing::warn!(event = "mail_refused", election = %id, "the service refuses a notice");
            }
            Err(error) => {
                tracing::warn!(event = "mail_delayed", election = %id, %error, "a notice waits");
                self.queue.send_after(&MailMessage::notice(id, notice), PAUSE).await?;
            }
        }
        Ok(())
    }
}

fn write(
    sender: &Sender,
    id: ElectionId,
    election: &Election,
    contact: &str,
    notice: &Notice,
    now: Timestamp,
) -> Result<Mail, Unwritable> {
    let name: Name = election.name.parse().map_err(|_rule| Unwritable::Value)?;
    let to: Email = contact.parse().map_err(|_rule| Unwritable::Value)?;
    let link: Link = format!("{}/admin#/e/{id}", sender.page).parse()?;
    let place = Place::of(election);
    let content = photovote_letters::Notice {
        language: election.language,
        election: &name,
        opens: Closing { at: notice.opens_at, zone: place.as_ref().map(|place| place.at(notice.opens_at)) },
        missed: notice.kind == NoticeKind::Missed,
        obstacles: &notice.obstacles,
    };
    let (opens_at, election) = (notice.opens_at.millis().to_string(), id.to_string());
    let envelope = Envelope {
        sender: &sender.name,
        from: &sender.address,
        to: &to,
        link: &link,
        unsubscribe: None,
        id: MessageId::derive([election.as_str(), opens_at.as_str(), notice.kind.as_str()]),
        date: now,
    };
    Ok(notify(&content, &envelope)?)
}
