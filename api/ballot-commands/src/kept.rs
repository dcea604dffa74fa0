//! Ballots as this function has just left them, for the next command on them.
//!
//! *Invariant:* nothing is decided by what is kept but to append, and the append's condition proves that the ballot had not
//! moved. Whoever is refused, repeats a command or changes nothing is answered from the ballot's stream.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use photovote_domain::{Ballot, BallotId, ballot::Status};
use photovote_events::{History, Stream};
use tokio::time::Instant;

/// For how long a ballot is kept. Longer, and another instance is likely to have changed it: the append that finds out is a
/// write for nothing.
const MAX_AGE: Duration = Duration::from_mins(1);

/// How many commands the ballots that are kept may know together. One of them takes some hundred bytes of memory.
const MOST_COMMANDS: usize = 100_000;

/// Ballots that were written lately. Clones share what is kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ballots(Arc<Mutex<HashMap<BallotId, Kept>>>);

#[derive(Debug)]
struct Kept {
    at: Instant,
    history: History<Ballot>,
}

impl Ballots {
    /// A ballot as it was when it was last kept, if that was lately.
    pub(crate) fn get(&self, ballot: BallotId) -> Option<History<Ballot>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&ballot).filter(|kept| kept.at.elapsed() < MAX_AGE).map(|kept| kept.history.clone())
    }

    /// Keeps a draft, and forgets what is none any more: nothing is appended to that.
    pub(crate) fn keep(&self, history: History<Ballot>) {
        let Stream::Ballot(_, _, ballot) = history.stream() else { return };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(&ballot);
        if history.state().status == Status::Draft {
            kept.insert(ballot, Kept { at: Instant::now(), history });
        }
        let mut commands: usize = kept.values().map(|kept| kept.history.commands()).sum();
        while commands > MOST_COMMANDS
            && let Some(oldest) = kept.iter().min_by_key(|(_, kept)| kept.at).map(|(id, _)| *id)
        {
            let forgotten = kept.remove(&oldest);
            commands -= forgotten.map_or(0, |forgotten| forgotten.history.commands());
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
        let ballots = Ballots::default();
        let kept = || ballots.get(BallotId::from_bits(7)).map(|history| history.version().get());
        ballots.keep(history(7, 2, Status::Draft));
        ballots.keep(history(7, 3, Status::Draft));
        tokio::time::advance(MAX_AGE.saturating_sub(Duration::from_secs(1))).await;
        assert_eq!(kept(), Some(3));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(kept(), None);
    }

    #[tokio::test]
    async fn what_is_no_draft_any_more_is_forgotten() {
        for status in [Status::Cast, Status::Voided] {
            let ballots = Ballots::default();
            ballots.keep(history(7, 2, Status::Draft));
            ballots.keep(history(7, 3, status));
            assert!(ballots.get(BallotId::from_bits(7)).is_none());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_make_room() {
        let ballots = Ballots::default();
        for ballot in 0..5 {
            ballots.keep(history(ballot, MOST_COMMANDS / 4, Status::Draft));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        let kept = |ballot| ballots.get(BallotId::from_bits(ballot)).is_some();
        assert_eq!([0, 1, 2, 3, 4].map(kept), [false, true, true, true, true]);
    }
}
