//! The control table: gates, guards and the schedule say what follows from the events.

use std::collections::BTreeMap;

use photovote_coordination::{GateState, GateStatus};
use photovote_domain::{
    Election, ElectionId, Links, Timestamp, ballot, election::Status, email_key, photograph, voter,
};
use serde_json::Value;

use super::{Verdict, truth::Truth};
use crate::{cloud::Cloud, engine::CONTROL};

pub(crate) fn check(truth: &Truth, cloud: &Cloud, verdict: &mut Verdict<'_>) {
    let mut items: BTreeMap<(String, String), Value> = BTreeMap::new();
    for item in cloud.engine.scan(CONTROL) {
        let key = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
        items.insert((key("pk"), key("sk")), item);
    }
    let now = cloud.clock.now();
    let mut guards = 0;
    for (id, election) in truth.elections() {
        gates(truth, &items, id, election, verdict);
        guards += guards_of(truth, &items, id, election, verdict);
        let scheduled = items.contains_key(&("schedule".to_owned(), id.to_string()));
        let open = election.status == Status::Open;
        // A draft stays there once anything was planned for it: another plan may be on its way.
        let waits = election.status == Status::Draft && (scheduled || election.schedule.is_none());
        verdict.holds(scheduled == open || waits, || {
            format!("{id} is {:?}, on the schedule: {scheduled}", election.status)
        });
        verdict.holds(election.status != Status::Closing, || format!("{id} is still closing"));
        verdict.holds(!open || !election.is_due(now), || format!("{id} is still open, and overdue"));
    }
    creations(truth, &items, verdict);
    let standing = items.keys().filter(|(_, sk)| sk.starts_with("email#")).count();
    verdict.holds(standing == guards, || format!("{standing} guards of addresses, {guards} voters"));
}

/// Each administrator's counter is the number of elections that they have created.
fn creations(truth: &Truth, items: &BTreeMap<(String, String), Value>, verdict: &mut Verdict<'_>) {
    let mut created: BTreeMap<String, u64> = BTreeMap::new();
    for owner in truth.creators() {
        *created.entry(owner).or_default() += 1;
    }
    let counters = items.iter().filter(|((pk, _), _)| pk == "creations");
    let counted = counters.map(|((_, subject), item)| {
        (subject.clone(), item["elections"]["N"].as_str().and_then(|count| count.parse().ok()).unwrap_or_default())
    });
    let counted: BTreeMap<String, u64> = counted.collect();
    verdict.holds(counted == created, || format!("created: {created:?}, counted: {counted:?}"));
}

fn gates(
    truth: &Truth,
    items: &BTreeMap<(String, String), Value>,
    id: ElectionId,
    election: &Election,
    verdict: &mut Verdict<'_>,
) {
    let ballots: Vec<_> = truth.ballots(id).collect();
    for shard in election.shards.shards() {
        let item = items.get(&(format!("{id}#{shard}"), "gate".to_owned()));
        let Some(gate) = item.and_then(gate) else {
            verdict.holds(false, || format!("{id} has no gate for shard {shard}"));
            continue;
        };
        let here = || ballots.iter().filter(|(home, _)| *home == shard).map(|(_, ballot)| ballot.status);
        let casts = here().filter(|status| *status == ballot::Status::Cast).count() as u64;
        let registered = here().filter(|status| *status != ballot::Status::Voided).count() as u64;
        verdict.holds(gate.casts == casts, || format!("{id}: gate {shard} counts {} casts of {casts}", gate.casts));
        verdict.holds(gate.registered == registered, || {
            format!("{id}: gate {shard} counts {} registered voters of {registered}", gate.registered)
        });
        let here = ballots.iter().filter(|(home, _)| *home == shard);
        let unlinked = here.filter(|(_, ballot)| photovote_registration::is_unlinked(ballot)).count() as u64;
        let unlinked = if election.links == Links::HandOut { unlinked } else { 0 };
        verdict.holds(gate.unlinked == unlinked, || {
            format!("{id}: gate {shard} counts {} unlinked voters of {unlinked}", gate.unlinked)
        });
        let photographs = super::photographs::photographs(truth, id).into_iter();
        let photographs = photographs.filter(|(photograph, document)| {
            let is_there = document.photograph.status != photograph::Status::Removed;
            is_there && election.shards.shard_of(&photograph.to_string()) == shard
        });
        let photographs = photographs.count() as u64;
        verdict.holds(gate.photographs == photographs, || {
            format!("{id}: gate {shard} counts {} photographs of {photographs}", gate.photographs)
        });
        verdict.holds(gate.links == election.links, || {
            format!("{id}: gate {shard} says {:?}, and the election {:?}", gate.links, election.links)
        });
        let expected = match election.status {
            Status::Draft | Status::Absent => GateStatus::Draft,
            Status::Open => GateStatus::Open,
            Status::Closing | Status::Closed | Status::Released | Status::Deleted => GateStatus::Closed,
        };
        verdict.holds(gate.status == expected, || format!("{id}: gate {shard} is {:?}", gate.status));
        if election.status == Status::Open {
            let closes_at = gate.closes_at.map(Timestamp::millis);
            verdict
                .holds(gate.closes_at == election.closes_at, || format!("{id}: gate {shard} closes at {closes_at:?}"));
        }
    }
}

fn guards_of(
    truth: &Truth,
    items: &BTreeMap<(String, String), Value>,
    id: ElectionId,
    election: &Election,
    verdict: &mut Verdict<'_>,
) -> usize {
    let mut registered = 0;
    for (stream, voter) in truth.voters(id).filter(|(_, voter)| voter.status == voter::Status::Registered) {
        registered += 1;
        let key = email_key(&voter.email).to_string();
        let place = (format!("{id}#{}", election.shards.shard_of(&key)), format!("email#{key}"));
        let holder = items.get(&place).and_then(|guard| guard["voter"]["S"].as_str()).unwrap_or("nobody");
        verdict.holds(stream.to_string() == format!("voter#{holder}"), || {
            format!("{stream} is registered, and the guard of their address holds it for {holder}")
        });
    }
    registered
}

fn gate(item: &Value) -> Option<GateState> {
    let item: serde_dynamo::Item = serde_json::from_value(item.clone()).ok()?;
    GateState::from_item(&item.into())
}
