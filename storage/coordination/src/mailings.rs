//! What is known about mailings.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, Select};
use futures::{StreamExt, TryStreamExt, stream};
use photovote_domain::{ElectionId, LinkNumber, MailingId, Shard, ShardCount, VoterId};
use photovote_dynamodb::{Item, StorageError, storage_error};
use photovote_keys::coordination::{BOUNCED, MAILED, bounced_key, counts_key, mail_partition};

use crate::gate::{ControlError, ControlReader};

/// How many items one call reads.
const BATCH: usize = 100;
/// How many shards are counted at once.
const AT_ONCE: usize = 16;

/// What mails are counted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Count {
    /// They are to be sent.
    Queued,
    /// The mail service took them.
    Sent,
    /// They can never be sent.
    Failed,
    /// They were not due any more when they were to be sent.
    Dropped,
    /// They came back.
    Bounced,
    /// Their recipients complained.
    Complained,
}

impl Count {
    /// The attribute's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
        }
    }
}

/// How many mails became what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// How many are to be sent.
    pub queued: u64,
    /// How many the mail service took.
    pub sent: u64,
    /// How many can never be sent.
    pub failed: u64,
    /// How many came back.
    pub bounced: u64,
    /// How many recipients complained.
    pub complained: u64,
    /// In how many shards all recipients are found.
    pub found: u32,
}

impl Counts {
    fn add(&mut self, item: &Item) {
        let number = |count: Count| item.get(count.as_str()).and_then(|n| n.as_n().ok()?.parse().ok()).unwrap_or(0);
        self.queued += number(Count::Queued);
        self.sent += number(Count::Sent);
        self.failed += number(Count::Failed);
        self.bounced += number(Count::Bounced);
        self.complained += number(Count::Complained);
        self.found += u32::from(item.contains_key("is_found"));
    }
}

/// A voter whose invitation did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounced {
    /// The voter.
    pub voter: VoterId,
    /// The link that did not arrive.
    pub link: LinkNumber,
    /// Why: `bounced`, `complained`, or what the mailer noted.
    pub why: String,
}

/// A page of voters whose invitation did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BouncedPage {
    /// The voters.
    pub voters: Vec<Bounced>,
    /// Where the next page begins.
    pub next: Option<String>,
}

impl ControlReader {
    /// What became of the mails of these mailings, and of the invitations that no administrator asked for (`None`): one call for each
    /// hundred shards.
    pub async fn mail_counts(
        &self,
        election: ElectionId,
        shards: ShardCount,
        mailings: &[Option<MailingId>],
    ) -> Result<BTreeMap<Option<MailingId>, Counts>, ControlError> {
        let mut counts: BTreeMap<_, _> = mailings.iter().map(|mailing| (*mailing, Counts::default())).collect();
        let keys = mailings.iter().flat_map(|mailing| shards.shards().map(move |s| counts_key(election, s, *mailing)));
        for keys in keys.collect::<Vec<_>>().chunks(BATCH) {
            for item in self.batch(keys.to_vec()).await? {
                let sort_key = item.get("sk").and_then(|sk| sk.as_s().ok()).map(String::as_str).unwrap_or_default();
                let mailing = sort_key.split_once('#').and_then(|(_, mailing)| mailing.parse().ok());
                if let Some(counts) = counts.get_mut(&mailing) {
                    counts.add(&item);
                }
            }
        }
        Ok(counts)
    }

    /// How many voters were mailed a link. It reads all of these items.
    pub async fn count_invited(&self, election: ElectionId, shards: ShardCount) -> Result<u64, ControlError> {
        self.count_items(election, shards, MAILED).await
    }

    /// How many voters there are whose invitation did not arrive.
    pub async fn count_bounced(&self, election: ElectionId, shards: ShardCount) -> Result<u64, ControlError> {
        self.count_items(election, shards, BOUNCED).await
    }

    async fn count_items(
        &self,
        election: ElectionId,
        shards: ShardCount,
        prefix: &'static str,
    ) -> Result<u64, ControlError> {
        let counted = shards.shards().map(|shard| async move {
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":pk", AttributeValue::S(mail_partition(election, shard)))
                .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
                .select(Select::Count);
            let mut pages = query.into_paginator().send();
            let mut count = 0;
            while let Some(page) = pages.next().await {
                count += u64::try_from(page.map_err(|error| storage_error(&error))?.count).unwrap_or_default();
            }
            Ok::<_, StorageError>(count)
        });
        let counts = stream::iter(counted.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
        Ok(counts.try_fold(0, |sum, count| async move { Ok(sum + count) }).await?)
    }

    /// Voters of a shard whose invitation did not arrive: the first so many after a place.
    pub async fn bounced(
        &self,
        election: ElectionId,
        shard: Shard,
        after: Option<&str>,
        limit: u16,
    ) -> Result<BouncedPage, ControlError> {
        let start = after.and_then(|voter| voter.parse().ok()).map(|voter| bounced_key(election, shard, voter));
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :bounced)")
            .expression_attribute_values(":pk", AttributeValue::S(mail_partition(election, shard)))
            .expression_attribute_values(":bounced", AttributeValue::S(BOUNCED.to_owned()))
            .consistent_read(true)
            .limit(limit.into())
            .set_exclusive_start_key(start);
        let page = query.send().await.map_err(|error| storage_error(&error))?;
        let bounced = |item: &Item| {
            let voter = item.get("sk")?.as_s().ok()?.strip_prefix(BOUNCED)?.parse().ok()?;
            let link = item.get("link")?.as_n().ok()?.parse().ok().map(LinkNumber::new)?;
            Some(Bounced { voter, link, why: item.get("why")?.as_s().ok()?.clone() })
        };
        let voters: Vec<_> = page.items.unwrap_or_default().iter().filter_map(bounced).collect();
        let next = page.last_evaluated_key.and(voters.last()).map(|last| last.voter.to_string());
        Ok(BouncedPage { voters, next })
    }
}
