//! Conservation: what was cast while the election was open is the number that it closed with, each ballot once.

use std::collections::BTreeSet;

use photovote_domain::ballot;

use super::{Verdict, truth::Truth};

pub(crate) fn check(truth: &Truth, verdict: &mut Verdict<'_>) {
    let mut streams = BTreeSet::new();
    for cast in truth.casts() {
        verdict.holds(streams.insert(cast.stream), || format!("{} was cast twice", cast.stream));
        verdict.holds(!cast.ratings.is_empty(), || format!("{} was cast empty", cast.stream));
    }
    for (id, election) in truth.elections() {
        let casts = truth.casts_of(id).count() as u64;
        if let Some(closed_with) = election.casts {
            verdict.holds(closed_with == casts, || format!("{id} closed with {closed_with} casts, {casts} were cast"));
        }
        if let Some(closed_with) = election.registered {
            let registered =
                truth.ballots(id).filter(|(_, ballot)| ballot.status != ballot::Status::Voided).count() as u64;
            verdict.holds(closed_with == registered, || {
                format!("{id} closed with {closed_with} voters, {registered} were registered")
            });
        }
        let (opened, closed) = (truth.moment(id, "ElectionOpened"), truth.moment(id, "ElectionClosed"));
        for (stream, at) in truth.registrations(id) {
            verdict.holds(closed.is_none_or(|closed| at <= closed), || {
                format!("{stream} came or went after the election closed")
            });
        }
        for cast in truth.casts_of(id) {
            verdict.holds(opened.is_some_and(|opened| opened <= cast.at), || {
                format!("{} was cast before the election opened", cast.stream)
            });
            verdict.holds(closed.is_none_or(|closed| cast.at <= closed), || {
                format!("{} was cast after the election closed", cast.stream)
            });
        }
    }
}
