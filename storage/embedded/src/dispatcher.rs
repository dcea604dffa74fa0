//! The SDK's way to the database.

use std::{
    fmt,
    sync::{Arc, Weak},
};

use aws_smithy_runtime_api::client::{http::SharedHttpClient, result::ConnectorError};
use dynoxide::{Database, DynoxideError};
use photovote_dynamodb::{Answer, answered_by};
use tokio::{
    runtime::Handle,
    sync::watch,
    task::{JoinError, yield_now},
};

use crate::operations::perform_without_token;

/// Lets an embedded database answer requests. Clones lead to the same database.
///
/// It does not keep the database open: once the last `Arc` is dropped, requests fail.
#[derive(Clone)]
pub struct Dispatcher {
    database: Weak<Database>,
    /// An operation blocks its thread. Without a runtime, that is the caller's.
    threads: Option<Handle>,
    /// Why the database can answer nothing any more, once it cannot.
    broken: Arc<watch::Sender<Option<String>>>,
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dispatcher")
    }
}

/// Why a request has no answer. It may have been carried out.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The database is closed.
    #[error("the database is closed")]
    Closed,
    /// The database panicked, or its threads have ended.
    #[error("the database broke off: {0}")]
    BrokenOff(#[source] JoinError),
}

impl Dispatcher {
    /// Works on the threads of this runtime, so that callers can do other work meanwhile.
    pub fn on_threads(database: &Arc<Database>, threads: Handle) -> Self {
        Self::new(database, Some(threads))
    }

    /// Works on the caller's thread: right for a database in memory, which waits for no disk.
    pub fn on_callers(database: &Arc<Database>) -> Self {
        Self::new(database, None)
    }

    fn new(database: &Arc<Database>, threads: Option<Handle>) -> Self {
        Self { database: Arc::downgrade(database), threads, broken: Arc::new(watch::Sender::new(None)) }
    }

    /// Waits until the database panics, and answers why. After that its lock stays poisoned: it refuses every request.
    pub async fn broken(&self) -> String {
        let mut told = self.broken.subscribe();
        match told.wait_for(Option::is_some).await.map(|why| why.clone()) {
            Ok(Some(why)) => why,
            // This holds a sender.
            _ => std::future::pending().await,
        }
    }

    /// Carries out an operation, and answers as DynamoDB would.
    pub async fn answer<T>(&self, request: T, read: fn(&T) -> (&str, &[u8])) -> Result<Answer, NoAnswer>
    where
        T: Send + 'static,
    {
        let database = self.database.upgrade().ok_or(NoAnswer::Closed)?;
        let broken = self.broken.clone();
        let work = move || {
            let (operation, body) = read(&request);
            let done = perform_without_token(&database, operation, body);
            if let Err(error) = &done
                && is_poisoned(error)
            {
                broken.send_replace(Some(error.to_string()));
            }
            answered(done)
        };
        match &self.threads {
            None => {
                // As with a network, other tasks have their turn before and after.
                yield_now().await;
                let answer = work();
                yield_now().await;
                Ok(answer)
            }
            // A panic of the database loses the answer, and not the thread.
            Some(threads) => threads.spawn(async move { work() }).await.map_err(|error| {
                if error.is_panic() {
                    self.broken.send_replace(Some(error.to_string()));
                }
                NoAnswer::BrokenOff(error)
            }),
        }
    }

    /// An HTTP client whose requests this database answers.
    pub fn http_client(&self) -> SharedHttpClient {
        let dispatcher = self.clone();
        answered_by(move |request| {
            let dispatcher = dispatcher.clone();
            async move {
                let answer = dispatcher.answer(request, |request| (request.operation(), request.body())).await;
                answer.map_err(|error| ConnectorError::other(error.into(), None))
            }
        })
    }
}

/// Whether an earlier operation panicked while it held the database's lock.
fn is_poisoned(error: &DynoxideError) -> bool {
    matches!(error, DynoxideError::InternalServerError(message) if message.starts_with("Lock poisoned"))
}

fn answered(done: Result<Vec<u8>, DynoxideError>) -> Answer {
    match done {
        Ok(body) => Answer { status: 200, body },
        Err(error) => Answer { status: error.status_code(), body: error.to_json().into_bytes() },
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::{
        Client,
        types::{AttributeValue, Put, TransactWriteItem},
    };
    use photovote_dynamodb::{Endpoint, client, config};

    use super::*;
    use crate::create_table;

    fn memory() -> Arc<Database> {
        let database = Database::memory().unwrap();
        create_table(&database, "some-table", true).unwrap();
        Arc::new(database)
    }

    fn sdk(dispatcher: &Dispatcher) -> Client {
        client(&config(&Endpoint::Client(dispatcher.http_client())), None)
    }

    fn key(text: &str) -> AttributeValue {
        AttributeValue::S(text.into())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_sdk_writes_and_reads() {
        let database = memory();
        for dispatcher in [Dispatcher::on_callers(&database), Dispatcher::on_threads(&database, Handle::current())] {
            let client = sdk(&dispatcher);
            let put = client.put_item().table_name("some-table").item("pk", key("a")).item("sk", key("b"));
            put.send().await.unwrap();
            let get = client.get_item().table_name("some-table").key("pk", key("a")).key("sk", key("b"));
            assert!(get.send().await.unwrap().item.is_some());
        }
    }

    #[tokio::test]
    async fn a_failed_condition_is_dynamodbs_and_shows_the_item() {
        let database = memory();
        let client = sdk(&Dispatcher::on_callers(&database));
        let put = || {
            let put = client.put_item().table_name("some-table").item("pk", key("a")).item("sk", key("b"));
            put.condition_expression("attribute_not_exists(sk)").return_values_on_condition_check_failure(
                aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld,
            )
        };
        put().send().await.unwrap();
        let failed = photovote_dynamodb::put_failure(&put().send().await.unwrap_err());
        assert!(matches!(failed, photovote_dynamodb::PutFailure::Condition(Some(_))), "{failed:?}");
    }

    #[tokio::test]
    async fn the_database_keeps_no_token_of_a_transaction() {
        let database = memory();
        let client = sdk(&Dispatcher::on_callers(&database));
        let send = || {
            let put = Put::builder().table_name("some-table").item("pk", key("a")).item("sk", key("b"));
            let put = put.condition_expression("attribute_not_exists(sk)").build().unwrap();
            let transaction = client.transact_write_items().client_request_token("once");
            transaction.transact_items(TransactWriteItem::builder().put(put).build()).send()
        };
        send().await.unwrap();
        // A token that is kept would repeat the first answer.
        send().await.unwrap_err();
    }

    #[tokio::test]
    async fn operations_that_are_not_used_are_refused() {
        let database = memory();
        let client = sdk(&Dispatcher::on_callers(&database));
        client.delete_table().table_name("some-table").send().await.unwrap_err();
        client.list_tables().send().await.unwrap_err();
        assert!(client.scan().table_name("some-table").send().await.is_ok());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_panic_of_the_database_is_told() {
        let database = memory();
        let dispatcher = Dispatcher::on_threads(&database, Handle::current());
        let (broken, answer) = tokio::join!(dispatcher.broken(), dispatcher.answer((), |()| panic!("it breaks off")));
        assert!(matches!(answer, Err(NoAnswer::BrokenOff(_))), "{answer:?}");
        assert!(broken.contains("it breaks off"), "{broken}");
    }

    #[test]
    fn a_lock_that_an_earlier_panic_has_poisoned_is_known() {
        assert!(is_poisoned(&DynoxideError::InternalServerError("Lock poisoned: another task failed inside".into())));
        assert!(!is_poisoned(&DynoxideError::InternalServerError("the disk is full".into())));
    }

    #[tokio::test]
    async fn a_dropped_database_answers_nothing() {
        let database = memory();
        let client = sdk(&Dispatcher::on_callers(&database));
        drop(database);
        let failed = client.scan().table_name("some-table").send().await.unwrap_err();
        assert!(
            photovote_dynamodb::storage_error(&failed).to_string().contains("the database is closed"),
            "{failed:?}"
        );
    }
}
