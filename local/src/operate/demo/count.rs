//! A second count, made the plain way from what the voters sent and were told: what PhotoVote says has to be the same.

use std::cmp::Ordering;

use super::{
    answers::{FinalResults, Fraction, Ranked},
    photographs::{COMPETITIONS, DISQUALIFIED, Photograph},
    voters::{Ratings, TOP_GRADE},
};

/// Where a photograph stands in its competition.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Ranked { rank: usize, tied: bool, ratings: u64, sum: u64, mean: (u64, u64), grades: Grades },
    Unranked,
    Disqualified { reason: String },
}

/// How many ballots gave each grade: the first number is of grade 1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Grades([u64; TOP_GRADE as usize]);

impl Grades {
    /// What the ballots gave to the photograph of this number.
    fn of(photograph: usize, ballots: &[Ratings]) -> Self {
        let grades = ballots.iter().filter_map(|ballot| ballot.get(&photograph).copied());
        Self(std::array::from_fn(|place| {
            let given = grades.clone().filter(|grade| usize::from(*grade) == place + 1).count();
            given as u64
        }))
    }

    fn ratings(&self) -> u64 {
        self.0.iter().sum()
    }

    fn sum(&self) -> u64 {
        (1..).zip(self.0).map(|(grade, ballots)| grade * ballots).sum()
    }

    /// Who is better: by the mean, then by more of the top grade, then of the next one.
    fn compare(&self, other: &Self) -> Ordering {
        let means = (self.sum() * other.ratings()).cmp(&(other.sum() * self.ratings()));
        means.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

/// In what the results differ from a plain count of these ballots: one sentence each. `ids` are the candidates' ids in the
/// order of the photographs.
pub(super) fn disagreements(results: &FinalResults, ballots: &[Ratings], ids: &[String]) -> Vec<String> {
    let (mut said, mut number) = (Vec::new(), 0);
    let published = published(results);
    for competition in &COMPETITIONS {
        let expected = count(&competition.photographs, number, ballots);
        for (photograph, standing) in competition.photographs.iter().zip(expected) {
            let id = &ids[number];
            let found: Vec<_> = published.iter().filter(|(candidate, _)| candidate == id).map(|(_, it)| it).collect();
            if found != [&standing] {
                said.push(format!(
                    "{} is {found:?} in the results, but {standing:?} by a plain count",
                    photograph.name
                ));
            }
            number += 1;
        }
    }
    if published.len() != number {
        said.push(format!("the results list {} photographs, but {number} were entered", published.len()));
    }
    said
}

/// Where the photographs of a competition stand; the first one has this number.
fn count(photographs: &[Photograph], first: usize, ballots: &[Ratings]) -> Vec<Standing> {
    let (disqualified, reason) = DISQUALIFIED;
    let counted: Vec<_> = (first..).zip(photographs).map(|(number, _)| Grades::of(number, ballots)).collect();
    let rivals: Vec<_> = photographs
        .iter()
        .zip(&counted)
        .filter(|(photograph, grades)| photograph.file != disqualified && grades.ratings() > 0)
        .map(|(_, grades)| grades)
        .collect();
    let standing = |(photograph, grades): (&Photograph, &Grades)| {
        if photograph.file == disqualified {
            return Standing::Disqualified { reason: reason.to_owned() };
        }
        if grades.ratings() == 0 {
            return Standing::Unranked;
        }
        let compared = |order| rivals.iter().filter(|rival| rival.compare(grades) == order).count();
        Standing::Ranked {
            rank: 1 + compared(Ordering::Greater),
            tied: compared(Ordering::Equal) > 1,
            ratings: grades.ratings(),
            sum: grades.sum(),
            mean: lowest_terms(grades.sum(), grades.ratings()),
            grades: grades.clone(),
        }
    };
    photographs.iter().zip(&counted).map(standing).collect()
}

fn lowest_terms(numerator: u64, denominator: u64) -> (u64, u64) {
    let (mut divisor, mut rest) = (numerator, denominator);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (numerator / divisor, denominator / divisor)
}

/// Where the results say that each candidate stands.
fn published(results: &FinalResults) -> Vec<(&str, Standing)> {
    let mut standings = Vec::new();
    for competition in &results.competitions {
        standings.extend(competition.candidates.iter().map(|row| (row.candidate_id.as_str(), ranked(row))));
        standings.extend(competition.unranked.iter().map(|row| (row.candidate_id.as_str(), Standing::Unranked)));
        standings.extend(
            competition
                .disqualified
                .iter()
                .map(|row| (row.candidate_id.as_str(), Standing::Disqualified { reason: row.reason.clone() })),
        );
    }
    standings
}

fn ranked(row: &Ranked) -> Standing {
    let Fraction { numerator, denominator } = row.mean_exact;
    let grade = |place: usize| row.histogram.get(&(place + 1).to_string()).copied().unwrap_or_default();
    Standing::Ranked {
        rank: row.rank,
        tied: row.tied,
        ratings: row.ratings,
        sum: row.sum,
        mean: (numerator, denominator),
        grades: Grades(std::array::from_fn(grade)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operate::demo::{
        answers::{CompetitionResults, Disqualified, Unranked},
        photographs::photographs,
    };

    fn row(id: &str, rank: usize, tied: bool, grades: [u64; 5]) -> Ranked {
        let counted = Grades(grades);
        let (numerator, denominator) = lowest_terms(counted.sum(), counted.ratings());
        Ranked {
            candidate_id: id.to_owned(),
            name: id.to_owned(),
            rank,
            tied,
            ratings: counted.ratings(),
            sum: counted.sum(),
            mean: String::new(),
            mean_exact: Fraction { numerator, denominator },
            median: String::new(),
            standard_deviation: String::new(),
            histogram: (1..).zip(grades).map(|(grade, ballots): (u8, _)| (grade.to_string(), ballots)).collect(),
        }
    }

    fn unranked(id: &str) -> Unranked {
        Unranked { candidate_id: id.to_owned(), name: id.to_owned() }
    }

    /// Two ballots and what comes of them.
    fn election() -> (FinalResults, Vec<Ratings>, Vec<String>) {
        let ids: Vec<_> = photographs().map(|photograph| photograph.file.to_owned()).collect();
        let ballots = vec![[(0, 5), (1, 3), (2, 4), (4, 5)].into(), [(0, 3), (1, 5), (2, 4), (5, 1)].into()];
        let space = CompetitionResults {
            name: "People and space".to_owned(),
            candidates: vec![
                row(&ids[0], 1, true, [0, 0, 1, 0, 1]),
                row(&ids[1], 1, true, [0, 0, 1, 0, 1]),
                row(&ids[2], 3, false, [0, 0, 0, 2, 0]),
            ],
            unranked: vec![unranked(&ids[3])],
            disqualified: vec![Disqualified {
                candidate_id: ids[4].clone(),
                name: ids[4].clone(),
                reason: DISQUALIFIED.1.to_owned(),
            }],
        };
        let close = CompetitionResults {
            name: "Close up".to_owned(),
            candidates: vec![row(&ids[5], 1, false, [1, 0, 0, 0, 0])],
            unranked: ids[6..].iter().map(|id| unranked(id)).collect(),
            disqualified: Vec::new(),
        };
        let results = FinalResults { counted: 2, digest: String::new(), competitions: vec![space, close] };
        (results, ballots, ids)
    }

    #[test]
    fn true_results_are_agreed_with() {
        let (results, ballots, ids) = election();
        assert_eq!(disagreements(&results, &ballots, &ids), [""; 0]);
    }

    #[test]
    fn whatever_is_wrong_is_said() {
        let wrong: [fn(&mut FinalResults); 8] = [
            |results| results.competitions[0].candidates[2].rank = 2,
            |results| results.competitions[0].candidates[0].tied = false,
            |results| results.competitions[0].candidates[0].mean_exact.numerator = 5,
            |results| *results.competitions[0].candidates[0].histogram.entry("2".to_owned()).or_default() += 1,
            |results| results.competitions[0].candidates[0].sum += 1,
            |results| results.competitions[0].candidates[0].ratings += 1,
            |results| results.competitions[0].disqualified[0].reason.clear(),
            |results| results.competitions[1].unranked.push(unranked("grass.png")),
        ];
        for (number, spoil) in wrong.iter().enumerate() {
            let (mut results, ballots, ids) = election();
            spoil(&mut results);
            assert!(!disagreements(&results, &ballots, &ids).is_empty(), "{number}");
        }
        let (results, ballots, ids) = election();
        assert!(!disagreements(&results, &ballots[1..], &ids).is_empty(), "a ballot too many");
    }
}
