//! Every import came to something, each of its rows registered its voter once, and nothing is left of lists that nobody needs.

use std::collections::{BTreeMap, BTreeSet};

use photovote_domain::{
    ElectionId, Import, ImportId,
    election::Status as ElectionStatus,
    import::{ImportEvent, Status},
};
use photovote_events::{Actor, Stream};
use photovote_keys::objects::list_key;

use super::{
    Verdict,
    truth::{Entry, Truth, fold},
};
use crate::{
    cloud::{Cloud, ORIGINALS},
    engine::CONTROL,
};

pub(crate) fn check(truth: &Truth, cloud: &Cloud, verdict: &mut Verdict<'_>) {
    let commands = commands(truth);
    let mut known = BTreeSet::new();
    for (stream, entries) in &truth.streams {
        let Stream::Import(election, id) = *stream else { continue };
        let import: Import = fold(entries);
        let is_deleted = truth.election(election).is_some_and(|election| election.status == ElectionStatus::Deleted);
        let at_rest = match import.status {
            Status::Absent | Status::Reading | Status::Importing | Status::Undoing => false,
            Status::Requested => !is_deleted && cloud.buckets.get(ORIGINALS, &list_key(election, id)).is_none(),
            Status::Ready => !is_deleted,
            Status::Refused | Status::Done | Status::Undone => true,
        };
        verdict.holds(at_rest, || format!("{stream} is still {:?}, deleted: {is_deleted}", import.status));
        if import.status == Status::Ready {
            known.insert((election, id));
        }
        let of = |command: &str| commands.get(&(election, id, command.to_owned())).copied().unwrap_or_default();
        let (registered, removed) = (of("RegisterVoter"), of("RemoveVoter"));
        let imported = u64::from(import.counts.imported);
        // An importer that finds its election deleted ends the import without looking at rows that were not noted.
        let left_early = import.problem.as_ref().is_some_and(|problem| problem.code == "election_deleted");
        let came = registered - removed;
        verdict.holds(imported == came || (left_early && imported < came), || {
            format!(
                "{stream} says {imported}, and has registered {registered} and removed {removed}: {:?}, {:?}, {:?}",
                import.status, import.counts, import.problem
            )
        });
        let is_whole = entries.iter().any(finished);
        let (counts, named) = (import.counts, import.counts.rows - import.counts.rejected);
        verdict.holds(!is_whole || registered + u64::from(counts.already) == u64::from(named), || {
            format!("{stream} has {named} rows, registered {registered} and knew {}", counts.already)
        });
    }
    for item in cloud.engine.scan(CONTROL) {
        let key = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
        if let Some(election) = key("pk").strip_suffix("#imports") {
            let import = key("sk").split('#').next().and_then(|id| id.parse().ok());
            let of = election.parse().ok().zip(import);
            verdict.holds(of.is_some_and(|of| known.contains(&of)), || format!("{} {} is left", key("pk"), key("sk")));
        }
    }
}

/// The keys of the lists that imports wait with.
pub(crate) fn lists(truth: &Truth) -> BTreeSet<String> {
    let ready = truth.streams.iter().filter_map(|(stream, entries)| {
        let Stream::Import(election, id) = *stream else { return None };
        let import: Import = fold(entries);
        (import.status == Status::Ready).then(|| list_key(election, id))
    });
    ready.collect()
}

/// Did an import end with all of its rows?
fn finished(entry: &Entry) -> bool {
    let events = entry.commit.decode::<Import>().unwrap_or_default();
    events.iter().any(|event| matches!(event, ImportEvent::ImportFinished { problem: None, .. }))
}

/// How often each import registered or removed a voter.
fn commands(truth: &Truth) -> BTreeMap<(ElectionId, ImportId, String), u64> {
    let mut commands = BTreeMap::new();
    for (stream, entries) in &truth.streams {
        let Stream::Voter(election, ..) = *stream else { continue };
        for entry in entries {
            if let Actor::Importer { import, .. } = entry.private.actor {
                *commands.entry((election, import, entry.commit.command.clone())).or_default() += 1;
            }
        }
    }
    commands
}
