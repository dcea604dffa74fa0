//! Clients that work at the same time, and what they find.

use std::time::{Duration, Instant};

use futures::future::join_all;

/// How many work at once: first the ones, then the others.
pub(crate) const CLIENTS: [usize; 2] = [16, 64];
/// For how long, at most, in each round.
const ROUND: Duration = Duration::from_millis(1_500);

/// One round: lets each of so many clients work until the time is over, or until there is nothing left to do; then `work` answers
/// `None`.
pub(crate) async fn run<F>(clients: usize, work: impl Fn() -> Option<F>) -> Samples
where
    F: Future<Output = ()>,
{
    let begin = Instant::now();
    let client = async || {
        let mut latencies = Vec::new();
        while begin.elapsed() < ROUND {
            let Some(work) = work() else { break };
            let sent = Instant::now();
            work.await;
            latencies.push(sent.elapsed());
        }
        latencies
    };
    let latencies = join_all((0..clients).map(|_| client())).await.into_iter().flatten().collect();
    Samples { latencies, time: begin.elapsed() }
}

/// How long each piece of work took, and all of them together.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    latencies: Vec<Duration>,
    time: Duration,
}

impl Samples {
    /// Takes in another round.
    pub(crate) fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.time += other.time;
    }

    /// How many in a second.
    pub(crate) fn rate(&self) -> f64 {
        f64::from(u32::try_from(self.latencies.len()).unwrap_or(u32::MAX)) / self.time.as_secs_f64()
    }

    /// The time that so many of a hundred took at most.
    pub(crate) fn percentile(&self, hundredths: usize) -> Duration {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let place = (sorted.len() * hundredths).div_ceil(100).saturating_sub(1);
        sorted.get(place).copied().unwrap_or_default()
    }
}
