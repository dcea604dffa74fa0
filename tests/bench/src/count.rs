//! The counter: how long after the close the results of an election are final.

use std::{error::Error, time::Instant};

use photovote::data_dir::DataDir;
use photovote::host::engine::{CONTROL, DOCUMENTS, Durability, EVENTS, Engine};
use photovote_coordination::ControlReader;
use photovote_counting::Counter;
use photovote_documents_write::DocumentStore;
use photovote_domain::{BallotId, ElectionId, ShardCount};
use photovote_events::{Environment, EventReader};
use photovote_events_append::EventStore;
use photovote_projection::Projection;
use photovote_queues::{CountMessage, Queue};
use photovote_test_support::{ballot, election};

use crate::{commits::write, report::Report};

/// How many ballots the elections have.
const BALLOTS: [u32; 3] = [1_000, 10_000, 100_000];

/// Writes elections as if everything had been decided on, closes their gates, and counts them.
pub(crate) async fn measure(report: &mut Report) -> Result<(), Box<dyn Error>> {
    for ballots in BALLOTS {
        let took = count(ballots).await?;
        report.time(&format!("from closed to final results, {ballots} ballots"), took);
    }
    Ok(())
}

async fn count(ballots: u32) -> Result<std::time::Duration, Box<dyn Error>> {
    let data = photovote::data_dir::temporary()?;
    let engine = Engine::start(&DataDir::open(data.path())?, Durability::ProcessEnd).await?;
    let client = engine.client();
    let id = ElectionId::from_bits(9);
    let shards = ShardCount::for_voters(ballots.into());
    let history = election(id, shards.get(), Some(ballots.into()));
    write(&client, &history).await?;
    for first in (1..=ballots).step_by(1_000) {
        let some = first..=(first + 999).min(ballots);
        let commits: Vec<_> = some.flat_map(|n| ballot(id, shards.get(), n, true)).collect();
        write(&client, &commits).await?;
    }
    for shard in shards.shards() {
        let theirs = |n: &u32| shards.shard_of(&BallotId::from_bits((*n).into()).to_string()) == shard;
        let casts = (1..=ballots).filter(theirs).count() as u64;
        photovote_test_support::close_gate(&client, CONTROL, id, shard.get(), casts).await;
    }

    let documents = DocumentStore::new(client.clone(), DOCUMENTS);
    let projection = Projection::new(EventReader::new(client.clone(), EVENTS), documents.clone());
    let (queue, mut asked) = Queue::in_process();
    let store = EventStore::new(client.clone(), EVENTS, Environment::system());
    let counter = Counter::new(store, ControlReader::new(client.clone(), CONTROL), documents.clone(), queue);
    let generation = documents.reader().generations().await?.serving;

    let began = Instant::now();
    projection.replay(&generation, history).await;
    counter.work_off(&CountMessage::election(id, generation.clone())).await?;
    while let Ok(message) = asked.try_recv() {
        counter.work_off(&message).await?;
    }
    let took = began.elapsed();
    let (_, tally) = documents.reader().results_in(&generation, id, true).await?.ok_or("there is no election")?;
    if tally.is_none_or(|tally| tally.ballots != u64::from(ballots)) {
        return Err("not all ballots are counted".into());
    }
    engine.stop().await;
    Ok(took)
}
