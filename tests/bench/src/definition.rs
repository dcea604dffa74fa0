//! What a cold function reads first: an election, here one of 2,000 photographs that was edited 5,000 times.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use photovote::{
    data_dir::{DataDir, temporary},
    host::engine::{CONTROL, Durability, EVENTS, Engine},
};
use photovote_domain::{
    CandidateId, CompetitionId, Election, ElectionId, Scale, ShardCount, Timestamp, election::ElectionEvent,
};
use photovote_events::{EventReader, Snapshots, Stream};
use photovote_events_append::SnapshotStore;
use photovote_test_support::{history, units::metered};

use crate::{commits::write, report::Report};

const STREAM: Stream = Stream::Election(ElectionId::from_bits(11));
const COMPETITIONS: u128 = 10;
const CANDIDATES: u128 = 200;
const EDITS: u128 = 5_000;
const LOADS: usize = 7;

/// Reads it from the beginning, then only what is new, and then from its snapshot on.
pub(crate) async fn measure(report: &mut Report) -> Result<(), Box<dyn Error>> {
    let data = temporary()?;
    let engine = Engine::start(&DataDir::open(data.path())?, Durability::ProcessEnd).await?;
    let (client, calls, units) = metered(engine.config());
    let commits = history(STREAM, Timestamp::from_millis(0), events().into_iter().map(|event| vec![event]));
    let bytes: usize = commits.iter().map(photovote_events::Commit::stored_bytes).sum();
    write(&client, &commits).await?;

    let reader = EventReader::new(client.clone(), EVENTS);
    let (mut whole, mut news, mut begun) = (Vec::new(), Vec::new(), Vec::new());
    let (mut queries, mut read) = (0_u64, 0);
    for _ in 0..LOADS {
        calls.take();
        units.take();
        let start = Instant::now();
        let mut history = reader.load::<Election>(STREAM).await?;
        whole.push(start.elapsed());
        queries = calls.take().values().sum();
        read = units.take();
        let start = Instant::now();
        reader.refresh(&mut history).await?;
        news.push(start.elapsed());
    }
    let megabytes = f64::from(u32::try_from(bytes)?) / 1_000_000.0;
    let name = format!(
        "read an election of 2,000 photographs, edited 5,000 times: {megabytes:.1} MB, {queries} Queries, {read} read units"
    );
    report.time(&name, middle(whole));
    report.time("read what is new of it", middle(news));

    let snapshots = Snapshots::new(&reader, CONTROL);
    let history = reader.load::<Election>(STREAM).await?;
    SnapshotStore::new(client, snapshots.clone()).save(history.snapshot()).await;
    for _ in 0..LOADS {
        calls.take();
        units.take();
        let start = Instant::now();
        snapshots.load(STREAM.election()).await?;
        begun.push(start.elapsed());
        queries = calls.take().values().sum();
        read = units.take();
    }
    report.time(&format!("read it from its snapshot on: {queries} Queries, {read} read units"), middle(begun));
    engine.stop().await;
    Ok(())
}

fn events() -> Vec<ElectionEvent> {
    let (scale, shards) = (Scale::default(), ShardCount::default());
    let (name, owner) = ("Summer".to_owned(), "owner".to_owned());
    let mut events = vec![ElectionEvent::ElectionCreated { description: None, name, owner, scale, shards }];
    for number in 0..COMPETITIONS {
        let competition = CompetitionId::from_bits(number);
        let name = format!("Competition {number}");
        events.push(ElectionEvent::CompetitionAdded { competition, description: None, name });
        events.extend((0..CANDIDATES).map(|n| ElectionEvent::CandidateAdded {
            candidate: candidate(number, n),
            competition,
            description: Some(
                "Taken at the break of day, from the bridge, with a long lens and much patience.".to_owned(),
            ),
            image: None,
            name: format!("Photograph {n}"),
        }));
    }
    events.extend((0..EDITS).map(|edit| {
        let (competition, n) = (edit % COMPETITIONS, edit % CANDIDATES);
        ElectionEvent::CandidateNameChanged {
            candidate: candidate(competition, n),
            competition: CompetitionId::from_bits(competition),
            name: format!("Photograph {n}, {edit}"),
        }
    }));
    events.push(ElectionEvent::ElectionOpened { closes_at: None });
    events
}

const fn candidate(competition: u128, number: u128) -> CandidateId {
    CandidateId::from_bits(competition << 16 | number)
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
