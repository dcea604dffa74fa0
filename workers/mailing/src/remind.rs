//! Mailing one voter a reminder, or where the results are.

use photovote_coordination_write::{Claim, DueMail, Ended};
use photovote_domain::{
    Ballot, Election, ElectionId, Shard, Voter,
    ballot::Status as BallotStatus,
    mailing::{self, Kind, Recipients, Requested},
};
use photovote_events::{History, Stream};

use crate::{
    Mailer, Outcome, Trouble, is_registered,
    issue::Issued,
    message::{Draft, message},
    send::Sending,
};

/// Where a mail leads.
enum Way {
    /// To this path of the page.
    Path(String),
    /// Nowhere: the voter is not written to.
    Nowhere,
    /// Another link is to be issued first.
    Replaced,
}

impl Mailer {
    /// Sends a mail of a mailing, if it is due.
    pub(crate) async fn remind(
        &self,
        election: ElectionId,
        shard: Shard,
        mail: DueMail,
        requested: &Requested,
    ) -> Result<Outcome, Trouble> {
        let Some(claim) = self.claim(election, shard, mail).await? else { return Ok(Outcome::Claimed) };
        match self.remind_claimed(&claim, requested).await {
            Ok(outcome) => Ok(outcome),
            Err(trouble) => {
                self.control.give_up(&claim).await?;
                Err(trouble)
            }
        }
    }

    async fn remind_claimed(&self, claim: &Claim, requested: &Requested) -> Result<Outcome, Trouble> {
        let (id, shard, voter_id) = (claim.election, claim.shard, claim.mail.voter);
        let election = self.elections.fresh(id).await?;
        if mailing::mails(election.state(), requested.kind).is_err() {
            return self.end(claim, Ended::Dropped).await;
        }
        let voter: History<Voter> = self.events.reader().load(Stream::Voter(id, shard, voter_id)).await?;
        let voter = voter.state();
        if !is_registered(voter) {
            return self.end(claim, Ended::Dropped).await;
        }
        let path = match self.way(claim, election.state(), voter, requested).await? {
            Way::Path(path) => path,
            Way::Nowhere => return self.end(claim, Ended::Dropped).await,
            Way::Replaced => {
                self.control.give_up(claim).await?;
                return Ok(Outcome::Again);
            }
        };
        let unsubscribe = self.key.unsubscribe_token(id, shard, voter_id).await?;
        if self.control.offer_unsubscribing(id, shard, voter_id, &unsubscribe.hash()).await? {
            return self.end(claim, Ended::Dropped).await;
        }
        let kind = requested.kind;
        let mailing = claim.mail.mailing.map(|mailing| mailing.to_string()).unwrap_or_default();
        let name = format!("{}-{voter_id}-{mailing}", kind.as_str());
        let draft = Draft {
            kind,
            election: election.state(),
            to: (&voter.name, &voter.email),
            own: Some(requested),
            path,
            unsubscribe: Some(unsubscribe.reveal()),
            id: [&id.to_string(), &name],
        };
        match message(&self.sender, draft, self.events.environment().now()) {
            Ok(mail) => self.send(claim, Sending { kind, link: None, name: &name, mail: &mail }).await,
            Err(unwritable) => {
                // Whose mail it was would tell who has not voted.
                tracing::warn!(event = "mail_unwritable", election = %id, error = %unwritable, "not sent");
                self.fail(claim, kind, None, &unwritable.reason()).await
            }
        }
    }

    /// Where a mail to a voter leads. A reminder has the same link as the invitation, and lets it open the ballot if it comes first.
    async fn way(
        &self,
        claim: &Claim,
        election: &Election,
        voter: &Voter,
        requested: &Requested,
    ) -> Result<Way, Trouble> {
        let id = claim.election;
        let Some(ballot) = voter.ballot else { return Ok(Way::Nowhere) };
        if requested.kind == Kind::Results {
            return Ok(Way::Path(format!("/results/{id}")));
        }
        let stream = Stream::ballot(id, election.shards, ballot);
        let state: History<Ballot> = self.events.reader().load_end(stream).await?;
        let has_cast = state.state().status == BallotStatus::Cast;
        if has_cast && requested.to == Recipients::NotCast {
            return Ok(Way::Nowhere);
        }
        let token = self.key.token(id, ballot, voter.link).await?;
        let path = format!("/vote#{}", token.reveal());
        // Voters who are named get it whether they voted or not: that it came would tell.
        if has_cast {
            return Ok(Way::Path(path));
        }
        let voter_id = (claim.shard, claim.mail.voter);
        Ok(match self.issue(id, voter_id, election, (ballot, voter.link), &token).await? {
            Issued::Opens => Way::Path(path),
            // The voter has cast meanwhile.
            Issued::Cast if requested.to != Recipients::NotCast => Way::Path(path),
            Issued::Cast | Issued::Unwanted | Issued::OtherKey => Way::Nowhere,
            Issued::Replaced => Way::Replaced,
        })
    }
}
