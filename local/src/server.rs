//! The whole of PhotoVote in one process.

use std::{io, net::SocketAddr, num::NonZeroUsize, path::Path, sync::Arc, time::Duration};

use aws_types::SdkConfig;
use futures::future::{BoxFuture, try_join_all};
use photovote_domain::{Subject, Timestamp};
pub use photovote_election_commands::CreationRules;
use photovote_embedded::Dispatcher;
use photovote_functions::{INVITATIONS_SORT_KEYS, WiringError};
use photovote_keys::objects::is_list;
use tokio::{
    net::TcpListener,
    task::{JoinError, JoinHandle},
};

pub use crate::host::functions::{
    COUNT_QUEUE, DEAD_LETTERS, FAILURE_QUEUE, IMPORT_QUEUE, MAIL_QUEUE, PHOTOGRAPHS_QUEUE, REPAIR_QUEUE,
};
use crate::{
    data_dir::{DataDir, DataDirError, Location},
    holder::Holder,
    host::checkpoint::{self, Checkpoint},
    host::consumer::{Consumer, Messages, Redelivery},
    host::engine::{Durability, Engine, EngineError},
    host::functions::{Functions, INVITATIONS, QUEUES, QueueDriven, StreamHandler, Surroundings, Timed, functions},
    host::gateway::{AllowedHosts, Cors, Gateway, GatewayError, Page, Settings},
    host::issuer::{Issuer, IssuerError},
    host::mails::{self, MailOptions, MailsError, OUTBOX, PageUrl},
    host::objects::{Listener, ObjectStore, ObjectsError},
    host::pump::{Feed, Pump, Retries},
    host::queues::{Queue, Queues, QueuesError},
    host::sign_in::{LinkError, Links},
    host::stream::StreamError,
    operate::control::{self, IncompleteError},
    operate::documents::{self, AnewError},
    socket::{Socket, SocketError},
    sqlite::FileError,
    stop::{Stop, Stopping},
    supervisor::{Ended, Supervisor},
};

/// How often the clock looks for what is due. On AWS it does so once a minute.
const CLOSER_PERIOD: Duration = Duration::from_secs(1);
/// How often the reconciler runs, as on AWS.
const RECONCILER_PERIOD: Duration = Duration::from_mins(5);
/// How often the engine is swept.
const SWEEP_PERIOD: Duration = Duration::from_mins(10);

/// What can be chosen.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 is any that is free.
    pub address: SocketAddr,
    /// The directory that holds the data.
    pub data_dir: Location,
    /// Where the page's files are taken from.
    pub page: Page,
    /// Who may read answers from pages of other origins.
    pub cors: Cors,
    /// The hosts that it answers for, besides loopback names and the address that a client has connected to.
    pub allowed_hosts: AllowedHosts,
    /// The most connections at a time.
    pub max_connections: NonZeroUsize,
    /// What a write has survived once it is acknowledged.
    pub durability: Durability,
    /// How often and how soon repair tries again what it could not work off.
    pub redelivery: Redelivery,
    /// Who may create elections, and how many.
    pub creation: CreationRules,
    /// Where voters' links lead; if nothing else is said, to where it listens.
    pub page_url: Option<PageUrl>,
    /// How mails are sent.
    pub mail: MailOptions,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// There is no issuer.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// Somebody else listens there.
    #[error("port {} of {} is in use: stop what uses it, or choose another with --port", address.port(), address.ip())]
    PortInUse {
        /// Where.
        address: SocketAddr,
    },
    /// Nobody can listen there.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The engine cannot run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Gates are missing.
    #[error(transparent)]
    Incomplete(#[from] IncompleteError),
    /// The documents of an older release cannot be built anew.
    #[error(transparent)]
    Documents(#[from] AnewError),
    /// The functions cannot be put together.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// There is no stream of events.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// There are no queues.
    #[error(transparent)]
    Queues(#[from] QueuesError),
    /// Mails cannot be written.
    #[error(transparent)]
    Mails(#[from] MailsError),
    /// Objects cannot be stored.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// There is no checkpoint.
    #[error(transparent)]
    File(#[from] FileError),
    /// The data directory cannot say where the server listens.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// There is no gateway.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// Commands of this machine cannot reach it.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The work was cut off.
    #[error("the start broke off: {0}")]
    BrokenOff(#[from] JoinError),
}

/// PhotoVote, as it runs.
pub struct Server {
    data_dir: DataDir,
    issuer: Arc<Issuer>,
    engine: Arc<Engine>,
    socket: Socket,
    supervisor: Supervisor,
    queues: Queues,
    objects: ObjectStore,
    pumps: Vec<Pump>,
    consumers: Vec<Consumer>,
    gateway: Gateway,
    timers: (Stop, Vec<JoinHandle<()>>),
}

impl Server {
    /// Starts everything: when this returns, requests are answered.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let data_dir = DataDir::open(&options.data_dir)?;
        let listener = listen(options.address).await?;
        let listens_at =
            listener.local_addr().map_err(|source| StartError::Listen { address: options.address, source })?;
        let engine = Arc::new(Engine::start(&data_dir, options.durability).await?);
        control::complete(&engine).await?;
        documents::complete(&engine).await?;
        let dir = data_dir.clone();
        let issuer = Arc::new(tokio::task::spawn_blocking(move || Issuer::open(&dir)).await??);
        let queues = Queues::open(&data_dir, &QUEUES).await?;
        let (dir, durability) = (data_dir.clone(), options.durability);
        let (to_process, to_import) = (queues.queue(PHOTOGRAPHS_QUEUE), queues.queue(IMPORT_QUEUE));
        // The message is on the disk before the upload is acknowledged.
        let uploaded: Listener = Arc::new(move |created| {
            let queue = if is_list(&created.key) { &to_import } else { &to_process };
            Ok(queue.send(&created.notification())?)
        });
        let objects = tokio::task::spawn_blocking(move || ObjectStore::open(&dir, durability, uploaded)).await??;

        let (dir, smtp) = (data_dir.clone(), options.mail.smtp.clone());
        let (link_key, mails) = tokio::task::spawn_blocking(move || mails::open(&dir, smtp)).await??;
        let creation = options.creation;
        let surroundings = Surroundings {
            dynamodb: engine.config().clone(),
            sqs: queues.config(),
            repair_queue: queues.url(REPAIR_QUEUE),
            creation,
            count_queue: queues.url(COUNT_QUEUE),
            photographs_queue: queues.url(PHOTOGRAPHS_QUEUE),
            import_queue: queues.url(IMPORT_QUEUE),
            mail_queue: queues.url(MAIL_QUEUE),
            link_key,
            mails,
            mail: options.mail,
            page_url: options.page_url.unwrap_or_else(|| PageUrl::of(listens_at)).to_string(),
            objects: objects.config(),
        };
        let Functions { http, projector, invitations, queue_driven, clock, reconciler } = functions(&surroundings)?;

        let supervisor = Supervisor::new();
        let from_the_stream =
            [(projector, None, &[][..]), (invitations, Some(INVITATIONS), &INVITATIONS_SORT_KEYS[..])];
        let followers = from_the_stream.map(|(handler, follower, sort_keys)| {
            consume(&engine, &data_dir, follower, sort_keys, queues.queue(FAILURE_QUEUE), &supervisor, handler)
        });
        let (pumps, checkpoints): (Vec<_>, Vec<_>) = try_join_all(followers).await?.into_iter().unzip();
        let consumer = |QueueDriven { queues: sources, dead_letters, handler }| {
            let sources = sources.iter().map(|name| queues.queue(name)).collect();
            let messages = Messages::new(sources, queues.queue(dead_letters), options.redelivery, handler);
            Consumer::start(messages, &supervisor)
        };
        let consumers = queue_driven.into_iter().map(consumer).collect();

        let (stop, stopping) = Stop::new();
        let sweeper = engine.clone();
        let start = |timer, work: BoxFuture<'static, ()>| supervisor.start(timer, stopping.clone(), work);
        let timers = vec![
            start("the clock's timer", {
                let stopping = stopping.clone();
                Box::pin(repeat(CLOSER_PERIOD, stopping, move || {
                    let closing = clock();
                    async move {
                        if let Err(error) = closing.await {
                            tracing::error!(error, "the clock failed");
                        }
                    }
                }))
            }),
            start("the reconciler's timer", Box::pin(reconcile(reconciler, stopping.clone()))),
            start("the sweeper's timer", {
                let stopping = stopping.clone();
                Box::pin(repeat(SWEEP_PERIOD, stopping, move || sweep(sweeper.clone(), checkpoints.clone())))
            }),
            tokio::spawn(watch_engine(engine.dispatcher(), supervisor.clone(), stopping)),
        ];

        let settings = Settings {
            issuer: issuer.clone(),
            links: Links::new(data_dir.clone()),
            outbox: data_dir.path().join(OUTBOX),
            page: options.page,
            objects: objects.clone(),
            cors: options.cors,
            hosts: options.allowed_hosts,
            max_connections: options.max_connections,
        };
        let gateway = Gateway::start(listener, http, settings, &supervisor)?;
        let (links, address) = (Links::new(data_dir.clone()), gateway.address());
        tokio::task::spawn_blocking(move || links.publish(address)).await??;
        let socket = Socket::listen(&data_dir, engine.dispatcher(), &supervisor).await?;
        Ok(Self {
            data_dir,
            issuer,
            engine,
            socket,
            supervisor,
            queues,
            objects,
            pumps,
            consumers,
            gateway,
            timers: (stop, timers),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.gateway.address()
    }

    /// Where its data lies.
    pub fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    /// The SDK's configuration for clients of its tables.
    pub fn dynamodb(&self) -> &SdkConfig {
        self.engine.config()
    }

    /// What answers requests to its tables.
    pub fn dispatcher(&self) -> Dispatcher {
        self.engine.dispatcher()
    }

    /// Its queues.
    pub const fn queues(&self) -> &Queues {
        &self.queues
    }

    /// Its objects.
    pub const fn objects(&self) -> &ObjectStore {
        &self.objects
    }

    /// A token for an administrator with groups and scopes, good for 12 hours.
    pub fn token_of(&self, holder: &Holder) -> Result<String, IssuerError> {
        self.issuer.token_of(holder, now())
    }

    /// A token for an administrator, good for 12 hours.
    pub fn token(&self, subject: &Subject) -> Result<String, IssuerError> {
        self.issuer.token(subject, now())
    }

    /// A link that signs the administrator `admin` in, once.
    pub fn sign_in_link(&self) -> Result<String, LinkError> {
        Links::new(self.data_dir.clone()).make(self.address(), now())
    }

    /// Waits until something that the server needs ends by itself. The server is then to be stopped: it only seems to run.
    pub async fn failed(&self) -> Ended {
        self.supervisor.wait().await
    }

    /// Takes no more requests, finishes what is under way, and closes the data.
    pub async fn stop(self) {
        let Self { engine, socket, queues, pumps, consumers, gateway, timers: (stop, timers), .. } = self;
        gateway.stop().await;
        drop(stop);
        for timer in timers {
            if let Err(error) = timer.await {
                tracing::error!(%error, "a timer broke off");
            }
        }
        for pump in pumps {
            pump.stop().await;
        }
        for consumer in consumers {
            consumer.stop().await;
        }
        drop(queues);
        socket.stop();
        // The timers held the others, and have ended.
        if let Some(engine) = Arc::into_inner(engine) {
            engine.stop().await;
        }
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::PortInUse { address },
        _ => StartError::Listen { address, source },
    })
}

/// Does the work now and then, until it is time to stop. Work that breaks off is begun again the next time.
async fn repeat<F: Future<Output = ()> + Send + 'static>(period: Duration, stopping: Stopping, work: impl Fn() -> F) {
    while !stopping.is_now() {
        if let Err(error) = tokio::spawn(work()).await {
            tracing::error!(%error, "a timer's work broke off");
        }
        stopping.rest(period).await;
    }
}

/// Runs the reconciler now and then, until it is time to stop.
async fn reconcile(reconciler: Timed, stopping: Stopping) {
    // After a start, the projector has to catch up first.
    stopping.rest(RECONCILER_PERIOD).await;
    let work = move || {
        let reconciling = reconciler();
        async move {
            if let Err(error) = reconciling.await {
                tracing::error!(error, "the reconciler failed");
            }
        }
    };
    repeat(RECONCILER_PERIOD, stopping, work).await;
}

/// Takes down that the database has panicked, until it is time to stop.
async fn watch_engine(dispatcher: Dispatcher, supervisor: Supervisor, stopping: Stopping) {
    tokio::select! {
        why = dispatcher.broken() => supervisor.ended("the engine", why),
        () = stopping.wait() => (),
    }
}

/// Lets a function consume the stream of events, from a place in it that is kept under a name of its own. Without a follower's
/// name, it is the projector. With sort keys, it gets only commits whose sort keys begin like this.
async fn consume(
    engine: &Engine,
    data_dir: &DataDir,
    follower: Option<&str>,
    sort_keys: &'static [&'static str],
    failures: Queue,
    supervisor: &Supervisor,
    handler: StreamHandler,
) -> Result<(Pump, Arc<Checkpoint>), StartError> {
    let stream = Arc::new(engine.events().map_err(StreamError::from)?.with_sort_keys(sort_keys));
    let (dir, name) = (data_dir.clone(), checkpoint::name(stream.arn(), follower));
    let checkpoint = Arc::new(tokio::task::spawn_blocking(move || Checkpoint::open(&dir, &name)).await??);
    let feed = Feed::new(stream, checkpoint.clone(), failures, Retries::default(), handler);
    Ok((Pump::start(feed, supervisor), checkpoint))
}

/// Lets the engine forget what all consumers of the stream have consumed.
async fn sweep(engine: Arc<Engine>, checkpoints: Vec<Arc<Checkpoint>>) {
    let consumed = tokio::task::spawn_blocking(move || {
        let places = checkpoints.iter().map(|checkpoint| checkpoint.load()).collect::<Result<Vec<_>, _>>()?;
        // Nothing comes before any place.
        Ok::<_, FileError>(places.into_iter().min().flatten())
    })
    .await;
    let swept = match consumed {
        Ok(Ok(consumed)) => engine.sweep(consumed, now()).await,
        Ok(Err(error)) => Err(error.into()),
        Err(broken) => Err(broken.into()),
    };
    if let Err(error) = swept {
        tracing::error!(%error, "the engine was not swept");
    }
}

fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_dir::temporary;

    fn options(dir: &Path) -> Options {
        Options {
            address: "127.0.0.1:0".parse().unwrap(),
            data_dir: dir.into(),
            page: Page::default(),
            cors: Cors::default(),
            allowed_hosts: AllowedHosts::default(),
            max_connections: crate::host::gateway::MAX_CONNECTIONS,
            durability: Durability::PowerLoss,
            redelivery: Redelivery::default(),
            creation: CreationRules::default(),
            page_url: None,
            mail: MailOptions::default(),
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn it_starts_stops_and_starts_again() {
        let home = temporary().unwrap();
        let mut tokens = Vec::new();
        for _ in 0..2 {
            let server = Server::start(options(home.path())).await.unwrap();
            let photo = format!("http://{}/photos/moon.png", server.address());
            assert_eq!(reqwest::get(photo).await.unwrap().status().as_u16(), 200);
            tokens.push(server.token(&"ada".parse().unwrap()).unwrap());
            for token in &tokens {
                server.issuer.verify(token, now()).unwrap();
            }
            server.stop().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_database_that_panics_ends_the_server() {
        let home = temporary().unwrap();
        let server = Server::start(options(home.path())).await.unwrap();
        let broken = server.dispatcher().answer((), |()| panic!("out of order")).await;
        assert!(broken.is_err());
        let ended = server.failed().await.to_string();
        assert!(ended.starts_with("the engine ended: ") && ended.contains("out of order"), "{ended}");
        server.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_port_in_use_is_refused_in_words() {
        let home = temporary().unwrap();
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap();
        let refused = Server::start(Options { address, ..options(home.path()) }).await.err().unwrap();
        assert!(matches!(refused, StartError::PortInUse { .. }));
        assert!(refused.to_string().contains("--port"), "{refused}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_servers_do_not_share_their_data() {
        let home = temporary().unwrap();
        let server = Server::start(options(home.path())).await.unwrap();
        let refused = Server::start(options(home.path())).await.err().unwrap();
        assert!(refused.to_string().starts_with("another photovote is using "), "{refused}");
        server.stop().await;
    }
}
