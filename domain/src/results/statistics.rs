//! Mean, median and standard deviation of ratings, in whole numbers.
//!
//! For n ratings x with S = Σx and Q = Σx², the mean is S / n and the population's standard deviation is
//! √(Q/n − (S/n)²) = √(n·Q − S²) / n. Decimals are rounded half to even from these exact values.
//!
//! The largest numbers come up in the standard deviation. A variance of grades from 0 to 10 is at most 25, so
//! n·Q − S² ≤ 25·n². To round at four places, (2·10⁴)² times that is compared with squares: 10¹⁰·n², which a `u128`
//! holds up to n = 1.8·10¹⁴. [`MAX_BALLOTS`] stays below, and keeps every number in the document below 2⁵³, as
//! canonical JSON wants it.

use serde::{Deserialize, Serialize};

use crate::tally::Histogram;

/// The most ballots that results can be made of, and so the most ratings of a candidate.
pub const MAX_BALLOTS: u64 = 100_000_000_000_000;

/// What a unit of the fourth decimal place is to one.
const TEN_THOUSAND: u128 = 10_000;

/// A fraction in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fraction {
    /// What is divided.
    pub numerator: u64,
    /// What it is divided by; never 0.
    pub denominator: u64,
}

impl Fraction {
    /// The mean of these ratings, of which there is at least one.
    pub(super) fn mean_of(ratings: &Histogram) -> Self {
        let (sum, count) = (ratings.sum(), ratings.count());
        let divisor = greatest_common_divisor(sum, count);
        Self { numerator: sum / divisor, denominator: count / divisor }
    }
}

/// Euclid's; not 0 unless both numbers are.
fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// The mean to four places. There is at least one rating, here and below.
pub(super) fn mean(ratings: &Histogram) -> String {
    let (sum, count) = (u128::from(ratings.sum()), u128::from(ratings.count()));
    let (floor, rest) = (sum * TEN_THOUSAND / count, sum * TEN_THOUSAND % count);
    four_places(floor + u128::from(rounds_up(floor, 2 * rest, count)))
}

/// The median to one place, which is all that it can have.
pub(super) fn median(ratings: &Histogram) -> String {
    let count = ratings.count();
    // For an odd number, both are the one in the middle.
    let twice = grade_at(ratings, (count - 1) / 2) + grade_at(ratings, count / 2);
    format!("{}.{}", twice / 2, twice % 2 * 5)
}

/// The grade at this place, counted from 0, when the ratings stand in a row from the lowest to the highest.
fn grade_at(ratings: &Histogram, place: u64) -> u8 {
    let mut up_to = 0;
    let reached = ratings.grades().find(|(_, ratings)| {
        up_to += ratings;
        place < up_to
    });
    reached.map_or(0, |(grade, _)| grade)
}

/// The population's standard deviation to four places.
pub(super) fn standard_deviation(ratings: &Histogram) -> String {
    let (sum, count) = (u128::from(ratings.sum()), u128::from(ratings.count()));
    let of_squares: u128 = ratings.grades().map(|(grade, n)| u128::from(grade).pow(2) * u128::from(n)).sum();
    let under_the_root = count * of_squares - sum.pow(2);
    // ⌊√x⌋ = ⌊√⌊x⌋⌋, so nothing is lost by dividing first.
    let floor = (TEN_THOUSAND.pow(2) * under_the_root / count.pow(2)).isqrt();
    // Is the exact value above, at or below floor + ½? Both sides are doubled, multiplied by n, and squared.
    let exact = (2 * TEN_THOUSAND).pow(2) * under_the_root;
    let halfway = (2 * floor + 1).pow(2) * count.pow(2);
    four_places(floor + u128::from(rounds_up(floor, exact, halfway)))
}

/// Rounding half to even: is what lies between `floor` and the next number up to be the latter?
fn rounds_up(floor: u128, exact: u128, halfway: u128) -> bool {
    exact > halfway || exact == halfway && floor % 2 == 1
}

/// So many ten-thousandths, as a decimal.
fn four_places(units: u128) -> String {
    format!("{}.{:04}", units / TEN_THOUSAND, units % TEN_THOUSAND)
}
