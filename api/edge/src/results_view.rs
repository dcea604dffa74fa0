//! Results as they are answered, to the administrator and, once released, to everybody.

use std::collections::BTreeMap;

use photovote_domain::{
    CandidateId, CompetitionId, Election, ElectionId, Tally,
    election::{ElectionRejection, ResultsDigest},
    results::{self, CandidateResults, CompetitionResults, Results},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{code::Code, problem::Problem, schema};

/// The results of an election that is closed.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ResultsView {
    /// They are final.
    Final(FinalView),
    /// Not every ballot that was cast is counted yet.
    Counting(CountingView),
}

/// The results are final.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FinalStatus {
    /// Every ballot is counted.
    Final,
}

/// The results are not final.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountingStatus {
    /// Ballots are being counted.
    Counting,
}

/// How far the counting is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CountingView {
    /// The election's id.
    #[schema(value_type = schema::Id)]
    pub election_id: ElectionId,
    /// `counting`.
    pub status: CountingStatus,
    /// How many ballots are counted.
    #[schema(example = 9_998)]
    pub counted: u64,
    /// How many ballots were cast.
    #[schema(example = 10_000)]
    pub cast: u64,
}

/// Final results: every ballot that was cast is counted, once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FinalView {
    /// The election's id.
    #[schema(value_type = schema::Id)]
    pub election_id: ElectionId,
    /// `final`.
    pub status: FinalStatus,
    /// How many ballots were cast.
    #[schema(example = 150)]
    pub cast: u64,
    /// How many ballots were counted: as many.
    #[schema(example = 150)]
    pub counted: u64,
    /// How many voters were registered when the election closed. Elections that were closed before this was written down do
    /// not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 200, nullable = false)]
    pub registered: Option<u64>,
    /// `sha256:` and the SHA-256, in hexadecimal digits, of this document's canonical JSON (RFC 8785) without the digest.
    #[schema(example = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    pub digest: String,
    /// The competitions, in the order of the election.
    pub competitions: Vec<CompetitionResultsView>,
}

/// The results of one competition. Each of its candidates stands in exactly one of the three lists.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = CompetitionResults)]
pub struct CompetitionResultsView {
    /// The competition's id.
    #[schema(value_type = schema::Id)]
    pub competition_id: CompetitionId,
    /// Its name.
    #[schema(example = "Moon over the sea")]
    pub name: String,
    /// The ranked candidates, best first.
    pub candidates: Vec<CandidateResultsView>,
    /// The candidates that nobody rated.
    pub unranked: Vec<UnrankedView>,
    /// The candidates that were disqualified. They take no rank from others.
    pub disqualified: Vec<DisqualifiedResultView>,
}

/// How a ranked candidate did.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = CandidateResults)]
pub struct CandidateResultsView {
    /// The candidate's id.
    #[schema(value_type = schema::Id)]
    pub candidate_id: CandidateId,
    /// Its name.
    #[schema(example = "Moon over the sea")]
    pub name: String,
    /// Standard competition ranking by the mean: 1, 2, 2, 4. Of equal means, the one with more ratings at the top grade is
    /// better, then at the next one down, and so on.
    #[schema(example = 1)]
    pub rank: u32,
    /// Do others have the same rank?
    pub tied: bool,
    /// How many ballots rate it.
    #[schema(example = 148)]
    pub ratings: u64,
    /// The sum of the ratings.
    #[schema(example = 629)]
    pub sum: u64,
    /// The mean rating, rounded half to even to four places.
    #[schema(example = "4.2500")]
    pub mean: String,
    /// The mean rating as it is.
    pub mean_exact: FractionView,
    /// The median rating.
    #[schema(example = "4.0")]
    pub median: String,
    /// The population's standard deviation, rounded half to even to four places.
    #[schema(example = "0.9070")]
    pub standard_deviation: String,
    /// How many ballots gave each grade of the scale.
    #[schema(value_type = BTreeMap<String, u64>, example = json!({"1": 2, "2": 5, "3": 20, "4": 48, "5": 73}))]
    pub histogram: BTreeMap<u8, u64>,
}

/// A fraction in lowest terms.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Fraction)]
pub struct FractionView {
    /// What is divided.
    #[schema(example = 17)]
    pub numerator: u64,
    /// What it is divided by.
    #[schema(example = 4)]
    pub denominator: u64,
}

/// A candidate that nobody rated.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Unranked)]
pub struct UnrankedView {
    /// The candidate's id.
    #[schema(value_type = schema::Id)]
    pub candidate_id: CandidateId,
    /// Its name.
    #[schema(example = "Moon over the sea")]
    pub name: String,
}

/// A candidate that was disqualified.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = DisqualifiedResult)]
pub struct DisqualifiedResultView {
    /// The candidate's id.
    #[schema(value_type = schema::Id)]
    pub candidate_id: CandidateId,
    /// Its name.
    #[schema(example = "Moon over the sea")]
    pub name: String,
    /// Why.
    #[schema(example = "Taken after the deadline")]
    pub reason: String,
}

impl ResultsView {
    /// The results of an election. Without a tally, `so_far` ballots are counted.
    ///
    /// # Errors
    /// The election is not closed; or the tally does not lead to the results that history says. That is logged and counted, for an
    /// alarm.
    pub fn of(
        election_id: ElectionId,
        election: &Election,
        tally: Option<&Tally>,
        so_far: u64,
    ) -> Result<Self, Problem> {
        let cast = election.casts.ok_or_else(|| {
            let refused = Problem::refused(&ElectionRejection::NotClosed(election.status));
            refused.with_detail("there are no results before the election is closed")
        })?;
        let Some(tally) = tally.filter(|_| election.results != ResultsDigest::Awaited) else {
            let counted = tally.map_or(so_far, |tally| tally.ballots);
            tracing::info!(event = "results_counting", %election_id, counted, cast, "not all ballots are counted yet");
            return Ok(Self::Counting(CountingView { election_id, status: CountingStatus::Counting, counted, cast }));
        };
        match Results::of(election_id, &election.competitions, election.scale, tally, cast, election.registered) {
            Ok(results) if election.results.admits(&results) => Ok(Self::Final(results.into())),
            Ok(results) => Err(results_differ(election_id, &results.digest.to_string())),
            Err(error) => Err(results_differ(election_id, &error.to_string())),
        }
    }
}

/// The answer where what is stored does not lead to the results that history says. An operator has to look.
pub fn results_differ(election: ElectionId, found: &str) -> Problem {
    metrics::counter!("ResultsDiffer").increment(1);
    tracing::error!(event = "results_differ", %election, found, "stored results are not those of history");
    Problem::unavailable(Code::ResultsDiffer, Code::ResultsDiffer.meaning(), 60)
}

impl From<Results> for FinalView {
    fn from(results: Results) -> Self {
        let Results { election_id, status, cast, counted, registered, digest, competitions } = results;
        let status = match status {
            results::Status::Final => FinalStatus::Final,
        };
        let competitions = competitions.into_iter().map(Into::into).collect();
        let digest = digest.to_string();
        Self { election_id, status, cast, counted, registered, digest, competitions }
    }
}

impl From<CompetitionResults> for CompetitionResultsView {
    fn from(results: CompetitionResults) -> Self {
        let CompetitionResults { competition_id, name, candidates, unranked, disqualified } = results;
        let disqualified = disqualified.into_iter().map(|disqualified| {
            let results::Disqualified { candidate_id, name, reason } = disqualified;
            DisqualifiedResultView { candidate_id, name, reason }
        });
        let unranked = unranked.into_iter().map(|unranked| {
            let results::Unranked { candidate_id, name } = unranked;
            UnrankedView { candidate_id, name }
        });
        Self {
            competition_id,
            name,
            candidates: candidates.into_iter().map(Into::into).collect(),
            unranked: unranked.collect(),
            disqualified: disqualified.collect(),
        }
    }
}

impl From<CandidateResults> for CandidateResultsView {
    fn from(results: CandidateResults) -> Self {
        let results::Fraction { numerator, denominator } = results.mean_exact;
        Self {
            candidate_id: results.candidate_id,
            name: results.name,
            rank: results.rank,
            tied: results.tied,
            ratings: results.ratings,
            sum: results.sum,
            mean: results.mean,
            mean_exact: FractionView { numerator, denominator },
            median: results.median,
            standard_deviation: results.standard_deviation,
            histogram: results.histogram,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use photovote_domain::{
        Ratings, Scale,
        election::{Candidate, Competition},
    };
    use serde_json::{Value, json};

    use super::*;

    const ELECTION: ElectionId = ElectionId::from_bits(7);

    /// A closed election of three candidates, the last of them disqualified.
    fn election(casts: Option<u64>) -> Election {
        let candidate = |bits, disqualified: Option<&str>| Candidate {
            id: CandidateId::from_bits(bits),
            name: format!("photo {bits}"),
            description: None,
            image: None,
            disqualified: disqualified.map(ToOwned::to_owned),
        };
        let candidates = vec![candidate(1, None), candidate(2, None), candidate(3, Some("late"))];
        let id = CompetitionId::from_bits(9);
        let competitions = vec![Competition { id, name: "Nature".into(), description: None, candidates }];
        Election {
            scale: Scale::default(),
            competitions,
            casts,
            registered: casts.map(|casts| casts + 1),
            ..Election::default()
        }
    }

    fn tally(ballots: u64) -> Tally {
        let mut tally = Tally::default();
        for _ in 0..ballots {
            tally.count(&Ratings::from([(CandidateId::from_bits(1), 4), (CandidateId::from_bits(3), 5)]));
        }
        tally
    }

    fn answered(casts: Option<u64>, counted: u64) -> Result<Value, Problem> {
        let whole = (Some(counted) == casts).then(|| tally(counted));
        answer(&election(casts), whole.as_ref(), counted)
    }

    fn answer(election: &Election, tally: Option<&Tally>, so_far: u64) -> Result<Value, Problem> {
        ResultsView::of(ELECTION, election, tally, so_far).map(|view| serde_json::to_value(view).unwrap())
    }

    #[test]
    fn the_view_is_the_domains_document() {
        let results =
            Results::of(ELECTION, &election(Some(2)).competitions, Scale::default(), &tally(2), 2, Some(3)).unwrap();
        let view = answered(Some(2), 2).unwrap();
        assert_eq!(view, serde_json::to_value(results).unwrap());
        assert_eq!(view["registered"], 3);
        assert_eq!(view["competitions"][0]["candidates"][0]["mean_exact"], json!({"numerator": 4, "denominator": 1}));
        assert_eq!(view["competitions"][0]["disqualified"][0]["reason"], "late");
        assert_eq!(view["competitions"][0]["unranked"][0]["name"], "photo 2");
    }

    #[test]
    fn while_ballots_are_missing_it_is_counting() {
        let counting = json!({"election_id": ELECTION, "status": "counting", "counted": 1, "cast": 3});
        assert_eq!(answered(Some(3), 1).unwrap(), counting);
    }

    #[test]
    fn results_that_are_asked_for_too_early_are_logged() {
        let said = |casts, counted| {
            let log = tempfile::NamedTempFile::new().unwrap();
            let writer = Arc::new(log.reopen().unwrap());
            let subscriber = tracing_subscriber::fmt().json().with_writer(writer).finish();
            tracing::subscriber::with_default(subscriber, || answered(Some(casts), counted).unwrap());
            std::fs::read_to_string(log.path()).unwrap()
        };
        let line: Value = serde_json::from_str(&said(3, 1)).unwrap();
        let fields = &line["fields"];
        assert_eq!((&line["level"], &fields["event"]), (&json!("INFO"), &json!("results_counting")));
        assert_eq!((&fields["counted"], &fields["cast"]), (&json!(1), &json!(3)));
        assert_eq!(said(3, 3), "", "final results are nothing to note");
    }

    #[test]
    fn before_the_close_there_are_no_results() {
        let refused = answered(None, 1).unwrap_err();
        assert_eq!((refused.status().as_u16(), refused.code()), (409, "election_not_closed"));
    }

    #[test]
    fn a_tally_that_differs_from_history_is_never_shown() {
        let results = |tally: &Tally| {
            Results::of(ELECTION, &election(Some(2)).competitions, Scale::default(), tally, 2, Some(3)).unwrap()
        };
        let recorded = |digest| Election { results: digest, ..election(Some(2)) };
        let told = recorded(ResultsDigest::Known(results(&tally(2)).digest.0));
        assert_eq!(answer(&told, Some(&tally(2)), 2).unwrap()["status"], "final");

        let mut other = tally(1);
        other.count(&Ratings::from([(CandidateId::from_bits(2), 1)]));
        let more = tally(3);
        for stored in [&other, &more, &tally(1)] {
            let refused = answer(&told, Some(stored), 2).unwrap_err();
            assert_eq!((refused.status().as_u16(), refused.code()), (503, "results_differ"));
        }
        let awaited = answer(&recorded(ResultsDigest::Awaited), Some(&tally(2)), 2).unwrap();
        assert_eq!(awaited, json!({"election_id": ELECTION, "status": "counting", "counted": 2, "cast": 2}));
    }
}
