//! Moving gates through their life, and the actions that pass them.

use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    types::{AttributeValue, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update},
};
use futures::{StreamExt, TryStreamExt, stream};
use photovote_coordination::{ControlError, ControlReader, GateState, GateStatus, Turnout};
use photovote_domain::{ElectionId, ImportId, Links, Shard, ShardCount, Timestamp};
use photovote_dynamodb::{Cancellation, Item, PutFailure, Retry, StorageError, update_failure};
use photovote_keys::coordination::gate_key;

/// How many gates are moved at once.
const AT_ONCE: usize = 16;

/// Reads and changes the control table.
#[derive(Debug, Clone)]
pub struct Control {
    pub(crate) client: Client,
    pub(crate) table: String,
    reader: ControlReader,
}

/// A change of one gate: an update expression, its condition, and their values.
struct Change {
    update: &'static str,
    condition: &'static str,
    values: Vec<(&'static str, AttributeValue)>,
}

impl Control {
    /// Works on this table.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        let table = table.into();
        Self { reader: ControlReader::new(client.clone(), table.clone()), client, table }
    }

    /// What reads gates.
    pub const fn reader(&self) -> &ControlReader {
        &self.reader
    }

    /// The actions that make a new election's gates, one for each shard.
    pub fn create_gates(
        &self,
        election: ElectionId,
        shards: ShardCount,
        links: Links,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let gate = |shard| {
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(gate_key(election, shard)))
                .item("status", text(GateStatus::Draft))
                .item("links", word(links))
                .item("casts", number(0))
                .item("registered", number(0))
                .condition_expression("attribute_not_exists(pk)")
                .build()?;
            Ok(TransactWriteItem::builder().put(put).build())
        };
        shards.shards().map(gate).collect()
    }

    /// Opens every gate that is still a draft. Idempotent; a gate that has moved on stays as it is.
    pub async fn open_gates(
        &self,
        election: ElectionId,
        shards: ShardCount,
        closes_at: Option<Timestamp>,
    ) -> Result<(), ControlError> {
        self.each(election, shards, |_| {
            let mut values = vec![(":draft", text(GateStatus::Draft)), (":open", text(GateStatus::Open))];
            let update = match closes_at {
                None => "SET #status = :open",
                Some(closes_at) => {
                    values.push((":closes_at", number(closes_at.millis())));
                    "SET #status = :open, closes_at = :closes_at"
                }
            };
            Change { update, condition: "#status = :draft", values }
        })
        .await
        .map(drop)
    }

    /// Moves the closing time of every open gate, if that makes it later. Idempotent, whatever the order.
    pub async fn extend_gates(
        &self,
        election: ElectionId,
        shards: ShardCount,
        closes_at: Timestamp,
    ) -> Result<(), ControlError> {
        self.each(election, shards, |_| Change {
            update: "SET closes_at = :closes_at",
            condition: "#status = :open AND closes_at < :closes_at",
            values: vec![(":open", text(GateStatus::Open)), (":closes_at", number(closes_at.millis()))],
        })
        .await
        .map(drop)
    }

    /// Closes every gate, each by its own update, and answers how many voters and casts they let through altogether. Once
    /// this has returned these numbers are final: nothing passes a closed gate, and none opens again.
    pub async fn close_gates(&self, election: ElectionId, shards: ShardCount) -> Result<Turnout, ControlError> {
        let closed = self
            .each(election, shards, |_| Change {
                update: "SET #status = :closed",
                condition: "attribute_exists(pk)",
                values: vec![(":closed", text(GateStatus::Closed))],
            })
            .await?;
        Ok(closed.iter().fold(Turnout::default(), Turnout::with))
    }

    /// Tells every gate that an import is being undone. Once this has returned, no gate lets in a voter whom it registers. Idempotent.
    pub async fn undo_at_gates(
        &self,
        election: ElectionId,
        shards: ShardCount,
        import: ImportId,
    ) -> Result<(), ControlError> {
        self.each(election, shards, |_| Change {
            update: "ADD undone :import",
            condition: "attribute_exists(pk)",
            values: vec![(":import", AttributeValue::Ss(vec![import.to_string()]))],
        })
        .await
        .map(drop)
    }

    /// The action that lets one cast through a ballot's gate: the fence between voting and counting.
    pub fn pass_cast(
        &self,
        election: ElectionId,
        shard: Shard,
        now: Timestamp,
    ) -> Result<TransactWriteItem, BuildError> {
        let update = self
            .gate_update(election, shard)
            .update_expression("ADD casts :one")
            .condition_expression("#status = :open AND (attribute_not_exists(closes_at) OR :now < closes_at)")
            .expression_attribute_values(":open", text(GateStatus::Open))
            .expression_attribute_values(":now", number(now.millis()))
            .expression_attribute_values(":one", number(1));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// The action that counts a registration at the ballot's gate, while voters come and go. It fails if others hand out the
    /// links by now, or if the import that registers the voter is being undone. A voter whose link is to be handed out, and is not
    /// shown to anybody, is counted as `unlinked`.
    pub fn pass_registration(
        &self,
        election: ElectionId,
        shard: Shard,
        links: Links,
        unlinked: bool,
        import: Option<ImportId>,
    ) -> Result<TransactWriteItem, BuildError> {
        let condition = match links {
            Links::HandOut => {
                "(#status = :draft OR #status = :open) AND (attribute_not_exists(links) OR links = :links)"
            }
            Links::Invite => "(#status = :draft OR #status = :open) AND links = :links",
        };
        let update = self
            .gate_update(election, shard)
            .update_expression(if unlinked { "ADD registered :one, unlinked :one" } else { "ADD registered :one" })
            .expression_attribute_values(":draft", text(GateStatus::Draft))
            .expression_attribute_values(":open", text(GateStatus::Open))
            .expression_attribute_values(":links", word(links))
            .expression_attribute_values(":one", number(1));
        let update = match import {
            None => update.condition_expression(condition),
            Some(import) => update
                .condition_expression(format!("{condition} AND NOT contains(undone, :import)"))
                .expression_attribute_values(":import", AttributeValue::S(import.to_string())),
        };
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// The action that counts the end of a registration at the ballot's gate, while voters come and go.
    pub fn pass_removal(
        &self,
        election: ElectionId,
        shard: Shard,
        unlinked: bool,
    ) -> Result<TransactWriteItem, BuildError> {
        let update = self
            .gate_update(election, shard)
            .update_expression(if unlinked { "ADD registered :less, unlinked :less" } else { "ADD registered :less" })
            .condition_expression("#status = :draft OR #status = :open")
            .expression_attribute_values(":draft", text(GateStatus::Draft))
            .expression_attribute_values(":open", text(GateStatus::Open))
            .expression_attribute_values(":less", number(-1));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// The action that counts at the ballot's gate that an unlinked voter's link was shown, while voters come and go.
    pub fn pass_link(&self, election: ElectionId, shard: Shard) -> Result<TransactWriteItem, BuildError> {
        let update = self
            .gate_update(election, shard)
            .update_expression("ADD unlinked :less")
            .condition_expression("#status = :draft OR #status = :open")
            .expression_attribute_values(":draft", text(GateStatus::Draft))
            .expression_attribute_values(":open", text(GateStatus::Open))
            .expression_attribute_values(":less", number(-1));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// The actions that tell every gate of a draft who hands out the links. They fail if a voter has come through with a link of
    /// the other kind.
    pub fn change_links(
        &self,
        election: ElectionId,
        shards: ShardCount,
        links: Links,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let condition = match links {
            Links::HandOut => {
                "#status = :draft AND (registered = :none OR attribute_not_exists(links) OR links = :links)"
            }
            Links::Invite => "#status = :draft AND (registered = :none OR links = :links)",
        };
        let change = |shard| {
            let update = self
                .gate_update(election, shard)
                .update_expression("SET links = :links")
                .condition_expression(condition)
                .expression_attribute_values(":draft", text(GateStatus::Draft))
                .expression_attribute_values(":links", word(links))
                .expression_attribute_values(":none", number(0));
            Ok(TransactWriteItem::builder().update(update.build()?).build())
        };
        shards.shards().map(change).collect()
    }

    /// The action that counts a requested photograph (`+1`) or its end (`-1`) at its gate, while the election is a draft.
    pub fn pass_photograph(
        &self,
        election: ElectionId,
        shard: Shard,
        change: i8,
    ) -> Result<TransactWriteItem, BuildError> {
        let update = self
            .gate_update(election, shard)
            .update_expression("ADD photographs :change")
            .condition_expression("#status = :draft")
            .expression_attribute_values(":draft", text(GateStatus::Draft))
            .expression_attribute_values(":change", number(change.into()));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// The gate that refused an action of [`Self::pass_cast`] or [`Self::pass_registration`], by the reason of the cancellation.
    ///
    /// # Errors
    /// There is no gate.
    pub fn refusing(
        &self,
        election: ElectionId,
        shard: Shard,
        refusal: &Cancellation,
    ) -> Result<GateState, ControlError> {
        match refusal {
            Cancellation::Condition(Some(gate)) => GateState::from_item(gate),
            _ => None,
        }
        .ok_or_else(|| self.reader.missing(election, shard))
    }

    fn gate_update(&self, election: ElectionId, shard: Shard) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        Update::builder()
            .table_name(&self.table)
            .set_key(Some(gate_key(election, shard)))
            .expression_attribute_names("#status", "status")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// Changes every gate by an update of its own, and answers what they are then. A gate whose condition does not hold needs
    /// no change.
    async fn each(
        &self,
        election: ElectionId,
        shards: ShardCount,
        change: impl Fn(Shard) -> Change,
    ) -> Result<Vec<GateState>, ControlError> {
        let changes = shards.shards().map(|shard| self.change(election, shard, change(shard)));
        stream::iter(changes.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn change(&self, election: ElectionId, shard: Shard, change: Change) -> Result<GateState, ControlError> {
        let gate = |item: Option<&Item>| item.and_then(GateState::from_item);
        let mut retry = Retry::contention();
        loop {
            let mut update = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(gate_key(election, shard)))
                .update_expression(change.update)
                .condition_expression(change.condition)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .return_values(ReturnValue::AllNew);
            // DynamoDB refuses a name that no expression uses.
            if [change.update, change.condition].into_iter().any(|text| text.contains("#status")) {
                update = update.expression_attribute_names("#status", "status");
            }
            for (name, value) in &change.values {
                update = update.expression_attribute_values(*name, value.clone());
            }
            let now = match update.send().await {
                Ok(answer) => gate(answer.attributes.as_ref()),
                Err(error) => match update_failure(&error) {
                    PutFailure::Condition(standing) => gate(standing.as_ref()),
                    // A cast is passing at this very moment.
                    PutFailure::Storage(StorageError::Contended | StorageError::Throttled) if retry.again().await => {
                        continue;
                    }
                    PutFailure::Storage(error) => return Err(error.into()),
                },
            };
            return now.ok_or_else(|| self.reader.missing(election, shard));
        }
    }
}

pub(crate) fn text(status: GateStatus) -> AttributeValue {
    AttributeValue::S(status.as_str().to_owned())
}

pub(crate) fn word(links: Links) -> AttributeValue {
    AttributeValue::S(links.as_str().to_owned())
}

pub(crate) fn number(n: i64) -> AttributeValue {
    AttributeValue::N(n.to_string())
}
