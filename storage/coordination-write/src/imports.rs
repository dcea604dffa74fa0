//! What is known of imports: written when a file was read and when some of its rows were worked off, and forgotten at the end.

use aws_sdk_dynamodb::{
    primitives::Blob,
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use photovote_coordination::{
    ControlError,
    imports::{Findings, Progress, RejectedRow, packed},
};
use photovote_domain::{ElectionId, ImportId};
use photovote_dynamodb::{PutFailure, StorageError, query_all, storage_error, update_failure};
use photovote_keys::{
    Key,
    coordination::{import_key, imports_partition, rejected_key},
};

use crate::write::{Control, number};

/// How many refused rows are stored in one item.
const ROWS_IN_PART: usize = 10_000;

impl Control {
    /// Notes what reading a file has found, and the rows that were refused. How far the import is stays as it is.
    pub async fn note_findings(
        &self,
        election: ElectionId,
        import: ImportId,
        findings: &Findings,
        rejected: &[RejectedRow],
    ) -> Result<(), ControlError> {
        self.forget(election, import, true).await?;
        for (part, rows) in rejected.chunks(ROWS_IN_PART).enumerate() {
            let rows = packed(rows).map_err(|error| StorageError::Unavailable(error.to_string()))?;
            let put = self
                .client
                .put_item()
                .table_name(&self.table)
                .set_item(Some(rejected_key(election, import, part)))
                .item("rows", AttributeValue::B(Blob::new(rows)));
            put.send().await.map_err(|error| storage_error(&error))?;
        }
        let json = |value: Result<String, serde_json::Error>| {
            value.map(AttributeValue::S).map_err(|error| StorageError::Unavailable(error.to_string()))
        };
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(import_key(election, import)))
            .update_expression("SET #columns = :columns, sha256 = :sha256, #found = :found")
            .expression_attribute_names("#columns", "columns")
            .expression_attribute_names("#found", "found")
            .expression_attribute_values(":columns", json(serde_json::to_string(&findings.columns))?)
            .expression_attribute_values(":sha256", AttributeValue::S(findings.sha256.to_string()))
            .expression_attribute_values(":found", json(serde_json::to_string(&findings.shown))?);
        update.send().await.map(drop).map_err(|error| storage_error(&error).into())
    }

    /// Notes that the rows from one to another, which is not among them, came to this. Answers how far the import is then. Nothing, if
    /// somebody else has noted it. `by` is a name that nobody else has, so that an answer may be lost.
    pub async fn advance_import(
        &self,
        election: ElectionId,
        import: ImportId,
        by: u128,
        (from, to): (u32, u32),
        (imported, already): (u32, u32),
    ) -> Result<Option<Progress>, ControlError> {
        let added = [("#imported", "imported", imported), ("#already", "already", already)];
        self.advance(import_key(election, import), by, "next", (from, to), &added).await
    }

    /// The same for rows whose voters were removed.
    pub async fn advance_undo(
        &self,
        election: ElectionId,
        import: ImportId,
        by: u128,
        (from, to): (u32, u32),
        removed: u32,
    ) -> Result<Option<Progress>, ControlError> {
        let added = [("#removed", "removed", removed)];
        self.advance(import_key(election, import), by, "undo_next", (from, to), &added).await
    }

    async fn advance(
        &self,
        key: Key,
        by: u128,
        place: &str,
        (from, to): (u32, u32),
        added: &[(&str, &str, u32)],
    ) -> Result<Option<Progress>, ControlError> {
        let by = format!("{by:032x}");
        let add: Vec<_> = added.iter().map(|(alias, name, _)| format!("{alias} :{name}")).collect();
        let condition = if from == 0 { "attribute_not_exists(#place)" } else { "#place = :from" };
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression(format!("SET #place = :to, noted_by = :by ADD {}", add.join(", ")))
            .condition_expression(condition)
            .expression_attribute_names("#place", place)
            .expression_attribute_values(":to", number(to.into()))
            .expression_attribute_values(":by", AttributeValue::S(by.clone()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_values(ReturnValue::AllNew);
        if from > 0 {
            update = update.expression_attribute_values(":from", number(from.into()));
        }
        for (alias, name, count) in added {
            update = update.expression_attribute_names(*alias, *name);
            update = update.expression_attribute_values(format!(":{name}"), number((*count).into()));
        }
        match update.send().await {
            Ok(answer) => Ok(Some(answer.attributes.as_ref().map(Progress::from_item).unwrap_or_default())),
            Err(error) => match update_failure(&error) {
                PutFailure::Condition(item) => {
                    let ours = item.filter(|item| {
                        item.get("noted_by").and_then(|name| name.as_s().ok()).is_some_and(|name| *name == by)
                    });
                    Ok(ours.as_ref().map(Progress::from_item))
                }
                PutFailure::Storage(error) => Err(error.into()),
            },
        }
    }

    /// Deletes everything that is known of an import.
    pub async fn forget_import(&self, election: ElectionId, import: ImportId) -> Result<(), ControlError> {
        self.forget(election, import, false).await
    }

    /// Deletes the items of an import, or only its refused rows.
    async fn forget(&self, election: ElectionId, import: ImportId, only_rows: bool) -> Result<(), ControlError> {
        let prefix = if only_rows { format!("{import}#") } else { import.to_string() };
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :import)")
            .projection_expression("pk, sk")
            .expression_attribute_values(":pk", AttributeValue::S(imports_partition(election)))
            .expression_attribute_values(":import", AttributeValue::S(prefix))
            .consistent_read(true);
        for key in query_all(query).await? {
            let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key)).send().await;
            delete.map_err(|error| storage_error(&error))?;
        }
        Ok(())
    }
}
