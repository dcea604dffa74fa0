//! Telling an organiser that something keeps an election from opening.

use std::time::Duration;

use photovote_coordination::ControlError;
use photovote_coordination_write::Control;
use photovote_domain::{Election, ElectionId, Timestamp, election::Obstacle};
use photovote_queues::{MailMessage, Notice, NoticeKind, Queue, SendError};
use thiserror::Error;

/// For how long before its opening an organiser is told what prevents it.
pub(crate) const AHEAD: Duration = Duration::from_hours(24);
/// When they are told once more.
const SOON: Duration = Duration::from_hours(1);

/// Why an organiser is not told.
#[derive(Debug, Error)]
pub enum NoticeError {
    /// It cannot be read or noted that they were told.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The mailer's queue does not take the message.
    #[error(transparent)]
    Send(#[from] SendError),
}

/// What an organiser is told now about an opening at this moment.
fn kind(opens_at: Timestamp, now: Timestamp) -> NoticeKind {
    if opens_at <= now {
        NoticeKind::Missed
    } else if begins(opens_at, SOON) <= now {
        NoticeKind::Hour
    } else {
        NoticeKind::Day
    }
}

/// The moment so long before another.
pub(crate) fn begins(opens_at: Timestamp, before: Duration) -> Timestamp {
    let before = i64::try_from(before.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(opens_at.millis().saturating_sub(before))
}

/// Has the organiser told what prevents the opening at this moment: a day before it, an hour before it, and if it is missed.
///
/// It is noted after the message is sent. So nothing is lost, and a clock that is stopped between the two has the same mail sent twice.
pub(crate) async fn tell(
    control: &Control,
    mailer: &Queue<MailMessage>,
    id: ElectionId,
    election: &Election,
    opens_at: Timestamp,
    now: Timestamp,
    obstacles: Vec<Obstacle>,
) -> Result<(), NoticeError> {
    let kind = kind(opens_at, now);
    if election.contact.is_none() || control.was_noticed(id, opens_at, kind.as_str()).await? {
        return Ok(());
    }
    mailer.send(&MailMessage::notice(id, Notice { kind, opens_at, obstacles })).await?;
    Ok(control.note_notice(id, opens_at, kind.as_str()).await?)
}
