//! Rebuilding on this machine: beside the server that uses a data directory, or alone.

use std::{
    io::{self, Write},
    time::Duration,
};

use aws_types::SdkConfig;
use futures::{StreamExt, TryStreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use photovote_coordination_write::Control;
use photovote_counting::CountError;
use photovote_documents_read::Scope;
use photovote_documents_write::DocumentStore;
use photovote_dynamodb::{Endpoint, client, config};
use photovote_events::{Environment, EventReader};
use photovote_projection::Projection;
use photovote_rebuild::{Deleted, Next, Phase, Plan, RebuildError, Rebuilder, Status};
use photovote_restoration::{RestoreError, Restoring, Which};
use tokio::time::Instant;

use crate::{
    data_dir::{DataDir, DataDirError, Location},
    host::engine::{CONTROL, DOCUMENTS, Durability, EVENTS, Engine, EngineError},
    operate::documents::Count,
    socket::{self, SocketError},
};

/// How many parts are worked on at once.
const AT_ONCE: usize = 2;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Build documents again, and serve them; so many commits a second.
    Rebuild {
        /// The most.
        rate: u32,
    },
    /// Serve what was served before.
    RollBack,
    /// Delete what is not served.
    Retire,
    /// Build the control table again.
    Control,
}

/// What is to be done, and with what.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    /// What.
    pub task: Task,
    /// With what.
    pub scope: Scope,
    /// How many seconds a server may take to notice; if nobody says, as long as its projector may work.
    pub settle: Option<u32>,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum FailedRebuild {
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The engine cannot run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The server that is running cannot be reached.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The rebuild does not go on.
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
    /// Ballots cannot be counted.
    #[error(transparent)]
    Count(#[from] CountError),
    /// The control table cannot be restored.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// What was built lacks what is served.
    #[error("generation {generation} lacks {worse} things that are served, and is not: see the log, then --retire")]
    Refused {
        /// What was built.
        generation: String,
        /// How much is lacking.
        worse: u64,
    },
    /// Elections could not be read.
    #[error("{0} elections cannot be read, and are as they were: see the log")]
    Unreadable(u64),
    /// Nobody reads what is to be said.
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// The engine of a data directory.
enum Access {
    /// A server runs it.
    Servers(SdkConfig),
    /// Nobody does but us.
    Own(Engine),
}

impl Access {
    async fn to(dir: &DataDir, durability: Durability) -> Result<Self, FailedRebuild> {
        match Engine::start(dir, durability).await {
            Ok(engine) => Ok(Self::Own(engine)),
            Err(EngineError::DataDir(DataDirError::InUse { .. })) => Ok(Self::Servers(socket::connect(dir)?)),
            Err(error) => Err(error.into()),
        }
    }

    fn config(&self) -> &SdkConfig {
        match self {
            Self::Servers(config) => config,
            Self::Own(engine) => engine.config(),
        }
    }
}

/// Does it, and says what came of it.
pub async fn run(
    data_dir: impl Into<Location>,
    durability: Durability,
    work: Work,
    out: &mut impl Write,
) -> Result<(), FailedRebuild> {
    let dir = DataDir::existing(data_dir)?;
    let access = if work.task == Task::Control {
        // Gates and guards are being used as long as a server runs.
        Access::Own(Engine::start(&dir, durability).await?)
    } else {
        Access::to(&dir, durability).await?
    };
    let client = client(access.config(), None);
    let events = EventReader::new(client.clone(), EVENTS);
    let documents = DocumentStore::new(client.clone(), DOCUMENTS);
    let mut count = Count::new(&client);
    let rebuilder =
        Rebuilder::new(Projection::new(events.clone(), documents), Environment::system(), count.queue.clone());
    let settle = work.settle.unwrap_or(match access {
        Access::Servers(_) => Plan::default().settle_seconds,
        Access::Own(_) => 0,
    });
    let done = match work.task {
        Task::Rebuild { rate } => {
            let segments = 2 * u32::try_from(AT_ONCE).unwrap_or(1);
            let plan = Plan { scope: work.scope, segments, settle_seconds: settle, ..Plan::default() };
            // The parts that are worked on at once share the rate.
            let share = rate / u32::try_from(AT_ONCE).unwrap_or(1);
            rebuild(&rebuilder, &mut count, Plan { commits_per_second: share.max(1), ..plan }, out).await
        }
        Task::RollBack => {
            let serving = rebuilder.roll_back(work.scope).await?;
            Ok(writeln!(out, "Generation {serving} is served. The other one is still up to date.")?)
        }
        Task::Retire => retire(&rebuilder, work.scope, settle, out).await,
        Task::Control => restore(&events, &Control::new(client, CONTROL), Which::All, out).await,
    };
    if let Access::Own(engine) = access {
        engine.stop().await;
    }
    done
}

async fn rebuild(
    rebuilder: &Rebuilder,
    count: &mut Count,
    plan: Plan,
    out: &mut impl Write,
) -> Result<(), FailedRebuild> {
    let rebuild = rebuilder.begin(plan).await?;
    let bar = ProgressBar::new(3 * u64::from(rebuild.parts));
    if let Ok(style) = ProgressStyle::with_template("{spinner} {bar:30} {pos}/{len} parts, {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    let began = Instant::now();
    loop {
        match rebuilder.advance().await? {
            Next::Nothing => break,
            Next::Wait(until) => {
                bar.set_message("until every projector knows");
                let rest = until.millis() - jiff::Timestamp::now().as_millisecond();
                tokio::time::sleep(Duration::from_millis(u64::try_from(rest).unwrap_or_default())).await;
            }
            Next::Work(parts) => {
                let bar = &bar;
                let pages = parts.into_iter().map(|part| async move {
                    // One page after the other, so that there is something to be seen.
                    while rebuilder.work(part, Instant::now()).await? == photovote_rebuild::Worked::More {
                        show(bar, rebuilder).await?;
                    }
                    show(bar, rebuilder).await
                });
                stream::iter(pages).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
                count.work_off().await?;
            }
        }
    }
    bar.finish_and_clear();
    match rebuilder.status().await? {
        Some(status) => conclude(&status, began.elapsed(), out),
        None => Ok(()),
    }
}

async fn show(bar: &ProgressBar, rebuilder: &Rebuilder) -> Result<(), RebuildError> {
    if let Some(Status { replayed_parts, counted_parts, compared_parts, replayed, compared, .. }) =
        rebuilder.status().await?
    {
        bar.set_position(u64::from(replayed_parts) + u64::from(counted_parts) + u64::from(compared_parts));
        bar.set_message(format!("{} commits replayed, {} compared", replayed.commits, compared.commits));
    }
    Ok(())
}

fn conclude(status: &Status, took: Duration, out: &mut impl Write) -> Result<(), FailedRebuild> {
    let Status { rebuild, replayed, compared, .. } = status;
    let generation = &rebuild.generation;
    let seconds = took.as_secs_f64();
    writeln!(out, "{} commits in {} parts, {seconds:.1} s.", replayed.commits, rebuild.parts)?;
    writeln!(out, "{} cannot be applied; what is made of them is not served.", replayed.poisoned)?;
    writeln!(out, "{} documents were served differently, and {} things lack.", compared.differing, compared.lacking)?;
    if rebuild.phase != Phase::Switched {
        return Err(FailedRebuild::Refused { generation: generation.to_string(), worse: compared.worse });
    }
    writeln!(
        out,
        "Generation {generation} is served. `rebuild --roll-back` returns to the one before, `rebuild --retire` deletes it."
    )?;
    Ok(())
}

async fn retire(rebuilder: &Rebuilder, scope: Scope, settle: u32, out: &mut impl Write) -> Result<(), FailedRebuild> {
    let retired = rebuilder.retire(scope).await?;
    tokio::time::sleep(Duration::from_secs(settle.into())).await;
    let mut from = None;
    while let Deleted::More(next) = rebuilder.delete(&retired, from, Instant::now()).await? {
        from = Some(next);
    }
    let names: Vec<_> = retired.iter().map(ToString::to_string).collect();
    Ok(writeln!(out, "Nothing is left of generation {}.", names.join(", "))?)
}

/// Builds the gates and guards again of elections that lack a gate, from these tables in DynamoDB, in the account that the
/// environment leads to. Others may be in use.
pub async fn control_of(events: &str, control: &str, out: &mut impl Write) -> Result<(), FailedRebuild> {
    let client = client(&config(&Endpoint::Environment), None);
    let (events, control) = (EventReader::new(client.clone(), events), Control::new(client, control));
    restore(&events, &control, Which::Lacking, out).await
}

async fn restore(
    events: &EventReader,
    control: &Control,
    which: Which,
    out: &mut impl Write,
) -> Result<(), FailedRebuild> {
    let list = async || photovote_restoration::elections(events).await.map_err(RestoreError::from);
    let mut restoring = photovote_restoration::restore(events, control, list().await?, which).await?;
    let counters = photovote_restoration::restore_creations(events, control, list).await?;
    restoring.changed.written += counters.written;
    conclude_control(restoring, out)
}

fn conclude_control(restoring: Restoring, out: &mut impl Write) -> Result<(), FailedRebuild> {
    let (written, deleted) = (restoring.changed.written, restoring.changed.deleted);
    writeln!(
        out,
        "Gates and guards of {} elections: {written} items written, {deleted} deleted.",
        restoring.elections
    )?;
    match restoring.unreadable {
        0 => Ok(()),
        elections => Err(FailedRebuild::Unreadable(elections)),
    }
}
