//! What has to hold after a run, whatever went wrong in it.

mod answers;
mod ballots;
mod control;
mod counting;
mod documents;
mod imports;
mod invitations;
mod photographs;
mod reminders;
mod schedules;
mod shown;
mod truth;

use photovote_documents_read::Generation;
use photovote_domain::{ElectionId, election::Status};

use crate::{cloud::Cloud, journal::Asked, scenario::Scenario};

/// What the checks found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) violations: Vec<String>,
    pub(crate) commits: u64,
    pub(crate) casts: u64,
    pub(crate) acknowledged: u64,
}

/// Says what is violated.
pub(crate) struct Verdict<'a>(&'a mut Vec<String>);

impl Verdict<'_> {
    pub(crate) fn holds(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.0.push(otherwise());
        }
    }
}

/// The elections that were deleted.
pub(crate) fn deleted(cloud: &Cloud) -> Vec<ElectionId> {
    let Ok(truth) = truth::Truth::read(cloud, &mut Verdict(&mut Vec::new())) else { return Vec::new() };
    let elections = truth.elections().filter(|(_, election)| election.status == Status::Deleted);
    elections.map(|(id, _)| id).collect()
}

/// All elections.
pub(crate) fn elections(cloud: &Cloud) -> Vec<ElectionId> {
    let Ok(truth) = truth::Truth::read(cloud, &mut Verdict(&mut Vec::new())) else { return Vec::new() };
    truth.elections().map(|(id, _)| id).collect()
}

/// The generation that there is.
pub(crate) fn generation() -> Generation {
    documents::GENERATION.parse().expect("a generation")
}

/// Holds the tables, and what clients were told, against the events.
pub(crate) async fn everything(cloud: &std::sync::Arc<Cloud>, journal: &[Asked], scenario: &Scenario) -> Findings {
    let mut findings = Findings::default();
    let mut verdict = Verdict(&mut findings.violations);
    let truth = match truth::Truth::read(cloud, &mut verdict) {
        Ok(truth) => truth,
        Err(unreadable) => {
            findings.violations.push(unreadable);
            return findings;
        }
    };
    let (_, dead) = cloud.queue.history();
    let (_, uncounted) = cloud.to_count.history();
    let (_, unprocessed) = cloud.to_process.history();
    let (_, unmailed) = cloud.to_mail.history();
    let (_, unimported) = cloud.to_import.history();
    let all = [&dead, &uncounted, &unprocessed, &unmailed, &unimported];
    verdict.holds(all.into_iter().all(Vec::is_empty), || format!("dead letters: {all:?}"));
    control::check(&truth, cloud, &mut verdict);
    counting::check(&truth, &mut verdict);
    documents::check(&truth, cloud, &mut verdict).await;
    photographs::check(&truth, cloud, &mut verdict).await;
    imports::check(&truth, cloud, &mut verdict);
    schedules::check(&truth, &mut verdict);
    ballots::check(&truth, journal, &mut verdict);
    answers::check(&truth, journal, scenario, &mut verdict);
    invitations::check(&truth, cloud, journal, scenario, &mut verdict);
    shown::check(&truth, journal, &mut verdict);
    findings.commits = truth.commits();
    findings.casts = truth.casts().count() as u64;
    findings.acknowledged = ballots::acknowledged(journal);
    findings
}
