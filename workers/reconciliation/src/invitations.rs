//! Asks the mailer to compare voters with mails, election by election.

use std::{collections::BTreeSet, time::Duration};

use photovote_events::{Commit, Stream};
use photovote_queues::MailMessage;

use crate::{ReconcileError, Reconciler};

/// How often the voters of all elections are compared with the mails that they were sent.
pub(crate) const ROUND: Duration = Duration::from_hours(1);
/// The event with which an election begins to invite its voters.
const OPENED: &str = "ElectionOpened";

impl Reconciler {
    /// Asks for the elections that open in these commits. The mailer knows which of them invite and are still open. Answers how many
    /// were asked for.
    pub(crate) async fn look_after_invitations(&self, commits: &[Commit]) -> Result<u64, ReconcileError> {
        let opens = |commit: &&Commit| commit.events.iter().any(|event| event.event_type == OPENED);
        let of_elections = commits.iter().filter(|commit| matches!(commit.stream, Stream::Election(_)));
        let opened: BTreeSet<_> = of_elections.filter(opens).map(|commit| commit.stream.election()).collect();
        for election in &opened {
            self.mailer.send(&MailMessage::election(*election)).await?;
        }
        Ok(opened.len() as u64)
    }
}
