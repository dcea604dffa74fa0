//! Each ballot is linearizable: every answer about it shows a state that it had while the request was under way, and
//! every refusal has its reason in what had happened by then.

use std::collections::BTreeSet;

use photovote_domain::{Aggregate, Ballot, Timestamp, Version, ballot::Status, election::ElectionEvent};
use photovote_edge::DraftTag;
use photovote_events::Stream;
use photovote_test_support::Reply;
use serde_json::Value;

use super::{
    Verdict,
    answers::{ballot_of, ballots, effect, election},
    truth::{Entry, Truth},
};
use crate::journal::{Asked, What, Who};

/// A ballot's state from one commit to the next.
struct Phase {
    version: Version,
    /// What names it while it is a draft.
    tag: DraftTag,
    from: Timestamp,
    until: Option<Timestamp>,
    ballot: Ballot,
}

/// How many ballots were acknowledged as cast.
pub(crate) fn acknowledged(journal: &[Asked]) -> u64 {
    let casts = journal.iter().filter(|asked| matches!(asked.what, What::Cast(_)));
    let receipts = casts.filter_map(|asked| asked.acknowledged()?.1.json["receipt"].as_str().map(ToOwned::to_owned));
    receipts.collect::<BTreeSet<_>>().len() as u64
}

pub(crate) fn check(truth: &Truth, journal: &[Asked], verdict: &mut Verdict<'_>) {
    let ballots = ballots(truth);
    for asked in journal {
        let Who::Voter(token) = &asked.who else { continue };
        let Some(stream) = ballot_of(token, &ballots) else {
            verdict.holds(false, || "a token was shown that opens no ballot".to_owned());
            continue;
        };
        let phases = phases(&truth.streams[&stream]);
        let effect = effect(asked, truth, &ballots);
        for sending in &asked.sendings {
            let Some((at, reply)) = &sending.answer else { continue };
            let said = || format!("{stream}: {:?} is answered {} {}", asked.what, reply.status, reply.text);
            match reply.status {
                200..300 => {
                    let phase = phases.iter().find(|phase| is_told(asked, reply, phase));
                    let Some(phase) = phase.filter(|phase| phase.from <= *at) else {
                        verdict.holds(false, || format!("{}: no such state then", said()));
                        continue;
                    };
                    let repeated = effect.is_some_and(|effect| effect.at <= *at);
                    let current = repeated || phase.until.is_none_or(|until| sending.sent <= until);
                    verdict.holds(current, || format!("{}: that was over", said()));
                    verdict.holds(shows(asked, reply, phase, truth, stream), || {
                        format!("{}: it said {:?}", said(), phase.ballot)
                    });
                }
                409 => {
                    let code = reply.json["code"].as_str().unwrap_or_default();
                    let justified = is_justified(code, truth, journal, stream, sending.sent, *at);
                    verdict.holds(justified, || format!("{}: no reason for that", said()));
                }
                _ => {}
            }
        }
    }
}

fn phases(entries: &[Entry]) -> Vec<Phase> {
    let mut ballot = Ballot::default();
    let mut phases = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let events = entry.commit.decode::<Ballot>().expect("what was written can be read");
        ballot = events.iter().fold(ballot, Ballot::evolve);
        phases.push(Phase {
            version: entry.commit.last(),
            tag: DraftTag::of(&entry.commit.hash),
            from: entry.at,
            until: entries.get(index + 1).map(|next| next.at),
            ballot: ballot.clone(),
        });
    }
    phases
}

/// Is this the state that the answer names? It names a draft by its tag, and of a ballot that is cast nothing.
fn is_told(asked: &Asked, reply: &Reply, phase: &Phase) -> bool {
    let ballot = match asked.what {
        What::ShowBallot => &reply.json["ballot"],
        _ => &reply.json,
    };
    match &ballot["tag"] {
        Value::String(tag) => *tag == phase.tag.to_string(),
        _ => ballot["receipt"].is_string() && phase.ballot.status == Status::Cast,
    }
}

/// Does the answer agree with what the ballot said?
fn shows(asked: &Asked, reply: &Reply, phase: &Phase, truth: &Truth, stream: Stream) -> bool {
    let ballot = &phase.ballot;
    let Some(election) = truth.election(stream.election()) else { return false };
    let ratings = ballot.ratings(election);
    let receipt = truth.casts_in(stream).iter().find(|cast| cast.version == phase.version);
    let receipt = receipt.map(|cast| cast.receipt.to_string());
    match &asked.what {
        What::Rate(grades) => grades.iter().all(|(candidate, grade)| ratings.get(candidate) == Some(grade)),
        What::Clear(candidate) => !ratings.contains_key(candidate),
        What::Cast(grades) => {
            ballot.status == Status::Cast
                && reply.json["receipt"].as_str() == receipt.as_deref()
                && grades.iter().all(|(candidate, grade)| ratings.get(candidate) == Some(grade))
        }
        What::ShowBallot => {
            let shown = &reply.json["ballot"];
            let cast = ballot.status == Status::Cast;
            let ratings: Value = ratings.iter().map(|(id, grade)| (id.to_string(), Value::from(*grade))).collect();
            shown["cast"] == cast
                && if cast { shown["receipt"].as_str() == receipt.as_deref() } else { shown["ratings"] == ratings }
        }
        _ => true,
    }
}

/// Had what the refusal says come about when it was answered?
fn is_justified(
    code: &str,
    truth: &Truth,
    journal: &[Asked],
    stream: Stream,
    sent: Timestamp,
    answered: Timestamp,
) -> bool {
    let id = stream.election();
    let by_then = |moment: Option<Timestamp>| moment.is_some_and(|moment| moment <= answered);
    match code {
        "ballot_cast_already" => truth.casts_in(stream).iter().any(|cast| cast.at <= answered),
        "election_closed" => by_then(truth.moment(id, "ElectionClosing")) || by_then(closing_time(truth, stream)),
        "election_not_open" => {
            // Once somebody was told that it is open, it is.
            let opened = journal.iter().filter(|asked| asked.what == What::Open && election(asked) == Some(id));
            !opened.filter_map(Asked::acknowledged).any(|(at, _)| at < sent)
        }
        "election_deleted" => by_then(truth.moment(id, "ElectionDeleted")),
        "conflict" => true,
        _ => false,
    }
}

/// The closing time that the ballot's election was opened with. It may have been moved since, and not everybody knows.
fn closing_time(truth: &Truth, stream: Stream) -> Option<Timestamp> {
    let entries = truth.streams.get(&Stream::Election(stream.election()))?;
    let events = entries.iter().filter_map(|entry| entry.commit.decode::<photovote_domain::Election>().ok()).flatten();
    events.into_iter().find_map(|event| match event {
        ElectionEvent::ElectionOpened { closes_at } => closes_at,
        _ => None,
    })
}
