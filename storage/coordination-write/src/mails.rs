//! What is known about mails: which voters may lack their link, and which link was mailed to whom.
//!
//! An item says that a voter may lack their link. Whoever mails it claims the item for a time, so that two mailers do not send the
//! same mail. An item that is asked for again meanwhile keeps its claim and counts the askings: it is looked at once more.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{
    error::BuildError,
    types::{AttributeValue, ReturnValue, TransactWriteItem, Update},
};
use photovote_coordination::ControlError;
use photovote_domain::{ElectionId, LinkNumber, Shard, ShardCount, Timestamp, VoterId};
use photovote_dynamodb::{Item, PutFailure, delete_failure, query_all, storage_error, update_failure};
use photovote_keys::{
    Key,
    coordination::{DUE, EVERYBODY, MAILED, due_key, everybody_due_key, mail_partition, mailed_key},
};

use crate::write::{Control, number};

/// What a shard has to mail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Due {
    /// All voters may lack their links. Those up to the place that is noted here have been looked at.
    pub everybody: Option<Everybody>,
    /// Voters who may lack their link.
    pub voters: Vec<VoterId>,
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

/// A claim to a voter's mail: nobody else sends it.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    key: Key,
    by: String,
    asked: i64,
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

    fn asked(&self, key: Key) -> Result<TransactWriteItem, BuildError> {
        // What all voters are asked for begins anew.
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression("ADD asked :one REMOVE place")
            .expression_attribute_values(":one", number(1));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// What a shard has to mail: the first so many voters.
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
            let sort_key = item.get("sk").and_then(|sk| sk.as_s().ok()).map(String::as_str).unwrap_or_default();
            if sort_key == EVERYBODY {
                let after = item.get("place").and_then(|place| place.as_s().ok()).cloned();
                due.everybody = Some(Everybody { asked: asked_of(&item), after });
            } else if let Some(Ok(voter)) = sort_key.strip_prefix(DUE).map(str::parse) {
                due.voters.push(voter);
            }
        }
        Ok(due)
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

    /// Claims a voter's mail until a moment, under a name that nobody else has: a claim whose answer was lost can be repeated. Nothing,
    /// if somebody else has claimed it, or it is not due any more.
    pub async fn claim(
        &self,
        election: ElectionId,
        shard: Shard,
        voter: VoterId,
        by: u128,
        (now, until): (Timestamp, Timestamp),
    ) -> Result<Option<Claim>, ControlError> {
        let by = format!("{by:032x}");
        let key = due_key(election, shard, voter);
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
                let asked = answer.attributes.as_ref().map(asked_of).unwrap_or_default();
                Ok(Some(Claim { key, by, asked }))
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

    /// Ends a claim: the mail is not due any more, unless it was asked for again meanwhile. Was it?
    pub async fn settle(&self, claim: &Claim) -> Result<bool, ControlError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(claim.key.clone()))
            .condition_expression("claimant = :by AND asked = :asked")
            .expression_attribute_values(":by", AttributeValue::S(claim.by.clone()))
            .expression_attribute_values(":asked", number(claim.asked));
        match delete.send().await.map(drop).map_err(|error| delete_failure(&error)) {
            Ok(()) => Ok(false),
            Err(PutFailure::Condition(_)) => self.give_up(claim).await,
            Err(PutFailure::Storage(error)) => Err(error.into()),
        }
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
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", AttributeValue::S(mail_partition(election, shard)))
            .expression_attribute_values(":first", AttributeValue::S(format!("{MAILED}{first}")))
            .expression_attribute_values(":last", AttributeValue::S(format!("{MAILED}{last}")))
            .consistent_read(true);
        let link = |item: &Item| {
            let voter = item.get("sk")?.as_s().ok()?.strip_prefix(MAILED)?.parse().ok()?;
            Some((voter, link_of(item)?))
        };
        Ok(query_all(query).await?.iter().filter_map(link).collect())
    }

    /// Notes that a link was mailed to a voter, or why it cannot be.
    pub async fn mailed(
        &self,
        election: ElectionId,
        shard: Shard,
        voter: VoterId,
        link: LinkNumber,
        failed: Option<&str>,
    ) -> Result<(), ControlError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(mailed_key(election, shard, voter)))
            .item("link", number(link.get().into()));
        let put = match failed {
            Some(why) => put.item("failed", AttributeValue::S(why.to_owned())),
            None => put,
        };
        put.send().await.map(drop).map_err(|error| storage_error(&error).into())
    }
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
