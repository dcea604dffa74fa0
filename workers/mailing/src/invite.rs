//! Mailing one voter their link.

use photovote_coordination_write::Claim;
use photovote_domain::{
    Aggregate, Ballot, BallotId, BallotToken, Digest, Election, ElectionId, LinkNumber, Shard, Voter, VoterId,
    ballot::{self, BallotCommand, BallotRejection},
};
use photovote_events::{Actor, CommandId, CommandRecord, History, PrivatePart, Stream};
use photovote_events_append::ExecuteError;
use photovote_mail::Outgoing;

use crate::{Mailer, Outcome, Trouble, claimed_until, invites, is_registered, message};

/// What is due to a voter.
struct Invitation {
    voter: Voter,
    ballot: BallotId,
    link: LinkNumber,
}

/// What came of issuing a link.
enum Issued {
    /// It opens the ballot.
    Opens,
    /// It is not wanted any more: the ballot is cast or withdrawn, or the election is closed.
    Unwanted,
    /// Another link is to be issued by now.
    Replaced,
    /// The ballot knows this link by another hash: it was derived from another key.
    OtherKey,
}

impl Mailer {
    /// Mails a voter the present link, if that is due.
    pub(crate) async fn invite(&self, election: ElectionId, shard: Shard, voter: VoterId) -> Result<Outcome, Trouble> {
        let now = self.events.environment().now();
        // Somebody else is at it, or has done it. Should they die, the reconciler has the election looked after.
        let by = self.events.environment().random_id();
        let claim = self.control.claim(election, shard, voter, by, (now, claimed_until(now))).await?;
        let Some(claim) = claim else { return Ok(Outcome::Claimed) };
        match self.invite_claimed(election, shard, voter, &claim).await {
            Ok(outcome) => Ok(outcome),
            Err(trouble) => {
                self.control.give_up(&claim).await?;
                Err(trouble)
            }
        }
    }

    async fn invite_claimed(
        &self,
        id: ElectionId,
        shard: Shard,
        voter_id: VoterId,
        claim: &Claim,
    ) -> Result<Outcome, Trouble> {
        let election = self.elections.fresh(id).await?;
        let Some(Invitation { voter, ballot, link }) = self.due_to(id, shard, voter_id, election.state()).await? else {
            return self.end(claim).await;
        };
        let token = self.key.token(id, ballot, link).await?;
        let now = self.events.environment().now();
        let mail = match message::invitation(
            &self.sender,
            (id, election.state()),
            (voter_id, &voter),
            link,
            &token,
            now,
        ) {
            Ok(mail) => mail,
            Err(unwritable) => {
                tracing::warn!(event = "mail_unwritable", election = %id, voter = %voter_id, error = %unwritable, "not sent");
                return self.settle(id, shard, voter_id, link, Some(&unwritable.to_string()), claim).await;
            }
        };
        match self.issue(id, shard, voter_id, election.state(), (ballot, link), &token).await? {
            Issued::Opens => {}
            Issued::Unwanted => {
                return self.end(claim).await;
            }
            Issued::OtherKey => {
                tracing::error!(event = "mail_other_key", election = %id, voter = %voter_id, "replace the voter's link");
                return self.settle(id, shard, voter_id, link, Some("other_key"), claim).await;
            }
            Issued::Replaced => {
                self.control.give_up(claim).await?;
                return Ok(Outcome::Again);
            }
        }
        let name = message::name(voter_id, link);
        let outgoing = Outgoing { name: &name, from: &mail.from, to: &mail.to, message: &mail.bytes };
        match self.service.send(&outgoing).await {
            Ok(()) => self.settle(id, shard, voter_id, link, None, claim).await,
            Err(error) if error.is_permanent() => {
                tracing::warn!(event = "mail_refused", election = %id, voter = %voter_id, "the service refuses a mail");
                self.settle(id, shard, voter_id, link, Some("refused"), claim).await
            }
            Err(error) => {
                metrics::counter!("MailsDelayed").increment(1);
                tracing::warn!(event = "mail_delayed", election = %id, %error, "a mail waits");
                self.control.give_up(claim).await?;
                Ok(Outcome::Delayed)
            }
        }
    }

    /// Notes what became of a link, and settles the claim.
    async fn settle(
        &self,
        election: ElectionId,
        shard: Shard,
        voter: VoterId,
        link: LinkNumber,
        failed: Option<&str>,
        claim: &Claim,
    ) -> Result<Outcome, Trouble> {
        self.control.mailed(election, shard, voter, link, failed).await?;
        let ended = self.end(claim).await?;
        let outcome = if failed.is_none() { "sent" } else { "failed" };
        metrics::counter!("Mails", "Kind" => "invitation", "Outcome" => outcome).increment(1);
        Ok(ended)
    }

    /// Ends a claim. A mail that was asked for again meanwhile is looked at again.
    async fn end(&self, claim: &Claim) -> Result<Outcome, Trouble> {
        Ok(if self.control.settle(claim).await? { Outcome::Again } else { Outcome::Settled })
    }

    /// What is due to a voter: nothing, if the election does not invite, the voter is gone, or the present link was mailed.
    async fn due_to(
        &self,
        id: ElectionId,
        shard: Shard,
        voter: VoterId,
        election: &Election,
    ) -> Result<Option<Invitation>, Trouble> {
        if !invites(election) {
            return Ok(None);
        }
        let state: History<Voter> = self.events.reader().load(Stream::Voter(id, shard, voter)).await?;
        let voter_state = state.state().clone();
        let Some(ballot) = voter_state.ballot.filter(|_| is_registered(&voter_state)) else { return Ok(None) };
        let link = voter_state.link;
        let mailed = self.control.mailed_link(id, shard, voter).await?;
        Ok(mailed.is_none_or(|mailed| mailed < link).then_some(Invitation { voter: voter_state, ballot, link }))
    }

    /// Lets a link open its ballot. It comes right before the mail: a voter who is removed first gets none.
    async fn issue(
        &self,
        id: ElectionId,
        shard: Shard,
        voter: VoterId,
        election: &Election,
        (ballot, link): (BallotId, LinkNumber),
        token: &BallotToken,
    ) -> Result<Issued, Trouble> {
        let stream = Stream::ballot(id, election.shards, ballot);
        let history: History<Ballot> = self.events.reader().load_end(stream).await?;
        let environment = self.events.environment();
        let random = || Digest::from_bytes(environment.random());
        let command = BallotCommand::IssueLink { link, token: token.hash() };
        let private = PrivatePart {
            actor: Actor::Mailer,
            fingerprint: random(),
            id: CommandId::new(random()),
            reason: None,
            source: None,
            time: environment.now(),
        };
        let record = CommandRecord { name: command.name(), own_id: false, private };
        let context = ballot::Context { election, now: environment.now() };
        let decide = |ballot: &Ballot| ballot.decide(command.clone(), &context);
        match self.events.execute(history, &record, |_| true, decide).await {
            Ok(_) => Ok(Issued::Opens),
            Err(ExecuteError::Rejected(BallotRejection::LinkReplaced)) => {
                let now: History<Voter> = self.events.reader().load(Stream::Voter(id, shard, voter)).await?;
                Ok(if now.state().link == link { Issued::OtherKey } else { Issued::Replaced })
            }
            Err(ExecuteError::Rejected(_)) => Ok(Issued::Unwanted),
            Err(error) => Err(error.into()),
        }
    }
}
