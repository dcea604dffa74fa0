//! Lambda: the real functions, each in several warm instances with their own caches, one invocation at a time in each.
//! An invocation can be killed between any two calls, and its instance with it.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::{
    Client,
    config::{Credentials, SharedCredentialsProvider},
};
use aws_types::SdkConfig;
use axum::Router;
use closer::Closer;
use counter::Counter;
use photovote_control::{Control, ControlReader};
use photovote_document_store::{DocumentReader, DocumentStore};
use photovote_event_store::{Environment, EventReader, EventStore, Snapshots};
use photovote_http::edge;
use photovote_queues::{CountMessage, Queue};
use projector::{Projector, RepairQueue};
use repair::{Repair, StreamReader};
use tokio::time::timeout;

use crate::{
    cloud::Cloud,
    dice::Dice,
    engine::{CONTROL, DOCUMENTS, EVENTS},
    faults::Fault,
    transport::{Life, Transport},
};

/// The counter's queue.
pub(crate) const COUNT_QUEUE: &str = "photovote-count";
/// How long an invocation may take, as the template says.
const LONGEST: Duration = Duration::from_secs(28);
/// Longer streams have snapshots: those of most elections here, when they open.
const LOOK: u16 = 6;
/// The most boundaries of calls that an invocation survives which is going to be killed; there are two in a call.
const LONGEST_FUSE: u64 = 16;

/// A function that the gateway calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Target {
    ElectionCommands,
    BallotCommands,
    ElectionQueries,
    BallotQueries,
    PublicQueries,
}

/// An instance: a process that holds a function, and its connection.
struct Instance<F> {
    function: F,
    transport: Transport,
}

/// Starts an instance of a function.
type Start<F> = dyn Fn(&SdkConfig, &Surroundings) -> F + Send + Sync;

/// A function and its instances.
pub(crate) struct Function<F> {
    cloud: Arc<Cloud>,
    dice: Dice,
    start: Box<Start<F>>,
    surroundings: Surroundings,
    idle: Mutex<Vec<Instance<F>>>,
}

impl<F> fmt::Debug for Function<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Function")
    }
}

/// What an instance finds around it.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    environment: Environment,
}

impl Surroundings {
    fn store(&self, client: &Client) -> EventStore {
        EventStore::new(client.clone(), EVENTS, self.environment.clone())
    }
}

impl<F: Clone> Function<F> {
    fn new(
        cloud: &Arc<Cloud>,
        name: &str,
        dice: &Dice,
        start: impl Fn(&SdkConfig, &Surroundings) -> F + Send + Sync + 'static,
    ) -> Self {
        let (clock, random) = (cloud.clock, dice.of((name, "environment")));
        let environment = Environment::new(move || clock.now(), move |bytes| *bytes = random.bytes());
        Self {
            cloud: Arc::clone(cloud),
            dice: dice.of(name),
            start: Box::new(start),
            surroundings: Surroundings { environment },
            idle: Mutex::default(),
        }
    }

    /// Invokes the function. `None`: it was killed, or took too long.
    pub(crate) async fn invoke<T, C: Future<Output = T>>(&self, call: impl FnOnce(F) -> C) -> Option<T> {
        let doomed = self.cloud.faults.threatens(Fault::Killed);
        let life = Life::of(doomed.then(|| self.dice.below(LONGEST_FUSE)));
        let instance = self.instance();
        instance.transport.begin(life.clone());
        let end = async {
            life.end().await;
            self.cloud.faults.happened(Fault::Killed);
        };
        let outcome = timeout(LONGEST, async {
            tokio::select! {
                biased;
                () = end => None,
                answer = call(instance.function.clone()) => Some(answer),
            }
        });
        let answer = outcome.await.ok().flatten();
        // What is killed is gone, with all that it remembered.
        if answer.is_some() && !self.dice.permille(50) {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(instance);
        }
        answer
    }

    /// Any instance that is idle, or a new one.
    fn instance(&self) -> Instance<F> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !idle.is_empty() && !self.dice.permille(100) {
            let place = self.dice.place(idle.len());
            return idle.swap_remove(place);
        }
        let transport = Transport::new(Arc::clone(&self.cloud));
        let function = (self.start)(&config(transport.clone()), &self.surroundings);
        Instance { function, transport }
    }
}

/// The SDK's configuration of an instance: as it is on AWS, with another network.
pub(crate) fn config(transport: Transport) -> SdkConfig {
    // The SDK's retries draw on a budget that all clients of a process share that work in one region. Here each instance
    // has a process's worth of its own.
    static REGIONS: AtomicU64 = AtomicU64::new(0);
    let region = REGIONS.fetch_add(1, Ordering::Relaxed);
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(format!("region-{region}")))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "key",
            "secret",
            None,
            None,
            "simulation",
        )))
        .endpoint_url("http://simulated")
        .retry_config(photovote_dynamodb::retries())
        .timeout_config(photovote_dynamodb::timeouts())
        .http_client(transport)
        .build()
}

/// All functions.
#[derive(Debug)]
pub(crate) struct Functions {
    pub(crate) http: BTreeMap<Target, Function<Router>>,
    pub(crate) projector: Function<Projector>,
    pub(crate) counter: Function<Counter>,
    pub(crate) repair: Function<Repair>,
    pub(crate) closer: Function<Closer>,
}

impl Functions {
    pub(crate) fn new(cloud: &Arc<Cloud>, dice: &Dice) -> Self {
        let dice = &dice.of("functions");
        let http = [
            (Target::ElectionCommands, Function::new(cloud, "election-commands", dice, election_commands)),
            (Target::BallotCommands, Function::new(cloud, "ballot-commands", dice, ballot_commands)),
            (
                Target::ElectionQueries,
                Function::new(cloud, "election-queries", dice, |config, _| election_queries(config)),
            ),
            (Target::BallotQueries, Function::new(cloud, "ballot-queries", dice, ballot_queries)),
            (Target::PublicQueries, Function::new(cloud, "public-queries", dice, public_queries)),
        ];
        Self {
            http: http.into(),
            projector: Function::new(cloud, "projector", dice, |config, _| projector(config)),
            counter: Function::new(cloud, "counter", dice, counter),
            repair: Function::new(cloud, "repair", dice, |config, _| {
                Repair::new(projector(config), StreamReader::new(config))
            }),
            closer: Function::new(cloud, "closer", dice, |config, surroundings| {
                let client = Client::new(config);
                Closer::new(surroundings.store(&client), Control::new(client.clone(), CONTROL), snapshots(client))
            }),
        }
    }
}

fn election_commands(config: &SdkConfig, surroundings: &Surroundings) -> Router {
    let client = Client::new(config);
    let app = election_commands::App::new(
        surroundings.store(&client),
        Control::new(client.clone(), CONTROL),
        snapshots(client),
    );
    edge(election_commands::routes().with_state(app))
}

fn ballot_commands(config: &SdkConfig, surroundings: &Surroundings) -> Router {
    let client = Client::new(config);
    let app = ballot_commands::App::new(
        surroundings.store(&client),
        Control::new(client.clone(), CONTROL),
        snapshots(client),
    );
    edge(ballot_commands::routes().with_state(app))
}

/// The function that shows administrators their elections.
pub(crate) fn election_queries(config: &SdkConfig) -> Router {
    let client = Client::new(config);
    let documents = DocumentReader::new(client.clone(), DOCUMENTS);
    let app = election_queries::App::new(documents, ControlReader::new(client, CONTROL));
    edge(election_queries::routes().with_state(app))
}

fn ballot_queries(config: &SdkConfig, surroundings: &Surroundings) -> Router {
    let client = Client::new(config);
    let app = ballot_queries::App::new(
        EventReader::new(client.clone(), EVENTS),
        snapshots(client),
        surroundings.environment.clone(),
    );
    edge(ballot_queries::routes().with_state(app))
}

/// Snapshots of streams that are short on AWS.
fn snapshots(client: Client) -> Snapshots {
    Snapshots::new(&EventReader::new(client, EVENTS), CONTROL).of_streams_longer_than(LOOK)
}

fn public_queries(config: &SdkConfig, _surroundings: &Surroundings) -> Router {
    let app = public_queries::App::new(DocumentReader::new(Client::new(config), DOCUMENTS));
    edge(public_queries::routes().with_state(app))
}

fn projector(config: &SdkConfig) -> Projector {
    let client = Client::new(config);
    let queue = RepairQueue::new(aws_sdk_sqs::Client::new(config), "http://simulated/000000000000/photovote-repair");
    let documents = DocumentStore::new(client.clone(), DOCUMENTS);
    Projector::new(EventReader::new(client, EVENTS), documents, queue, to_count(config))
}

fn counter(config: &SdkConfig, surroundings: &Surroundings) -> Counter {
    let client = Client::new(config);
    let gates = ControlReader::new(client.clone(), CONTROL);
    let documents = DocumentStore::new(client.clone(), DOCUMENTS);
    // A page and no more, so that what is kept between two steps is needed.
    Counter::new(surroundings.store(&client), gates, documents, to_count(config)).with_pages(1)
}

fn to_count(config: &SdkConfig) -> Queue<CountMessage> {
    Queue::new(aws_sdk_sqs::Client::new(config), format!("http://simulated/000000000000/{COUNT_QUEUE}"))
}
