//! An open election whose voters rate and cast.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use photovote_tests::{Client, Election, Voter};
use serde_json::{Map, Value};

use crate::{
    ROUNDS,
    load::{self, CLIENTS, Samples},
};

/// How many photographs one request rates.
pub(crate) const PHOTOGRAPHS: usize = 5;
/// How many there are.
const CANDIDATES: usize = 20;
/// How many ballots are cast in a round.
const CASTS: usize = 300;

/// How many register at once.
const AT_ONCE: usize = 16;

/// The election, its voters with how often each has rated, and how far the voting is.
pub(crate) struct Voting {
    election: Election,
    candidates: Vec<String>,
    voters: Vec<(Voter, AtomicUsize)>,
    next_to_rate: AtomicUsize,
    next_to_cast: AtomicUsize,
}

impl Voting {
    /// Opens an election with enough voters for every round.
    pub(crate) async fn open(owner: Client) -> Self {
        let election = Election::open(owner, &[CANDIDATES]).await;
        let (candidates, opened) = (election.candidates(), &election);
        let register = |n| async move { (opened.voter(&format!("voter-{n}")).await, AtomicUsize::new(0)) };
        let rounds = CLIENTS.len() * (ROUNDS + 1);
        let voters = stream::iter((0..CASTS * rounds).map(register)).buffer_unordered(AT_ONCE).collect().await;
        let (next_to_rate, next_to_cast) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { election, candidates, voters, next_to_rate, next_to_cast }
    }

    /// Lets those who have not cast rate, one after the other.
    pub(crate) async fn rate(&self, clients: usize) -> Samples {
        let cast = self.next_to_cast.load(Ordering::Relaxed);
        let drafts = self.voters.len() - cast;
        load::run(clients, || {
            let number = cast + self.next_to_rate.fetch_add(1, Ordering::Relaxed) % drafts;
            let (voter, ratings) = self.ratings(number)?;
            Some(async move {
                voter.rate(ratings).await.ok();
            })
        })
        .await
    }

    /// Lets the next of them cast.
    pub(crate) async fn cast_some(&self, clients: usize) -> Samples {
        let end = self.next_to_cast.load(Ordering::Relaxed) + CASTS;
        let samples = load::run(clients, || {
            let number = self.next_to_cast.fetch_add(1, Ordering::Relaxed);
            let (voter, ratings) = if number < end { self.ratings(number)? } else { return None };
            Some(async move {
                voter.cast_with(ratings).await.ok();
            })
        })
        .await;
        self.next_to_cast.store(end, Ordering::Relaxed);
        samples
    }

    /// Closes the election, and answers how long it takes until its results are final: until it is closed, and the last of all
    /// ballots is counted.
    pub(crate) async fn finish(&self) -> Duration {
        let closing = Instant::now();
        let closed = self.election.post("/close", serde_json::json!({})).await;
        self.election.final_results(closed.version()).await;
        closing.elapsed()
    }

    /// A voter, and grades that they did not give the last time: only what changes is an event.
    fn ratings(&self, number: usize) -> Option<(&Voter, Value)> {
        let (voter, times) = self.voters.get(number)?;
        let grade = 1 + times.fetch_add(1, Ordering::Relaxed) % 5;
        let candidates = self.candidates.iter().cycle().skip(number % CANDIDATES).take(PHOTOGRAPHS);
        let ratings: Map<_, _> = candidates.map(|candidate| (candidate.clone(), grade.into())).collect();
        Some((voter, ratings.into()))
    }
}
