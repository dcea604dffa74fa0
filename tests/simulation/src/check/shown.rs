//! What administrators were shown was so once: an election as it was at the version that the answer names, results only
//! when every ballot was counted.

use photovote_domain::{Election, ElectionId, Timestamp, Version};
use photovote_edge::ElectionView;
use photovote_events::Stream;
use photovote_test_support::Reply;
use serde_json::Value;

use super::{
    Verdict, answers,
    documents::{agrees, independent_count},
    truth::{Truth, fold},
};
use crate::journal::{Asked, What};

/// How far behind a read may be that need not be consistent, in milliseconds.
const LAG: i64 = 1000;

/// How far the counting of an election was when somebody was shown it.
struct Seen {
    election: ElectionId,
    at: Timestamp,
    counted: u64,
}

pub(crate) fn check(truth: &Truth, journal: &[Asked], verdict: &mut Verdict<'_>) {
    nothing_goes_back(truth, journal, verdict);
    for asked in journal {
        let Some(id) = answers::election(asked) else { continue };
        for (at, reply) in asked.sendings.iter().filter_map(|sending| sending.answer.as_ref()) {
            let said = || format!("{} is answered {} {}", asked.path, reply.status, reply.text);
            match asked.what {
                What::ShowElection if reply.status == 200 => {
                    verdict.holds(is_as_it_was(truth, id, reply), || format!("{}, and never was so", said()));
                    verdict.holds(is_recent_enough(asked, reply), || format!("{}, which is older", said()));
                }
                What::Results if reply.status == 200 => {
                    let closed = truth.moment(id, "ElectionClosed").is_some_and(|closed| closed <= *at);
                    verdict.holds(closed, || format!("{} before the election closed", said()));
                    verdict.holds(are_true(truth, id, reply), || format!("{}, which is not true", said()));
                }
                _ => {}
            }
        }
    }
}

/// What was shown once is there from then on, and no ballot that was counted is taken back.
fn nothing_goes_back(truth: &Truth, journal: &[Asked], verdict: &mut Verdict<'_>) {
    let mut seen: Vec<Seen> = Vec::new();
    for asked in journal.iter().filter(|asked| matches!(asked.what, What::ShowElection | What::Results)) {
        let Some(election) = answers::election(asked) else { continue };
        for sending in &asked.sendings {
            let Some((at, reply)) = &sending.answer else { continue };
            let before = |seen: &&Seen| seen.election == election && seen.at.millis() + LAG < sending.sent.millis();
            let least = seen.iter().filter(before).map(|seen| seen.counted).max();
            let counted = match (reply.status, reply.json["status"].as_str()) {
                (200, Some("final")) => u64::MAX,
                (200, _) => reply.json["counted"].as_u64().unwrap_or(0),
                (404, _) => {
                    let deleted = truth.moment(election, "ElectionDeleted").is_some();
                    verdict.holds(least.is_none() || deleted, || format!("{} is not found, and was shown", asked.path));
                    continue;
                }
                _ => continue,
            };
            verdict.holds(asked.what != What::Results || least <= Some(counted), || {
                format!("{} is answered {}, and more was counted before", asked.path, reply.text)
            });
            seen.push(Seen { election, at: *at, counted });
        }
    }
}

fn is_as_it_was(truth: &Truth, id: ElectionId, reply: &Reply) -> bool {
    let mut shown = reply.json.clone();
    let version = shown.as_object_mut().and_then(|shown| shown.remove("version")).and_then(|version| version.as_u64());
    let version = Version::new(version.unwrap_or_default());
    let entries = truth.streams.get(&Stream::Election(id)).map(Vec::as_slice).unwrap_or_default();
    let until = entries.iter().take_while(|entry| entry.commit.last() <= version).count();
    let there = entries[..until].last().is_some_and(|entry| entry.commit.last() == version);
    let election: Election = fold(&entries[..until]);
    let (view, state) = (serde_json::to_value(ElectionView::of(id, &election)), serde_json::to_value(&election));
    let (Ok(Value::Object(view)), Ok(state), Value::Object(shown)) = (view, state, shown) else { return false };
    // What voters do not see, administrators see as it is.
    let as_it_is = |(name, value): (&String, &Value)| view.get(name).or(state.get(name)) == Some(value);
    there && shown.iter().all(as_it_is) && view.keys().all(|name| shown.contains_key(name))
}

fn is_recent_enough(asked: &Asked, reply: &Reply) -> bool {
    let least = asked.path.split_once("min_version=").and_then(|(_, least)| least.parse::<u64>().ok());
    reply.json["version"].as_u64() >= least
}

fn are_true(truth: &Truth, id: ElectionId, reply: &Reply) -> bool {
    let Some(election) = truth.election(id) else { return false };
    let cast = truth.casts_of(id).count() as u64;
    match reply.json["status"].as_str() {
        Some("counting") => reply.json["cast"] == cast && reply.json["counted"].as_u64().is_some_and(|n| n <= cast),
        _ => agrees(&reply.json, &independent_count(truth, id, election)),
    }
}
