//! Letting a link open its ballot, before the link is sent.

use photovote_domain::{
    Aggregate, Ballot, BallotId, BallotToken, Election, ElectionId, LinkNumber, Shard, Voter, VoterId,
    ballot::{self, BallotCommand, BallotRejection},
};
use photovote_events::{Actor, CommandRecord, History, Stream};
use photovote_events_append::ExecuteError;

use crate::{Mailer, Trouble};

/// What came of issuing a link.
pub(crate) enum Issued {
    /// It opens the ballot.
    Opens,
    /// The ballot is cast: the link shows its receipt.
    Cast,
    /// It is not wanted any more: the ballot is withdrawn, or the election is closed.
    Unwanted,
    /// Another link is to be issued by now.
    Replaced,
    /// The ballot knows this link by another hash: it was derived from another key.
    OtherKey,
}

impl Mailer {
    /// Lets a link open its ballot. It comes right before the mail: a voter who is removed first gets none.
    pub(crate) async fn issue(
        &self,
        id: ElectionId,
        (shard, voter): (Shard, VoterId),
        election: &Election,
        (ballot, link): (BallotId, LinkNumber),
        token: &BallotToken,
    ) -> Result<Issued, Trouble> {
        let stream = Stream::ballot(id, election.shards, ballot);
        let history: History<Ballot> = self.events.reader().load_end(stream).await?;
        let environment = self.events.environment();
        let command = BallotCommand::IssueLink { link, token: token.hash() };
        let record = CommandRecord::once(command.name(), Actor::Mailer, environment);
        let context = ballot::Context { election, now: environment.now() };
        let decide = |ballot: &Ballot| ballot.decide(command.clone(), &context);
        match self.events.execute(history, &record, |_| true, decide).await {
            Ok(_) => Ok(Issued::Opens),
            Err(ExecuteError::Rejected(BallotRejection::LinkReplaced)) => {
                let now: History<Voter> = self.events.reader().load(Stream::Voter(id, shard, voter)).await?;
                Ok(if now.state().link == link { Issued::OtherKey } else { Issued::Replaced })
            }
            Err(ExecuteError::Rejected(BallotRejection::CastAlready)) => Ok(Issued::Cast),
            Err(ExecuteError::Rejected(_)) => Ok(Issued::Unwanted),
            Err(error) => Err(error.into()),
        }
    }
}
