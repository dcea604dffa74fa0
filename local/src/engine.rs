//! The embedded engine: DynamoDB's interface over one durable file.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    error::DisplayErrorContext,
    types::{
        AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, StreamSpecification,
        StreamViewType,
    },
};
use dynoxide::{Database, DynoxideError};
use photovote_domain::Timestamp;
use photovote_dynamodb::{Endpoint, client, config};
use rusqlite::{Connection, params};
use tokio::{net::TcpListener, sync::oneshot, task::JoinError};

use crate::{
    data_dir::{Claim, DataDir, DataDirError},
    sqlite::{self, FileError},
    stop::Stop,
    stream::{EventStream, SequenceNumber},
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
/// How many requests the engine works on at once. It has one lock, and each request blocks its thread.
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
    /// The engine does not accept the file.
    #[error("{} cannot be opened: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the engine says.
        source: DynoxideError,
    },
    /// No port on the loopback interface.
    #[error("the engine cannot listen on the loopback interface: {0}")]
    Listen(io::Error),
    /// A table cannot be made.
    #[error("the table {table} cannot be made: {detail}")]
    Table {
        /// Its name.
        table: &'static str,
        /// What the engine says.
        detail: String,
    },
    /// The work was cut off.
    #[error("the engine broke off: {0}")]
    BrokenOff(#[from] JoinError),
}

/// The engine, as it runs: it owns the data directory and serves DynamoDB's interface on a loopback port. When it is
/// dropped it stops by itself, soon.
pub struct Engine {
    endpoint: String,
    database: Database,
    file: PathBuf,
    stop: Stop,
    stopped: oneshot::Receiver<()>,
    claim: Claim,
}

impl Engine {
    /// Claims the directory, opens its data, makes what is missing, and serves it.
    pub async fn start(dir: &DataDir, durability: Durability) -> Result<Self, EngineError> {
        let claim = dir.claim()?;
        // What stands there is from before, and another program may listen there now.
        dir.withdraw_endpoint()?;
        let file = dir.file("photovote.db");
        let path = file.clone();
        let database = tokio::task::spawn_blocking(move || open(path, durability)).await??;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(EngineError::Listen)?;
        listener.set_nonblocking(true).map_err(EngineError::Listen)?;
        let address = listener.local_addr().map_err(EngineError::Listen)?;
        let (stop, stopped) = serve(listener, address, database.clone()).map_err(EngineError::Listen)?;
        let engine = Self { endpoint: format!("http://{address}"), database, file, stop, stopped, claim };
        create_tables(&client(&config(&Endpoint::Local(engine.endpoint.clone())), None)).await?;
        dir.publish_endpoint(&engine.endpoint)?;
        Ok(engine)
    }

    /// Where the SDK finds it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The stream of the events table.
    pub fn events(&self) -> Result<EventStream, DynoxideError> {
        EventStream::of(self.database.clone(), EVENTS)
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

    /// Answers the requests that are under way, and closes the file.
    pub async fn stop(self) {
        let Self { stop, stopped, database, claim, .. } = self;
        drop(stop);
        if tokio::time::timeout(LONGEST_STOP, stopped).await.is_err() {
            tracing::warn!("the engine stops with requests under way");
        }
        drop(database);
        drop(claim);
    }
}

/// Opens the file with the engine, once it is known to be sound and ours.
fn open(file: PathBuf, durability: Durability) -> Result<Database, EngineError> {
    let side = sqlite::open(&file)?;
    let failed = |error| sqlite::failure(&file, error);
    let (tables, ours): (i64, bool) = side
        .query_row("SELECT count(*), coalesce(max(name = '_stream_records'), 0) FROM sqlite_schema", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .map_err(failed)?;
    if tables > 0 && !ours {
        return Err(EngineError::Foreign { path: file });
    }
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

/// Serves the database on threads of its own: the engine blocks the thread that a request runs on, and the functions that
/// wait for its answer must not wait for the thread as well.
fn serve(
    listener: std::net::TcpListener,
    address: SocketAddr,
    database: Database,
) -> io::Result<(Stop, oneshot::Receiver<()>)> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("engine")
        .enable_all()
        .build()?;
    let (stop, stopping) = Stop::new();
    let (stopped, wait) = oneshot::channel();
    std::thread::Builder::new().name("engine".into()).spawn(move || {
        let served: Result<(), String> = runtime.block_on(async {
            let listener = TcpListener::from_std(listener).map_err(|error| error.to_string())?;
            dynoxide::server::serve_with_shutdown(listener, database, stopping.wait()).await
        });
        if let Err(error) = served {
            tracing::error!(%address, error, "the engine stopped serving");
        }
        // Nobody may be waiting.
        stopped.send(()).ok();
    })?;
    Ok((stop, wait))
}

/// Deletes records of the events stream. The last consumed one stays: the engine counts on from its number.
fn trim(file: &PathBuf, consumed: SequenceNumber, now: Timestamp) -> rusqlite::Result<()> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    let oldest = now.millis() / 1_000 - i64::try_from(KEPT.as_secs()).unwrap_or(i64::MAX);
    while connection.execute(TRIM, params![EVENTS, consumed.stored(), oldest, TRIMMED_AT_ONCE])? == TRIMMED_AT_ONCE {}
    Ok(())
}

async fn create_tables(client: &Client) -> Result<(), EngineError> {
    for table in [EVENTS, CONTROL, DOCUMENTS] {
        create_table(client, table).await.map_err(|detail| EngineError::Table { table, detail })?;
    }
    Ok(())
}

/// Makes a table if it is missing. The error is in words.
async fn create_table(client: &Client, table: &'static str) -> Result<(), String> {
    let existing = client.list_tables().send().await.map_err(|error| DisplayErrorContext(error).to_string())?;
    if existing.table_names().iter().any(|name| name == table) {
        return if table == EVENTS { ensure_stream(client).await } else { Ok(()) };
    }
    let mut request = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
        request = request
            .attribute_definitions(attribute.build().map_err(|error| error.to_string())?)
            .key_schema(key.build().map_err(|error| error.to_string())?);
    }
    if table == EVENTS {
        request = request.stream_specification(both_images()?);
    }
    request.send().await.map_err(|error| DisplayErrorContext(error).to_string())?;
    Ok(())
}

/// Gives the events table its stream, if a start that was cut off left it without.
async fn ensure_stream(client: &Client) -> Result<(), String> {
    let described = client.describe_table().table_name(EVENTS).send().await;
    let described = described.map_err(|error| DisplayErrorContext(error).to_string())?;
    let stream = described.table.and_then(|table| table.stream_specification);
    if stream.is_some_and(|stream| stream.stream_enabled) {
        return Ok(());
    }
    let update = client.update_table().table_name(EVENTS).stream_specification(both_images()?);
    update.send().await.map(drop).map_err(|error| DisplayErrorContext(error).to_string())
}

fn both_images() -> Result<StreamSpecification, String> {
    let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewAndOldImages);
    stream.build().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    fn sdk(engine: &Engine) -> Client {
        client(&config(&Endpoint::Local(engine.endpoint().into())), None)
    }

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
        let home = tempfile::tempdir().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        for round in 0..2 {
            let engine = Engine::start(&dir, Durability::PowerLoss).await.unwrap();
            let client = sdk(&engine);
            for table in [EVENTS, CONTROL, DOCUMENTS] {
                assert_eq!(count(&client, table).await, round);
                put(&client, table, &round.to_string()).await;
            }
            engine.stop().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_second_server_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        let first = Engine::start(&dir, Durability::PowerLoss).await.unwrap();
        let refused = Engine::start(&dir, Durability::PowerLoss).await.err().unwrap();
        assert!(matches!(refused, EngineError::DataDir(DataDirError::InUse { .. })), "{refused}");
        first.stop().await;
        Engine::start(&dir, Durability::ProcessEnd).await.unwrap().stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_damaged_file_is_refused_in_words() {
        let home = tempfile::tempdir().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        std::fs::write(dir.file("photovote.db"), "not a database, and long enough to be looked at as one").unwrap();
        let refused = Engine::start(&dir, Durability::PowerLoss).await.err().unwrap();
        assert!(matches!(refused, EngineError::File(FileError::Damaged { .. })), "{refused}");
        assert!(refused.to_string().contains("is damaged"), "{refused}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_truncated_file_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        let engine = Engine::start(&dir, Durability::PowerLoss).await.unwrap();
        let client = sdk(&engine);
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
        let home = tempfile::tempdir().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        Connection::open(dir.file("photovote.db")).unwrap().execute_batch("CREATE TABLE music (title TEXT)").unwrap();
        let refused = Engine::start(&dir, Durability::PowerLoss).await.err().unwrap();
        assert!(matches!(refused, EngineError::Foreign { .. }), "{refused}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn only_old_and_consumed_records_are_trimmed() {
        let home = tempfile::tempdir().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        let engine = Engine::start(&dir, Durability::PowerLoss).await.unwrap();
        let client = sdk(&engine);
        for number in 0..5 {
            put(&client, EVENTS, &number.to_string()).await;
        }
        let stream = engine.events().unwrap();
        let numbers = || {
            let records = stream.after(None, 100).unwrap();
            records.iter().map(|record| crate::stream::number(record).unwrap()).collect::<Vec<_>>()
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
        let home = tempfile::tempdir().unwrap();
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
