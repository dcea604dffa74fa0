//! What is known of imports while they go on: what reading a file has found, which rows were refused, and how far it is.
//!
//! The samples are rows of the file, so they hold names and addresses. They are deleted as soon as the import has ended.

use std::{
    collections::HashMap,
    io::{Read, Write},
};

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use photovote_domain::{Digest, ElectionId, ImportId, ShardCount, VoterId, import::Columns};
use photovote_dynamodb::{Item, Retry, StorageError, query_all, storage_error};
use photovote_keys::coordination::{guard_key, import_key, imports_partition, rejected_prefix};
use serde::{Deserialize, Serialize};

use crate::{ControlReader, gate::ControlError};

/// How many guards are read at once.
const KEYS_AT_ONCE: usize = 100;
/// The most bytes that a part of the refused rows has when it is read.
const LARGEST_PART: u64 = 16_000_000;

/// A column of a file, to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundColumn {
    /// Its name.
    pub name: String,
    /// Some of its cells.
    pub samples: Vec<String>,
}

/// A row that names a voter, to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleRow {
    /// Its number as a spreadsheet counts.
    pub row: u32,
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

/// A row that names no voter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedRow {
    /// Its number as a spreadsheet counts.
    pub row: u32,
    /// The reason, for programs.
    pub code: String,
    /// The reason, for people.
    pub detail: String,
}

/// A row that names no voter, with what stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedSample {
    /// Its number, and the reason.
    #[serde(flatten)]
    pub row: RejectedRow,
    /// The name as it is written.
    #[serde(default)]
    pub name: String,
    /// What stands in the place of the address.
    #[serde(default)]
    pub email: String,
}

/// What is shown of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Shown {
    /// The names of a workbook's sheets.
    pub sheets: Vec<String>,
    /// The columns.
    pub columns: Vec<FoundColumn>,
    /// The first rows that name voters.
    pub sample: Vec<SampleRow>,
    /// The first rows that name none.
    pub rejected: Vec<RejectedSample>,
}

/// What reading a file has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// The columns that it was read by.
    pub columns: Columns,
    /// The SHA-256 of the file.
    pub sha256: Digest,
    /// What is shown of it.
    pub shown: Shown,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// The first row that was not looked at, counted from 0.
    pub next: u32,
    /// Voters that it registered.
    pub imported: u32,
    /// Rows whose address another voter has.
    pub already: u32,
    /// The first row whose voter was not looked at by its undoing.
    pub undo_next: u32,
    /// Voters that its undoing removed.
    pub removed: u32,
}

/// What is known of an import.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// What reading the file has found.
    pub findings: Option<Findings>,
    /// How far it is.
    pub progress: Progress,
}

impl Progress {
    /// The progress that an item holds.
    pub fn from_item(item: &Item) -> Self {
        let number = |name: &str| item.get(name).and_then(|n| n.as_n().ok()?.parse().ok()).unwrap_or_default();
        Self {
            next: number("next"),
            imported: number("imported"),
            already: number("already"),
            undo_next: number("undo_next"),
            removed: number("removed"),
        }
    }
}

impl Findings {
    /// The findings that an item holds. Damaged ones are none: the file is read again.
    fn from_item(item: &Item) -> Option<Self> {
        let text = |name: &str| item.get(name)?.as_s().ok();
        Some(Self {
            columns: serde_json::from_str(text("columns")?).ok()?,
            sha256: text("sha256")?.parse().ok()?,
            shown: serde_json::from_str(text("found")?).ok()?,
        })
    }
}

/// Refused rows as they are stored: lines of text, compressed. The reasons repeat, so a row takes a few bytes.
pub fn packed(rows: &[RejectedRow]) -> std::io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    for RejectedRow { row, code, detail } in rows {
        writeln!(encoder, "{row}\t{code}\t{detail}")?;
    }
    encoder.finish()
}

fn unpacked(bytes: &[u8]) -> Vec<RejectedRow> {
    let mut text = String::new();
    if DeflateDecoder::new(bytes).take(LARGEST_PART).read_to_string(&mut text).is_err() {
        return Vec::new();
    }
    let row = |line: &str| {
        let mut parts = line.splitn(3, '\t');
        let (row, code, detail) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
        Some(RejectedRow { row, code: code.to_owned(), detail: detail.to_owned() })
    };
    text.lines().filter_map(row).collect()
}

impl ControlReader {
    /// What is known of an import.
    pub async fn import(&self, election: ElectionId, import: ImportId) -> Result<Known, ControlError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(import_key(election, import)));
        let item = get.consistent_read(true).send().await.map_err(|error| storage_error(&error))?.item;
        let item = item.unwrap_or_default();
        Ok(Known { findings: Findings::from_item(&item), progress: Progress::from_item(&item) })
    }

    /// The refused rows of an import, in their order.
    pub async fn rejected_rows(
        &self,
        election: ElectionId,
        import: ImportId,
    ) -> Result<Vec<RejectedRow>, ControlError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :import)")
            .expression_attribute_values(":pk", AttributeValue::S(imports_partition(election)))
            .expression_attribute_values(":import", AttributeValue::S(rejected_prefix(import)))
            .consistent_read(true);
        let parts = query_all(query).await?;
        let bytes = parts.iter().filter_map(|part| part.get("rows")?.as_b().ok());
        Ok(bytes.flat_map(|bytes| unpacked(bytes.as_ref())).collect())
    }

    /// The voters who have these addresses, by the addresses' keys.
    pub async fn guards(
        &self,
        election: ElectionId,
        shards: ShardCount,
        emails: &[Digest],
    ) -> Result<HashMap<Digest, VoterId>, ControlError> {
        let mut voters = HashMap::new();
        for emails in emails.chunks(KEYS_AT_ONCE) {
            let mut keys: Vec<Item> = emails.iter().map(|email| guard_key(election, shards, email)).collect();
            let mut retry = Retry::contention();
            while !keys.is_empty() {
                let request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
                let request = request.map_err(|error| StorageError::Unavailable(error.to_string()))?;
                let sent = self.client.batch_get_item().request_items(&self.table, request).send().await;
                let answer = sent.map_err(|error| storage_error(&error))?;
                let found = answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default();
                voters.extend(found.iter().filter_map(guarded));
                let rest = answer.unprocessed_keys.unwrap_or_default().remove(&self.table);
                keys = rest.map(|rest| rest.keys).unwrap_or_default();
                if !keys.is_empty() && !retry.again().await {
                    return Err(StorageError::Throttled.into());
                }
            }
        }
        Ok(voters)
    }
}

/// The address's key and the voter of a guard.
fn guarded(item: &Item) -> Option<(Digest, VoterId)> {
    let email = item.get("sk")?.as_s().ok()?.strip_prefix("email#")?.parse().ok()?;
    Some((email, item.get("voter")?.as_s().ok()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_rows_survive_their_packing_in_a_few_bytes() {
        let row = |row| RejectedRow { row, code: "no_address".into(), detail: "The row has no email address.".into() };
        let rows: Vec<_> = (2..20_002).map(row).collect();
        let packed = packed(&rows).unwrap();
        assert!(packed.len() < 5 * rows.len(), "{} bytes", packed.len());
        assert_eq!(unpacked(&packed), rows);
        assert!(unpacked(&packed[..packed.len() / 2]).is_empty());
    }
}
