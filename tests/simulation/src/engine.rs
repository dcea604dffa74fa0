//! DynamoDB, in this process: the engine of local hosts and tests, called without a socket.
//!
//! Beside what is stored it keeps two things: every commit in the order in which it was written, which is what the stream
//! is made of, and a second copy of the documents table that lags behind, for reads that need not be consistent.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use photovote_domain::Timestamp;
use photovote_embedded::{Database, DynoxideError, create_table};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// The events table.
pub(crate) const EVENTS: &str = "photovote-events";
/// The control table.
pub(crate) const CONTROL: &str = "photovote-control";
/// The documents table.
pub(crate) const DOCUMENTS: &str = "photovote-documents";

/// A commit that was written.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    /// When it took effect.
    pub(crate) at: Timestamp,
    /// Its partition key.
    pub(crate) pk: String,
    /// Its sort key.
    pub(crate) sk: String,
    /// The item, as DynamoDB writes it in JSON.
    pub(crate) item: Value,
}

/// A change of the documents table that the lagging copy has yet to see.
#[derive(Debug)]
struct Change {
    at: Timestamp,
    operation: &'static str,
    body: Value,
}

#[derive(Debug, Default)]
struct Log {
    commits: Vec<Written>,
    places: HashSet<(String, String)>,
    /// The tokens of the transactions that were carried out.
    tokens: HashSet<String>,
    overwritten: Vec<String>,
    changes: Vec<Change>,
    seen: usize,
}

/// The three tables.
pub(crate) struct Engine {
    tables: Database,
    lagging: Database,
    log: Mutex<Log>,
    /// Rings whenever commits were written.
    pub(crate) bell: Notify,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl Engine {
    /// Empty tables.
    pub(crate) fn new() -> Self {
        let memory = || Database::memory().expect("the engine opens its memory");
        let (tables, lagging) = (memory(), memory());
        for table in [EVENTS, CONTROL, DOCUMENTS] {
            create_table(&tables, table, false).expect("the table is created");
        }
        create_table(&lagging, DOCUMENTS, false).expect("the table is created");
        Self { tables, lagging, log: Mutex::default(), bell: Notify::new() }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries out an operation at this moment.
    pub(crate) fn perform(&self, operation: &str, body: &Value, now: Timestamp) -> Result<Vec<u8>, DynoxideError> {
        let answer = dispatch(&self.tables, operation, body)?;
        let mut log = self.log();
        let before = log.commits.len();
        match operation {
            "PutItem" => log.put(body, now),
            "DeleteItem" => log.delete(body, now),
            // One that comes again under its token has done nothing.
            "TransactWriteItems" if log.tokens.insert(body["ClientRequestToken"].to_string()) => {
                for action in body["TransactItems"].as_array().into_iter().flatten() {
                    if let Some(put) = action.get("Put") {
                        log.put(put, now);
                    } else if let Some(delete) = action.get("Delete") {
                        log.delete(delete, now);
                    }
                }
            }
            _ => {}
        }
        if log.commits.len() > before {
            self.bell.notify_waiters();
        }
        Ok(answer)
    }

    /// Reads documents as they were at a moment, and of what was written right then only so many items: a transaction
    /// may be half seen.
    pub(crate) fn perform_stale(
        &self,
        operation: &str,
        body: &Value,
        then: Timestamp,
        torn: usize,
    ) -> Result<Vec<u8>, DynoxideError> {
        let mut log = self.log();
        let whole = log.changes.partition_point(|change| change.at <= then);
        let until = (whole + torn).min(log.changes.len()).max(log.seen);
        for change in &log.changes[log.seen..until] {
            dispatch(&self.lagging, change.operation, &change.body)?;
        }
        log.seen = until;
        drop(log);
        dispatch(&self.lagging, operation, body)
    }

    /// The commits from this place on, in the order in which they were written.
    pub(crate) fn commits_from(&self, place: usize) -> Vec<Written> {
        self.log().commits.get(place..).unwrap_or_default().to_vec()
    }

    /// The keys of commits that were written twice: history was overwritten there.
    pub(crate) fn overwritten(&self) -> Vec<String> {
        self.log().overwritten.clone()
    }

    /// All items of a table.
    pub(crate) fn scan(&self, table: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut start = Value::Null;
        loop {
            let mut body = json!({"TableName": table});
            if !start.is_null() {
                body["ExclusiveStartKey"] = start;
            }
            let page = dispatch(&self.tables, "Scan", &body).expect("a table can be scanned");
            let mut page: Value = serde_json::from_slice(&page).expect("the engine answers in JSON");
            if let Value::Array(found) = page["Items"].take() {
                items.extend(found);
            }
            start = page["LastEvaluatedKey"].take();
            if start.is_null() {
                return items;
            }
        }
    }
}

impl Log {
    fn put(&mut self, put: &Value, at: Timestamp) {
        let item = &put["Item"];
        match put["TableName"].as_str() {
            Some(EVENTS) => {
                let key = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
                let (pk, sk) = (key("pk"), key("sk"));
                if self.places.insert((pk.clone(), sk.clone())) {
                    self.commits.push(Written { at, pk, sk, item: item.clone() });
                } else {
                    self.overwritten.push(format!("{pk} {sk}"));
                }
            }
            Some(DOCUMENTS) => {
                let body = json!({"TableName": DOCUMENTS, "Item": item});
                self.changes.push(Change { at, operation: "PutItem", body });
            }
            _ => {}
        }
    }

    fn delete(&mut self, delete: &Value, at: Timestamp) {
        if delete["TableName"] == DOCUMENTS {
            let body = json!({"TableName": DOCUMENTS, "Key": delete["Key"]});
            self.changes.push(Change { at, operation: "DeleteItem", body });
        }
    }
}

fn dispatch(database: &Database, operation: &str, body: &Value) -> Result<Vec<u8>, DynoxideError> {
    photovote_embedded::perform(database, operation, body.to_string().as_bytes())
}
