//! Asks the mailer to compare voters with mails, election by election.

use std::{collections::BTreeSet, time::Duration};

use photovote_domain::{ElectionId, Timestamp};
use photovote_events::{Commit, Stream};
use photovote_queues::MailMessage;

use crate::{ReconcileError, Reconciler, has_passed};

/// How often the voters of elections are compared with the mails that they were sent.
pub(crate) const ROUND: Duration = Duration::from_hours(1);
/// How long after its request a mailing is looked after. By then its mails are sent, or the operator knows why they are not.
const MAILING: Duration = Duration::from_hours(7 * 24);
/// The event with which an election begins to invite its voters.
const OPENED: &str = "ElectionOpened";
/// The event after which it does not any more.
const ENDED: &str = "ElectionClosing";

impl Reconciler {
    /// Asks for the elections that open in these commits and do not close, and for those with a mailing of the last days. The mailer
    /// knows what is due in them. Answers how many were asked for.
    pub(crate) async fn look_after_invitations(
        &self,
        commits: &[Commit],
        now: Timestamp,
    ) -> Result<u64, ReconcileError> {
        let with = |event_type: &str| -> BTreeSet<ElectionId> {
            let have = |commit: &&Commit| commit.events.iter().any(|event| event.event_type == event_type);
            commits.iter().filter(have).map(|commit| commit.stream.election()).collect()
        };
        let is_recent =
            |commit: &&Commit| commit.private_part().is_ok_and(|private| !has_passed(MAILING, private.time, now));
        let mails = commits.iter().filter(|commit| matches!(commit.stream, Stream::Mailing(..))).filter(is_recent);
        let mut elections = &with(OPENED) - &with(ENDED);
        elections.extend(mails.map(|commit| commit.stream.election()));
        for election in &elections {
            self.mailer.send(&MailMessage::election(*election)).await?;
        }
        Ok(elections.len() as u64)
    }
}
