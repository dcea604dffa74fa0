//! The functions of PhotoVote, as this host runs them: the very ones that are deployed, each with what its permissions
//! give it.

use std::time::Duration;

use aws_lambda_events::{
    dynamodb::Event,
    sqs::{SqsBatchResponse, SqsEvent},
    streams::DynamoDbEventResponse,
};
use aws_types::SdkConfig;
use axum::Router;
use closer::Closer;
use counter::Counter;
use election_commands::CreationRules;
use futures::future::BoxFuture;
use photovote_control::{Control, ControlReader};
use photovote_document_store::{DocumentReader, DocumentStore};
use photovote_dynamodb::client;
use photovote_event_store::{Environment, EventReader, EventStore, Snapshots};
use photovote_http::{Description, edge};
use photovote_queues::Queue;
use projector::{Projector, RepairQueue};
use reconciler::{Limits, Reconciler};
use repair::{Repair, StreamReader};

use crate::{
    engine::{CONTROL, DOCUMENTS, EVENTS},
    gateway::Function,
};

/// What a run of the reconciler may take.
const LIMITS: Limits = Limits { patience: Duration::from_mins(1), pages: 100, time: Duration::from_mins(1) };

/// How many megabytes of ballots a message of the counter is worth: a few seconds' work.
const PAGES_COUNTED: u32 = 50;

/// Why an invocation failed as a whole.
pub(crate) type InvocationError = Box<dyn std::error::Error + Send + Sync>;

/// Where the functions find what they work on.
pub(crate) struct Surroundings {
    /// The tables, for the SDK.
    pub(crate) dynamodb: SdkConfig,
    /// The queues, for the SDK.
    pub(crate) sqs: SdkConfig,
    /// The address of the repair queue.
    pub(crate) repair_queue: String,
    /// The address of the counter's queue.
    pub(crate) count_queue: String,
    /// Who may create elections, and how many.
    pub(crate) creation: CreationRules,
}

/// All functions, ready to be invoked.
pub(crate) struct Functions {
    /// Those that the gateway calls.
    pub(crate) http: Vec<Function>,
    /// The one that the stream of events calls.
    pub(crate) projector:
        Box<dyn Fn(Event) -> BoxFuture<'static, Result<DynamoDbEventResponse, InvocationError>> + Send + Sync>,
    /// The one that its own queue calls.
    pub(crate) counter:
        Box<dyn Fn(SqsEvent) -> BoxFuture<'static, Result<SqsBatchResponse, InvocationError>> + Send + Sync>,
    /// The one that the queues of what failed call.
    pub(crate) repair:
        Box<dyn Fn(SqsEvent) -> BoxFuture<'static, Result<SqsBatchResponse, InvocationError>> + Send + Sync>,
    /// The one that the clock calls.
    pub(crate) closer: Box<dyn Fn() -> BoxFuture<'static, Result<(), InvocationError>> + Send + Sync>,
    /// The one that it calls less often.
    pub(crate) reconciler: Box<dyn Fn() -> BoxFuture<'static, Result<(), InvocationError>> + Send + Sync>,
}

/// Makes the functions.
pub(crate) async fn functions(surroundings: &Surroundings) -> Functions {
    let client = client(&surroundings.dynamodb, None);
    let queues = aws_sdk_sqs::Client::new(&surroundings.sqs);

    let store = || EventStore::new(client.clone(), EVENTS, Environment::system());
    let reader = || EventReader::new(client.clone(), EVENTS);
    let control = || Control::new(client.clone(), CONTROL);
    let snapshots = || Snapshots::new(&reader(), CONTROL);
    let documents = || DocumentReader::new(client.clone(), DOCUMENTS);
    let election_commands = election_commands::App::new(store(), control(), snapshots());
    let election_commands = election_commands.creating(surroundings.creation.clone());
    let election_queries = election_queries::App::new(documents(), ControlReader::new(client.clone(), CONTROL));
    let http = vec![
        function(
            "election-commands",
            election_commands::description(),
            election_commands::routes().with_state(election_commands),
        ),
        function(
            "ballot-commands",
            ballot_commands::description(),
            ballot_commands::routes().with_state(ballot_commands::App::new(store(), control(), snapshots())),
        ),
        function(
            "election-queries",
            election_queries::description(),
            election_queries::routes().with_state(election_queries),
        ),
        function(
            "ballot-queries",
            ballot_queries::description(),
            ballot_queries::routes().with_state(ballot_queries::App::new(reader(), snapshots(), Environment::system())),
        ),
        function(
            "audit-queries",
            audit_queries::description(),
            audit_queries::routes().with_state(audit_queries::App::new(reader())),
        ),
        function(
            "public-queries",
            public_queries::description(),
            public_queries::routes().with_state(public_queries::App::new(documents())),
        ),
    ];

    let queue = RepairQueue::new(queues.clone(), surroundings.repair_queue.clone());
    let to_count = Queue::new(queues, surroundings.count_queue.clone());
    let store_of_documents = || DocumentStore::new(client.clone(), DOCUMENTS);
    let projector = Projector::new(reader(), store_of_documents(), queue, to_count.clone());
    let gates = ControlReader::new(client.clone(), CONTROL);
    let counter = Counter::new(store(), gates, store_of_documents(), to_count.clone()).with_pages(PAGES_COUNTED);
    let repair = Repair::new(projector.clone(), StreamReader::new(&surroundings.dynamodb));
    let closer = Closer::new(store(), control(), snapshots());
    let reconciler = Reconciler::new(projector.projection().clone(), control(), to_count);
    Functions {
        http,
        projector: Box::new(move |event| {
            let projector = projector.clone();
            Box::pin(async move { Ok(projector.handle(event).await) })
        }),
        counter: Box::new(move |event| {
            let counter = counter.clone();
            Box::pin(async move { Ok(counter.handle(event).await) })
        }),
        repair: Box::new(move |event| {
            let repair = repair.clone();
            Box::pin(async move { Ok(repair.handle(event).await) })
        }),
        closer: Box::new(move || {
            let closer = closer.clone();
            Box::pin(async move {
                // What one election failed with, the closer has logged; it looks again in a second.
                closer.run().await?;
                Ok(())
            })
        }),
        reconciler: Box::new(move || {
            let reconciler = reconciler.clone();
            Box::pin(async move {
                reconciler.run(Environment::system().now(), LIMITS).await?;
                Ok(())
            })
        }),
    }
}

fn function(name: &'static str, description: Description, routes: Router) -> Function {
    Function { name, openapi: description.served(), router: edge(routes) }
}
