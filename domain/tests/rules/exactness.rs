//! Results, held against the same numbers made in other ways.

use photovote_domain::{
    CandidateResults, ElectionId, Histogram, Results, Tally,
    election::{Candidate, Competition},
    results::MAX_BALLOTS,
};
use proptest::prelude::*;

use crate::photos::{candidate, competition, scale};

/// The ranked candidates of a competition of photographs 0, 1, … with these ratings, on the widest scale.
fn ranked(ratings: &[Histogram]) -> Vec<CandidateResults> {
    let photo = |(number, _)| Candidate {
        id: candidate(number),
        name: "Moon".into(),
        description: None,
        image: None,
        disqualified: None,
    };
    let candidates = (0..).zip(ratings).map(photo).collect();
    let competition = Competition { id: competition(1), name: "Nature".into(), description: None, candidates };
    let ballots = ratings.iter().map(Histogram::count).max().unwrap_or_default();
    let histograms = (0..).zip(ratings).map(|(number, histogram)| (candidate(number), *histogram));
    let tally = Tally { ballots, candidates: histograms.collect() };
    let results = Results::of(ElectionId::from_bits(1), &[competition], scale(0, 10), &tally, ballots, None).unwrap();
    results.competitions.into_iter().next().unwrap().candidates
}

/// The ratings one by one.
fn spelled_out(histogram: &Histogram) -> Vec<i128> {
    histogram.grades().flat_map(|(grade, n)| (0..n).map(move |_| i128::from(grade))).collect()
}

/// Long division, as one does it on paper: the quotient to `places` decimals, and the rest.
fn long_division(mut dividend: u128, divisor: u128, places: usize) -> (String, u128) {
    let mut quotient = format!("{}.", dividend / divisor);
    for _ in 0..places {
        dividend = dividend % divisor * 10;
        quotient.push_str(&(dividend / divisor).to_string());
    }
    (quotient, dividend % divisor)
}

/// The number with a one added to its last digit.
fn next_up(decimal: &str) -> String {
    let mut digits: Vec<u8> = decimal.bytes().collect();
    for digit in digits.iter_mut().rev().filter(|digit| **digit != b'.') {
        if *digit < b'9' {
            *digit += 1;
            return String::from_utf8(digits).unwrap();
        }
        *digit = b'0';
    }
    format!("1{}", String::from_utf8(digits).unwrap())
}

fn rounded_on_paper(dividend: u128, divisor: u128) -> String {
    let (quotient, rest) = long_division(dividend, divisor, 4);
    let last_is_odd = quotient.ends_with(['1', '3', '5', '7', '9']);
    if 2 * rest > divisor || 2 * rest == divisor && last_is_odd { next_up(&quotient) } else { quotient }
}

/// A decimal of four places, in units of the last one.
fn ten_thousandths(decimal: &str) -> u128 {
    let (whole, places) = decimal.split_once('.').unwrap();
    assert_eq!(places.len(), 4, "{decimal}");
    whole.parse::<u128>().unwrap() * 10_000 + places.parse::<u128>().unwrap()
}

/// n²σ² by another formula than n·Σx² − (Σx)²: each pair of ratings, and the square of its distance.
fn variance_by_pairs(histogram: &Histogram) -> u128 {
    let cells: Vec<(u128, u128)> = histogram.grades().map(|(grade, n)| (u128::from(grade), u128::from(n))).collect();
    let pairs = cells.iter().enumerate().flat_map(|(i, a)| cells[..i].iter().map(move |b| (a, b)));
    pairs.map(|((x, n), (y, m))| n * m * (x - y).pow(2)).sum()
}

/// Does `a` do better than `b`? Counted rating by rating, with means as differences of fractions.
fn better(a: &[i128], b: &[i128]) -> bool {
    let (n, m) = (a.len() as i128, b.len() as i128);
    let difference = a.iter().sum::<i128>() * m - b.iter().sum::<i128>() * n;
    let of = |ratings: &[i128], grade| ratings.iter().filter(|rating| **rating == grade).count();
    let decisive = (0..=10).rev().find(|&grade| of(a, grade) != of(b, grade));
    difference > 0 || difference == 0 && decisive.is_some_and(|grade| of(a, grade) > of(b, grade))
}

/// Few ratings of few grades, so that means and whole histograms are often equal.
fn few_ratings() -> impl Strategy<Value = Histogram> {
    prop::collection::vec(0..4_usize, 0..9).prop_map(|grades| {
        let mut histogram = Histogram::default();
        for grade in grades {
            histogram.0[2 * grade + 1] += 1;
        }
        histogram
    })
}

/// At least one rating, and up to as many as there can be.
fn any_ratings() -> impl Strategy<Value = Histogram> {
    let most = MAX_BALLOTS / 11;
    let number = prop_oneof![Just(0), 0..4_u64, 0..1_000_u64, 0..=most];
    let histogram = prop::array::uniform11(number).prop_map(Histogram);
    histogram.prop_filter("at least one rating", |histogram| histogram.count() > 0)
}

proptest! {
    #[test]
    fn a_rank_is_the_number_of_better_candidates_and_one(ratings in prop::collection::vec(few_ratings(), 1..20)) {
        let all: Vec<_> = ratings.iter().map(spelled_out).collect();
        let rated = || all.iter().filter(|ratings| !ratings.is_empty());
        let found = ranked(&ratings);
        prop_assert_eq!(found.len(), rated().count());
        for result in &found {
            let own = &all[usize::try_from(result.candidate_id.bits()).unwrap()];
            let better_ones = rated().filter(|other| better(other, own)).count();
            let equals = rated().filter(|other| !better(other, own) && !better(own, other)).count();
            prop_assert_eq!(result.rank as usize, better_ones + 1);
            prop_assert_eq!(result.tied, equals > 1);
        }
        let order: Vec<_> = found.iter().map(|result| (result.rank, result.candidate_id)).collect();
        prop_assert!(order.is_sorted(), "{:?}", order);
    }

    #[test]
    fn small_numbers_are_what_one_finds_by_looking(ratings in few_ratings()) {
        let own = spelled_out(&ratings);
        for result in ranked(&[ratings]) {
            let twice_the_median = own[(own.len() - 1) / 2] + own[own.len() / 2];
            prop_assert_eq!(&result.median, &format!("{}.{}", twice_the_median / 2, twice_the_median % 2 * 5));
            prop_assert_eq!(result.ratings, own.len() as u64);
            prop_assert_eq!(i128::from(result.sum), own.iter().sum::<i128>());
            let histogram: Vec<_> = result.histogram.into_iter().collect();
            prop_assert_eq!(histogram, ratings.grades().collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_mean_is_rounded_as_on_paper(ratings in any_ratings()) {
        let result = &ranked(&[ratings])[0];
        prop_assert_eq!(&result.mean, &rounded_on_paper(ratings.sum().into(), ratings.count().into()));
        let (numerator, denominator) = (result.mean_exact.numerator, result.mean_exact.denominator);
        prop_assert_eq!(
            u128::from(numerator) * u128::from(ratings.count()),
            u128::from(ratings.sum()) * u128::from(denominator)
        );
        let shared = (2..=1_000).find(|divisor| numerator % divisor == 0 && denominator % divisor == 0);
        prop_assert_eq!(shared, None, "in lowest terms");
    }

    #[test]
    fn the_standard_deviation_is_exact_to_half_a_unit(ratings in any_ratings()) {
        let units = ten_thousandths(&ranked(&[ratings])[0].standard_deviation);
        // |σ − units/10⁴| ≤ ½/10⁴, times 2n·10⁴, squared; and where it is exactly a half, the digit is even.
        let square = |n: u128| (n * u128::from(ratings.count())).pow(2);
        let exact = 400_000_000 * variance_by_pairs(&ratings);
        let (low, high) = (square((2 * units).saturating_sub(1)), square(2 * units + 1));
        prop_assert!(low <= exact && exact <= high, "{} <= {} <= {}", low, exact, high);
        if units > 0 && exact == low || exact == high {
            prop_assert_eq!(units % 2, 0);
        }
    }
}
