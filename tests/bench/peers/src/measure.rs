//! Tasks that work at the same time, and how long each piece of their work took.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures::future::join_all;

use crate::peer::Peer;

/// How many events a task appends to one stream before it begins the next.
const EVENTS: u64 = 20;

/// Streams that were begun, by whoever.
static STREAMS: AtomicU64 = AtomicU64::new(1);

/// A stream that nobody has used.
pub(crate) fn fresh_stream() -> u128 {
    STREAMS.fetch_add(1, Ordering::Relaxed).into()
}

/// What one peer did in one round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    /// How many pieces of work in a second.
    pub(crate) rate: f64,
    /// The time that half of them took at most.
    pub(crate) p50: Duration,
    /// The time that 99 of a hundred took at most.
    pub(crate) p99: Duration,
}

/// Lets so many tasks append events of so many bytes for a while.
pub(crate) async fn appends<P: Peer>(peer: Arc<P>, tasks: usize, bytes: usize, time: Duration) -> Round {
    let begin = Instant::now();
    let task = || {
        let peer = peer.clone();
        async move {
            let (mut writer, mut latencies) = (peer.writer(bytes), Vec::new());
            let (mut stream, mut version) = (fresh_stream(), 0);
            while begin.elapsed() < time {
                (stream, version) = if version == EVENTS { (fresh_stream(), 1) } else { (stream, version + 1) };
                let sent = Instant::now();
                peer.append(&mut writer, stream, version).await;
                latencies.push(sent.elapsed());
            }
            latencies
        }
    };
    let working: Vec<_> = (0..tasks).map(|_| tokio::spawn(task())).collect();
    round(join_all(working).await.into_iter().flat_map(|task| task.expect("no task fails")).collect(), begin.elapsed())
}

/// Lets so many tasks load a stream for a while, each of them at least once.
pub(crate) async fn loads<P: Peer>(peer: Arc<P>, tasks: usize, stream: u128, time: Duration) -> Round {
    let begin = Instant::now();
    let task = || {
        let peer = peer.clone();
        async move {
            let mut latencies = Vec::new();
            while latencies.is_empty() || begin.elapsed() < time {
                let sent = Instant::now();
                std::hint::black_box(peer.load(stream).await.characters);
                latencies.push(sent.elapsed());
            }
            latencies
        }
    };
    let working: Vec<_> = (0..tasks).map(|_| tokio::spawn(task())).collect();
    round(join_all(working).await.into_iter().flat_map(|task| task.expect("no task fails")).collect(), begin.elapsed())
}

fn round(mut latencies: Vec<Duration>, time: Duration) -> Round {
    latencies.sort_unstable();
    let percentile = |hundredths: usize| {
        let place = (latencies.len() * hundredths).div_ceil(100).saturating_sub(1);
        latencies.get(place).copied().unwrap_or_default()
    };
    let count = u32::try_from(latencies.len()).expect("nobody measures for that long");
    Round { rate: f64::from(count) / time.as_secs_f64(), p50: percentile(50), p99: percentile(99) }
}

/// The one in the middle.
pub(crate) fn median<T: Copy + PartialOrd>(values: impl IntoIterator<Item = T>) -> T {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_unstable_by(|a, b| a.partial_cmp(b).expect("measured values can be compared"));
    values[values.len() / 2]
}
