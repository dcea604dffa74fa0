//! What the queues hold: messages in a file.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use rusqlite::{Connection, TransactionBehavior, params};
use tokio::sync::watch;

use crate::sqlite::{self, FileError};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        queue TEXT NOT NULL,
        body TEXT NOT NULL,
        -- Epoch milliseconds: nobody receives the message before.
        visible_at INTEGER NOT NULL,
        -- What the last receiver was given to delete it with.
        receipt TEXT,
        receives INTEGER NOT NULL DEFAULT 0,
        -- How often a server ended while it held the message.
        interruptions INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX IF NOT EXISTS messages_by_queue ON messages (queue, visible_at);";

/// The messages of all queues.
#[derive(Debug)]
pub(super) struct Store {
    file: PathBuf,
    connection: Mutex<Connection>,
    /// The queues that there are.
    pub(super) names: Vec<&'static str>,
    /// How many messages were sent since the start.
    sent: watch::Sender<u64>,
}

/// A message, as it was received.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    pub(crate) id: i64,
    pub(crate) body: String,
    pub(crate) receipt: String,
    /// How often it has been received, this time included.
    pub(crate) receives: i64,
}

impl Message {
    /// What it says.
    pub fn body(&self) -> &str {
        &self.body
    }
}

/// What a file of an earlier release lacks.
const ADD_INTERRUPTIONS: &str = "ALTER TABLE messages ADD COLUMN interruptions INTEGER NOT NULL DEFAULT 0";

/// So many interruptions of a message are nobody's fault. Each further one counts as a receive: the message may be what ends the server,
/// and is then put away.
const FORGIVEN: u32 = 10;

/// Lets messages be received that a server had received before it was killed. One server at a time has a data directory, so nobody
/// works on them.
const RELEASE: &str = "UPDATE messages SET visible_at = 0, receipt = NULL, interruptions = interruptions + 1, \
                       receives = receives - (interruptions < ?1) WHERE receipt IS NOT NULL";

impl Store {
    pub(super) fn open(file: PathBuf, names: Vec<&'static str>) -> Result<Self, FileError> {
        let connection = sqlite::open(&file)?;
        let prepare = || {
            connection.execute_batch(SCHEMA)?;
            if !connection.column_exists(Some("main"), "messages", "interruptions")? {
                connection.execute_batch(ADD_INTERRUPTIONS)?;
            }
            connection.execute(RELEASE, [FORGIVEN])
        };
        prepare().map_err(|error| sqlite::failure(&file, error))?;
        Ok(Self { file, connection: Mutex::new(connection), names, sent: watch::Sender::new(0) })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, FileError> {
        // Each piece of work is one transaction: a panic in one leaves nothing half done.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut connection).map_err(|error| sqlite::failure(&self.file, error))
    }

    pub(super) fn send(&self, queue: &str, body: &str, visible_at: i64) -> Result<i64, FileError> {
        let sql = "INSERT INTO messages (queue, body, visible_at) VALUES (?1, ?2, ?3) RETURNING id";
        let id =
            self.with(|connection| connection.query_row(sql, params![queue, body, visible_at], |row| row.get(0)))?;
        self.sent.send_modify(|sent| *sent += 1);
        Ok(id)
    }

    pub(super) fn news(&self) -> watch::Receiver<u64> {
        self.sent.subscribe()
    }

    pub(super) fn receive(
        &self,
        queue: &str,
        most: usize,
        now: i64,
        hidden_secs: i64,
    ) -> Result<Vec<Message>, FileError> {
        let next = "SELECT id FROM messages WHERE queue = ?1 AND visible_at <= ?2 ORDER BY id LIMIT ?3";
        let take = "UPDATE messages SET visible_at = ?2, receives = receives + 1, receipt = id || '-' || (receives + 1) \
                    WHERE id = ?1 RETURNING id, body, receipt, receives";
        self.with(|connection| {
            // It writes after it has read: begun as a reader, it would fail if the checkpoint was saved in between.
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let ids: Vec<i64> = transaction
                .prepare_cached(next)?
                .query_map(params![queue, now, most], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let mut messages = Vec::new();
            for id in ids {
                messages.push(transaction.query_row(take, params![id, now + hidden_secs * 1_000], |row| {
                    Ok(Message { id: row.get(0)?, body: row.get(1)?, receipt: row.get(2)?, receives: row.get(3)? })
                })?);
            }
            transaction.commit()?;
            Ok(messages)
        })
    }

    pub(super) fn delete(&self, queue: &str, receipt: &str) -> Result<(), FileError> {
        let sql = "DELETE FROM messages WHERE queue = ?1 AND receipt = ?2";
        self.with(|connection| connection.execute(sql, params![queue, receipt]).map(drop))
    }

    pub(super) fn put_away(&self, queue: &str, receipt: &str, to: &str, now: i64) -> Result<(), FileError> {
        let sql = "UPDATE messages SET queue = ?3, receipt = NULL, receives = 0, visible_at = ?4 \
                   WHERE queue = ?1 AND receipt = ?2";
        self.with(|connection| connection.execute(sql, params![queue, receipt, to, now]).map(drop))
    }

    /// How many there are, hidden ones included.
    pub(super) fn count(&self, queue: &str) -> Result<u64, FileError> {
        let sql = "SELECT count(*) FROM messages WHERE queue = ?1";
        self.with(|connection| connection.query_row(sql, params![queue], |row| row.get(0)))
    }
}
