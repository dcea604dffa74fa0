//! How the election goes, step by step.

use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt, TryStreamExt, stream};
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use tokio::{sync::watch, try_join};

use super::{
    DemoError, Outcome,
    answers::{FinalResults, Results},
    client::{Administrator, Ballot, Client, ClientError, Owner},
    count,
    photographs::{COMPETITIONS, DISQUALIFIED, photographs},
    voters::{Plan, Ratings, plans},
};

/// How many voters there are.
const VOTERS: usize = 200;
/// How many of them do something at the same time.
const AT_ONCE: usize = 16;
/// After so many ballots, a photograph is disqualified.
const DISQUALIFY_AFTER: usize = 50;
/// After so many ballots, the election is closed, whoever may still be on the way.
const CLOSE_AFTER: usize = 150;
/// How often, and with which pauses, the results are looked at before they must be final.
const LOOKS: (u32, Duration) = (600, Duration::from_millis(50));

/// A photograph that was entered.
#[derive(Debug)]
struct Entry {
    /// The id of its competition.
    competition: String,
    /// Its id.
    candidate: String,
}

/// A ballot that was acknowledged.
#[derive(Debug)]
struct Acknowledged {
    receipt: String,
    ratings: Ratings,
}

/// Holds the election on the server at `url`.
pub(super) async fn tell(client: &Client, administrator: Administrator<'_>, url: &str) -> Result<Outcome, DemoError> {
    let owner = administrator.create_election("Ten photographs", VOTERS).await?;
    let entries = enter(client, &owner, url).await?;
    let ballots = register(&owner).await?;
    owner.open().await?;

    let (cast, watched) = watch::channel(0);
    let (votes, version) = try_join!(vote(ballots, &entries, cast), preside(&owner, &entries, watched))?;
    let acknowledged: Vec<_> = votes.into_iter().flatten().collect();

    let results = final_results(&owner, version).await?;
    owner.release().await?;
    let public = client.public_results(owner.election()).await?;
    let receipts = check_receipts(client, owner.election(), &acknowledged).await?;

    let ids: Vec<_> = entries.into_iter().map(|entry| entry.candidate).collect();
    let sent: Vec<_> = acknowledged.into_iter().map(|vote| vote.ratings).collect();
    let mut disagreements = count::disagreements(&results, &sent, &ids);
    if !matches!(public, Results::Final(public) if public == results) {
        disagreements.push("the public sees other results than the administrator".to_owned());
    }
    let acknowledged = sent.len() as u64;
    let too_late = VOTERS as u64 - acknowledged;
    Ok(Outcome { turnout: owner.turnout().await?, acknowledged, too_late, receipts, results, disagreements })
}

/// Enters the photographs, after a look whether each is there.
async fn enter(client: &Client, owner: &Owner<'_>, url: &str) -> Result<Vec<Entry>, ClientError> {
    let progress = progress("Entering the photographs", photographs().count());
    let mut entries = Vec::new();
    for competition in &COMPETITIONS {
        let added = owner.add_competition(competition.name).await?;
        for photograph in &competition.photographs {
            let image = format!("{url}/photos/{}", photograph.file);
            client.look_at(&image).await?;
            let caption = format!("Photograph: {}", photograph.credit);
            let candidate = owner.add_candidate(&added.id, photograph.name, &image, &caption).await?.id;
            entries.push(Entry { competition: added.id.clone(), candidate });
            progress.inc(1);
        }
    }
    Ok(entries)
}

/// Registers the voters.
async fn register<'a>(owner: &Owner<'a>) -> Result<Vec<Ballot<'a>>, ClientError> {
    let progress = progress("Registering the voters", VOTERS);
    let register = |number: usize| {
        let progress = &progress;
        async move {
            let (name, email) = (format!("Voter {number:03}"), format!("voter-{number:03}@example.org"));
            owner.register(&name, &email).await.inspect(|_ballot| progress.inc(1))
        }
    };
    stream::iter(1..=VOTERS).map(register).buffered(AT_ONCE).try_collect().await
}

/// Lets everybody vote, and tells after each ballot how many were cast. `None` came too late.
async fn vote<'a>(
    ballots: Vec<Ballot<'a>>,
    entries: &[Entry],
    cast: watch::Sender<usize>,
) -> Result<Vec<Option<Acknowledged>>, DemoError> {
    let progress = progress("Voting", VOTERS);
    let vote = |(ballot, plan): (Ballot<'a>, Plan)| {
        let (progress, cast) = (&progress, &cast);
        async move {
            let voted = fill_in(&ballot, &plan, entries).await;
            progress.inc(1);
            match voted {
                Ok(receipt) => {
                    cast.send_modify(|ballots| *ballots += 1);
                    Ok(Some(Acknowledged { receipt, ratings: plan.ballot() }))
                }
                Err(error) if error.is_too_late() => Ok(None),
                Err(error) => Err(error.into()),
            }
        }
    };
    stream::iter(ballots.into_iter().zip(plans(VOTERS))).map(vote).buffer_unordered(AT_ONCE).try_collect().await
}

/// Votes as planned; the receipt.
async fn fill_in(ballot: &Ballot<'_>, plan: &Plan, entries: &[Entry]) -> Result<String, ClientError> {
    for ratings in &plan.drafts {
        ballot.rate(&by_id(ratings, entries)).await?;
    }
    ballot.cast(&by_id(&plan.cast, entries)).await
}

fn by_id<'a>(ratings: &Ratings, entries: &'a [Entry]) -> BTreeMap<&'a str, u8> {
    ratings.iter().map(|(photograph, grade)| (entries[*photograph].candidate.as_str(), *grade)).collect()
}

/// What the administrator does while the others vote; the election's version after the close.
async fn preside(owner: &Owner<'_>, entries: &[Entry], mut cast: watch::Receiver<usize>) -> Result<u64, DemoError> {
    ballots(&mut cast, DISQUALIFY_AFTER).await;
    let (file, reason) = DISQUALIFIED;
    for (entry, _) in entries.iter().zip(photographs()).filter(|(_, photograph)| photograph.file == file) {
        owner.disqualify(&entry.competition, &entry.candidate, reason).await?;
    }
    ballots(&mut cast, CLOSE_AFTER).await;
    Ok(owner.close().await?)
}

/// Waits until so many ballots were cast, or no more will come.
async fn ballots(cast: &mut watch::Receiver<usize>, enough: usize) {
    while *cast.borrow_and_update() < enough && cast.changed().await.is_ok() {}
}

/// The results, once every ballot is counted.
async fn final_results(owner: &Owner<'_>, version: u64) -> Result<FinalResults, DemoError> {
    let (looks, pause) = LOOKS;
    let mut seen = (0, 0);
    for _ in 0..looks {
        match owner.results(version).await? {
            Results::Final(results) => return Ok(results),
            Results::Counting { counted, cast } => seen = (counted, cast),
        }
        tokio::time::sleep(pause).await;
    }
    let (counted, cast) = seen;
    Err(DemoError::NeverFinal { counted, cast })
}

/// Asks, as the public may, for every receipt; how many are known as counted.
async fn check_receipts(client: &Client, election: &str, votes: &[Acknowledged]) -> Result<u64, ClientError> {
    let progress = progress("Checking the receipts", votes.len());
    let check = |vote: &Acknowledged| {
        let (progress, receipt) = (&progress, vote.receipt.clone());
        async move { client.is_counted(election, &receipt).await.inspect(|_counted| progress.inc(1)) }
    };
    let counted: Vec<bool> = stream::iter(votes).map(check).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(counted.into_iter().filter(|counted| *counted).count() as u64)
}

/// A bar on the terminal, if stderr is one, which is gone when it is dropped.
fn progress(step: &'static str, length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:26} {bar:40} {pos}/{len}");
    let bar = ProgressBar::new(length as u64).with_message(step).with_finish(ProgressFinish::AndClear);
    bar.with_style(style.unwrap_or_else(|_unreadable| ProgressStyle::default_bar()))
}
