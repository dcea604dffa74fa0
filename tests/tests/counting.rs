//! Results against an independent computation from the ratings that were sent.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use futures::{StreamExt, stream};
use photovote_tests::{Election, Host};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

/// What was sent for one candidate, counted the plain way.
#[derive(Debug, Clone, Default)]
struct Sent(Vec<u64>);

impl Sent {
    fn sum(&self) -> u64 {
        self.0.iter().sum()
    }

    /// How this compares with another in the ranking: the mean, then who has more of the highest grades.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let count = |sent: &Self, grade| sent.0.iter().filter(|g| **g == grade).count();
        let means = (self.sum() * other.0.len() as u64).cmp(&(other.sum() * self.0.len() as u64));
        (1..=5).rev().fold(means, |order, grade| order.then(count(self, grade).cmp(&count(other, grade))))
    }

    /// A fraction as a decimal of four places, half to even, by long division.
    fn mean(&self) -> String {
        let (n, d) = (u128::from(self.sum()) * 10_000, self.0.len() as u128);
        let (q, r) = (n / d, n % d);
        let up = 2 * r > d || (2 * r == d && q % 2 == 1);
        let q = q + u128::from(up);
        format!("{}.{:04}", q / 10_000, q % 10_000)
    }

    fn median(&self) -> String {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let middle = sorted.len() / 2;
        let twice = if sorted.len() % 2 == 1 { 2 * sorted[middle] } else { sorted[middle - 1] + sorted[middle] };
        format!("{}.{}", twice / 2, 5 * (twice % 2))
    }

    /// Is this the population's standard deviation to four places? Checked by squaring, not by taking a root.
    fn is_deviation(&self, text: &str) -> bool {
        let tenthousandths: i128 = text.replace('.', "").parse().expect("a decimal");
        let n = self.0.len() as i128;
        let squares: i128 = self.0.iter().map(|g| i128::from(*g) * i128::from(*g)).sum();
        let sum = i128::from(self.sum());
        // 10⁸ · variance · n² lies between (value ± ½)² · n².
        let exact = (n * squares - sum * sum) * 100_000_000 * 4;
        let bound = |twice: i128| if twice < 0 { 0 } else { twice * twice * n * n };
        bound(2 * tenthousandths - 1) <= exact && exact <= bound(2 * tenthousandths + 1)
    }

    fn exact(&self) -> (u64, u64) {
        let gcd = |mut a: u64, mut b: u64| {
            while b != 0 {
                (a, b) = (b, a % b);
            }
            a
        };
        let (sum, count) = (self.sum(), self.0.len() as u64);
        let divisor = gcd(sum, count);
        (sum / divisor, count / divisor)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn results_equal_an_independent_computation() {
    let host = Host::start().await;
    let election = Election::open(host.owner(), &[6, 4]).await;
    let candidates = election.candidates();
    let voters = election.voters(150).await;
    let mut dice = StdRng::seed_from_u64(20_261_121);
    let mut sent: BTreeMap<String, Sent> = BTreeMap::new();
    // The last candidate is rated by nobody; the first two of the second competition get the same from everybody.
    let plans: Vec<Vec<Value>> = voters
        .iter()
        .map(|_| {
            let mut last: BTreeMap<&String, u64> = BTreeMap::new();
            let mut requests = Vec::new();
            for _ in 0..dice.random_range(1..=3) {
                let mut request = serde_json::Map::new();
                for candidate in &candidates[..9] {
                    if dice.random_bool(0.5) {
                        request.insert(candidate.clone(), dice.random_range(1_u64..=5).into());
                    }
                }
                if let Some(same) = request.get(&candidates[6]).cloned() {
                    request.insert(candidates[7].clone(), same);
                } else {
                    request.remove(&candidates[7]);
                }
                if request.is_empty() {
                    request.insert(candidates[0].clone(), 3.into());
                }
                for candidate in &candidates {
                    if let Some(grade) = request.get(candidate).and_then(Value::as_u64) {
                        last.insert(candidate, grade);
                    }
                }
                requests.push(Value::Object(request));
            }
            for (candidate, grade) in last {
                sent.entry(candidate.clone()).or_default().0.push(grade);
            }
            requests
        })
        .collect();
    stream::iter(voters.iter().zip(plans))
        .for_each_concurrent(8, |(voter, mut requests)| async move {
            let last = requests.pop().expect("at least one");
            for request in requests {
                voter.rate(request).await.status(200);
            }
            voter.cast_with(last).await.status(200);
        })
        .await;
    let version = election.post("/close", json!({})).await.status(200).version();
    let results = election.final_results(version).await;
    assert_eq!((&results["cast"], &results["counted"]), (&json!(150), &json!(150)));

    for (competition, shown) in election.competitions.iter().zip(results["competitions"].as_array().expect("a list")) {
        let mut ranked: Vec<_> = competition.candidates.iter().filter(|c| sent.contains_key(&c.id)).collect();
        ranked.sort_by(|a, b| sent[&b.id].cmp(&sent[&a.id]));
        let rows = shown["candidates"].as_array().expect("a list");
        assert_eq!(rows.len(), ranked.len());
        for (candidate, row) in ranked.iter().zip(rows) {
            let mine = &sent[&candidate.id];
            let better = ranked.iter().filter(|other| sent[&other.id].cmp(mine).is_gt()).count();
            let equal = ranked.iter().filter(|other| sent[&other.id].cmp(mine).is_eq()).count();
            assert_eq!(row["candidate_id"], candidate.id, "in order; equals in the order of the competition");
            assert_eq!(row["rank"], better + 1);
            assert_eq!(row["tied"], equal > 1);
            assert_eq!(row["ratings"], mine.0.len());
            assert_eq!(row["sum"], mine.sum());
            assert_eq!(row["mean"], mine.mean());
            let (numerator, denominator) = mine.exact();
            assert_eq!(row["mean_exact"], json!({"numerator": numerator, "denominator": denominator}));
            assert_eq!(row["median"], mine.median());
            assert!(mine.is_deviation(row["standard_deviation"].as_str().expect("a text")), "{row}");
            for grade in 1..=5_u64 {
                let count = mine.0.iter().filter(|g| **g == grade).count();
                assert_eq!(row["histogram"][grade.to_string()], count);
            }
        }
    }
    let nature = &results["competitions"][1];
    assert_eq!(nature["unranked"], json!([{"candidate_id": candidates[9], "name": "Photograph 3"}]));
    let tied = nature["candidates"].as_array().expect("a list").iter().filter(|row| row["tied"] == true).count();
    assert_eq!(tied, 2);
    host.stop().await;
}
