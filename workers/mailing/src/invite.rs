//! Mailing one voter their link.

use photovote_coordination_write::{Claim, DueMail, Ended};
use photovote_domain::{
    BallotId, Election, ElectionId, LinkNumber, Shard, Voter,
    mailing::{Kind, Requested},
};
use photovote_events::{History, Stream};

use crate::{
    Mailer, Outcome, Trouble, invites, is_registered,
    issue::Issued,
    message::{Draft, message},
    send::Sending,
};

/// What is due to a voter.
struct Invitation {
    voter: Voter,
    ballot: BallotId,
    link: LinkNumber,
}

impl Mailer {
    /// Mails a voter the present link, if that is due.
    pub(crate) async fn invite(&self, election: ElectionId, shard: Shard, mail: DueMail) -> Result<Outcome, Trouble> {
        let Some(claim) = self.claim(election, shard, mail).await? else { return Ok(Outcome::Claimed) };
        match self.invite_claimed(&claim).await {
            Ok(outcome) => Ok(outcome),
            Err(trouble) => {
                self.control.give_up(&claim).await?;
                Err(trouble)
            }
        }
    }

    async fn invite_claimed(&self, claim: &Claim) -> Result<Outcome, Trouble> {
        let (id, shard, voter_id) = (claim.election, claim.shard, claim.mail.voter);
        let election = self.elections.fresh(id).await?;
        let Some(Invitation { voter, ballot, link }) = self.due_to(claim, election.state()).await? else {
            return self.end(claim, Ended::Dropped).await;
        };
        let own = self.own_words(claim).await?;
        let token = self.key.token(id, ballot, link).await?;
        // The same link is the same mail, unless an administrator has it sent once more.
        let name = match claim.counted.filter(|_| claim.again) {
            None => format!("invitation-{voter_id}-{link}"),
            Some(mailing) => format!("invitation-{voter_id}-{link}-{mailing}"),
        };
        let draft = Draft {
            kind: Kind::Invitation,
            election: election.state(),
            to: (&voter.name, &voter.email),
            own: own.as_ref(),
            path: format!("/vote#{}", token.reveal()),
            unsubscribe: None,
            id: [&id.to_string(), &name],
        };
        let mail = match message(&self.sender, draft, self.events.environment().now()) {
            Ok(mail) => mail,
            Err(unwritable) => {
                tracing::warn!(event = "mail_unwritable", election = %id, voter = %voter_id, error = %unwritable, "not sent");
                return self.fail(claim, Kind::Invitation, Some(link), &unwritable.reason()).await;
            }
        };
        match self.issue(id, (shard, voter_id), election.state(), (ballot, link), &token).await? {
            Issued::Opens => {}
            // That it did not come would tell who has voted.
            Issued::Cast if claim.again => {}
            Issued::Cast | Issued::Unwanted => return self.end(claim, Ended::Dropped).await,
            Issued::OtherKey => {
                tracing::error!(event = "mail_other_key", election = %id, voter = %voter_id, "replace the voter's link");
                return self.fail(claim, Kind::Invitation, Some(link), "other_key").await;
            }
            Issued::Replaced => {
                self.control.give_up(claim).await?;
                return Ok(Outcome::Again);
            }
        }
        self.send(claim, Sending { kind: Kind::Invitation, link: Some(link), name: &name, mail: &mail }).await
    }

    /// The words of the mailing that has the link sent, if one does.
    async fn own_words(&self, claim: &Claim) -> Result<Option<Requested>, Trouble> {
        match claim.counted {
            Some(mailing) => Ok(self.requested(claim.election, mailing).await?),
            None => Ok(None),
        }
    }

    /// What is due to a voter: nothing, if the election does not invite, the voter is gone, or the present link was mailed and is not
    /// to be mailed again.
    async fn due_to(&self, claim: &Claim, election: &Election) -> Result<Option<Invitation>, Trouble> {
        if !invites(election) {
            return Ok(None);
        }
        let (id, shard, voter) = (claim.election, claim.shard, claim.mail.voter);
        let state: History<Voter> = self.events.reader().load(Stream::Voter(id, shard, voter)).await?;
        let voter_state = state.state().clone();
        let Some(ballot) = voter_state.ballot.filter(|_| is_registered(&voter_state)) else { return Ok(None) };
        let link = voter_state.link;
        let mailed = self.control.mailed_link(id, shard, voter).await?;
        let is_due = claim.again || mailed.is_none_or(|mailed| mailed < link);
        Ok(is_due.then_some(Invitation { voter: voter_state, ballot, link }))
    }
}
