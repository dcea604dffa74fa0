//! What is known about mails: which are due to which voters, and which link was mailed to whom.
//!
//! An item says that a mail is due to a voter: their link, or a mail of a mailing. Whoever sends it claims the item for a time, so that
//! two mailers do not send the same mail. A link that is asked for again meanwhile keeps its claim and counts the askings: it is looked
//! at once more. When a mail is sent, one transaction ends the claim, counts the mail, and notes the link.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{
    error::BuildError,
    types::{AttributeValue, Delete, Put, ReturnValue, TransactWriteItem, Update},
};
use photovote_coordination::{ControlError, Count};
use photovote_domain::{ElectionId, LinkNumber, MailingId, Shard, ShardCount, Timestamp, VoterId};
use photovote_dynamodb::{
    Cancellation, Item, PutFailure, TransactFailure, delete_failure, put_failure, query_all, storage_error,
    update_failure,
};
use photovote_keys::{
    Key,
    coordination::{
        DUE, EVERYBODY, FINDING, MAILED, bounced_key, counts_key, due_key, everybody_due_key, mail_due_key,
        mail_partition, mailed_key,
    },
};

use crate::write::{Control, number};

/// The condition of noting a link as the last one that was mailed: a mailer can be late.
const NO_LATER_LINK: &str = "attribute_not_exists(link) OR link <= :link";

/// A mail that may be due to a voter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueMail {
    /// The voter.
    pub voter: VoterId,
    /// The mailing that it is of. Without one, it is the voter's link.
    pub mailing: Option<MailingId>,
}

/// What a shard has to mail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Due {
    /// All voters may lack their links. Those up to the place that is noted here have been looked at.
    pub everybody: Option<Everybody>,
    /// Mails that may be due.
    pub mails: Vec<DueMail>,
    /// Mailings whose recipients are to be found.
    pub finding: Vec<Finding>,
    /// Are there more?
    pub more: bool,
}

/// All voters of a shard may lack their links.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Everybody {
    /// How often that was asked for.
    asked: i64,
    /// Up to where they have been looked at.
    pub after: Option<String>,
}

/// A mailing whose recipients are to be found in a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The mailing.
    pub mailing: MailingId,
    /// Up to where voters have been looked at.
    pub after: Option<String>,
}

/// A claim to a mail: nobody else sends it.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The election.
    pub election: ElectionId,
    /// The voter's shard.
    pub shard: Shard,
    /// The mail.
    pub mail: DueMail,
    /// The mailing among whose mails it is counted.
    pub counted: Option<MailingId>,
    /// Is the link sent although it was sent before?
    pub again: bool,
    key: Key,
    by: String,
    asked: i64,
}

/// What became of a mail that was claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended<'a> {
    /// It is not due any more.
    Dropped,
    /// It was sent, perhaps with this link.
    Sent(Option<LinkNumber>),
    /// It can never be sent, for this reason. Perhaps it had this link.
    Failed(Option<LinkNumber>, &'a str),
}

impl Ended<'_> {
    const fn link(self) -> Option<LinkNumber> {
        match self {
            Self::Dropped => None,
            Self::Sent(link) | Self::Failed(link, _) => link,
        }
    }

    const fn count(self) -> Option<Count> {
        match self {
            Self::Dropped => None,
            Self::Sent(_) => Some(Count::Sent),
            Self::Failed(..) => Some(Count::Failed),
        }
    }
}

impl Control {
    /// The action that says that a voter may lack their link.
    pub fn ask_for(&self, election: ElectionId, shard: Shard, voter: VoterId) -> Result<TransactWriteItem, BuildError> {
        self.asked(due_key(election, shard, voter))
    }

    /// The actions that say that all voters of an election may lack their links.
    pub fn ask_for_everybody(
        &self,
        election: ElectionId,
        shards: ShardCount,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        shards.shards().map(|shard| self.asked(everybody_due_key(election, shard))).collect()
    }

    /// The action that asks for what an item says, and notes how often that was done. It begins anew.
    pub(crate) fn asked(&self, key: Key) -> Result<TransactWriteItem, BuildError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression("ADD asked :one REMOVE place")
            .expression_attribute_values(":one", number(1));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// What a shard has to mail: the first so many items.
    pub async fn due(&self, election: ElectionId, shard: Shard, limit: u16) -> Result<Due, ControlError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :due)")
            .expression_attribute_values(":pk", AttributeValue::S(mail_partition(election, shard)))
            .expression_attribute_values(":due", AttributeValue::S(EVERYBODY.to_owned()))
            .consistent_read(true)
            .limit(limit.into());
        let page = query.send().await.map_err(|error| storage_error(&error))?;
        let mut due = Due { more: page.last_evaluated_key.is_some(), ..Due::default() };
        for item in page.items.unwrap_or_default() {
            let sort_key = sort_key_of(&item);
            let after = || item.get("place").and_then(|place| place.as_s().ok()).cloned();
            if sort_key == EVERYBODY {
                due.everybody = Some(Everybody { asked: asked_of(&item), after: after() });
            } else if let Some(Ok(mailing)) = sort_key.strip_prefix(FINDING).map(str::parse) {
                due.finding.push(Finding { mailing, after: after() });
            } else if let Some(mail) = sort_key.strip_prefix(DUE).and_then(due_mail) {
                due.mails.push(mail);
            }
        }
        Ok(due)
    }

    /// Voters from `first` to `last` of a shard whose link is asked for. Answers for each whether it is a mailing that asks.
    pub async fn links_due(
        &self,
        election: ElectionId,
        shard: Shard,
        first: VoterId,
        last: VoterId,
    ) -> Result<BTreeMap<VoterId, bool>, ControlError> {
        let items = self.mails_between(election, shard, DUE, first, last).await?;
        let due = |item: &Item| {
            let mail = due_mail(sort_key_of(item).strip_prefix(DUE)?)?;
            mail.mailing.is_none().then(|| (mail.voter, item.contains_key("mailing")))
        };
        Ok(items.iter().filter_map(due).collect())
    }

    /// Notes up to where all voters of a shard have been looked at; nowhere, if it is done. If they were asked for again meanwhile,
    /// nothing is noted, and it begins anew.
    pub async fn looked_at(
        &self,
        election: ElectionId,
        shard: Shard,
        everybody: &Everybody,
        after: Option<String>,
    ) -> Result<(), ControlError> {
        let key = everybody_due_key(election, shard);
        let condition = "asked = :asked";
        let noted = if let Some(after) = after {
            let update = self.client.update_item().table_name(&self.table).set_key(Some(key));
            let update = update
                .update_expression("SET place = :place")
                .condition_expression(condition)
                .expression_attribute_values(":place", AttributeValue::S(after))
                .expression_attribute_values(":asked", number(everybody.asked));
            update.send().await.map(drop).map_err(|error| update_failure(&error))
        } else {
            let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key));
            let delete =
                delete.condition_expression(condition).expression_attribute_values(":asked", number(everybody.asked));
            delete.send().await.map(drop).map_err(|error| delete_failure(&error))
        };
        unless_changed(noted)
    }

    /// Claims a mail until a moment, under a name that nobody else has: a claim whose answer was lost can be repeated. Nothing, if
    /// somebody else has claimed it, or it is not due any more.
    pub async fn claim(
        &self,
        election: ElectionId,
        shard: Shard,
        mail: DueMail,
        by: u128,
        (now, until): (Timestamp, Timestamp),
    ) -> Result<Option<Claim>, ControlError> {
        let by = format!("{by:032x}");
        let key = match mail.mailing {
            None => due_key(election, shard, mail.voter),
            Some(mailing) => mail_due_key(election, shard, mail.voter, mailing),
        };
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.clone()))
            .update_expression("SET claimed = :until, claimant = :by")
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(claimed) OR claimed < :now OR claimant = :by)",
            )
            .expression_attribute_values(":by", AttributeValue::S(by.clone()))
            .expression_attribute_values(":until", number(until.millis()))
            .expression_attribute_values(":now", number(now.millis()))
            .return_values(ReturnValue::AllNew);
        match update.send().await {
            Ok(answer) => {
                let item = answer.attributes.unwrap_or_default();
                let counted =
                    item.get("mailing").and_then(|mailing| mailing.as_s().ok()?.parse().ok()).or(mail.mailing);
                let again = item.contains_key("again");
                Ok(Some(Claim { election, shard, mail, counted, again, key, by, asked: asked_of(&item) }))
            }
            Err(error) => match update_failure(&error) {
                PutFailure::Condition(_) => Ok(None),
                PutFailure::Storage(error) => Err(error.into()),
            },
        }
    }

    /// Gives a claim up: the mail stays due. Was it still claimed?
    pub async fn give_up(&self, claim: &Claim) -> Result<bool, ControlError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(claim.key.clone()))
            .update_expression("REMOVE claimed, claimant")
            .condition_expression("claimant = :by")
            .expression_attribute_values(":by", AttributeValue::S(claim.by.clone()));
        match update.send().await.map_err(|error| update_failure(&error)) {
            Ok(_) => Ok(true),
            Err(PutFailure::Condition(_)) => Ok(false),
            Err(PutFailure::Storage(error)) => Err(error.into()),
        }
    }

    /// Ends a claim, and notes and counts what became of the mail: all of it or nothing. The mail is not due any more, unless it was
    /// asked for again meanwhile. Was it?
    ///
    /// A claim that somebody else has taken over notes only the link. They see it before they send it again. If a later link is noted
    /// already, this one is not.
    pub async fn settle(&self, claim: &Claim, ended: Ended<'_>) -> Result<bool, ControlError> {
        let (mut again, mut link) = (false, ended.link());
        loop {
            let reasons = match self.transact(|| self.settlement(claim, ended, link, again)).await {
                Ok(()) => return Ok(again),
                Err(TransactFailure::Cancelled(reasons)) => reasons,
                Err(TransactFailure::Storage(error)) => return Err(error.into()),
            };
            match reasons.as_slice() {
                [claimed, ..] if claimed.is_condition() && again => break,
                [claimed, ..] if claimed.is_condition() => again = true,
                // A later link was mailed.
                reasons if link.is_some() && reasons.iter().any(Cancellation::is_condition) => link = None,
                _ => return Err(photovote_dynamodb::StorageError::Contended.into()),
            }
        }
        if let Some(link) = ended.link() {
            let put = self
                .client
                .put_item()
                .table_name(&self.table)
                .set_item(Some(mailed(claim, link, ended)))
                .condition_expression(NO_LATER_LINK)
                .expression_attribute_values(":link", number(link.get().into()));
            unless_changed(put.send().await.map(drop).map_err(|error| put_failure(&error)))?;
        }
        Ok(false)
    }

    /// The actions that settle a claim to a mail, which was perhaps asked for again. They note this link, if there is one.
    fn settlement(
        &self,
        claim: &Claim,
        ended: Ended<'_>,
        link: Option<LinkNumber>,
        again: bool,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let by = AttributeValue::S(claim.by.clone());
        let first = if again {
            // A mailing that has come since the mail was claimed keeps its own mail.
            let expression = match claim.counted {
                None => "REMOVE claimed, claimant",
                Some(_) => "REMOVE claimed, claimant, mailing, again",
            };
            let update = Update::builder()
                .table_name(&self.table)
                .set_key(Some(claim.key.clone()))
                .update_expression(expression)
                .condition_expression("claimant = :by")
                .expression_attribute_values(":by", by);
            TransactWriteItem::builder().update(update.build()?)
        } else {
            let delete = Delete::builder()
                .table_name(&self.table)
                .set_key(Some(claim.key.clone()))
                .condition_expression("claimant = :by AND asked = :asked")
                .expression_attribute_values(":by", by)
                .expression_attribute_values(":asked", number(claim.asked));
            TransactWriteItem::builder().delete(delete.build()?)
        };
        let mut actions = vec![first.build()];
        let left = claim.counted.map(|_| (Count::Queued, -1));
        let ended_as = ended.count().or(claim.counted.map(|_| Count::Dropped)).map(|count| (count, 1));
        let changes: Vec<_> = left.into_iter().chain(ended_as).collect();
        if !changes.is_empty() {
            let key = counts_key(claim.election, claim.shard, claim.counted);
            actions.push(self.count(key, &changes, false)?);
        }
        if let Some(link) = link {
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(mailed(claim, link, ended)))
                .condition_expression(NO_LATER_LINK)
                .expression_attribute_values(":link", number(link.get().into()));
            actions.push(TransactWriteItem::builder().put(put.build()?).build());
            let bounced = bounced_key(claim.election, claim.shard, claim.mail.voter);
            if let Ended::Failed(_, why) = ended {
                actions.push(self.bounced(bounced, link, why)?);
            } else if claim.again || link > LinkNumber::FIRST {
                let delete = Delete::builder().table_name(&self.table).set_key(Some(bounced));
                actions.push(TransactWriteItem::builder().delete(delete.build()?).build());
            }
        }
        Ok(actions)
    }

    /// The last link that was mailed to a voter, or could not be for good.
    pub async fn mailed_link(
        &self,
        election: ElectionId,
        shard: Shard,
        voter: VoterId,
    ) -> Result<Option<LinkNumber>, ControlError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(mailed_key(election, shard, voter)));
        let item = get.consistent_read(true).send().await.map_err(|error| storage_error(&error))?.item;
        Ok(item.as_ref().and_then(link_of))
    }

    /// The last links that were mailed to the voters from `first` to `last` of a shard.
    pub async fn mailed_links(
        &self,
        election: ElectionId,
        shard: Shard,
        first: VoterId,
        last: VoterId,
    ) -> Result<BTreeMap<VoterId, LinkNumber>, ControlError> {
        let items = self.mails_between(election, shard, MAILED, first, last).await?;
        let link = |item: &Item| {
            let voter = sort_key_of(item).strip_prefix(MAILED)?.parse().ok()?;
            Some((voter, link_of(item)?))
        };
        Ok(items.iter().filter_map(link).collect())
    }

    async fn mails_between(
        &self,
        election: ElectionId,
        shard: Shard,
        prefix: &str,
        first: VoterId,
        last: VoterId,
    ) -> Result<Vec<Item>, ControlError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", AttributeValue::S(mail_partition(election, shard)))
            .expression_attribute_values(":first", AttributeValue::S(format!("{prefix}{first}")))
            .expression_attribute_values(":last", AttributeValue::S(format!("{prefix}{last}")))
            .consistent_read(true);
        Ok(query_all(query).await?)
    }
}

/// The item that says that a link was mailed to a voter, or why it cannot be.
fn mailed(claim: &Claim, link: LinkNumber, ended: Ended<'_>) -> Item {
    let mut item = mailed_key(claim.election, claim.shard, claim.mail.voter);
    item.insert("link".to_owned(), number(link.get().into()));
    if let Ended::Failed(_, why) = ended {
        item.insert("failed".to_owned(), AttributeValue::S(why.to_owned()));
    }
    item
}

/// The mail that the rest of a sort key names.
fn due_mail(rest: &str) -> Option<DueMail> {
    let (voter, mailing) = match rest.split_once('#') {
        None => (rest, None),
        Some((voter, mailing)) => (voter, Some(mailing.parse().ok()?)),
    };
    Some(DueMail { voter: voter.parse().ok()?, mailing })
}

fn sort_key_of(item: &Item) -> &str {
    item.get("sk").and_then(|sk| sk.as_s().ok()).map(String::as_str).unwrap_or_default()
}

fn link_of(item: &Item) -> Option<LinkNumber> {
    item.get("link")?.as_n().ok()?.parse().ok().map(LinkNumber::new)
}

fn asked_of(item: &Item) -> i64 {
    item.get("asked").and_then(|asked| asked.as_n().ok()?.parse().ok()).unwrap_or_default()
}

/// A condition that does not hold says that somebody else was faster: there is nothing to do.
fn unless_changed(done: Result<(), PutFailure>) -> Result<(), ControlError> {
    match done {
        Ok(()) | Err(PutFailure::Condition(_)) => Ok(()),
        Err(PutFailure::Storage(error)) => Err(error.into()),
    }
}
