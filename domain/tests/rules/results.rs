//! Results, by example.

use std::collections::BTreeMap;

use photovote_domain::{
    CandidateResults, Digest, ElectionId, Histogram, Results, ResultsError, Scale, Tally,
    election::{Candidate, Competition},
    results::MAX_BALLOTS,
};
use serde_json::json;

use crate::photos::{candidate, competition, scale};

const ELECTION: ElectionId = ElectionId::from_bits(1);

fn photo(number: u128, name: &str) -> Candidate {
    Candidate { id: candidate(number), name: name.into(), description: None, image: None, disqualified: None }
}

fn disqualified(number: u128, name: &str) -> Candidate {
    Candidate { disqualified: Some("a painting".into()), ..photo(number, name) }
}

fn nature(candidates: Vec<Candidate>) -> Competition {
    Competition { id: competition(1), name: "Nature".into(), description: None, candidates }
}

/// How often the grades were given: pairs of a grade and a number of ballots.
fn histogram(ratings: &[(usize, u64)]) -> Histogram {
    let mut histogram = Histogram::default();
    for &(grade, ballots) in ratings {
        histogram.0[grade] += ballots;
    }
    histogram
}

fn tally<const N: usize>(ballots: u64, candidates: [(u128, &[(usize, u64)]); N]) -> Tally {
    let candidates = candidates.map(|(number, ratings)| (candidate(number), histogram(ratings)));
    Tally { ballots, candidates: candidates.into() }
}

/// The ranked candidates 1, 2, … of one competition that were rated like this.
fn ranked<const N: usize>(ratings: [&[(usize, u64)]; N]) -> Vec<CandidateResults> {
    let numbered = || (1..).zip(ratings);
    let photos = numbered().map(|(number, _)| photo(number, "Moon")).collect();
    let candidates: BTreeMap<_, _> = numbered().map(|(number, r)| (candidate(number), histogram(r))).collect();
    let ballots = candidates.values().map(Histogram::count).max().unwrap_or_default();
    let tally = Tally { ballots, candidates };
    let results = Results::of(ELECTION, &[nature(photos)], scale(0, 10), &tally, ballots, None).unwrap();
    results.competitions.into_iter().next().unwrap().candidates
}

/// Which candidate has which rank, and whether alone.
fn ranks<const N: usize>(ratings: [&[(usize, u64)]; N]) -> Vec<(u128, u32, bool)> {
    ranked(ratings).iter().map(|c| (c.candidate_id.bits(), c.rank, c.tied)).collect()
}

/// Mean, median and standard deviation of these ratings.
fn summary(ratings: &[(usize, u64)]) -> (String, String, String) {
    let result = ranked([ratings]).into_iter().next().unwrap();
    (result.mean, result.median, result.standard_deviation)
}

fn numbers(mean: &str, median: &str, standard_deviation: &str) -> (String, String, String) {
    (mean.into(), median.into(), standard_deviation.into())
}

#[test]
fn the_results_document_has_exactly_these_fields() {
    let photos = vec![photo(4, "Fog"), disqualified(3, "Sun"), photo(2, "Star"), photo(1, "Moon")];
    let moon: &[_] = &[(1, 2), (2, 5), (3, 20), (4, 48), (5, 73)];
    let tally = tally(150, [(1, moon), (2, &[(1, 1), (2, 2)]), (3, &[(5, 150)])]);
    let results = Results::of(ELECTION, &[nature(photos)], Scale::default(), &tally, 150, None).unwrap();
    let mut document = serde_json::to_value(&results).unwrap();
    let digest = document.as_object_mut().unwrap().remove("digest").unwrap();
    let id = |number| candidate(number).to_string();
    let expected = json!({
        "election_id": ELECTION.to_string(), "status": "final", "cast": 150, "counted": 150,
        "competitions": [{
            "competition_id": competition(1).to_string(), "name": "Nature",
            "candidates": [
                {"candidate_id": id(1), "name": "Moon", "rank": 1, "tied": false, "ratings": 148, "sum": 629,
                 "mean": "4.2500", "mean_exact": {"numerator": 17, "denominator": 4}, "median": "4.0",
                 "standard_deviation": "0.9070", "histogram": {"1": 2, "2": 5, "3": 20, "4": 48, "5": 73}},
                {"candidate_id": id(2), "name": "Star", "rank": 2, "tied": false, "ratings": 3, "sum": 5,
                 "mean": "1.6667", "mean_exact": {"numerator": 5, "denominator": 3}, "median": "2.0",
                 "standard_deviation": "0.4714", "histogram": {"1": 1, "2": 2, "3": 0, "4": 0, "5": 0}},
            ],
            "unranked": [{"candidate_id": id(4), "name": "Fog"}],
            "disqualified": [{"candidate_id": id(3), "name": "Sun", "reason": "a painting"}],
        }],
    });
    assert_eq!(document, expected);
    // With names in ASCII and small numbers, canonical JSON is JSON with sorted keys and without spaces.
    let sorted = serde_json::to_string(&document).unwrap();
    assert!(sorted.starts_with(r#"{"cast":150,"competitions":[{"candidates":[{"candidate_id":"#), "{sorted}");
    assert_eq!(digest, format!("sha256:{}", Digest::of(sorted.as_bytes())));
    assert_eq!(serde_json::from_value::<Results>(serde_json::to_value(&results).unwrap()).unwrap(), results);
}

#[test]
fn the_histogram_has_every_grade_in_numeric_order() {
    let tally = tally(1, [(1, &[(10, 1)])]);
    let results = Results::of(ELECTION, &[nature(vec![photo(1, "Moon")])], scale(8, 10), &tally, 1, None).unwrap();
    let text = serde_json::to_string(&results).unwrap();
    assert!(text.contains(r#""histogram":{"8":0,"9":0,"10":1}"#), "{text}");
}

#[test]
fn the_digest_is_of_what_the_results_say() {
    let digest = |name, election| {
        let tally = tally(1, [(1, &[(3, 1)])]);
        Results::of(election, &[nature(vec![photo(1, name)])], Scale::default(), &tally, 1, None).unwrap().digest
    };
    assert_eq!(digest("Moon", ELECTION), digest("Moon", ELECTION));
    assert_ne!(digest("Moon", ELECTION), digest("Sun", ELECTION));
    assert_ne!(digest("Moon", ELECTION), digest("Moon", ElectionId::from_bits(2)));
}

#[test]
fn an_election_in_which_nobody_voted_has_results_too() {
    let competitions = [nature(vec![photo(1, "Moon"), photo(2, "Sun")])];
    let results = Results::of(ELECTION, &competitions, Scale::default(), &Tally::default(), 0, None).unwrap();
    let nature = &results.competitions[0];
    assert!(nature.candidates.is_empty());
    assert_eq!(nature.unranked.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["Moon", "Sun"]);
}

#[test]
fn competitions_are_ranked_each_for_itself() {
    let other = Competition { id: competition(2), name: "Towns".into(), ..nature(vec![photo(2, "Rome")]) };
    let tally = tally(1, [(1, &[(5, 1)]), (2, &[(1, 1)])]);
    let both = [nature(vec![photo(1, "Moon")]), other];
    let results = Results::of(ELECTION, &both, Scale::default(), &tally, 1, None).unwrap();
    assert_eq!(results.competitions.iter().map(|c| c.candidates[0].rank).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(results.competitions.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["Nature", "Towns"]);
}

#[test]
fn the_higher_mean_ranks_first_however_few_rated() {
    assert_eq!(ranks([&[(3, 100)], &[(4, 1)], &[(5, 40), (2, 60)]]), [(2, 1, false), (3, 2, false), (1, 3, false)]);
    // 4 / 3 and 1_000_001 / 750_001 are the same to five places.
    assert_eq!(ranks([&[(2, 250_000), (1, 500_001)], &[(2, 1), (1, 2)]]), [(2, 1, false), (1, 2, false)]);
}

#[test]
fn of_equal_means_the_one_with_more_top_grades_wins() {
    assert_eq!(ranks([&[(3, 2)], &[(1, 1), (5, 1)]]), [(2, 1, false), (1, 2, false)]);
    // As many fives; then the fours decide.
    let fewer_fours: &[_] = &[(5, 1), (3, 2), (1, 1)];
    let more_fours: &[_] = &[(5, 1), (4, 1), (2, 1), (1, 1)];
    assert_eq!(ranks([fewer_fours, more_fours]), [(2, 1, false), (1, 2, false)]);
    // The top grade decides, not the bottom one: both have a mean of 2.
    assert_eq!(ranks([&[(3, 4), (1, 4)], &[(5, 1), (1, 3)]]), [(2, 1, false), (1, 2, false)]);
    // The same share of fives, but more of them.
    assert_eq!(ranks([&[(1, 1), (5, 1)], &[(1, 2), (5, 2)]]), [(2, 1, false), (1, 2, false)]);
}

#[test]
fn a_full_tie_shares_a_rank_and_skips_the_next_one() {
    let same: &[_] = &[(2, 1), (4, 1)];
    let found = ranks([same, &[(1, 1)], &[(5, 1)], same]);
    assert_eq!(found, [(3, 1, false), (1, 2, true), (4, 2, true), (2, 4, false)]);
    assert_eq!(ranks([same, same, same]), [(1, 1, true), (2, 1, true), (3, 1, true)]);
}

#[test]
fn candidates_of_one_rank_keep_the_competitions_order() {
    let photos = vec![photo(9, "Moon"), photo(3, "Sun"), photo(5, "Star")];
    let same: &[_] = &[(4, 2)];
    let tally = tally(2, [(3, same), (5, same), (9, same)]);
    let results = Results::of(ELECTION, &[nature(photos)], Scale::default(), &tally, 2, None).unwrap();
    let order: Vec<_> = results.competitions[0].candidates.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(order, ["Moon", "Sun", "Star"]);
}

#[test]
fn a_disqualified_candidate_is_listed_without_a_rank() {
    let photos = vec![disqualified(1, "Moon"), photo(2, "Sun"), disqualified(3, "Star"), photo(4, "Fog")];
    let tally = tally(1, [(1, &[(5, 1)]), (2, &[(3, 1)])]);
    let results = Results::of(ELECTION, &[nature(photos)], Scale::default(), &tally, 1, None).unwrap();
    let nature = &results.competitions[0];
    assert_eq!(nature.candidates.iter().map(|c| (c.name.as_str(), c.rank)).collect::<Vec<_>>(), [("Sun", 1)]);
    let apart: Vec<_> = nature.disqualified.iter().map(|c| (c.name.as_str(), c.reason.as_str())).collect();
    assert_eq!(apart, [("Moon", "a painting"), ("Star", "a painting")], "rated or not");
    assert_eq!(nature.unranked.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["Fog"]);
}

#[test]
fn a_candidate_that_is_rated_zero_is_ranked() {
    assert_eq!(summary(&[(0, 3)]), numbers("0.0000", "0.0", "0.0000"));
}

#[test]
fn the_mean_is_rounded_half_to_even() {
    let mean = |ratings| summary(ratings).0;
    assert_eq!(mean(&[(0, 31), (1, 1)]), "0.0312", "0.03125, from an even digit down");
    assert_eq!(mean(&[(0, 29), (1, 3)]), "0.0938", "0.09375, from an odd digit up");
    assert_eq!(mean(&[(0, 1), (1, 2)]), "0.6667");
    assert_eq!(mean(&[(0, 2), (1, 1)]), "0.3333");
    assert_eq!(mean(&[(9, 1), (10, 99_999)]), "10.0000", "9.99999");
}

#[test]
fn the_median_is_the_middle_rating_or_between_two() {
    let median = |ratings| summary(ratings).1;
    assert_eq!(median(&[(4, 1)]), "4.0");
    assert_eq!(median(&[(1, 1), (4, 1)]), "2.5");
    assert_eq!(median(&[(1, 1), (2, 1), (5, 1)]), "2.0");
    assert_eq!(median(&[(1, 1), (2, 1), (3, 1), (10, 1)]), "2.5");
    assert_eq!(median(&[(1, 2), (5, 2)]), "3.0");
    assert_eq!(median(&[(1, 2), (5, 3)]), "5.0");
    assert_eq!(median(&[(9, 1), (10, 1)]), "9.5");
}

#[test]
fn the_standard_deviation_is_rounded_half_to_even() {
    let deviation = |ratings| summary(ratings).2;
    assert_eq!(deviation(&[(2, 7)]), "0.0000");
    assert_eq!(deviation(&[(1, 1), (5, 1)]), "2.0000");
    assert_eq!(deviation(&[(1, 2), (2, 1)]), "0.4714", "the root of 2/9");
    assert_eq!(deviation(&[(0, 585_681), (1, 14_462), (2, 39_857)]), "0.5000", "0.50005, from an even digit down");
    assert_eq!(deviation(&[(0, 554_621), (1, 53_286), (2, 32_093)]), "0.5002", "0.50015, from an odd digit up");
}

#[test]
fn the_numbers_are_exact_up_to_the_most_ballots() {
    let half = MAX_BALLOTS / 2;
    assert_eq!(summary(&[(0, half), (10, half)]), numbers("5.0000", "5.0", "5.0000"));
    assert_eq!(summary(&[(10, MAX_BALLOTS)]), numbers("10.0000", "10.0", "0.0000"));
    // One ballot in a hundred billions makes the difference.
    assert_eq!(ranks([&[(0, half), (10, half)], &[(0, half - 1), (10, half + 1)]]), [(2, 1, false), (1, 2, false)]);
}

#[test]
fn there_are_results_only_if_counted_equals_cast() {
    let of = |counted, cast| {
        let tally = Tally { ballots: counted, ..Tally::default() };
        Results::of(ELECTION, &[], Scale::default(), &tally, cast, None)
    };
    assert!(matches!(of(2, 3), Err(ResultsError::Counting { counted: 2, cast: 3 })));
    assert!(matches!(of(4, 3), Err(ResultsError::Overcounted { counted: 4, cast: 3 })));
    assert!(of(3, 3).is_ok());
    assert!(matches!(of(MAX_BALLOTS + 1, MAX_BALLOTS + 1), Err(ResultsError::TooManyBallots)));
}

#[test]
fn an_impossible_tally_gives_no_results() {
    let of = |ballots, number, ratings: &[(usize, u64)]| {
        let competitions = [nature(vec![photo(1, "Moon"), disqualified(2, "Sun")])];
        Results::of(ELECTION, &competitions, Scale::default(), &tally(ballots, [(number, ratings)]), ballots, None)
    };
    let impossible = |results: Result<Results, ResultsError>| matches!(results, Err(ResultsError::Impossible(_)));
    assert!(of(1, 1, &[(5, 1)]).is_ok());
    assert!(impossible(of(1, 9, &[(5, 1)])), "another candidate");
    assert!(impossible(of(1, 1, &[(0, 1)])), "below the scale");
    assert!(impossible(of(1, 1, &[(6, 1)])), "above the scale");
    assert!(impossible(of(1, 1, &[(5, 2)])), "more ratings than ballots");
    assert!(impossible(of(1, 2, &[(6, 1)])), "also of a disqualified candidate");
    assert!(impossible(of(1, 1, &[(1, u64::MAX), (2, 2)])), "more than can be counted");
}
