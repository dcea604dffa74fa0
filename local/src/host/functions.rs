//! The functions of PhotoVote, as this host runs them: the very ones that are deployed, each with what its permissions
//! give it.

use std::{collections::HashMap, time::Duration};

use aws_lambda_events::{
    dynamodb::Event,
    sqs::{SqsBatchResponse, SqsEvent},
    streams::DynamoDbEventResponse,
};
use aws_types::SdkConfig;
use futures::future::BoxFuture;
use photovote_election_commands::CreationRules;
use photovote_events::Environment;
use photovote_functions::{HttpFunction, Wiring, WiringError};
use photovote_reconciliation::Limits;

use crate::{
    host::engine::{CONTROL, DOCUMENTS, EVENTS},
    host::gateway::{AUTHORIZE, Function, TOKEN},
    host::issuer::AUDIENCE,
};

/// What a run of the reconciler may take.
const LIMITS: Limits = Limits { patience: Duration::from_mins(1), pages: 100, time: Duration::from_mins(1) };

/// How many megabytes of ballots a message of the counter is worth: a few seconds' work.
const COUNTED_PAGES: u32 = 50;

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
pub(crate) fn functions(surroundings: &Surroundings) -> Result<Functions, WiringError> {
    let settings = HashMap::from([
        ("EVENTS_TABLE", EVENTS.to_owned()),
        ("CONTROL_TABLE", CONTROL.to_owned()),
        ("DOCUMENTS_TABLE", DOCUMENTS.to_owned()),
        ("REPAIR_QUEUE_URL", surroundings.repair_queue.clone()),
        ("COUNT_QUEUE_URL", surroundings.count_queue.clone()),
        // The page resolves them against its own address.
        ("SIGN_IN_AUTHORIZE_URL", AUTHORIZE.to_owned()),
        ("SIGN_IN_TOKEN_URL", TOKEN.to_owned()),
        ("SIGN_IN_CLIENT_ID", AUDIENCE.to_owned()),
    ]);
    let (dynamodb, sqs) = (surroundings.dynamodb.clone(), surroundings.sqs.clone());
    let wiring = Wiring::new(dynamodb, sqs, move |name| settings.get(name).cloned())
        .with_creation_rules(surroundings.creation.clone())
        .with_counted_pages(COUNTED_PAGES);
    let (projector, counter, repair) = (wiring.projector()?, wiring.counter()?, wiring.repair()?);
    let (closer, reconciler) = (wiring.closer()?, wiring.reconciler()?);
    let described = |HttpFunction { name, description, router }| {
        let openapi = description.served();
        Function { name, openapi, router }
    };
    Ok(Functions {
        http: wiring.http()?.into_iter().map(described).collect(),
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
    })
}
