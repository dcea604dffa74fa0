//! The reconciler: compares what the events say with what is served, and makes up for what is lacking.
//!
//! The projector follows the stream, repair follows the queues; whatever both have lost, only a look at all events finds.
//! Each run looks at the closed elections whose results are not final yet, and goes on through the events table from where
//! the run before left off. It asks the photo-processor to look after elections whose photographs wait, and once a day after all.
//! It asks the importer to look after elections whose imports have not ended.

mod count;
mod imports;
mod invitations;
mod mend;
mod photographs;

use std::{collections::BTreeMap, time::Duration};

use photovote_coordination::ControlError;
use photovote_coordination_write::Control;
use photovote_documents_read::{DocumentError, Generation};
use photovote_documents_write::Saved;
use photovote_domain::Timestamp;
use photovote_dynamodb::StorageError;
use photovote_events::{Commit, LoadError, Part, Position};
use photovote_projection::Projection;
use photovote_queues::{CountMessage, ImportMessage, MailMessage, PhotographMessage, Queue, SendError};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::time::Instant;

pub use mend::{Drift, Lack, MendError, Mended, Mender};

/// Under which name it is kept how far the reconciler has come.
const WORK: &str = "reconciler";
/// How many commits are looked at together.
const PAGE: u16 = 500;

/// How far one run goes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long the projector may take with a commit before it counts as lost.
    pub patience: Duration,
    /// How many pages of the events table are looked at, at most.
    pub pages: u32,
    /// How long it may take. What is begun is finished.
    pub time: Duration,
}

/// What one run found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Run {
    /// Commits that were looked at.
    pub commits: u64,
    /// What was lacking, and is there now.
    pub healed: u64,
    /// What was lacking, and the counter was asked for.
    pub asked: u64,
    /// What is lacking still.
    pub found: u64,
    /// Closed elections whose results are still not final.
    pub unfinished: u64,
    /// How often the photo-processor was asked to look after an election's photographs.
    pub photographs: u64,
    /// How often the importer was asked to look after an election's imports.
    pub imports: u64,
    /// How often the mailer was asked to look after an election's voters.
    pub mails: u64,
    /// Was the end of the table reached? The next run begins at its beginning.
    pub swept: bool,
}

/// Why a run ended early.
#[derive(Debug, Error)]
pub enum ReconcileError {
    /// The control table has no answer.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// Documents cannot be read or written.
    #[error(transparent)]
    Documents(#[from] DocumentError),
    /// The events table has no answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The last commit of an election cannot be read.
    #[error(transparent)]
    Events(#[from] LoadError),
    /// Commits could not be compared with documents.
    #[error(transparent)]
    Mend(#[from] MendError),
    /// The photo-processor, the importer or the mailer cannot be asked.
    #[error("a worker cannot be asked: {0}")]
    Ask(#[from] SendError),
}

/// How far the reconciler has come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Sweep {
    after: Option<Position>,
    /// When the photographs of all elections were looked after last.
    #[serde(default)]
    looked: Option<Timestamp>,
    /// When the mails of all elections were looked after last.
    #[serde(default)]
    mailed: Option<Timestamp>,
    /// Are mails looked after on this way through the table?
    #[serde(default)]
    is_mail_round: bool,
    /// Are those of all elections looked after on this way through the table?
    #[serde(default)]
    is_round: bool,
}

/// Compares and heals.
#[derive(Debug, Clone)]
pub struct Reconciler {
    mender: Mender,
    control: Control,
    photo_processor: Queue<PhotographMessage>,
    mailer: Queue<MailMessage>,
    importer: Option<Queue<ImportMessage>>,
}

impl Reconciler {
    /// Looks at what this projection reads and writes, and at these gates. Asks the counter for what is counted, and the photo-processor
    /// to look after photographs, and the mailer to look after voters.
    pub const fn new(
        projection: Projection,
        control: Control,
        counter: Queue<CountMessage>,
        photo_processor: Queue<PhotographMessage>,
        mailer: Queue<MailMessage>,
    ) -> Self {
        Self { mender: Mender::new(projection, counter), control, photo_processor, mailer, importer: None }
    }

    /// Asks the importer to look after imports.
    #[must_use]
    pub fn asking_importer(self, importer: Queue<ImportMessage>) -> Self {
        Self { importer: Some(importer), ..self }
    }

    /// Does one run. Elections that are being counted come first.
    pub async fn run(&self, now: Timestamp, limits: Limits) -> Result<Run, ReconcileError> {
        let end = Instant::now() + limits.time;
        let mut run = Run::default();
        self.look_after_counting(now, limits.patience, &mut run).await?;
        metrics::gauge!("ResultsUnfinished").set(f64::from(u32::try_from(run.unfinished).unwrap_or(u32::MAX)));
        self.sweep(now, limits, end, &mut run).await?;
        Ok(run)
    }

    /// Goes on through the events table.
    async fn sweep(&self, now: Timestamp, limits: Limits, end: Instant, run: &mut Run) -> Result<(), ReconcileError> {
        let (documents, events) = (self.mender.projection().documents(), self.mender.projection().events());
        let (sweep, mut version) = documents.work::<Sweep>(WORK).await?;
        let mut sweep = sweep.unwrap_or_default();
        if sweep.after.is_none() {
            sweep.is_round = sweep.looked.is_none_or(|looked| has_passed(photographs::ROUND, looked, now));
            sweep.looked = if sweep.is_round { Some(now) } else { sweep.looked };
            sweep.is_mail_round = sweep.mailed.is_none_or(|mailed| has_passed(invitations::ROUND, mailed, now));
            sweep.mailed = if sweep.is_mail_round { Some(now) } else { sweep.mailed };
        }
        for _ in 0..limits.pages {
            let page = events.sweep(Part::Segment { number: 0, of: 1 }, sweep.after.as_ref(), PAGE).await?;
            // The projector may be at the youngest ones at this very moment.
            let settled = |commit: &Commit| {
                let time = commit.private_part().map_or(Timestamp::from_millis(0), |private| private.time);
                has_passed(limits.patience, time, now)
            };
            let commits: Vec<_> = page.commits.into_iter().filter(settled).collect();
            for unreadable in page.unreadable {
                let (pk, sk, error) = (unreadable.pk, unreadable.sk, unreadable.error);
                tracing::error!(event = "drift_found", pk, sk, %error, "an item of the events table is no commit");
                run.found += 1;
                metrics::counter!("DriftFound").increment(1);
            }
            run.commits += commits.len() as u64;
            run.photographs += self.look_after_photographs(&commits, sweep.is_round).await?;
            run.imports += self.look_after_imports(&commits).await?;
            if sweep.is_mail_round {
                run.mails += self.look_after_invitations(&commits, now).await?;
            }
            for (generation, commits) in self.by_generation(commits).await? {
                match self.reconcile(&generation, &commits, run).await {
                    // It would be in the way of all that comes after it, at every run.
                    Err(ReconcileError::Mend(error)) if error.is_permanent() => {
                        tracing::error!(event = "drift_found", %error, "commits cannot be compared with documents");
                        metrics::counter!("DriftFound").increment(1);
                        run.found += 1;
                    }
                    done => done?,
                }
            }
            run.swept = page.next.is_none();
            sweep.after = page.next;
            if documents.save_work(WORK, &sweep, version).await? == Saved::Moved {
                tracing::warn!("another run of the reconciler is under way");
                break;
            }
            version = version.plus(1);
            if run.swept || Instant::now() >= end {
                break;
            }
        }
        Ok(())
    }

    /// The commits by the generations that are read of their elections: where an election has one of its own, the lists of
    /// its administrators still are in the one that it stands in for.
    async fn by_generation(&self, commits: Vec<Commit>) -> Result<BTreeMap<Generation, Vec<Commit>>, DocumentError> {
        let generations = self.mender.projection().documents().reader().generations().await?;
        let mut by_generation: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for commit in commits {
            let own = generations.serving_of(commit.stream.election());
            if *own != generations.serving {
                by_generation.entry(generations.serving.clone()).or_default().push(commit.clone());
            }
            by_generation.entry(own.clone()).or_default().push(commit);
        }
        Ok(by_generation)
    }

    /// Compares commits with what is served. What was lost there was probably lost in every generation.
    async fn reconcile(&self, serving: &Generation, commits: &[Commit], run: &mut Run) -> Result<(), ReconcileError> {
        let mended = self.mender.mend(serving, commits).await?;
        if !mended.healed.is_empty() || !mended.asked.is_empty() {
            let generations = self.mender.projection().documents().reader().generations().await?;
            let drifted =
                |commit: &&Commit| mended.healed.iter().chain(&mended.asked).any(|drift| drift.stream == commit.stream);
            for commit in commits.iter().filter(drifted) {
                for other in generations.active_of(commit.stream.election()).iter().filter(|other| *other != serving) {
                    self.mender.mend(other, std::slice::from_ref(commit)).await?;
                }
            }
        }
        report(&mended, run);
        self.compare_gates(commits, run).await
    }
}

/// Tells what was found.
fn report(mended: &Mended, run: &mut Run) {
    for Drift { commit, lack, .. } in &mended.healed {
        tracing::warn!(event = "drift_healed", pk = commit.pk, sk = commit.sk, %lack, "documents had lost something");
    }
    for Drift { commit, lack, .. } in &mended.asked {
        // That a count comes late is told when it is late; that it differs is told at once.
        if let Lack::Differs(_) = lack {
            tracing::error!(event = "drift_found", pk = commit.pk, sk = commit.sk, %lack, "the count is made again");
            metrics::counter!("DriftFound").increment(1);
            run.found += 1;
        } else {
            tracing::warn!(event = "count_asked", pk = commit.pk, sk = commit.sk, %lack, "the counter is asked");
        }
    }
    for Drift { commit, lack, .. } in &mended.stuck {
        tracing::error!(event = "drift_found", pk = commit.pk, sk = commit.sk, %lack, "documents lack something");
    }
    let (healed, found) = (mended.healed.len() as u64, mended.stuck.len() as u64);
    metrics::counter!("DriftHealed").increment(healed);
    metrics::counter!("DriftFound").increment(found);
    run.healed += healed;
    run.asked += mended.asked.len() as u64;
    run.found += found;
}

/// Is a moment so long ago?
fn has_passed(patience: Duration, time: Timestamp, now: Timestamp) -> bool {
    let patience = i64::try_from(patience.as_millis()).unwrap_or(i64::MAX);
    now.millis().saturating_sub(time.millis()) >= patience
}
