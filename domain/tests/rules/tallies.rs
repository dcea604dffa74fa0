//! Counting leaves no trace of the order in which ballots came in.

use photovote_domain::{CandidateId, Histogram, Ratings, Tally};
use proptest::prelude::*;

use crate::photos::{candidate, ratings};

fn ballots() -> impl Strategy<Value = Vec<Ratings>> {
    let ballot = prop::collection::btree_map((0..5_u128).prop_map(candidate), 0..=10_u8, 0..5);
    prop::collection::vec(ballot, 0..20)
}

fn counted<'a>(ballots: impl IntoIterator<Item = &'a Ratings>) -> Tally {
    let mut tally = Tally::default();
    ballots.into_iter().for_each(|ballot| tally.count(ballot));
    tally
}

#[test]
fn a_tally_counts_each_grade_of_each_candidate() {
    let tally = counted(&[ratings([(1, 5), (2, 0)]), ratings([(1, 5)]), ratings([(1, 10)])]);
    assert_eq!(tally.ballots, 3);
    let histogram = |candidate: CandidateId| tally.candidates.get(&candidate).copied();
    assert_eq!(histogram(candidate(1)), Some(Histogram([0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1])));
    assert_eq!(histogram(candidate(2)), Some(Histogram([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])));
    assert_eq!(histogram(candidate(3)), None, "not rated");
}

#[test]
fn a_histogram_is_counted_and_summed() {
    let histogram = Histogram([4, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]);
    assert_eq!((histogram.count(), histogram.sum()), (7, 20));
    let full = Histogram([u64::MAX; 11]);
    assert_eq!((full.count(), full.sum()), (u64::MAX, u64::MAX), "nothing wraps round");
}

proptest! {
    #[test]
    fn ballots_are_counted_in_any_order_and_in_any_parts(
        (ballots, shuffled) in ballots().prop_flat_map(|ballots| (Just(ballots.clone()), Just(ballots).prop_shuffle())),
        parts in 1..5_usize,
    ) {
        let whole = counted(&ballots);
        prop_assert_eq!(&counted(&shuffled), &whole);
        let mut sum = Tally::default();
        for part in (0..parts).rev() {
            sum.merge(&counted(shuffled.iter().skip(part).step_by(parts)));
        }
        prop_assert_eq!(&sum, &whole);
    }

    #[test]
    fn each_rating_is_counted_once(ballots in ballots()) {
        let tally = counted(&ballots);
        prop_assert_eq!(tally.ballots, ballots.len() as u64);
        let ratings: usize = ballots.iter().map(Ratings::len).sum();
        prop_assert_eq!(tally.candidates.values().map(Histogram::count).sum::<u64>(), ratings as u64);
        for (candidate, histogram) in &tally.candidates {
            let sum = ballots.iter().filter_map(|ballot| ballot.get(candidate)).map(|grade| u64::from(*grade)).sum::<u64>();
            prop_assert_eq!(histogram.sum(), sum);
        }
    }
}
