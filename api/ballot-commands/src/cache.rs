//! A cache of the ballots that this instance has written to.
//!
//! It saves reading: of a cached ballot only the commits are read that are new, by one Query. So a ballot is never older than
//! the request that it is loaded for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use photovote_domain::{Ballot, BallotId, ballot::Status};
use photovote_events::{History, Stream};
use tokio::time::Instant;

/// For how long a ballot is cached.
const MAX_AGE: Duration = Duration::from_mins(1);

/// How many commands all cached ballots may know together. A command takes some hundred bytes of memory.
const MAX_COMMANDS: usize = 100_000;

/// Ballots that were written lately. Clones share the cache.
#[derive(Debug, Clone, Default)]
pub(crate) struct BallotCache(Arc<Mutex<HashMap<BallotId, Entry>>>);

#[derive(Debug)]
struct Entry {
    at: Instant,
    history: History<Ballot>,
}

impl BallotCache {
    /// A ballot as it was when it was last put, if that was at most [`MAX_AGE`] ago.
    pub(crate) fn get(&self, ballot: BallotId) -> Option<History<Ballot>> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(&ballot).filter(|entry| entry.at.elapsed() < MAX_AGE).map(|entry| entry.history.clone())
    }

    /// Caches a draft, and removes a ballot that is no draft any more.
    pub(crate) fn put(&self, history: History<Ballot>) {
        let Stream::Ballot(_, _, ballot) = history.stream() else { return };
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.remove(&ballot);
        if history.state().status == Status::Draft {
            entries.insert(ballot, Entry { at: Instant::now(), history });
        }
        let mut commands: usize = entries.values().map(|entry| entry.history.commands()).sum();
        while commands > MAX_COMMANDS
            && let Some(oldest) = entries.iter().min_by_key(|(_, entry)| entry.at).map(|(id, _)| *id)
        {
            let removed = entries.remove(&oldest);
            commands -= removed.map_or(0, |entry| entry.history.commands());
        }
    }
}

#[cfg(test)]
mod tests {
    use photovote_domain::{Digest, Draft, ElectionId, Nonce, Ratings, ShardCount, Timestamp, ballot::BallotEvent};

    use super::*;

    /// A ballot after so many commands, of which the last led to this status.
    fn history(ballot: u128, commands: usize, status: Status) -> History<Ballot> {
        let stream = Stream::ballot(ElectionId::from_bits(1), ShardCount::default(), BallotId::from_bits(ballot));
        let (token, nonce) = (Digest::of(b"token"), Nonce::from_bytes([0; 32]));
        let draft: Draft = "3".parse().unwrap();
        let saved = |saves| BallotEvent::BallotSaved { draft: draft.clone(), saves, token };
        let events = std::iter::once(BallotEvent::BallotCreated { token }).chain((2..commands).map(saved));
        let last = match status {
            Status::Cast => BallotEvent::BallotCast { nonce, ratings: Ratings::new() },
            Status::Voided => BallotEvent::BallotVoided {},
            _ => saved(commands),
        };
        let commits = events.chain([last]).map(|event| vec![event]);
        let mut history = History::empty(stream);
        for commit in photovote_test_support::history(stream, Timestamp::from_millis(0), commits) {
            history.push(commit).expect("each commit follows");
        }
        history
    }

    #[tokio::test(start_paused = true)]
    async fn a_draft_is_kept_for_a_minute() {
        let ballots = BallotCache::default();
        let kept = || ballots.get(BallotId::from_bits(7)).map(|history| history.version().get());
        ballots.put(history(7, 2, Status::Draft));
        ballots.put(history(7, 3, Status::Draft));
        tokio::time::advance(MAX_AGE.saturating_sub(Duration::from_secs(1))).await;
        assert_eq!(kept(), Some(3));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(kept(), None);
    }

    #[tokio::test]
    async fn what_is_no_draft_any_more_is_forgotten() {
        for status in [Status::Cast, Status::Voided] {
            let ballots = BallotCache::default();
            ballots.put(history(7, 2, Status::Draft));
            ballots.put(history(7, 3, status));
            assert!(ballots.get(BallotId::from_bits(7)).is_none());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_make_room() {
        let ballots = BallotCache::default();
        for ballot in 0..5 {
            ballots.put(history(ballot, MAX_COMMANDS / 4, Status::Draft));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        let kept = |ballot| ballots.get(BallotId::from_bits(ballot)).is_some();
        assert_eq!([0, 1, 2, 3, 4].map(kept), [false, true, true, true, true]);
    }
}
