//! Finding a mailing's recipients, some at a time.

use std::collections::{BTreeMap, BTreeSet};

use photovote_coordination_write::{Finding, Noted};
use photovote_domain::{
    ElectionId, LinkNumber, Shard, VoterId,
    mailing::{self, Kind, Recipients, Requested},
};
use photovote_events::{Part, Position};

use crate::{Mailer, Trouble, links};

/// How many voters are looked at in one step. A transaction has at most 100 actions, and two of them are not voters.
const STEP: u16 = 90;

/// Voters who are written to, and where the next ones are looked for.
type Found = (BTreeSet<VoterId>, Option<String>);

impl Mailer {
    /// Queues the mails to some recipients of a mailing in a shard.
    pub(crate) async fn find(&self, id: ElectionId, shard: Shard, finding: &Finding) -> Result<(), Trouble> {
        let election = self.elections.fresh(id).await?;
        let requested = self.requested(id, finding.mailing).await?;
        let requested = requested.filter(|requested| mailing::mails(election.state(), requested.kind).is_ok());
        let (found, noted) = match &requested {
            Some(requested) if requested.kind == Kind::Invitation => {
                let again = matches!(requested.to, Recipients::Bounced | Recipients::Voters(_));
                let found = self.recipients(id, shard, requested, finding.after.as_deref()).await?;
                (self.not_asked_for(id, shard, found, again).await?, Noted::Links { again })
            }
            Some(requested) => (self.recipients(id, shard, requested, finding.after.as_deref()).await?, Noted::Mails),
            None => (Found::default(), Noted::Mails),
        };
        let (voters, next) = found;
        // If somebody else was faster, the message that asks for the rest finds that.
        self.control.found(id, shard, finding, (&voters, noted), next).await?;
        Ok(())
    }

    /// Some recipients of a shard, after a place.
    async fn recipients(
        &self,
        id: ElectionId,
        shard: Shard,
        requested: &Requested,
        after: Option<&str>,
    ) -> Result<Found, Trouble> {
        match &requested.to {
            Recipients::Voters(named) => {
                let shards = self.elections.fresh(id).await?.state().shards;
                let after: Option<VoterId> = after.and_then(|after| after.parse().ok());
                let here = named.iter().filter(|voter| shards.shard_of(&voter.to_string()) == shard);
                let mut rest = here.filter(|voter| after.is_none_or(|after| **voter > after)).copied();
                let voters: BTreeSet<_> = rest.by_ref().take(STEP.into()).collect();
                let next = rest.next().and(voters.last()).map(ToString::to_string);
                Ok((voters, next))
            }
            Recipients::Bounced => Ok(self.control.bounced_voters(id, shard, after, STEP).await?),
            Recipients::All | Recipients::NotInvited | Recipients::NotCast => {
                let after = after.and_then(|place| serde_json::from_str::<Position>(place).ok());
                let page = self.events.reader().sweep(Part::Voters(id, shard), after.as_ref(), STEP).await?;
                let next = page.next.as_ref().map(serde_json::to_string).transpose()?;
                // A voter is found at their registration, and so once.
                let links = links(&page.commits)?.into_iter().filter_map(|(voter, link)| Some((voter, link?)));
                let links: BTreeMap<VoterId, LinkNumber> = links.collect();
                let voters = if requested.kind == Kind::Invitation {
                    self.lacking(id, shard, links).await?
                } else {
                    links.into_keys().collect()
                };
                Ok((voters, next))
            }
        }
    }

    /// Those of these voters who were not mailed these links.
    async fn lacking(
        &self,
        id: ElectionId,
        shard: Shard,
        links: BTreeMap<VoterId, LinkNumber>,
    ) -> Result<BTreeSet<VoterId>, Trouble> {
        let (Some((first, _)), Some((last, _))) = (links.first_key_value(), links.last_key_value()) else {
            return Ok(BTreeSet::new());
        };
        let mailed = self.control.mailed_links(id, shard, *first, *last).await?;
        let lacks = |(voter, link): &(VoterId, LinkNumber)| mailed.get(voter).is_none_or(|mailed| mailed < link);
        Ok(links.into_iter().filter(lacks).map(|(voter, _)| voter).collect())
    }

    /// Those whose link is not on its way already. A link that is to be sent again is, if another mailing has it sent.
    async fn not_asked_for(
        &self,
        id: ElectionId,
        shard: Shard,
        (mut voters, next): Found,
        again: bool,
    ) -> Result<Found, Trouble> {
        if let (Some(first), Some(last)) = (voters.first(), voters.last()) {
            let asked = self.control.links_due(id, shard, *first, *last).await?;
            voters.retain(|voter| asked.get(voter).is_none_or(|by_mailing| again && !by_mailing));
        }
        Ok((voters, next))
    }
}
