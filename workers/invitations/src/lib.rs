//! Invitations: the follower that has voters mailed.
//!
//! | Commit | Command |
//! |---|---|
//! | the election opens | mail everybody |
//! | a voter is registered while it is open, or gets another link | mail this voter |
//! | a mailing is requested, less than a day ago | find its recipients |
//!
//! A voter who is registered in a draft is mailed when it opens. Whether the opening or the registration comes first, one of them finds
//! the other: the opening has all voters looked at after it, and a registration looks at the election after itself.

use std::time::Duration;

use aws_sdk_dynamodb::{error::BuildError, types::TransactWriteItem};
use photovote_coordination_write::Control;
use photovote_domain::{
    Election, Links, MailingId, Shard, ShardCount, Timestamp, Voter, VoterId,
    election::{ElectionEvent, Status},
    voter::VoterEvent,
};
use photovote_events::{Commit, DecodeError, ElectionCache, Environment, EventReader, LoadError, Stream};
use photovote_following::{Follower, Policy, Recorder};
use photovote_queues::{MailMessage, Queue};

/// An election, as far as it matters whether its voters are mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Where it is in its life.
    pub status: Status,
    /// Who hands out the links.
    pub links: Links,
    /// Over how many shards its voters are spread.
    pub shards: ShardCount,
    /// The present moment.
    pub now: Timestamp,
}

/// What is to be mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invite {
    /// Every voter their link.
    Everybody(ShardCount),
    /// This voter of this shard their link.
    Voter(Shard, VoterId),
    /// The recipients of this mailing.
    Mailing(ShardCount, MailingId),
}

/// How the sort keys begin of the commits that it follows. The stream delivers no others to it: most commits are ballots'.
pub const SORT_KEYS: [&str; 3] = ["election#", "mailing#", "voter#"];

/// For how long a mailing is followed after it was requested. The history of a backup has mailings whose mails were sent long ago.
const NEW: Duration = Duration::from_hours(24);

fn is_new(requested: Timestamp, now: Timestamp) -> bool {
    let age = now.millis().saturating_sub(requested.millis());
    u64::try_from(age).map_or(true, |age| Duration::from_millis(age) < NEW)
}

/// Decides who is mailed.
#[derive(Debug, Clone, Copy)]
pub struct Invitations;

impl Policy for Invitations {
    const NAME: &'static str = "invitations";
    const EVENTS: &'static [&'static str] =
        &["ElectionOpened", "MailingRequested", "VoterRegistered", "VoterTokenReplaced"];
    type State = Standing;
    type Command = Invite;

    fn decide(&self, commit: &Commit, election: &Standing) -> Result<Vec<Invite>, DecodeError> {
        if let Stream::Mailing(_, mailing) = commit.stream {
            let is_new = commit.private_part().is_ok_and(|private| is_new(private.time, election.now));
            return Ok(is_new.then_some(Invite::Mailing(election.shards, mailing)).into_iter().collect());
        }
        if election.status != Status::Open || election.links != Links::Invite {
            return Ok(Vec::new());
        }
        let invite = match commit.stream {
            Stream::Election(_) => {
                let opened = |event: &ElectionEvent| matches!(event, ElectionEvent::ElectionOpened { .. });
                commit.decode::<Election>()?.iter().any(opened).then_some(Invite::Everybody(election.shards))
            }
            Stream::Voter(_, shard, voter) => {
                let linked = |event: &VoterEvent| {
                    matches!(event, VoterEvent::VoterRegistered { .. } | VoterEvent::VoterTokenReplaced {})
                };
                commit.decode::<Voter>()?.iter().any(linked).then_some(Invite::Voter(shard, voter))
            }
            Stream::Ballot(..) | Stream::Photograph(..) | Stream::Import(..) | Stream::Mailing(..) => None,
        };
        Ok(invite.into_iter().collect())
    }
}

/// Notes what is due, and tells the mailer.
#[derive(Debug, Clone)]
pub struct ToMailer {
    elections: ElectionCache<EventReader>,
    control: Control,
    mailer: Queue<MailMessage>,
    environment: Environment,
}

impl Recorder<Invitations> for ToMailer {
    async fn state(&self, commit: &Commit) -> Result<Standing, LoadError> {
        // After the commit: an election that opens later finds the voter.
        let election = self.elections.fresh(commit.stream.election()).await?;
        let Election { status, links, shards, .. } = *election.state();
        Ok(Standing { status, links, shards, now: self.environment.now() })
    }

    fn actions(&self, commit: &Commit, invite: &Invite) -> Result<Vec<TransactWriteItem>, BuildError> {
        let election = commit.stream.election();
        match *invite {
            Invite::Everybody(shards) => self.control.ask_for_everybody(election, shards),
            Invite::Voter(shard, voter) => Ok(vec![self.control.ask_for(election, shard, voter)?]),
            Invite::Mailing(shards, mailing) => self.control.find_recipients(election, shards, mailing),
        }
    }

    async fn tell(&self, commit: &Commit, invites: &[Invite]) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let election = commit.stream.election();
        for invite in invites {
            match *invite {
                Invite::Everybody(shards) | Invite::Mailing(shards, _) => {
                    for shard in shards.shards() {
                        self.mailer.send(&MailMessage::shard(election, shard)).await?;
                    }
                }
                Invite::Voter(shard, _) => self.mailer.send(&MailMessage::shard(election, shard)).await?,
            }
        }
        Ok(())
    }
}

/// The follower, ready to follow: it reads elections from `events`, notes in `control` what is due, and tells `mailer`.
pub fn follower(
    events: EventReader,
    control: Control,
    mailer: Queue<MailMessage>,
    environment: Environment,
) -> Follower<Invitations, ToMailer> {
    let elections = ElectionCache::new(events);
    let recorder = ToMailer { elections, control: control.clone(), mailer, environment };
    Follower::new(Invitations, recorder, control)
}
