//! What is measured, and in which order.

use std::{fmt, sync::Arc, time::Duration};

use aws_sdk_dynamodb::Client;
use futures::future::join_all;

use crate::{
    adapter::Adapter,
    bare::{Bare, EventAlone, PhotoVotesItem},
    cost::{Cost, Counting},
    cqrs::DynamoEs,
    embedded::Embedded,
    event::Event,
    measure::{self, Round, fresh_stream},
    peer::{Peer, create_tables},
    photovote::PhotoVote,
    report,
};

/// How often and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// How many rounds count; one more comes first.
    pub(crate) rounds: usize,
    /// For how long each peer works in a round.
    pub(crate) time: Duration,
}

/// Where an engine is.
#[derive(Debug)]
pub(crate) enum Endpoint {
    /// In this process, a new one whenever one is wanted.
    Embedded,
    /// There.
    Url(String),
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Appending events of so many bytes.
    Append(usize),
    /// Loading a stream of so many events of so many bytes each.
    Load(usize, usize),
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Append(bytes) => write!(f, "append {bytes} bytes"),
            Self::Load(events, bytes) => write!(f, "load {events} events of {bytes} bytes"),
        }
    }
}

const APPENDS: [Work; 2] = [Work::Append(200), Work::Append(3_000)];
/// The last one is over 1 MB for everybody.
const LOADS: [Work; 4] = [Work::Load(20, 200), Work::Load(200, 200), Work::Load(2_000, 200), Work::Load(500, 3_000)];
const TASKS: [usize; 2] = [1, 16];

/// How many peers there are.
pub(crate) const PEERS: usize = 5;
/// What they are called.
pub(crate) const NAMES: [&str; PEERS] =
    [PhotoVote::NAME, Bare::<PhotoVotesItem>::NAME, Bare::<EventAlone>::NAME, DynamoEs::NAME, Adapter::NAME];

/// All of them, over one engine.
struct Peers {
    photovote: Arc<PhotoVote>,
    same_item: Arc<Bare<PhotoVotesItem>>,
    event_alone: Arc<Bare<EventAlone>>,
    dynamo_es: Arc<DynamoEs>,
    adapter: Arc<Adapter>,
}

/// Does something with the peer of a number.
macro_rules! with_peer {
    ($peers:expr, $number:expr, $peer:ident => $work:expr) => {
        match $number {
            0 => {
                let $peer = &$peers.photovote;
                $work
            }
            1 => {
                let $peer = &$peers.same_item;
                $work
            }
            2 => {
                let $peer = &$peers.event_alone;
                $work
            }
            3 => {
                let $peer = &$peers.dynamo_es;
                $work
            }
            _ => {
                let $peer = &$peers.adapter;
                $work
            }
        }
    };
}

impl Peers {
    /// Makes all tables.
    async fn create(client: &Client) {
        create_tables::<PhotoVote>(client).await;
        create_tables::<Bare<PhotoVotesItem>>(client).await;
        create_tables::<Bare<EventAlone>>(client).await;
        create_tables::<DynamoEs>(client).await;
        create_tables::<Adapter>(client).await;
    }

    async fn open(client: &Client) -> Self {
        Self {
            photovote: Arc::new(Peer::open(client.clone()).await),
            same_item: Arc::new(Peer::open(client.clone()).await),
            event_alone: Arc::new(Peer::open(client.clone()).await),
            dynamo_es: Arc::new(Peer::open(client.clone()).await),
            adapter: Arc::new(Peer::open(client.clone()).await),
        }
    }

    /// One round: all of them in turn, each round another one first.
    async fn round(&self, round: usize, measure: impl AsyncFn(usize) -> Round) -> [Round; PEERS] {
        let mut rounds = Vec::with_capacity(PEERS);
        for turn in 0..PEERS {
            let peer = (turn + round) % PEERS;
            rounds.push((peer, measure(peer).await));
        }
        rounds.sort_unstable_by_key(|(peer, _)| *peer);
        std::array::from_fn(|peer| rounds[peer].1)
    }

    async fn write(&self, peer: usize, stream: u128, events: usize, bytes: usize) {
        with_peer!(self, peer, peer => write(peer.as_ref(), stream, events, bytes).await);
    }
}

async fn write<P: Peer>(peer: &P, stream: u128, events: usize, bytes: usize) {
    let mut writer = peer.begin(stream);
    for _ in 0..events {
        peer.append(&mut writer, Event::of_bytes(bytes)).await;
    }
}

/// What one piece of each work costs each of them, and what becomes of who reads only one page.
pub(crate) async fn costs() -> String {
    let engine = Embedded::start();
    let plain = client(engine.url()).await;
    Peers::create(&plain).await;
    let counting = Counting::new(engine.url()).await;
    let peers = Peers::open(&counting.client).await;
    let mut rows: Vec<(Work, Vec<Cost>)> = Vec::new();
    for work in APPENDS.into_iter().chain(LOADS) {
        let mut costs = Vec::new();
        for peer in 0..PEERS {
            costs.push(match work {
                Work::Append(bytes) => {
                    with_peer!(peers, peer, peer => counting.append(&plain, peer.as_ref(), bytes).await)
                }
                Work::Load(events, bytes) => {
                    let stream = fresh_stream();
                    peers.write(peer, stream, events, bytes).await;
                    with_peer!(peers, peer, peer => counting.load(peer.as_ref(), stream, events).await)
                }
            });
        }
        rows.push((work, costs));
    }
    format!("{}\n\n{}", report::costs(&rows), truncated(&peers.dynamo_es).await)
}

/// Shows that a stream of more than one page cannot be appended to by who loads only the first.
async fn truncated(peer: &DynamoEs) -> String {
    let (stream, events) = (fresh_stream(), 500);
    write(peer, stream, events, 3_000).await;
    let loaded = peer.load(stream).await.events;
    let id = photovote_domain::BallotId::from_bits(stream).to_string();
    let appended = peer.try_append(id, loaded, Event::of_bytes(200)).await;
    let outcome = appended.map_or_else(|error| format!("is refused: {error}"), |()| "succeeds".to_owned());
    format!(
        "{} loads {loaded} events of a stream of {events} (3,000 bytes each); the next append {outcome}.",
        DynamoEs::NAME
    )
}

/// Measures everything on one engine.
pub(crate) async fn measure(engine: &str, endpoint: &Endpoint, plan: Plan) -> String {
    let mut rows = Vec::new();
    let place = Place::new(endpoint).await;
    for (work, tasks) in TASKS.into_iter().flat_map(|tasks| APPENDS.map(|work| (work, tasks))) {
        let Work::Append(bytes) = work else { continue };
        let mut rounds = Vec::new();
        for round in 0..=plan.rounds {
            // What piles up in the engine must not slow down the next round.
            let fresh = match endpoint {
                Endpoint::Embedded => Some(Place::new(endpoint).await),
                Endpoint::Url(_) => None,
            };
            let peers = &fresh.as_ref().unwrap_or(&place).peers;
            let measure =
                async |number| with_peer!(peers, number, peer => measure::appends(peer, tasks, bytes, plan.time).await);
            rounds.push(peers.round(round, measure).await);
        }
        eprintln!("{engine}: {work}, {tasks} tasks");
        rows.push((work, tasks, rounds.split_off(1)));
    }
    for work in LOADS {
        let Work::Load(events, bytes) = work else { continue };
        let stream = fresh_stream();
        join_all((0..PEERS).map(|peer| place.peers.write(peer, stream, events, bytes))).await;
        for tasks in TASKS {
            let mut rounds = Vec::new();
            for round in 0..=plan.rounds {
                let measure = async |number| with_peer!(place.peers, number, peer => measure::loads(peer, tasks, stream, plan.time).await);
                rounds.push(place.peers.round(round, measure).await);
            }
            eprintln!("{engine}: {work}, {tasks} tasks");
            rows.push((work, tasks, rounds.split_off(1)));
        }
    }
    report::measured(engine, &rows)
}

/// An engine with all peers.
struct Place {
    peers: Peers,
    _engine: Option<Embedded>,
}

impl Place {
    async fn new(endpoint: &Endpoint) -> Self {
        let engine = matches!(endpoint, Endpoint::Embedded).then(Embedded::start);
        let url = match (endpoint, &engine) {
            (Endpoint::Url(url), _) => url,
            (Endpoint::Embedded, engine) => engine.as_ref().map_or("", Embedded::url),
        };
        let client = client(url).await;
        Peers::create(&client).await;
        Self { peers: Peers::open(&client).await, _engine: engine }
    }
}

async fn client(url: &str) -> Client {
    let config = photovote_dynamodb::config(&photovote_dynamodb::Endpoint::Local(url.to_owned())).await;
    photovote_dynamodb::client(&config, None)
}
