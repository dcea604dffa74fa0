//! Asks the mailer to compare voters with mails, election by election.

use std::{collections::BTreeSet, time::Duration};

use photovote_domain::ElectionId;
use photovote_events::{Commit, Stream};
use photovote_queues::MailMessage;

use crate::{ReconcileError, Reconciler};

/// How often the voters of all elections are compared with the mails that they were sent.
pub(crate) const ROUND: Duration = Duration::from_hours(1);
/// The event with which an election begins to invite its voters.
const OPENED: &str = "ElectionOpened";
/// The event after which it does not any more.
const ENDED: &str = "ElectionClosing";

impl Reconciler {
    /// Asks for the elections that open in these commits and do not close. The mailer knows which of them invite and are still open.
    /// Answers how many were asked for.
    pub(crate) async fn look_after_invitations(&self, commits: &[Commit]) -> Result<u64, ReconcileError> {
        let with = |event_type: &str| -> BTreeSet<ElectionId> {
            let of_elections = commits.iter().filter(|commit| matches!(commit.stream, Stream::Election(_)));
            let have = |commit: &&Commit| commit.events.iter().any(|event| event.event_type == event_type);
            of_elections.filter(have).map(|commit| commit.stream.election()).collect()
        };
        let ended = with(ENDED);
        let mut asked = 0;
        for election in with(OPENED).difference(&ended) {
            self.mailer.send(&MailMessage::election(*election)).await?;
            asked += 1;
        }
        Ok(asked)
    }
}
