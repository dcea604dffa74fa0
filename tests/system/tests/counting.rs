//! Results against an independent computation from the ratings that were sent.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use photovote_tests::{Client, Election, Host};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::Method;
use serde_json::json;

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

const VOTERS: usize = 200;

/// What one voter does.
#[derive(Debug, Clone, Default)]
struct Plan {
    /// The ratings of each request to the draft.
    drafts: [BTreeMap<String, u64>; 2],
    /// The ratings that are sent along with the cast.
    cast: BTreeMap<String, u64>,
}

impl Plan {
    /// A plan for these candidates. The last is rated by nobody, and the one before it is taken back by everybody; the two
    /// before those get the same from everybody.
    fn by_chance(candidates: &[String], dice: &mut StdRng) -> Self {
        let [open @ .., twin, other, taken_back, _unrated] = candidates else { panic!("four candidates at least") };
        let mut request = || {
            let rated = open.iter().chain([twin]).filter_map(|candidate| {
                let grade = dice.random_range(1_u64..=5);
                dice.random_bool(0.5).then(|| (candidate.clone(), grade))
            });
            let mut request: BTreeMap<_, _> = rated.collect();
            if let Some(grade) = request.get(twin).copied() {
                request.insert(other.clone(), grade);
            }
            request
        };
        let mut plan = Self { drafts: [request(), request()], cast: request() };
        plan.drafts[0].insert(taken_back.clone(), 5);
        // Nobody changes nothing, or casts an empty ballot.
        plan.drafts[1].entry(open[0].clone()).or_insert(3);
        plan
    }

    /// What is on the ballot in the end: of several ratings of a candidate, the last one.
    fn ballot(&self, taken_back: &String) -> BTreeMap<String, u64> {
        let mut ballot: BTreeMap<_, _> = self.drafts.iter().flatten().map(|(id, grade)| (id.clone(), *grade)).collect();
        ballot.remove(taken_back);
        ballot.extend(self.cast.clone());
        ballot
    }
}

/// Looks at the ballot, rates, rates again, takes one rating back, casts, and casts again in case it was lost. The receipt.
async fn vote(voter: Client, plan: Plan, taken_back: String) -> String {
    let look = async || voter.request(Method::GET, "/ballot").persist().await.status(200).json()["ballot"].clone();
    assert_eq!(look().await["cast"], false);
    for (number, ratings) in plan.drafts.iter().enumerate() {
        let rate = voter.request(Method::PUT, "/ballot/ratings").key(&format!("rate {number}"));
        rate.json(&json!({"ratings": ratings})).persist().await.status(200);
    }
    let cleared = voter.request(Method::DELETE, &format!("/ballot/ratings/{taken_back}"));
    cleared.key("clear").persist().await.status(200);
    let cast = async || {
        let cast = voter.request(Method::POST, "/ballot/cast").key("cast");
        cast.json(&json!({"ratings": plan.cast})).persist().await.status(200)
    };
    let told = cast().await;
    assert_eq!(cast().await.json(), told.json(), "one cast, one answer");
    let ballot = look().await;
    assert_eq!((&ballot["cast"], &ballot["receipt"]), (&json!(true), &told.json()["receipt"]));
    told.text_of("receipt")
}

#[tokio::test(flavor = "multi_thread")]
async fn results_equal_an_independent_computation() {
    let host = Host::start().await;
    let election = Election::open(host.owner(), &[6, 4]).await;
    let candidates = election.candidates();
    let taken_back = &candidates[8];
    let voters = election.voters(VOTERS).await;
    let mut dice = StdRng::seed_from_u64(20_261_121);
    let mut sent: BTreeMap<String, Sent> = BTreeMap::new();
    // All at once, and each with connections of their own.
    let under_way: Vec<_> = voters
        .iter()
        .map(|voter| {
            let plan = Plan::by_chance(&candidates, &mut dice);
            for (candidate, grade) in plan.ballot(taken_back) {
                sent.entry(candidate).or_default().0.push(grade);
            }
            tokio::spawn(vote(host.with_token(&voter.token), plan, taken_back.clone()))
        })
        .collect();
    let receipts: BTreeSet<String> =
        join_all(under_way).await.into_iter().map(|voted| voted.expect("a receipt")).collect();
    assert_eq!(receipts.len(), VOTERS, "each has a receipt of their own");

    let version = election.post("/close", json!({})).await.status(200).version();
    assert_eq!(election.get("/turnout").await.status(200).json(), json!({"registered": VOTERS, "cast": VOTERS}));
    let results = election.final_results(version).await;
    assert_eq!((&results["cast"], &results["counted"]), (&json!(VOTERS), &json!(VOTERS)));
    let anybody = host.anybody();
    for receipt in receipts {
        let path = format!("/public/elections/{}/receipts/{receipt}", election.id);
        let known = anybody.request(Method::GET, &path).persist().await.status(200).json();
        assert_eq!(known, json!({"receipt": receipt, "counted": true}));
    }

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
    let unranked =
        [2, 3].map(|number| json!({"candidate_id": candidates[6 + number], "name": format!("Photograph {number}")}));
    assert_eq!(nature["unranked"], json!(unranked), "what was taken back was never rated");
    let tied = nature["candidates"].as_array().expect("a list").iter().filter(|row| row["tied"] == true).count();
    assert_eq!(tied, 2);
    host.stop().await;
}
