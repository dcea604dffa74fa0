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
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_types::SdkConfig;
use axum::Router;
use photovote_clock::Clock;
use photovote_counting::Counter;
use photovote_events::Environment;
use photovote_following::Follower;
use photovote_functions::{Wiring, WiringError};
use photovote_imports::Importer;
use photovote_invitations::{Invitations, ToMailer};
use photovote_links::LinkKey;
use photovote_mailing::Mailer;
use photovote_photographs::Processor;
use photovote_projection::Projector;
use photovote_repair::Repair;
use tokio::time::timeout;

use crate::{
    cloud::{Cloud, ORIGINALS, RENDITIONS},
    dice::Dice,
    engine::{CONTROL, DOCUMENTS, EVENTS},
    faults::Fault,
    mail,
    transport::{Life, Transport},
};

/// The counter's queue.
pub(crate) const COUNT_QUEUE: &str = "photovote-count";
/// The photo-processor's queue.
pub(crate) const PHOTOGRAPHS_QUEUE: &str = "photovote-photographs";
/// The importer's queue.
pub(crate) const IMPORT_QUEUE: &str = "photovote-import";
/// The mailer's queue.
pub(crate) const MAIL_QUEUE: &str = "photovote-mail";
/// The key from which voters' links are derived.
const LINK_KEY: [u8; 32] = [7; 32];
/// How long an invocation may take, as the template says.
const LONGEST: Duration = Duration::from_secs(28);
/// Longer streams have snapshots: those of most elections here, when they open.
const SNAPSHOT_THRESHOLD: u16 = 6;
/// The most boundaries of calls that an invocation survives which is going to be killed; there are two in a call.
const LONGEST_FUSE: u64 = 16;
/// How many rows the importer works off for each message.
const IMPORTED_ROWS: u32 = 3;
/// The same of the importer: a voter takes two calls, and a message is worth several.
const LONGEST_FUSE_OF_IMPORTER: u64 = 40;
/// The same of the mailer: a mail takes nine calls, and a message is worth several.
const LONGEST_FUSE_OF_MAILER: u64 = 48;

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
type Start<F> = dyn Fn(&Wiring) -> Result<F, WiringError> + Send + Sync;

/// A function and its instances.
pub(crate) struct Function<F> {
    cloud: Arc<Cloud>,
    dice: Dice,
    start: Box<Start<F>>,
    environment: Environment,
    longest_fuse: u64,
    idle: Mutex<Vec<Instance<F>>>,
}

impl<F> fmt::Debug for Function<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Function")
    }
}

impl<F: Clone> Function<F> {
    fn new(
        cloud: &Arc<Cloud>,
        name: &str,
        dice: &Dice,
        start: impl Fn(&Wiring) -> Result<F, WiringError> + Send + Sync + 'static,
    ) -> Self {
        let (clock, random) = (cloud.clock, dice.of((name, "environment")));
        let environment = Environment::new(move || clock.now(), move |bytes| *bytes = random.bytes());
        Self {
            cloud: Arc::clone(cloud),
            dice: dice.of(name),
            start: Box::new(start),
            environment,
            longest_fuse: LONGEST_FUSE,
            idle: Mutex::default(),
        }
    }

    /// Survives at most so many boundaries of calls when it is going to be killed.
    fn with_fuse(self, longest_fuse: u64) -> Self {
        Self { longest_fuse, ..self }
    }

    /// Invokes the function. `None`: it was killed, or took too long.
    pub(crate) async fn invoke<T, C: Future<Output = T>>(&self, call: impl FnOnce(F) -> C) -> Option<T> {
        let doomed = self.cloud.faults.threatens(Fault::Killed);
        let life = Life::of(doomed.then(|| self.dice.below(self.longest_fuse)));
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
        if answer.is_none() {
            life.trouble();
        }
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
        let wiring = wiring(&config(transport.clone()), &self.environment);
        let wiring = wiring.with_mails(LinkKey::held(LINK_KEY), mail::service(transport.clone()));
        #[allow(clippy::panic, reason = "a simulation that cannot start its functions has failed")]
        let function = (self.start)(&wiring).unwrap_or_else(|error| panic!("{error}"));
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
    pub(crate) clock: Function<Clock>,
    pub(crate) photo_processor: Function<Processor>,
    pub(crate) invitations: Function<Follower<Invitations, ToMailer>>,
    pub(crate) mailer: Function<Mailer>,
    pub(crate) importer: Function<Importer>,
}

impl Functions {
    pub(crate) fn new(cloud: &Arc<Cloud>, dice: &Dice) -> Self {
        let dice = &dice.of("functions");
        let http = [
            (Target::ElectionCommands, Function::new(cloud, "election-commands", dice, Wiring::election_commands)),
            (Target::BallotCommands, Function::new(cloud, "ballot-commands", dice, Wiring::ballot_commands)),
            (Target::ElectionQueries, Function::new(cloud, "election-queries", dice, Wiring::election_queries)),
            (Target::BallotQueries, Function::new(cloud, "ballot-queries", dice, Wiring::ballot_queries)),
            (Target::PublicQueries, Function::new(cloud, "public-queries", dice, Wiring::public_queries)),
        ];
        Self {
            http: http.into(),
            projector: Function::new(cloud, "projector", dice, Wiring::projector),
            counter: Function::new(cloud, "counter", dice, Wiring::counter),
            repair: Function::new(cloud, "repair", dice, Wiring::repair),
            clock: Function::new(cloud, "clock", dice, Wiring::clock),
            photo_processor: Function::new(cloud, "photo-processor", dice, Wiring::photo_processor),
            invitations: Function::new(cloud, "invitations", dice, Wiring::invitations),
            mailer: Function::new(cloud, "mailer", dice, Wiring::mailer).with_fuse(LONGEST_FUSE_OF_MAILER),
            // Some rows for each message, so that an import takes several.
            importer: Function::new(cloud, "importer", dice, |wiring| Ok(wiring.importer()?.with_rows(IMPORTED_ROWS)))
                .with_fuse(LONGEST_FUSE_OF_IMPORTER),
        }
    }
}

/// What an instance is made of.
pub(crate) fn wiring(config: &SdkConfig, environment: &Environment) -> Wiring {
    let settings = |name: &str| {
        let setting = match name {
            "EVENTS_TABLE" => EVENTS.to_owned(),
            "CONTROL_TABLE" => CONTROL.to_owned(),
            "DOCUMENTS_TABLE" => DOCUMENTS.to_owned(),
            "REPAIR_QUEUE_URL" => "http://simulated/000000000000/photovote-repair".to_owned(),
            "COUNT_QUEUE_URL" => format!("http://simulated/000000000000/{COUNT_QUEUE}"),
            "PHOTOGRAPHS_QUEUE_URL" => format!("http://simulated/000000000000/{PHOTOGRAPHS_QUEUE}"),
            "IMPORT_QUEUE_URL" => format!("http://simulated/000000000000/{IMPORT_QUEUE}"),
            "MAIL_QUEUE_URL" => format!("http://simulated/000000000000/{MAIL_QUEUE}"),
            "MAIL_FROM" => "vote@example.org".to_owned(),
            "MAIL_SENDER" => "Photo club".to_owned(),
            "PAGE_URL" => mail::PAGE.to_owned(),
            "INVITES" => "yes".to_owned(),
            "ORIGINALS_BUCKET" => ORIGINALS.to_owned(),
            "RENDITIONS_BUCKET" => RENDITIONS.to_owned(),
            "UPLOAD_URL" => "http://simulated/uploads".to_owned(),
            "AWS_REGION" => "us-east-1".to_owned(),
            _ => return None,
        };
        Some(setting)
    };
    Wiring::new(config.clone(), config.clone(), settings)
        .with_environment(environment.clone())
        .with_snapshots_of_streams_longer_than(SNAPSHOT_THRESHOLD)
        // A page and no more, so that what is kept between two steps is needed.
        .with_counted_pages(1)
}
