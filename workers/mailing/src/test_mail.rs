//! Test mails: what voters will see, sent to an address that an administrator gives.

use photovote_domain::{
    ElectionId,
    mailing::{Kind, Recipients, Requested},
};
use photovote_mail::Outgoing;
use photovote_queues::{MailMessage, TestMail};

use crate::{
    Mailer, PAUSE, Trouble,
    message::{Draft, message},
};

impl Mailer {
    /// Sends a test mail. It opens no ballot. If the service takes no more, it is tried again later.
    pub(crate) async fn send_test(&self, id: ElectionId, test: TestMail) -> Result<(), Trouble> {
        let election = self.elections.fresh(id).await?;
        let own =
            Requested { kind: test.kind, subject: test.subject.clone(), text: test.text.clone(), to: Recipients::All };
        let name = format!("test-{:032x}", self.events.environment().random_id());
        let draft = Draft {
            kind: test.kind,
            election: election.state(),
            to: (&test.to, &test.to),
            own: Some(&own),
            path: match test.kind {
                Kind::Invitation | Kind::Reminder => "/vote".to_owned(),
                Kind::Results => format!("/results/{id}"),
            },
            unsubscribe: None,
            id: [&id.to_string(), &name],
        };
        let mail = match message(&self.sender, draft, self.events.environment().now()) {
            Ok(mail) => mail,
            Err(unwritable) => {
                tracing::warn!(event = "mail_unwritable", election = %id, error = %unwritable, "a test mail is not sent");
                return Ok(());
            }
        };
        let outgoing = Outgoing { name: &name, from: &mail.from, to: &mail.to, message: &mail.bytes, tags: &[] };
        match self.service.send(&outgoing).await {
            Ok(()) => {}
            Err(error) if error.is_permanent() => {
                tracing::warn!(event = "mail_refused", election = %id, "the service refuses a test mail");
            }
            Err(error) => {
                tracing::warn!(event = "mail_delayed", election = %id, %error, "a test mail waits");
                self.queue.send_after(&MailMessage::test(id, test), PAUSE).await?;
            }
        }
        Ok(())
    }
}
