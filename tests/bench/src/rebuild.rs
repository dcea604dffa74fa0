//! How long a rebuild takes: an election with so many ballots, all of them cast, on the durable engine of the local host.

use std::{collections::BTreeMap, error::Error, time::Duration};

use futures::{StreamExt, TryStreamExt, stream};
use photovote::{
    data_dir::{DataDir, temporary},
    host::engine::{DOCUMENTS, Durability, EVENTS, Engine},
};
use photovote_documents_read::Scope;
use photovote_documents_write::DocumentStore;
use photovote_domain::ElectionId;
use photovote_dynamodb::{Calls, client};
use photovote_events::{Environment, EventReader};
use photovote_projection::Projection;
use photovote_queues::Queue;
use photovote_rebuild::{Next, Plan, Rebuilder, Worked};
use photovote_test_support::{ballot, election, voter};
use tokio::time::Instant;

use crate::commits::write;

const ELECTION: ElectionId = ElectionId::from_bits(7);
const SHARDS: u8 = 64;
/// How many parts are worked on at once.
const AT_ONCE: usize = 4;

/// Rebuilds an election of so many ballots, and says how long each phase took and how often DynamoDB was called.
pub(crate) async fn measure(ballots: u32) -> Result<(), Box<dyn Error>> {
    let home = temporary()?;
    let engine = Engine::start(&DataDir::open(home.path())?, Durability::ProcessEnd).await?;
    let calls = Calls::default();
    let client = client(engine.config(), Some(calls.clone()));
    write(&client, &election(ELECTION, SHARDS, Some(ballots.into()))).await?;
    let mut written = 6;
    for first in (1..=ballots).step_by(1_000) {
        let people = first..=(first + 999).min(ballots);
        let streams = people.map(|n| [voter(ELECTION, SHARDS, n.into(), false), ballot(ELECTION, SHARDS, n, true)]);
        let commits: Vec<_> = streams.flatten().flatten().collect();
        written += commits.len();
        write(&client, &commits).await?;
    }
    println!("{ballots} ballots, {written} commits");

    let projection = Projection::new(EventReader::new(client.clone(), EVENTS), DocumentStore::new(client, DOCUMENTS));
    // Nobody counts: it is the reading and writing of commits that is measured.
    let rebuilder = Rebuilder::new(projection, Environment::system(), Queue::in_process().0);
    let plan = Plan {
        scope: Scope::Election(ELECTION),
        settle_seconds: 0,
        count_seconds: 0,
        commits_per_second: u32::MAX,
        ..Plan::default()
    };
    rebuilder.begin(plan).await?;
    calls.take();
    let mut phases = ["replay", "count", "compare"].into_iter();
    loop {
        let began = Instant::now();
        match rebuilder.advance().await? {
            Next::Nothing => break,
            Next::Wait(_) => {}
            Next::Work(parts) => {
                let long = Instant::now() + Duration::from_hours(10);
                let work = parts.into_iter().map(|part| rebuilder.work(part, long));
                let mut work = stream::iter(work).buffer_unordered(AT_ONCE);
                while let Some(worked) = work.try_next().await? {
                    assert_eq!(worked, Worked::Done);
                }
                report(phases.next().unwrap_or("again"), began.elapsed(), written, &calls.take());
            }
        }
    }
    let phase = rebuilder.status().await?.map(|status| status.rebuild.phase);
    println!("{phase:?}");
    engine.stop().await;
    Ok(())
}

fn report(phase: &str, took: Duration, commits: usize, calls: &BTreeMap<String, u64>) {
    let count = |n: u64| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    let (commits, all) = (count(commits as u64), count(calls.values().sum()));
    let seconds = took.as_secs_f64();
    println!(
        "{phase}: {seconds:.1} s, {:.0} commits/s, {:.3} calls per commit {calls:?}",
        commits / seconds,
        all / commits
    );
}
