//! The domain by itself: folding histories and counting ballots, on one thread.

mod plain;
mod tally;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use photovote_domain::{
    Aggregate, Ballot, CandidateId, CompetitionId, Digest, Election, Nonce, Ratings, Scale, ShardCount,
    ballot::BallotEvent, election::ElectionEvent, fold,
};
use photovote_events::StoredEvent;

use crate::report::Report;

/// For how long each is measured; it is done three times, and the middle one counts.
const TIME: Duration = Duration::from_millis(300);

/// The argument with which the program only counts 100,000 ballots.
pub(crate) const COUNT_MANY: &str = "tally";

/// Measures folds and the tally.
pub(crate) fn measure(report: &mut Report) {
    folds::<Ballot>(report, "a ballot, 200 ratings", &ballot());
    folds::<Election>(report, "an election, 500 candidates", &election());
    tally::measure(report);
}

/// Counts 100,000 ballots, and prints what that took: for a process of its own.
pub(crate) fn count_many() {
    tally::count_many();
}

fn folds<A: Aggregate>(report: &mut Report, name: &str, events: &[A::Event]) {
    let stored: Vec<_> = events.iter().map(|event| StoredEvent::encode(event).expect("an event has JSON")).collect();
    let decoded = per_second(events.len(), || {
        black_box(fold::<A>(black_box(events)));
    });
    let from_bytes = per_second(events.len(), || {
        let events = black_box(&stored).iter().map(|event| event.decode().expect("what was encoded can be decoded"));
        black_box(events.fold(A::default(), |state, event: A::Event| state.evolve(&event)));
    });
    let plain = per_second(events.len(), || {
        black_box(&stored).iter().for_each(plain::read);
    });
    report.throughput(&format!("fold events of {name}"), decoded, None);
    report.throughput("serde_json alone, their stored bytes", plain, None);
    report.throughput("fold them from stored bytes", from_bytes, Some(plain));
}

fn per_second(count: usize, mut work: impl FnMut()) -> f64 {
    let mut once = || {
        let begin = Instant::now();
        let mut times = 0;
        while begin.elapsed() < TIME {
            work();
            times += 1;
        }
        f64::from(times) / begin.elapsed().as_secs_f64()
    };
    // The first one only warms up.
    once();
    let mut rates = [once(), once(), once()];
    rates.sort_unstable_by(f64::total_cmp);
    rates[1] * f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn ballot() -> Vec<BallotEvent> {
    let candidates: Vec<_> = (0..100).map(CandidateId::from_bits).collect();
    let rated = |(n, candidate): (u8, &CandidateId)| BallotEvent::BallotCandidateRated {
        candidate: *candidate,
        rating: 1 + n % 5,
    };
    let mut events = vec![BallotEvent::BallotCreated { token: Digest::from_bytes([0; 32]) }];
    events.extend((0..200).zip(candidates.iter().cycle()).map(rated));
    events.push(BallotEvent::BallotCast { nonce: Nonce::from_bytes([0; 32]), ratings: grades(&candidates, 0) });
    events
}

fn election() -> Vec<ElectionEvent> {
    let (scale, shards) = (Scale::default(), ShardCount::default());
    let (name, owner) = ("Summer".to_owned(), "owner".to_owned());
    let mut events = vec![ElectionEvent::ElectionCreated { description: None, name, owner, scale, shards }];
    for number in 0..10 {
        let competition = CompetitionId::from_bits(number);
        let name = format!("Competition {number}");
        events.push(ElectionEvent::CompetitionAdded { competition, description: None, name });
        events.extend((0..50).map(|candidate| ElectionEvent::CandidateAdded {
            candidate: CandidateId::from_bits(number << 8 | candidate),
            competition,
            description: None,
            image: None,
            name: format!("Photograph {candidate}"),
        }));
    }
    events.push(ElectionEvent::ElectionOpened { closes_at: None });
    events
}

fn grades(candidates: &[CandidateId], ballot: u32) -> Ratings {
    let grade = |n: u32| u8::try_from(1 + (ballot + n) % 5).unwrap_or(1);
    (0..).zip(candidates).map(|(n, candidate)| (*candidate, grade(n))).collect()
}
