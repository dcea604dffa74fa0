//! How the voters of the demonstration vote: by chance, and the same in every run.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::photographs::{TWINS, photographs};

/// Where the dice start.
const SEED: u64 = 1839;
/// The highest grade; the lowest is 1.
pub(super) const TOP_GRADE: u8 = 5;
/// How probable it is that a voter has no opinion of a photograph.
const NO_OPINION: f64 = 0.15;

/// Grades by the photograph's number.
pub(super) type Ratings = BTreeMap<usize, u8>;

/// What one voter does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// The requests that rate in the draft, one after the other.
    pub(super) drafts: Vec<Ratings>,
    /// What is sent along with the cast.
    pub(super) cast: Ratings,
}

impl Plan {
    /// The ballot that comes of it: of two grades for a photograph, the later one.
    pub(super) fn ballot(&self) -> Ratings {
        self.drafts.iter().chain([&self.cast]).flatten().map(|(photograph, grade)| (*photograph, *grade)).collect()
    }
}

/// So many voters' plans.
pub(super) fn plans(voters: usize) -> Vec<Plan> {
    let mut dice = StdRng::seed_from_u64(SEED);
    (0..voters).map(|voter| plan(voter, &mut dice)).collect()
}

fn plan(voter: usize, dice: &mut StdRng) -> Plan {
    let ballot = opinion(voter, dice);
    let half: Ratings = ballot.iter().take(ballot.len() / 2).map(|(photograph, grade)| (*photograph, *grade)).collect();
    match dice.random_range(0..3) {
        // All of it in one request.
        0 => Plan { drafts: Vec::new(), cast: ballot },
        // Some photographs first, the others with the cast.
        1 => Plan {
            cast: ballot.into_iter().filter(|(photograph, _)| !half.contains_key(photograph)).collect(),
            drafts: vec![half],
        },
        // A first impression, which is thought over. There is nothing left to send with the cast.
        _ => {
            let impression = half.into_iter().map(|(photograph, grade)| (photograph, TOP_GRADE + 1 - grade)).collect();
            Plan { drafts: vec![impression, ballot], cast: Ratings::new() }
        }
    }
}

/// What a voter thinks of the photographs. Nobody thinks nothing: one of them, each voter is sure to rate.
fn opinion(voter: usize, dice: &mut StdRng) -> Ratings {
    let [twin, other] = TWINS.map(|file| photographs().position(|photograph| photograph.file == file));
    let sure = voter % photographs().count();
    let mut ratings = Ratings::new();
    for (number, photograph) in photographs().enumerate() {
        let grade = 1 + (1..TOP_GRADE).map(|_| u8::from(dice.random_bool(photograph.appeal))).sum::<u8>();
        if number == sure || !dice.random_bool(NO_OPINION) {
            ratings.insert(number, grade);
        }
    }
    if let (Some(twin), Some(other)) = (twin, other) {
        // Whoever rates one of the twins rates both, and alike.
        if let Some(grade) = ratings.get(&twin).or_else(|| ratings.get(&other)).copied() {
            ratings.extend([(twin, grade), (other, grade)]);
        }
    }
    ratings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_has_the_same_votes() {
        assert_eq!(plans(200), plans(200));
    }

    #[test]
    fn every_ballot_can_be_cast_and_rates_the_twins_alike() {
        let [twin, other] = TWINS.map(|file| photographs().position(|photograph| photograph.file == file).unwrap());
        for plan in plans(500) {
            let ballot = plan.ballot();
            assert!(!ballot.is_empty());
            assert!(ballot.values().all(|grade| (1..=TOP_GRADE).contains(grade)));
            assert_eq!(ballot.get(&twin), ballot.get(&other), "{ballot:?}");
        }
    }

    #[test]
    fn voters_take_different_ways_to_the_cast() {
        let plans = plans(50);
        for requests in 0..3 {
            assert!(plans.iter().any(|plan| plan.drafts.len() == requests), "{requests}");
        }
        assert!(plans.iter().any(|plan| plan.cast.is_empty()));
        let thought_over = plans.iter().any(|plan| {
            let ballot = plan.ballot();
            plan.drafts.iter().flatten().any(|(photograph, grade)| ballot[photograph] != *grade)
        });
        assert!(thought_over);
    }

    #[test]
    fn of_two_grades_the_later_one_stands() {
        let plan = Plan { drafts: vec![[(0, 1), (1, 2)].into(), [(0, 3)].into()], cast: [(2, 4)].into() };
        assert_eq!(plan.ballot(), [(0, 3), (1, 2), (2, 4)].into());
    }
}
