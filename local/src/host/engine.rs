//! The embedded engine: DynamoDB's interface over one durable file.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use aws_sdk_dynamodb::Client;
use aws_types::SdkConfig;
use photovote_domain::Timestamp;
use photovote_dynamodb::{Endpoint, client, config};
use photovote_embedded::{Database, Dispatcher, DynoxideError, create_table};
use rusqlite::{Connection, params};
use tokio::{
    runtime::{Handle, Runtime},
    task::JoinError,
};

use crate::{
    data_dir::{Claim, DATABASE, DataDir, DataDirError},
    host::stream::{EventStream, SequenceNumber},
    socket,
    sqlite::{self, FileError},
};

/// The append-only truth.
pub const EVENTS: &str = "photovote-events";
/// The gates and guards.
pub const CONTROL: &str = "photovote-control";
/// What is served.
pub const DOCUMENTS: &str = "photovote-documents";

/// How long DynamoDB keeps a record of a stream, and so do we.
const KEPT: Duration = Duration::from_hours(24);
/// Records deleted at once. The engine's writes wait as long.
const TRIMMED_AT_ONCE: usize = 500;
/// How many requests the engine works on at once. The database has one lock; while one request holds it, others are read
/// and answers written.
const THREADS: usize = 4;
/// How long a stop waits for requests that are under way.
const LONGEST_STOP: Duration = Duration::from_secs(5);

/// Each write of the engine looks for the last sequence number of its table, and each read of a stream starts after one.
/// Without an index on the number both would read all records.
const INDEXES: &str = "
    CREATE INDEX IF NOT EXISTS photovote_stream_numbers
        ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
    CREATE INDEX IF NOT EXISTS photovote_shard_numbers
        ON _stream_records (table_name, shard_id, CAST(sequence_number AS INTEGER));";

const TRIM: &str = "
    DELETE FROM _stream_records WHERE id IN (
        SELECT id FROM _stream_records
        WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) < ?2 AND created_at < ?3
        LIMIT ?4)";

/// The records after a number, and when the oldest of them was written, in seconds.
const BEHIND: &str = "
    SELECT count(*), min(created_at) FROM _stream_records
    WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) > ?2";

/// The first parts of the partition keys of the events table, up to `#`, each once and without the letter of its type. From one
/// to the next it takes a look at the index: `$` comes right after `#`.
const PARTITIONS: &str = r#"
    WITH RECURSIVE found(pk) AS (
        SELECT min(pk) FROM "photovote-events"
        UNION ALL
        SELECT (SELECT min(pk) FROM "photovote-events" WHERE pk > substr(found.pk, 1, instr(found.pk || '#', '#') - 1) || '$')
        FROM found WHERE found.pk IS NOT NULL)
    SELECT substr(pk, 3, instr(pk || '#', '#') - 3) FROM found WHERE pk LIKE 'S:%'"#;

/// What a write has survived once it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Everything but the loss of the disk.
    PowerLoss,
    /// The end of the process, but not of the machine: a power cut can take back the last writes. Several times as fast.
    ProcessEnd,
}

/// Why the engine cannot run.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is a sound SQLite database, but of some other program.
    #[error("{} holds something else than PhotoVote's data: choose another --data-dir", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file is a sound SQLite database without a table.
    #[error("{} holds no table: restore it from a copy, or move it away to start with nothing", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The engine does not accept the file.
    #[error("{} cannot be opened: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the engine says.
        source: DynoxideError,
    },
    /// The system gives the engine no threads.
    #[error("the engine has no threads: {0}")]
    Threads(io::Error),
    /// A table cannot be made.
    #[error("the table {table} cannot be made: {source}")]
    Table {
        /// Its name.
        table: &'static str,
        /// What the engine says.
        source: DynoxideError,
    },
    /// The work was cut off.
    #[error("the engine broke off: {0}")]
    BrokenOff(#[from] JoinError),
}

/// The engine, as it runs. It owns the data directory. Clients reach it inside this process only; once it is stopped or
/// dropped, their calls fail.
pub struct Engine {
    config: SdkConfig,
    dispatcher: Dispatcher,
    database: Arc<Database>,
    file: PathBuf,
    threads: Threads,
    claim: Claim,
}

impl Engine {
    /// Claims the directory, opens its data, and makes what is missing.
    pub async fn start(dir: &DataDir, durability: Durability) -> Result<Self, EngineError> {
        let claim = dir.claim()?;
        socket::withdraw(dir)?;
        let file = dir.file(DATABASE);
        let path = file.clone();
        let database = tokio::task::spawn_blocking(move || {
            let database = open(path, durability)?;
            for table in [EVENTS, CONTROL, DOCUMENTS] {
                create_table(&database, table, table == EVENTS)
                    .map_err(|source| EngineError::Table { table, source })?;
            }
            Ok::<_, EngineError>(Arc::new(database))
        })
        .await??;
        let threads = Threads::start().map_err(EngineError::Threads)?;
        let dispatcher = Dispatcher::on_threads(&database, threads.handle());
        let config = config(&Endpoint::Client(dispatcher.http_client()));
        Ok(Self { config, dispatcher, database, file, threads, claim })
    }

    /// The SDK's configuration for clients of this engine.
    pub const fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// A client of this engine.
    pub fn client(&self) -> Client {
        client(&self.config, None)
    }

    /// What answers requests to its tables.
    pub fn dispatcher(&self) -> Dispatcher {
        self.dispatcher.clone()
    }

    /// The stream of the events table.
    pub fn events(&self) -> Result<EventStream, DynoxideError> {
        EventStream::of(Database::clone(&self.database), EVENTS)
    }

    /// How many records of the events stream come after this one, and when the oldest of them was written. Blocks the thread.
    pub fn behind(&self, consumed: Option<SequenceNumber>) -> Result<(u64, Option<Timestamp>), FileError> {
        let look = || {
            let connection = Connection::open(&self.file)?;
            let after = consumed.map_or(0, SequenceNumber::stored);
            connection.query_row(BEHIND, params![EVENTS, after], |row| {
                let written: Option<i64> = row.get(1)?;
                Ok((row.get(0)?, written.map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1_000)))))
            })
        };
        look().map_err(|error| sqlite::failure(&self.file, error))
    }

    /// The names of the elections that have events, without reading these.
    pub async fn names_of_elections(&self) -> Result<Vec<String>, EngineError> {
        let file = self.file.clone();
        let read = move || {
            let connection = Connection::open(&file)?;
            connection.busy_timeout(Duration::from_secs(10))?;
            connection.prepare(PARTITIONS)?.query_map([], |row| row.get(0))?.collect()
        };
        let file = self.file.clone();
        let names: rusqlite::Result<Vec<String>> = tokio::task::spawn_blocking(read).await?;
        names.map_err(|error| sqlite::failure(&file, error).into())
    }

    /// Cleans up what nobody needs any more: items past their time to live, and records of the stream that are older than a
    /// day and consumed, that is, before this number.
    pub async fn sweep(&self, consumed: Option<SequenceNumber>, now: Timestamp) -> Result<(), EngineError> {
        let (database, file) = (self.database.clone(), self.file.clone());
        tokio::task::spawn_blocking(move || {
            if let Some(consumed) = consumed {
                trim(&file, consumed, now).map_err(|error| sqlite::failure(&file, error))?;
            }
            database.sweep_ttl().map_err(|source| EngineError::Open { path: file, source })?;
            Ok(())
        })
        .await?
    }

    /// Finishes the requests that are under way, and closes the file.
    pub async fn stop(self) {
        let Self { database, threads, claim, .. } = self;
        drop(database);
        threads.stop().await;
        drop(claim);
    }
}

/// The engine's threads: a runtime of their own, which the functions that wait for an answer do not share.
struct Threads {
    handle: Handle,
    /// Until it is stopped.
    runtime: Option<Runtime>,
}

impl Threads {
    fn start() -> io::Result<Self> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(THREADS).thread_name("engine").build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Waits for what is under way, but not for long.
    async fn stop(mut self) {
        let runtime = self.runtime.take();
        let stopping =
            tokio::task::spawn_blocking(move || runtime.map(|runtime| runtime.shutdown_timeout(LONGEST_STOP)));
        if let Err(error) = stopping.await {
            tracing::error!(%error, "the engine's threads did not stop in order");
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // A runtime that is simply dropped waits for its threads, which no asynchronous caller may do.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Opens the file with the engine, once it is known to be sound and ours.
fn open(file: PathBuf, durability: Durability) -> Result<Database, EngineError> {
    let failed = |error| sqlite::failure(&file, error);
    let side = sqlite::open_or_make(&file)?;
    if holds(&side).map_err(failed)? == Holds::SomethingElse {
        return Err(EngineError::Foreign { path: file });
    }
    sqlite::keep_log(&side).map_err(failed)?;
    let opened = Database::new(&file.to_string_lossy()).and_then(|database| {
        if durability == Durability::ProcessEnd {
            // What the engine calls the end of bulk loading is the one way to its synchronous=NORMAL.
            database.disable_bulk_loading()?;
        }
        Ok(database)
    });
    match opened {
        Ok(database) => {
            side.execute_batch(INDEXES).map_err(failed)?;
            Ok(database)
        }
        Err(source) => Err(EngineError::Open { path: file, source }),
    }
}

/// Opens the database of a data directory for a look, once it is known to be sound and to hold PhotoVote's tables.
pub(crate) fn open_existing(file: &Path) -> Result<Connection, EngineError> {
    let connection = sqlite::open_existing(file)?;
    match holds(&connection).map_err(|error| sqlite::failure(file, error))? {
        Holds::Tables => Ok(connection),
        Holds::Nothing => Err(EngineError::Empty { path: file.to_owned() }),
        Holds::SomethingElse => Err(EngineError::Foreign { path: file.to_owned() }),
    }
}

/// What a database holds.
#[derive(Debug, PartialEq, Eq)]
enum Holds {
    Nothing,
    /// The engine's tables.
    Tables,
    SomethingElse,
}

fn holds(connection: &Connection) -> rusqlite::Result<Holds> {
    let sql = "SELECT count(*), coalesce(max(name = '_stream_records'), 0) FROM sqlite_schema";
    let (tables, ours): (i64, bool) = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(match (tables, ours) {
        (0, _) => Holds::Nothing,
        (_, true) => Holds::Tables,
        (_, false) => Holds::SomethingElse,
    })
}

/// Deletes records of the events stream. The last consumed one stays: the engine counts on from its number.
fn trim(file: &PathBuf, consumed: SequenceNumber, now: Timestamp) -> rusqlite::Result<()> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    let oldest = now.millis() / 1_000 - i64::try_from(KEPT.as_secs()).unwrap_or(i64::MAX);
    while connection.execute(TRIM, params![EVENTS, consumed.stored(), oldest, TRIMMED_AT_ONCE])? == TRIMMED_AT_ONCE {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;
    use crate::data_dir::temporary;

    async fn put(client: &Client, table: &str, sk: &str) {
        let request = client.put_item().table_name(table);
        let request = request.item("pk", AttributeValue::S("a".into())).item("sk", AttributeValue::S(sk.into()));
        request.send().await.unwrap();
    }

    async fn count(client: &Client, table: &str) -> i32 {
        client.scan().table_name(table).send().await.unwrap().count()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_written_is_there_after_a_restart() {
        let home = temporary().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        for round in 0..2 {
            let engine = Engine::start(&dir, Durability::PowerLoss).await.unwrap();
            let client = engine.client();
            for table in [EVENTS, CONTROL, DOCUMENTS] {
                assert_eq!(count(&client, table).await, round);
                put(&client, table, &round.to_string()).await;
            }
            engine.stop().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_election_of_many_partitions_is_named_once() {
        let home = temporary().unwrap();
        let engine = Engine::start(&DataDir::open(home.path()).unwrap(), Durability::ProcessEnd).await.unwrap();
        assert!(engine.names_of_elections().await.unwrap().is_empty());
        let client = engine.client();
        for pk in ["b#1", "a", "a#0", "a#12", "a#9", "b", "b#1", "c#3"] {
            for sk in ["1", "2"] {
                let (pk, sk) = (AttributeValue::S(pk.into()), AttributeValue::S(sk.into()));
                client.put_item().table_name(EVENTS).item("pk", pk).item("sk", sk).send().await.unwrap();
            }
        }
        assert_eq!(engine.names_of_elections().await.unwrap(), ["a", "b", "c"]);
        engine.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_second_server_is_refused() {
        let home = temporary().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        let first = Engine::start(&dir, Durability::PowerLoss).await.unwrap();
        let refused = Engine::start(&dir, Durability::PowerLoss).await.err().unwrap();
        assert!(matches!(refused, EngineError::DataDir(DataDirError::InUse { .. })), "{refused}");
        first.stop().await;
        Engine::start(&dir, Durability::ProcessEnd).await.unwrap().stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_damaged_file_is_refused_in_words() {
        let home = temporary().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        std::fs::write(dir.file("photovote.db"), "not a database, and long enough to be looked at as one").unwrap();
        let refused = Engine::start(&dir, Durability::PowerLoss).await.err().unwrap();
        assert!(matches!(refused, EngineError::File(FileError::Damaged { .. })), "{refused}");
        assert!(refused.to_string().contains("is damaged"), "{refused}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_truncated_file_is_refused() {
        let home = temporary().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        let engine = Engine::start(&dir, Durability::PowerLoss).await.unwrap();
        let client = engine.client();
        for number in 0..50 {
            put(&client, EVENTS, &number.to_string()).await;
        }
        engine.stop().await;
        let file = dir.file("photovote.db");
        let side = Connection::open(&file).unwrap();
        side.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        drop(side);
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(&file, &bytes[..bytes.len() - 9_000]).unwrap();
        let refused = Engine::start(&dir, Durability::PowerLoss).await.err().unwrap();
        assert!(matches!(refused, EngineError::File(FileError::Damaged { .. })), "{refused}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn somebody_elses_database_is_refused() {
        let home = temporary().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        Connection::open(dir.file("photovote.db")).unwrap().execute_batch("CREATE TABLE music (title TEXT)").unwrap();
        let refused = Engine::start(&dir, Durability::PowerLoss).await.err().unwrap();
        assert!(matches!(refused, EngineError::Foreign { .. }), "{refused}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn only_old_and_consumed_records_are_trimmed() {
        let home = temporary().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        let engine = Engine::start(&dir, Durability::PowerLoss).await.unwrap();
        let client = engine.client();
        for number in 0..5 {
            put(&client, EVENTS, &number.to_string()).await;
        }
        let stream = engine.events().unwrap();
        let numbers = || {
            let records = stream.after(None, 100).unwrap().records;
            records.iter().map(|record| crate::host::stream::number(record).unwrap()).collect::<Vec<_>>()
        };
        let all = numbers();
        let now = jiff::Timestamp::now().as_millisecond();
        let tomorrow = Timestamp::from_millis(now + 25 * 3_600_000);
        engine.sweep(None, tomorrow).await.unwrap();
        engine.sweep(Some(all[4]), Timestamp::from_millis(now)).await.unwrap();
        assert_eq!(numbers(), all);
        engine.sweep(Some(all[3]), tomorrow).await.unwrap();
        assert_eq!(numbers(), all[3..]);
        put(&client, EVENTS, "5").await;
        assert!(numbers()[2] > all[4]);
        engine.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_write_does_not_read_all_records() {
        let home = temporary().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        let engine = Engine::start(&dir, Durability::PowerLoss).await.unwrap();
        let side = Connection::open(dir.file("photovote.db")).unwrap();
        for (sql, index) in [
            (
                "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = 'a'",
                "photovote_stream_numbers",
            ),
            (
                "SELECT * FROM _stream_records WHERE table_name = 'a' AND shard_id = 'b' \
                 AND CAST(sequence_number AS INTEGER) > 5 ORDER BY CAST(sequence_number AS INTEGER) ASC LIMIT 3",
                "photovote_shard_numbers",
            ),
        ] {
            let plan: String = side.query_row(&format!("EXPLAIN QUERY PLAN {sql}"), [], |row| row.get(3)).unwrap();
            assert!(plan.contains(index), "{plan}");
        }
        engine.stop().await;
    }
}
