//! Rebuild: makes documents from events again, beside the ones that are served, and serves them instead.
//!
//! ```text
//! register a generation → wait until every projector writes it → replay all commits → have closed elections counted → compare → switch
//! ```
//!
//! Every step is kept in the documents table and can be done twice, by whoever goes on: one after the other on one machine,
//! or many messages of a queue at once. Commits that come meanwhile are projected into every generation that is active, so
//! nothing waits for a rebuild, and a generation that was served before stays up to date until it is retired.

mod message;
mod queue;
mod retire;
mod state;

use std::collections::BTreeMap;

use photovote_documents_read::{ChangeError, Scope};
use photovote_documents_read::{DocumentError, Generation};
use photovote_documents_write::{DocumentStore, Saved};
use photovote_domain::{ElectionId, ShardCount, Timestamp};
use photovote_dynamodb::StorageError;
use photovote_events::{Commit, Environment, LoadError, Swept};
use photovote_projection::Projection;
use photovote_queues::{CountMessage, Queue};
use photovote_reconciliation::{Lack, MendError, Mender};
use thiserror::Error;
use tokio::time::{Instant, sleep_until};

pub use message::{Event, Message};
pub use queue::{QueueError, Worker};
pub use retire::Deleted;
pub use state::{Phase, Plan, Progress, Rebuild, Status};

/// Under which name the rebuild is kept; the names of its parts begin with it.
const WORK: &str = "rebuild";

/// Why a rebuild does not go on.
#[derive(Debug, Error)]
pub enum RebuildError {
    /// Another one is not over.
    #[error("generation {0} is being built: let that end first")]
    Busy(Generation),
    /// There is no such election.
    #[error("there is no election {0}")]
    Absent(ElectionId),
    /// The generations do not change like this.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// Documents cannot be read or written.
    #[error(transparent)]
    Documents(#[from] DocumentError),
    /// The events table has no answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Events cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Commits could not be compared with documents.
    #[error(transparent)]
    Mend(#[from] MendError),
    /// Commits could not be applied for the moment. Why, is in the log.
    #[error("commits cannot be applied now")]
    Later,
}

/// What a rebuild needs next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing before this time.
    Wait(Timestamp),
    /// Work on these parts.
    Work(Vec<u32>),
    /// Nothing: it is over, or there is none.
    Nothing,
}

/// What became of work on a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worked {
    /// It is at its end.
    Done,
    /// There is more.
    More,
    /// It waits for the counter.
    Waits,
    /// Somebody else works on it, or it is not needed any more.
    Lost,
}

/// Rebuilds, step by step.
#[derive(Debug, Clone)]
pub struct Rebuilder {
    mender: Mender,
    environment: Environment,
}

impl Rebuilder {
    /// Builds what this projection writes, with this clock, and asks the counter for what is counted.
    pub const fn new(projection: Projection, environment: Environment, counter: Queue<CountMessage>) -> Self {
        Self { mender: Mender::new(projection, counter), environment }
    }

    fn documents(&self) -> &DocumentStore {
        self.mender.projection().documents()
    }

    /// Begins a rebuild. If the same one is under way already, that is the answer.
    pub async fn begin(&self, plan: Plan) -> Result<Rebuild, RebuildError> {
        let (last, version) = self.documents().work::<Rebuild>(WORK).await?;
        match last {
            Some(last) if !last.phase.is_over() && last.plan.scope == plan.scope => return Ok(last),
            Some(last) if !last.phase.is_over() => return Err(RebuildError::Busy(last.generation)),
            _ => {}
        }
        let shards = match plan.scope {
            Scope::All => ShardCount::default(),
            Scope::Election(election) => {
                let shards = self.mender.projection().events().shards_of(election).await?;
                shards.ok_or(RebuildError::Absent(election))?
            }
        };
        if !self.documents().has_pointer().await? {
            self.documents().save_pointer(true).await?;
        }
        let generation = Generation::from_bits(self.environment.timed_id());
        let parts = plan.parts(shards);
        let rebuild = Rebuild { generation, plan, parts, phase: Phase::Registering };
        // First the plan: whoever finds it can go on. A generation that nobody knows the plan of would stay for ever.
        if self.documents().save_work(WORK, &rebuild, version).await? == Saved::Moved {
            return Err(RebuildError::Busy(rebuild.generation));
        }
        for (name, _) in self.documents().works::<Progress>(&format!("{WORK}#")).await? {
            self.documents().forget_work(&name).await?;
        }
        match self.documents().register(plan.scope, &rebuild.generation).await {
            Ok(_) => Ok(rebuild),
            Err(error) => {
                // There is no room for it, so there never was a plan.
                self.documents().forget_work(WORK).await?;
                Err(error.into())
            }
        }
    }

    /// Goes on to the next phase as soon as it is time, and says what is needed now.
    pub async fn advance(&self) -> Result<Next, RebuildError> {
        loop {
            let (Some(rebuild), version) = self.documents().work::<Rebuild>(WORK).await? else {
                return Ok(Next::Nothing);
            };
            let phase = match rebuild.phase {
                Phase::Registering => {
                    self.documents().register(rebuild.plan.scope, &rebuild.generation).await?;
                    let settle = i64::try_from(rebuild.plan.settle().as_millis()).unwrap_or(i64::MAX);
                    let until = self.environment.now().millis().saturating_add(settle);
                    Phase::Waiting { until: Timestamp::from_millis(until) }
                }
                Phase::Waiting { until } if self.environment.now() < until => return Ok(Next::Wait(until)),
                Phase::Waiting { .. } => Phase::Replaying,
                phase @ (Phase::Replaying | Phase::Counting | Phase::Comparing) => {
                    let undone = self.undone(&rebuild).await?;
                    if !undone.is_empty() {
                        return Ok(Next::Work(undone));
                    }
                    match phase {
                        Phase::Replaying => Phase::Counting,
                        Phase::Counting => Phase::Comparing,
                        _ => self.conclude(&rebuild).await?,
                    }
                }
                Phase::Switched | Phase::Refused => return Ok(Next::Nothing),
            };
            let generation = &rebuild.generation;
            tracing::info!(event = "rebuild_advanced", %generation, phase = phase.name(), "a rebuild goes on");
            // If somebody else was faster, there is something new to look at.
            self.documents().save_work(WORK, &Rebuild { phase, ..rebuild }, version).await?;
        }
    }

    /// Works on a part, page by page, until it is done or time is up; on one page at least.
    pub async fn work(&self, number: u32, until: Instant) -> Result<Worked, RebuildError> {
        let (Some(rebuild), _) = self.documents().work::<Rebuild>(WORK).await? else { return Ok(Worked::Lost) };
        if !matches!(rebuild.phase, Phase::Replaying | Phase::Counting | Phase::Comparing) || number >= rebuild.parts {
            return Ok(Worked::Lost);
        }
        let name = part_name(&rebuild, number);
        let (progress, mut version) = self.documents().work::<Progress>(&name).await?;
        let mut progress = progress.unwrap_or_default();
        loop {
            if progress.done {
                return Ok(Worked::Done);
            }
            if rebuild.phase == Phase::Counting {
                self.count(&rebuild, number, &mut progress).await?;
                let saved = self.documents().save_work(&name, &progress, version).await?;
                return Ok(match saved {
                    Saved::Moved => Worked::Lost,
                    Saved::Yes if progress.done => Worked::Done,
                    Saved::Yes => Worked::Waits,
                });
            }
            let began = Instant::now();
            let events = self.mender.projection().events();
            let (part, limit) = (rebuild.part(number), rebuild.plan.page.max(1));
            let mut page = events.sweep(part, progress.after.as_ref(), limit).await?;
            let commits = page.commits.len();
            progress.after = page.next.take();
            progress.done = progress.after.is_none();
            progress.commits += commits as u64;
            match rebuild.phase {
                Phase::Replaying => self.replay(&rebuild, page, &mut progress).await?,
                _ => self.compare(&rebuild, &page.commits, &mut progress).await?,
            }
            if self.documents().save_work(&name, &progress, version).await? == Saved::Moved {
                return Ok(Worked::Lost);
            }
            version = version.plus(1);
            metrics::counter!("CommitsRebuilt").increment(commits as u64);
            let share = f64::from(u32::try_from(commits).unwrap_or(u32::MAX));
            let rate = f64::from(rebuild.plan.commits_per_second.max(1));
            sleep_until(began + std::time::Duration::from_secs_f64(share / rate)).await;
            if !progress.done && Instant::now() >= until {
                return Ok(Worked::More);
            }
        }
    }

    /// Asks the counter for the elections that a part has found, and looks which of them it is done with.
    async fn count(&self, rebuild: &Rebuild, number: u32, progress: &mut Progress) -> Result<(), RebuildError> {
        let now = self.environment.now();
        let first = progress.until.is_none();
        if first {
            let replayed = part_name(&Rebuild { phase: Phase::Replaying, ..rebuild.clone() }, number);
            let (replayed, _) = self.documents().work::<Progress>(&replayed).await?;
            progress.elections = replayed.unwrap_or_default().elections;
            let count = i64::from(rebuild.plan.count_seconds).saturating_mul(1_000);
            progress.until = Some(Timestamp::from_millis(now.millis().saturating_add(count)));
        }
        let generation = &rebuild.generation;
        for election in progress.elections.clone() {
            match self.mender.awaits_counter(generation, election).await? {
                // What differs will not be better for waiting. It is found when all is compared.
                None | Some(Lack::Differs(_) | Lack::Behind | Lack::Damaged(_)) => {
                    progress.elections.remove(&election);
                }
                Some(_) if first => self.mender.ask(generation, election).await.map_err(MendError::from)?,
                Some(_) => {}
            }
        }
        if progress.until.is_some_and(|until| now >= until) && !progress.elections.is_empty() {
            let elections = progress.elections.len();
            tracing::error!(event = "rebuild_uncounted", %generation, elections, "the counter is not done with them");
            progress.elections.clear();
        }
        progress.done = progress.elections.is_empty();
        Ok(())
    }

    /// Are all parts done with the phase that the rebuild is in?
    pub async fn is_phase_over(&self) -> Result<bool, RebuildError> {
        let (rebuild, _) = self.documents().work::<Rebuild>(WORK).await?;
        match rebuild {
            Some(rebuild) => Ok(self.undone(&rebuild).await?.is_empty()),
            None => Ok(false),
        }
    }

    /// How far the last rebuild has come.
    pub async fn status(&self) -> Result<Option<Status>, RebuildError> {
        let (Some(rebuild), _) = self.documents().work::<Rebuild>(WORK).await? else { return Ok(None) };
        let (replayed_parts, replayed) = self.sum(&rebuild, Phase::Replaying).await?;
        let (counted_parts, _) = self.sum(&rebuild, Phase::Counting).await?;
        let (compared_parts, compared) = self.sum(&rebuild, Phase::Comparing).await?;
        Ok(Some(Status { rebuild, replayed_parts, replayed, counted_parts, compared_parts, compared }))
    }

    async fn replay(&self, rebuild: &Rebuild, page: Swept, progress: &mut Progress) -> Result<(), RebuildError> {
        progress
            .elections
            .extend(page.commits.iter().filter(|commit| of_the_counter(commit)).map(|commit| commit.stream.election()));
        let replayed = self.mender.projection().replay(&rebuild.generation, page.commits).await;
        if replayed.again {
            return Err(RebuildError::Later);
        }
        for poisoned in &replayed.poisoned {
            let (keys, reason) = (&poisoned.keys, &poisoned.reason);
            tracing::error!(event = "replay_poisoned", pk = keys.pk, sk = keys.sk, reason, "it cannot be applied");
        }
        for unreadable in &page.unreadable {
            let (pk, sk, error) = (&unreadable.pk, &unreadable.sk, &unreadable.error);
            tracing::error!(event = "replay_poisoned", pk, sk, %error, "an item of the events table is no commit");
        }
        progress.poisoned += (replayed.poisoned.len() + page.unreadable.len()) as u64;
        Ok(())
    }

    /// Compares commits with the new generation, and that with what is served.
    async fn compare(
        &self,
        rebuild: &Rebuild,
        commits: &[Commit],
        progress: &mut Progress,
    ) -> Result<(), RebuildError> {
        let new = &rebuild.generation;
        let mended = self.mender.mend(new, commits).await?;
        progress.healed += mended.healed.len() as u64;
        let lacking: Vec<_> = mended.asked.into_iter().chain(mended.stuck).collect();
        progress.lacking += lacking.len() as u64;
        let generations = self.documents().generations_now().await?;
        let mut by_serving: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for commit in commits {
            let serving = generations.serving_of(commit.stream.election());
            by_serving.entry(serving).or_default().push(commit.clone());
        }
        for (serving, commits) in by_serving {
            if serving == new {
                continue;
            }
            let stuck: Vec<_> = lacking.iter().map(|drift| drift.stream).collect();
            let theirs: Vec<_> = commits.iter().filter(|commit| stuck.contains(&commit.stream)).cloned().collect();
            let lacking_there = self.mender.check(serving, &theirs).await?;
            for drift in &lacking {
                let ours = theirs.iter().any(|commit| commit.stream == drift.stream);
                if ours && !lacking_there.iter().any(|theirs| theirs.stream == drift.stream) {
                    let (keys, lack) = (&drift.commit, &drift.lack);
                    tracing::error!(event = "rebuild_lacks", pk = keys.pk, sk = keys.sk, %lack, "what is served has it");
                    progress.worse += 1;
                }
            }
            for stream in self.mender.differing(new, serving, &commits).await? {
                let election = stream.election();
                tracing::warn!(event = "rebuild_differs", %election, %stream, "it is served differently");
                progress.differing += 1;
            }
        }
        Ok(())
    }

    /// Serves the new generation if it lacks nothing that is served.
    async fn conclude(&self, rebuild: &Rebuild) -> Result<Phase, RebuildError> {
        let (_, compared) = self.sum(rebuild, Phase::Comparing).await?;
        let generation = &rebuild.generation;
        if compared.worse > 0 {
            tracing::error!(event = "rebuild_refused", %generation, worse = compared.worse, "it lacks what is served");
            metrics::counter!("RebuildsRefused").increment(1);
            return Ok(Phase::Refused);
        }
        self.documents().switch(rebuild.plan.scope, generation).await?;
        Ok(Phase::Switched)
    }

    /// The parts that are not done with the rebuild's phase.
    async fn undone(&self, rebuild: &Rebuild) -> Result<Vec<u32>, RebuildError> {
        let states = self.documents().works::<Progress>(&phase_prefix(rebuild, rebuild.phase)).await?;
        let done: BTreeMap<_, _> = states.into_iter().map(|(name, progress)| (name, progress.done)).collect();
        let is_done = |number: &u32| done.get(&part_name(rebuild, *number)).copied().unwrap_or_default();
        Ok((0..rebuild.parts).filter(|number| !is_done(number)).collect())
    }

    /// How many parts are done with a phase, and what they add up to.
    async fn sum(&self, rebuild: &Rebuild, phase: Phase) -> Result<(u32, Progress), RebuildError> {
        let mut sum = Progress::default();
        let mut parts = 0;
        for (_, progress) in self.documents().works::<Progress>(&phase_prefix(rebuild, phase)).await? {
            sum.add(&progress);
            parts += u32::from(progress.done);
        }
        sum.done = parts == rebuild.parts;
        Ok((parts, sum))
    }
}

/// Does a commit close or delete an election?
fn of_the_counter(commit: &Commit) -> bool {
    let mut types = commit.events.iter().map(|event| event.event_type.as_str());
    types.any(|event_type| matches!(event_type, "ElectionClosed" | "ElectionDeleted"))
}

fn phase_prefix(rebuild: &Rebuild, phase: Phase) -> String {
    format!("{WORK}#{}#{}#", rebuild.generation, phase.name())
}

fn part_name(rebuild: &Rebuild, number: u32) -> String {
    format!("{}{number:04}", phase_prefix(rebuild, rebuild.phase))
}
