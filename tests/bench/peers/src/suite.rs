//! What is measured, and in which order.

use std::{fmt, sync::Arc, time::Duration};

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_types::SdkConfig;
use futures::future::join_all;
use photovote_dynamodb::Endpoint;

use crate::{
    adapter::Adapter,
    bare::{Bare, EventAlone, SameItem},
    cqrs::DynamoEs,
    embedded::Embedded,
    measure::{Round, fresh_stream},
    peer::{AnyPeer, Entrant},
    photovote::PhotoVote,
};

/// How many there are.
pub(crate) const PEERS: usize = 5;

/// All of them, by their places.
pub(crate) const ENTRANTS: [Entrant; PEERS] = [
    Entrant::of::<PhotoVote>(),
    Entrant::of::<Bare<SameItem>>(),
    Entrant::of::<Bare<EventAlone>>(),
    Entrant::of::<DynamoEs>(),
    Entrant::of::<Adapter>(),
];
pub(crate) const PHOTOVOTE: usize = 0;
pub(crate) const SAME_ITEM: usize = 1;
pub(crate) const DYNAMO_ES: usize = 3;
pub(crate) const ADAPTER: usize = 4;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Appending events of so many bytes.
    Append { bytes: usize },
    /// Loading a stream of so many events of so many bytes each.
    Load { events: u64, bytes: usize },
}

/// All work. The last stream is over 1 MB, whoever stores it.
pub(crate) const WORKS: [Work; 6] = [
    Work::Append { bytes: 200 },
    Work::Append { bytes: 3_000 },
    Work::Load { events: 20, bytes: 200 },
    Work::Load { events: 200, bytes: 200 },
    Work::Load { events: 2_000, bytes: 200 },
    Work::Load { events: 500, bytes: 3_000 },
];

/// How many work at the same time.
const TASKS: [usize; 2] = [1, 16];

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Append { bytes } => write!(f, "append {bytes} bytes"),
            Self::Load { events, bytes } => write!(f, "load {events} × {bytes} bytes"),
        }
    }
}

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
pub(crate) enum Place {
    /// In this process, a new one whenever one is wanted.
    Embedded,
    /// There.
    Url(String),
}

/// What they did.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) work: Work,
    pub(crate) tasks: usize,
    /// By their places.
    pub(crate) peers: Vec<Outcome>,
}

/// What one of them did.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// The work, in all rounds that count.
    Done(Vec<Round>),
    /// It loads only so many events: what it did cannot be compared.
    Part(u64),
}

/// The configuration of all clients: that of the local server, and the SDK's own way to sleep by its name, which
/// `event-store-adapter-rs` asks for.
pub(crate) fn config(url: String) -> SdkConfig {
    let config = photovote_dynamodb::config(&Endpoint::Local(url));
    config.into_builder().sleep_impl(SharedAsyncSleep::new(TokioSleep::new())).build()
}

/// An engine with the tables of all peers.
struct Arena {
    peers: Vec<Arc<dyn AnyPeer>>,
    /// Stops when it is dropped.
    _engine: Option<Embedded>,
}

impl Arena {
    async fn open(place: &Place) -> Self {
        let (url, engine) = match place {
            Place::Url(url) => (url.clone(), None),
            Place::Embedded => {
                let engine = Embedded::start();
                (engine.url().to_owned(), Some(engine))
            }
        };
        let client = photovote_dynamodb::client(&config(url), None);
        let mut peers = Vec::new();
        for entrant in &ENTRANTS {
            entrant.create_tables(&client).await;
            peers.push((entrant.open)(client.clone()).await);
        }
        Self { peers, _engine: engine }
    }

    /// Writes a stream for each of them to load. For each that does not load all of it: how many events it does load.
    async fn prepare(&self, stream: u128, events: u64, bytes: usize) -> [Option<u64>; PEERS] {
        let loaded = join_all(self.peers.iter().map(|peer| async move {
            peer.write(stream, events, bytes).await;
            peer.loaded(stream).await
        }));
        let loaded = loaded.await;
        std::array::from_fn(|peer| Some(loaded[peer]).filter(|loaded| *loaded < events))
    }
}

/// Measures these works in one place.
pub(crate) async fn measure(place: &Place, works: &[Work], plan: Plan) -> Vec<Row> {
    let arena = Arena::open(place).await;
    let mut rows = Vec::new();
    for &work in works {
        let stream = fresh_stream();
        let parts = match work {
            Work::Append { .. } => [None; PEERS],
            Work::Load { events, bytes } => arena.prepare(stream, events, bytes).await,
        };
        for tasks in TASKS {
            eprintln!("{work}, {tasks} tasks");
            let mut rounds = [(); PEERS].map(|()| Vec::new());
            for round in 0..=plan.rounds {
                for peer in order(round).filter(|peer| parts[*peer].is_none()) {
                    let measured = match work {
                        Work::Append { bytes } => appends(place, &arena, peer, tasks, bytes, plan.time).await,
                        Work::Load { .. } => arena.peers[peer].clone().loads(tasks, stream, plan.time).await,
                    };
                    if round > 0 {
                        rounds[peer].push(measured);
                    }
                }
            }
            let outcome = |(rounds, part): (_, Option<u64>)| part.map_or(Outcome::Done(rounds), Outcome::Part);
            rows.push(Row { work, tasks, peers: rounds.into_iter().zip(parts).map(outcome).collect() });
        }
    }
    rows
}

/// Who comes when in a round: each round another one begins, and every other round they go backwards, so that nobody always
/// comes after the same one.
fn order(round: usize) -> impl Iterator<Item = usize> {
    (0..PEERS).map(move |turn| {
        let turn = (turn + round) % PEERS;
        if round.is_multiple_of(2) { turn } else { PEERS - 1 - turn }
    })
}

/// The embedded engine slows transactions down as it remembers more of them: so that none pays for what others did, each has
/// an engine of its own in each round, warmed up.
async fn appends(place: &Place, arena: &Arena, peer: usize, tasks: usize, bytes: usize, time: Duration) -> Round {
    let own = match place {
        Place::Embedded => Some(Arena::open(place).await),
        Place::Url(_) => None,
    };
    let peer = &own.as_ref().unwrap_or(arena).peers[peer];
    if own.is_some() {
        peer.clone().appends(tasks, bytes, time / 5).await;
    }
    peer.clone().appends(tasks, bytes, time).await
}
