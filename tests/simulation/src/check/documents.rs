//! Documents are the fold of the events, and results an independent count of the ballots that were cast.

use std::{collections::BTreeMap, sync::Arc};

use photovote_documents::{Changes, ElectionDocument, ElectionSummary, StreamDocument, VoterDocument};
use photovote_documents_read::{DocumentReader, PublicHeader};
use photovote_domain::{
    CandidateId, Election, ElectionId, Subject, Voter,
    election::{ResultsDigest, Status},
    results::Results,
};
use photovote_events::{Environment, Stream};
use photovote_test_support::{Sender, get};
use serde_json::{Value, json};

use super::{Verdict, truth::Truth};
use crate::{
    cloud::Cloud,
    engine::DOCUMENTS,
    functions::{config, wiring},
    transport::Transport,
};

/// The generation that there is.
pub(crate) const GENERATION: &str = "2";

pub(crate) async fn check(truth: &Truth, cloud: &Arc<Cloud>, verdict: &mut Verdict<'_>) {
    let config = config(Transport::new(Arc::clone(cloud)));
    let reader = DocumentReader::new(aws_sdk_dynamodb::Client::new(&config), DOCUMENTS);
    let queries = wiring(&config, &Environment::system()).election_queries().expect("the settings are there");
    let mut listed: BTreeMap<String, Vec<ElectionSummary>> = BTreeMap::new();
    for (id, election) in truth.elections() {
        let expected = document(truth, id);
        let found = reader.election(id, true).await;
        verdict.holds(found.as_ref().is_ok_and(|found| found.as_ref() == Some(&expected)), || {
            format!("the document of {id} is not the fold of its events: {found:?}, not {expected:?}")
        });
        for (administrator, role) in election.administrators.iter() {
            listed.entry(administrator.to_owned()).or_default().extend(expected.summary(role));
        }
        voters(truth, &reader, (id, election), verdict).await;
        counted(truth, &reader, cloud, (id, election), verdict).await;
        if matches!(election.status, Status::Closed | Status::Released) {
            let (somebody, _) = election.administrators.iter().next().expect("an election has an owner");
            let path = format!("/v1/elections/{id}/results");
            let reply = get(&queries, Sender::Administrator(somebody), &path).await;
            let results = independent_count(truth, id, election);
            verdict.holds(reply.status == 200 && agrees(&reply.json, &results), || {
                format!("the results of {id} are {} {}, not {results}", reply.status, reply.text)
            });
        }
    }
    for (administrator, expected) in listed {
        let subject: Subject = administrator.parse().expect("an administrator was a subject");
        let found = reader.elections_of(&subject, None, 1000).await;
        verdict.holds(found.as_ref().is_ok_and(|page| page.items == expected), || {
            format!("the list of {administrator} is not what follows from the events: {found:?}, not {expected:?}")
        });
    }
}

fn document(truth: &Truth, id: ElectionId) -> ElectionDocument {
    let mut document = ElectionDocument::empty(id);
    for entry in &truth.streams[&Stream::Election(id)] {
        let events = entry.commit.decode::<Election>().expect("what was written can be read");
        document.apply(entry.commit.first, &events, &mut Changes::default());
    }
    document
}

async fn voters(
    truth: &Truth,
    reader: &DocumentReader,
    (id, election): (ElectionId, &Election),
    verdict: &mut Verdict<'_>,
) {
    let mut expected = Vec::new();
    for (stream, entries) in &truth.streams {
        let Stream::Voter(of, _, voter) = *stream else { continue };
        // Those of a deleted election are gone.
        if of == id && election.status != Status::Deleted {
            let mut document = VoterDocument::empty(voter);
            for entry in entries {
                let events = entry.commit.decode::<Voter>().expect("what was written can be read");
                document.apply(entry.commit.first, &events);
            }
            expected.push(document);
        }
    }
    expected.retain(|voter| !voter.removed);
    expected.sort_by_key(|voter| voter.id);
    let found = reader.voters(id, None, usize::MAX / 2).await;
    verdict.holds(found.as_ref().is_ok_and(|page| page.items == expected), || {
        format!("the voters of {id} are not the fold of their events: {found:?}, not {expected:?}")
    });
}

/// Of a closed election, every ballot that was cast is counted, once, and no other; of any other, none.
async fn counted(
    truth: &Truth,
    reader: &DocumentReader,
    cloud: &Cloud,
    (id, election): (ElectionId, &Election),
    verdict: &mut Verdict<'_>,
) {
    let closed = matches!(election.status, Status::Closed | Status::Released);
    let found = reader.results_input(id, true).await;
    let Ok(Some((_, tally))) = found else {
        return verdict.holds(false, || format!("{id} has no document: {found:?}"));
    };
    let public = reader.public(id).await;
    if !closed {
        let kinds = ["counted", "receipts", "public"].map(|kind| format!("{GENERATION}#{kind}#{id}"));
        let tables = cloud.engine.scan(DOCUMENTS);
        let of_ballots = tables
            .iter()
            .filter_map(|item| item["pk"]["S"].as_str())
            .filter(|pk| kinds.iter().any(|kind| pk.starts_with(kind)));
        let of_ballots: Vec<_> = of_ballots.collect();
        verdict.holds(of_ballots.is_empty() && tally.is_none(), || {
            format!("{id} is {:?}, and its documents tell of ballots: {of_ballots:?} {tally:?}", election.status)
        });
        return;
    }
    let mut expected = photovote_domain::Tally::default();
    truth.casts_of(id).for_each(|cast| expected.count(&cast.ratings));
    verdict.holds(tally.as_ref() == Some(&expected), || {
        format!("the tally of {id} is not the sum of the ballots: {tally:?}, not {expected:?}")
    });
    for cast in truth.casts_of(id) {
        let found = reader.receipt(id, &cast.receipt).await;
        verdict.holds(found == Ok(true), || format!("{} was cast, and not counted: {found:?}", cast.stream));
    }
    let released = matches!(&public, Ok(Some(PublicHeader { released: Some(_) })));
    let counted = matches!(&public, Ok(Some(_)));
    verdict.holds(counted && released == (election.status == Status::Released), || {
        format!("{id} is {:?}, and public is {public:?}", election.status)
    });
    let results =
        Results::of(id, &election.competitions, election.scale, &expected, expected.ballots, election.registered);
    let recorded = results.as_ref().is_ok_and(|results| election.results == ResultsDigest::Known(results.digest.0));
    verdict.holds(recorded, || format!("history says {:?} of the results of {id}", election.results));
}

/// What each candidate got, counted without the domain: `{candidate: {ratings, sum, histogram}}`.
pub(crate) fn independent_count(truth: &Truth, id: ElectionId, election: &Election) -> Value {
    let mut grades: BTreeMap<CandidateId, Vec<u64>> = BTreeMap::new();
    for cast in truth.casts_of(id) {
        for (candidate, grade) in &cast.ratings {
            grades.entry(*candidate).or_default().push(u64::from(*grade));
        }
    }
    let of = |candidate: CandidateId| {
        let grades = grades.get(&candidate).map(Vec::as_slice).unwrap_or_default();
        let histogram: serde_json::Map<String, Value> = (1..=5)
            .map(|grade: u64| (grade.to_string(), grades.iter().filter(|given| **given == grade).count().into()))
            .collect();
        (
            candidate.to_string(),
            json!({"ratings": grades.len(), "sum": grades.iter().sum::<u64>(), "histogram": histogram}),
        )
    };
    let candidates: serde_json::Map<String, Value> = election.candidates().map(|candidate| of(candidate.id)).collect();
    json!({"cast": truth.casts_of(id).count(), "candidates": candidates})
}

/// Are these final results those of this count?
pub(crate) fn agrees(shown: &Value, expected: &Value) -> bool {
    let cast = &expected["cast"];
    if shown["status"] != "final" || shown["cast"] != *cast || shown["counted"] != *cast {
        return false;
    }
    let competitions = shown["competitions"].as_array().into_iter().flatten();
    competitions.clone().all(|competition| {
        let ranked = competition["candidates"].as_array().into_iter().flatten();
        let unranked = competition["unranked"].as_array().into_iter().flatten();
        let in_order = ranked.clone().map(mean).is_sorted_by(|one, next| one.0 * next.1 >= next.0 * one.1);
        let as_counted = ranked.clone().all(|candidate| {
            let counted = &expected["candidates"][candidate["candidate_id"].as_str().unwrap_or_default()];
            ["ratings", "sum", "histogram"].iter().all(|figure| candidate[figure] == counted[figure])
        });
        let none = |candidate: &Value| {
            expected["candidates"][candidate["candidate_id"].as_str().unwrap_or_default()]["ratings"] == 0
        };
        in_order && as_counted && unranked.clone().all(none)
    })
}

/// A candidate's mean as sum and number of ratings.
fn mean(candidate: &Value) -> (u64, u64) {
    (candidate["sum"].as_u64().unwrap_or(0), candidate["ratings"].as_u64().unwrap_or(1))
}
