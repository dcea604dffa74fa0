//! An open election whose voters rate and cast.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{StreamExt, stream};
use photovote_tests::{Client, Election, Voter};
use serde_json::{Map, Value};

use crate::{
    ROUNDS,
    load::{CLIENTS, Load, Samples},
};

/// How many photographs one request rates.
pub(crate) const PHOTOGRAPHS: usize = 5;
/// How many there are.
const CANDIDATES: usize = 20;
/// How many ballots are cast in a round.
const CASTS: usize = 100;

/// The election, and how far the voting is.
pub(crate) struct Voting {
    candidates: Vec<String>,
    voters: Vec<Voter>,
    rated: AtomicUsize,
    cast: AtomicUsize,
}

impl Voting {
    /// Opens an election with enough voters for every round.
    pub(crate) async fn open(owner: Client) -> Self {
        let election = &Election::open(owner, &[CANDIDATES]).await;
        let voters =
            stream::iter(0..CASTS * (ROUNDS + 1)).map(|n| async move { election.voter(&format!("v{n}")).await });
        let voters = voters.buffer_unordered(CLIENTS).collect().await;
        let (rated, cast) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { candidates: election.candidates(), voters, rated, cast }
    }

    /// Lets those who have not cast rate, one after the other.
    pub(crate) async fn rate(&self, load: Load) -> Samples {
        let cast = self.cast.load(Ordering::Relaxed);
        let drafts = self.voters.get(cast..).unwrap_or_default();
        load.run(|| {
            let number = self.rated.fetch_add(1, Ordering::Relaxed);
            let voter = drafts.get(number % drafts.len())?;
            let ratings = self.ratings(number);
            Some(async move {
                voter.rate(ratings).await.ok();
            })
        })
        .await
    }

    /// Lets the next of them cast.
    pub(crate) async fn cast_some(&self, load: Load) -> Samples {
        let end = self.cast.load(Ordering::Relaxed) + CASTS;
        let samples = load
            .run(|| {
                let number = self.cast.fetch_add(1, Ordering::Relaxed);
                let voter = self.voters.get(..end)?.get(number)?;
                let ratings = self.ratings(number);
                Some(async move {
                    voter.cast_with(ratings).await.ok();
                })
            })
            .await;
        self.cast.store(end, Ordering::Relaxed);
        samples
    }

    /// Grades that the same voter did not give the last time: only what changes is an event.
    fn ratings(&self, number: usize) -> Value {
        let grade = 1 + number / CASTS % 5;
        let candidates = self.candidates.iter().cycle().skip(number % CANDIDATES).take(PHOTOGRAPHS);
        candidates.map(|candidate| (candidate.clone(), grade.into())).collect::<Map<_, _>>().into()
    }
}
