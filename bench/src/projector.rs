//! The projector: how soon a ballot is counted while others are cast, and how many are counted in a second when it is behind.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::Client;
use aws_types::SdkConfig;
use photovote::engine::{DOCUMENTS, Durability};
use photovote_document_store::DocumentReader;
use photovote_domain::ElectionId;
use photovote_dynamodb::client;
use photovote_event_store::Commit;
use photovote_testing::{ballot, election};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::{commits::write, load::Samples, put::Puts, report::Report};

const ELECTION: ElectionId = ElectionId::from_bits(9);
const SHARDS: u8 = 16;
/// How many ballots are cast steadily.
const STEADY: usize = 3_000;
/// How many of them in each tick: 500 in a second.
const IN_A_TICK: usize = 5;
const TICK: Duration = Duration::from_millis(10);
/// How many more are cast as fast as they can be written.
const FLOOD: usize = 5_000;
/// Clients of the bare engine that the projector is compared with.
const CLIENTS: usize = 16;
/// How often the count is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Writes casts to the events table as if they had been decided on, and watches the count.
pub(crate) async fn measure(dynamodb: &SdkConfig, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let puts = Puts::prepare(Durability::ProcessEnd).await?;
    puts.run(CLIENTS).await;
    let bare = puts.run(CLIENTS).await;
    let client = client(dynamodb, None);
    let documents = DocumentReader::new(client.clone(), DOCUMENTS);
    let mut before = election(ELECTION, SHARDS, None);
    let mut casts = Vec::new();
    for mut commits in (1..).take(1 + STEADY + FLOOD).map(|n| ballot(ELECTION, SHARDS, n, true)) {
        casts.extend(commits.pop());
        before.extend(commits);
    }
    write(&client, &before).await?;
    let (canary, casts) = casts.split_at(1);
    let (steady, flood) = casts.split_at(STEADY);
    // Once this one is counted, so is all that comes before it.
    write(&client, canary).await?;
    counted(&documents, 1).await;

    let watching = tokio::spawn(async move { counted(&documents, 1 + STEADY).await });
    let written = cast(&client, steady).await?;
    let looks = watching.await?;
    report.load("from written to counted, 500 casts a second", &lags(&written, &looks), &bare);

    let documents = DocumentReader::new(client.clone(), DOCUMENTS);
    let begin = Instant::now();
    let watching = tokio::spawn(async move { counted(&documents, 1 + STEADY + FLOOD).await });
    write(&client, flood).await?;
    watching.await?;
    let rate = f64::from(u32::try_from(FLOOD)?) / begin.elapsed().as_secs_f64();
    report.throughput("count ballots that were written at once", rate, Some(bare.rate()));
    Ok(())
}

/// Casts these one tick after the other, and answers when each was written.
async fn cast(client: &Client, casts: &[Commit]) -> Result<Vec<Instant>, Box<dyn Error>> {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut written = Vec::new();
    for some in casts.chunks(IN_A_TICK) {
        ticks.tick().await;
        write(client, some).await?;
        written.extend(some.iter().map(|_| Instant::now()));
    }
    Ok(written)
}

/// Looks until so many are counted: when it looked, and how many there were.
async fn counted(documents: &DocumentReader, ballots: usize) -> Vec<(Instant, usize)> {
    let mut looks = Vec::new();
    loop {
        let found = documents.results_input(ELECTION, true).await.expect("documents can be read");
        let count = found.map_or(0, |(_, tally)| tally.ballots);
        let count = usize::try_from(count).expect("a count has its place");
        looks.push((Instant::now(), count));
        if count >= ballots {
            return looks;
        }
        sleep(LOOK).await;
    }
}

/// How long each waited until the count had come so far.
fn lags(written: &[Instant], looks: &[(Instant, usize)]) -> Samples {
    let mut looks = looks.iter();
    let mut look = looks.next();
    let mut lags = Vec::new();
    for (number, written) in (2..).zip(written) {
        while look.is_some_and(|(_, count)| *count < number) {
            look = looks.next();
        }
        lags.extend(look.map(|(at, _)| at.saturating_duration_since(*written)));
    }
    let time = written.first().zip(written.last()).map_or(TICK, |(first, last)| *last - *first);
    Samples::new(lags, time)
}
