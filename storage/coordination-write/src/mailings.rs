//! What is known about mailings: how far their recipients are found, how many mails became what, and which invitations did not
//! arrive.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::{
    error::BuildError,
    types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update},
};
use photovote_coordination::{ControlError, Count};
use photovote_domain::{ElectionId, LinkNumber, MailingId, Shard, ShardCount, VoterId};
use photovote_dynamodb::{StorageError, TransactFailure};
use photovote_keys::{
    Key,
    coordination::{bounced_key, counts_key, due_key, finding_key, mail_due_key, mailed_key, reported_key},
};

use crate::{
    mails::Finding,
    write::{Control, number},
};

/// How the mails of a mailing are noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// Each voter's link is asked for, also if it was sent before.
    Links {
        /// Is it sent although it was sent before?
        again: bool,
    },
    /// Each mail is one of its own.
    Mails,
}

/// Which mail is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// The election.
    pub election: ElectionId,
    /// The voter's shard.
    pub shard: Shard,
    /// The voter.
    pub voter: VoterId,
    /// The mailing that it was counted in.
    pub mailing: Option<MailingId>,
    /// The link that it had, if it was an invitation.
    pub link: Option<LinkNumber>,
}

impl Control {
    /// The actions that have a mailing's recipients found in every shard.
    pub fn find_recipients(
        &self,
        election: ElectionId,
        shards: ShardCount,
        mailing: MailingId,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        shards.shards().map(|shard| self.asked(finding_key(election, shard, mailing))).collect()
    }

    /// Queues mails of a mailing to some voters of a shard, and notes up to where voters have been looked at; nowhere, if all are found.
    /// All of it or nothing: somebody else may have been faster.
    pub async fn found(
        &self,
        election: ElectionId,
        shard: Shard,
        finding: &Finding,
        (voters, noted): (&BTreeSet<VoterId>, Noted),
        next: Option<String>,
    ) -> Result<bool, ControlError> {
        let mailing = finding.mailing;
        let actions = || {
            let mut actions = vec![self.look_on(election, shard, finding, next.clone())?];
            let queued = i64::try_from(voters.len()).unwrap_or(i64::MAX);
            let key = counts_key(election, shard, Some(mailing));
            actions.push(self.count(key, &[(Count::Queued, queued)], next.is_none())?);
            for voter in voters {
                actions.push(self.queue_mail(election, shard, *voter, mailing, noted)?);
            }
            Ok(actions)
        };
        match self.transact(actions).await {
            Ok(()) => Ok(true),
            Err(TransactFailure::Cancelled(_)) => Ok(false),
            Err(TransactFailure::Storage(error)) => Err(error.into()),
        }
    }

    fn look_on(
        &self,
        election: ElectionId,
        shard: Shard,
        finding: &Finding,
        next: Option<String>,
    ) -> Result<TransactWriteItem, BuildError> {
        let key = Some(finding_key(election, shard, finding.mailing));
        let condition = match finding.after {
            None => "attribute_exists(pk) AND attribute_not_exists(place)",
            Some(_) => "place = :after",
        };
        let after = finding.after.clone().map(AttributeValue::S);
        let built = TransactWriteItem::builder();
        let built = if let Some(next) = next {
            let update = Update::builder()
                .table_name(&self.table)
                .set_key(key)
                .update_expression("SET place = :place")
                .condition_expression(condition)
                .expression_attribute_values(":place", AttributeValue::S(next));
            let update = match after {
                Some(after) => update.expression_attribute_values(":after", after),
                None => update,
            };
            built.update(update.build()?)
        } else {
            let delete = Delete::builder().table_name(&self.table).set_key(key).condition_expression(condition);
            let delete = match after {
                Some(after) => delete.expression_attribute_values(":after", after),
                None => delete,
            };
            built.delete(delete.build()?)
        };
        Ok(built.build())
    }

    fn queue_mail(
        &self,
        election: ElectionId,
        shard: Shard,
        voter: VoterId,
        mailing: MailingId,
        noted: Noted,
    ) -> Result<TransactWriteItem, BuildError> {
        let update = Update::builder().table_name(&self.table).expression_attribute_values(":one", number(1));
        let update = match noted {
            Noted::Mails => {
                update.set_key(Some(mail_due_key(election, shard, voter, mailing))).update_expression("ADD asked :one")
            }
            Noted::Links { again } => {
                let expression = if again {
                    "SET mailing = :mailing, again = :one ADD asked :one"
                } else {
                    "SET mailing = :mailing ADD asked :one"
                };
                update
                    .set_key(Some(due_key(election, shard, voter)))
                    .update_expression(expression)
                    .condition_expression("attribute_not_exists(mailing)")
                    .expression_attribute_values(":mailing", AttributeValue::S(mailing.to_string()))
            }
        };
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// Voters of a shard whose invitation did not arrive: the first so many after a place. Answers where the next ones begin.
    pub async fn bounced_voters(
        &self,
        election: ElectionId,
        shard: Shard,
        after: Option<&str>,
        limit: u16,
    ) -> Result<(BTreeSet<VoterId>, Option<String>), ControlError> {
        let page = self.reader().bounced(election, shard, after, limit).await?;
        Ok((page.voters.into_iter().map(|bounced| bounced.voter).collect(), page.next))
    }

    /// Counts a report about a mail, once. If it is about the voter's present link, their invitation did not arrive.
    ///
    /// # Errors
    /// It is not noted yet that the mail was sent: the report has to come again.
    pub async fn report(&self, mail: Reported, report: Count) -> Result<(), ControlError> {
        let Reported { election, shard, voter, mailing: _, link } = mail;
        let mut is_present = false;
        if let Some(link) = link {
            let noted = self.mailed_link(election, shard, voter).await?;
            if noted.is_none_or(|noted| noted < link) {
                return Err(StorageError::Contended.into());
            }
            is_present = noted == Some(link);
        }
        loop {
            match self.transact(|| self.reported(mail, report, is_present)).await {
                Ok(()) => return Ok(()),
                Err(TransactFailure::Cancelled(reasons)) => match reasons.as_slice() {
                    [known, ..] if known.is_condition() => return Ok(()),
                    // Another link was mailed meanwhile.
                    _ if is_present => is_present = false,
                    _ => return Err(StorageError::Contended.into()),
                },
                Err(TransactFailure::Storage(error)) => return Err(error.into()),
            }
        }
    }

    fn reported(
        &self,
        Reported { election, shard, voter, mailing, link }: Reported,
        report: Count,
        is_present: bool,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let names = [link.map(|link| link.to_string()), mailing.map(|mailing| mailing.to_string())];
        let name = names.into_iter().flatten().next().unwrap_or_default();
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(reported_key(election, shard, voter, &name, report.as_str())))
            .condition_expression("attribute_not_exists(pk)");
        let mut actions = vec![
            TransactWriteItem::builder().put(put.build()?).build(),
            self.count(counts_key(election, shard, mailing), &[(report, 1)], false)?,
        ];
        if let Some(link) = link.filter(|_| is_present) {
            actions.push(self.bounced(bounced_key(election, shard, voter), link, report.as_str())?);
            let check = ConditionCheck::builder()
                .table_name(&self.table)
                .set_key(Some(mailed_key(election, shard, voter)))
                .condition_expression("link = :link")
                .expression_attribute_values(":link", number(link.get().into()));
            actions.push(TransactWriteItem::builder().condition_check(check.build()?).build());
        }
        Ok(actions)
    }

    /// The action that says that a voter's invitation did not arrive, and why.
    pub(crate) fn bounced(&self, key: Key, link: LinkNumber, why: &str) -> Result<TransactWriteItem, BuildError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(key))
            .item("link", number(link.get().into()))
            .item("why", AttributeValue::S(why.to_owned()));
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    /// The action that changes counts, and notes perhaps that all recipients are found.
    pub(crate) fn count(
        &self,
        key: Key,
        changes: &[(Count, i64)],
        is_found: bool,
    ) -> Result<TransactWriteItem, BuildError> {
        let mut update = Update::builder().table_name(&self.table).set_key(Some(key));
        let mut added = Vec::new();
        for (count, change) in changes {
            let (name, value) = (format!("#{}", count.as_str()), format!(":{}", count.as_str()));
            added.push(format!("{name} {value}"));
            update = update
                .expression_attribute_names(name, count.as_str())
                .expression_attribute_values(value, number(*change));
        }
        let mut expression = format!("ADD {}", added.join(", "));
        if is_found {
            expression.push_str(" SET is_found = :found");
            update = update.expression_attribute_values(":found", AttributeValue::Bool(true));
        }
        Ok(TransactWriteItem::builder().update(update.update_expression(expression).build()?).build())
    }
}
