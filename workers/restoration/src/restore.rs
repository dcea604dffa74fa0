//! The control table, made from the events again.

use std::collections::{BTreeMap, BTreeSet};

use photovote_coordination::{ControlError, GateState, GateStatus};
use photovote_coordination_write::{Control, Fenced, Restoration, Restored};
use photovote_domain::{
    Ballot, BallotId, Digest, Election, ElectionId, Links, Photograph, Shard, ShardCount, Voter, VoterId,
    ballot::BallotEvent, election::Status, email_key, photograph::PhotographEvent, voter::VoterEvent,
};
use photovote_dynamodb::StorageError;
use photovote_events::{Commit, EventReader, LoadError, Part, Partition, Stream};
use thiserror::Error;

/// How many commits are read at once.
const PAGE: u16 = 1_000;

/// Why the control table is not restored.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// The events table has no answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The control table has no answer.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// An election's events cannot be read.
    #[error(transparent)]
    Unreadable(#[from] LoadError),
    /// Not all events of an election are there.
    #[error(
        "the import of election {0} was interrupted, and events are missing: repeat `photovote import` with the same file"
    )]
    Importing(ElectionId),
}

/// What was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restoring {
    /// Elections whose gates and guards are as the events say.
    pub elections: u64,
    /// Elections whose events cannot be read: nothing was changed of them.
    pub unreadable: u64,
    /// What had to be changed.
    pub changed: Restored,
}

/// Which elections are restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// Those that lack a gate. Others may be in use meanwhile.
    Lacking,
}

/// Makes gates, guards and lists of these elections from the events again. An election has no gate while that is done.
///
/// An election that is closing gets closed gates: what was cast until now is what they let through.
///
/// # Errors
/// An import has begun and has not ended: the events are not complete.
pub async fn restore(
    events: &EventReader,
    control: &Control,
    elections: impl IntoIterator<Item = ElectionId>,
    which: Which,
) -> Result<Restoring, RestoreError> {
    if let Some(election) = control.importing().await?.first() {
        return Err(RestoreError::Importing(*election));
    }
    let mut restoring = Restoring::default();
    for election in elections {
        match restore_one(events, control, election, which).await {
            Ok(Some(changed)) => {
                restoring.elections += 1;
                restoring.changed.written += changed.written;
                restoring.changed.deleted += changed.deleted;
            }
            Ok(None) => {}
            Err(RestoreError::Unreadable(LoadError::Storage(error))) => return Err(error.into()),
            Err(RestoreError::Unreadable(error)) => {
                tracing::error!(%election, %error, "an election's gates and guards cannot be restored");
                restoring.unreadable += 1;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(restoring)
}

/// Restores an election, if it is one of those that are asked for; says what had to be changed.
async fn restore_one(
    events: &EventReader,
    control: &Control,
    election: ElectionId,
    which: Which,
) -> Result<Option<Restored>, RestoreError> {
    let Some(shards) = events.shards_of(election).await? else { return Ok(None) };
    if which == Which::Lacking && control.reader().standing(election, shards).await?.len() == shards.shards().count() {
        return Ok(None);
    }
    // What cannot be read keeps the gates that it has.
    let Some(should) = should_be(events, election).await? else { return Ok(None) };
    let fenced = control.fence(election, shards).await?;
    if fenced.had_gates() {
        // A vote may have passed before they were taken away.
        return restore_fenced(events, control, election, fenced).await.map(Some);
    }
    Ok(Some(control.restore(fenced, &should).await?))
}

/// Makes gates, guards and lists of an election that is fenced from the events. Its gates come last, and at once.
pub async fn restore_fenced(
    events: &EventReader,
    control: &Control,
    election: ElectionId,
    fenced: Fenced,
) -> Result<Restored, RestoreError> {
    match should_be(events, election).await? {
        Some(should) => Ok(control.restore(fenced, &should).await?),
        None => Ok(Restored::default()),
    }
}

/// All elections there are.
pub async fn elections(events: &EventReader) -> Result<BTreeSet<ElectionId>, StorageError> {
    let mut elections = BTreeSet::new();
    let mut after = None;
    loop {
        let page = events.sweep(Part::Segment { number: 0, of: 1 }, after.as_ref(), PAGE).await?;
        elections.extend(page.commits.iter().map(|commit| commit.stream.election()));
        after = page.next;
        if after.is_none() {
            return Ok(elections);
        }
    }
}

/// A voter, as far as gates and guards are concerned.
#[derive(Default)]
struct Registration {
    ballot: Option<BallotId>,
    email: Option<Digest>,
}

/// What the control table should hold of an election; nothing if it was never created.
async fn should_be(events: &EventReader, id: ElectionId) -> Result<Option<Restoration>, LoadError> {
    let history = events.load::<Election>(Stream::Election(id)).await?;
    let election = history.state();
    let status = match election.status {
        Status::Absent => return Ok(None),
        Status::Draft => GateStatus::Draft,
        Status::Open => GateStatus::Open,
        Status::Closing | Status::Closed | Status::Released | Status::Deleted => GateStatus::Closed,
    };
    let shards = election.shards;
    let Passed { casts, voters, photographs, linked } = passed(events, id, shards).await?;
    let mut registered: BTreeMap<Shard, u64> = BTreeMap::new();
    let mut without: BTreeMap<Shard, u64> = BTreeMap::new();
    let mut guards = BTreeMap::new();
    for (voter, registration) in voters {
        if let (Some(ballot), Some(email)) = (registration.ballot, registration.email) {
            let shard = shards.shard_of(&ballot.to_string());
            *registered.entry(shard).or_default() += 1;
            let unlinked = election.links == Links::HandOut && !linked.contains(&ballot);
            *without.entry(shard).or_default() += u64::from(unlinked);
            guards.insert(email, voter);
        }
    }
    let count = |of: &BTreeMap<Shard, u64>, shard| of.get(&shard).copied().unwrap_or_default();
    let gate = |shard| {
        let (casts, registered) = (count(&casts, shard), count(&registered, shard));
        let photographs = count(&photographs, shard);
        let (unlinked, links, closes_at) = (count(&without, shard), election.links, election.closes_at);
        (shard, GateState { status, links, closes_at, casts, registered, unlinked, photographs })
    };
    Ok(Some(Restoration {
        shards,
        gates: shards.shards().map(gate).collect(),
        guards,
        scheduled: matches!(election.status, Status::Open | Status::Closing)
            || (election.status == Status::Draft && election.schedule.is_some()),
        // Whoever has been counted leaves the list again.
        counting: matches!(election.status, Status::Closed | Status::Released),
    }))
}

/// What has passed the gates of an election.
#[derive(Default)]
struct Passed {
    /// How many ballots were cast in each shard.
    casts: BTreeMap<Shard, u64>,
    voters: BTreeMap<VoterId, Registration>,
    /// How many photographs there are in each shard.
    photographs: BTreeMap<Shard, u64>,
    /// Ballots that were given something that opens them.
    linked: BTreeSet<BallotId>,
}

async fn passed(events: &EventReader, election: ElectionId, shards: ShardCount) -> Result<Passed, LoadError> {
    let mut passed = Passed::default();
    for partition in Partition::all(shards).filter(|partition| *partition != Partition::Election) {
        let mut after = None;
        loop {
            let page = events.sweep(Part::Partition(election, partition), after.as_ref(), PAGE).await?;
            if let Some(unreadable) = page.unreadable.into_iter().next() {
                return Err(unreadable.error.into());
            }
            for commit in page.commits {
                match commit.stream {
                    Stream::Ballot(_, shard, ballot) => {
                        let events = commit.decode::<Ballot>()?;
                        let casts = events.iter().any(|event| matches!(event, BallotEvent::BallotCast { .. }));
                        *passed.casts.entry(shard).or_default() += u64::from(casts);
                        if events.iter().any(links) {
                            passed.linked.insert(ballot);
                        }
                    }
                    Stream::Voter(_, _, voter) => take_in(passed.voters.entry(voter).or_default(), &commit)?,
                    // A removal follows its request.
                    Stream::Photograph(_, photograph) => {
                        let shard = shards.shard_of(&photograph.to_string());
                        let photographs = passed.photographs.entry(shard).or_default();
                        *photographs = photographs.saturating_add_signed(photographs_of(&commit)?);
                    }
                    Stream::Election(_) | Stream::Import(..) | Stream::Mailing(..) => {}
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(passed)
}

/// By how many a commit changes the number of photographs.
fn photographs_of(commit: &Commit) -> Result<i64, LoadError> {
    let change = |event| match event {
        PhotographEvent::PhotographRequested { .. } => 1,
        PhotographEvent::PhotographRemoved {} => -1,
        PhotographEvent::PhotographUploaded {}
        | PhotographEvent::PhotographReady { .. }
        | PhotographEvent::PhotographRefused { .. } => 0,
    };
    Ok(commit.decode::<Photograph>()?.into_iter().map(change).sum())
}

/// Does it give a ballot something that opens it?
const fn links(event: &BallotEvent) -> bool {
    use BallotEvent as B;
    matches!(event, B::BallotCreated { .. } | B::BallotTokenReplaced { .. } | B::BallotLinkIssued { .. })
}

/// Within a partition, the commits of a stream come in their order.
fn take_in(registration: &mut Registration, commit: &Commit) -> Result<(), LoadError> {
    for event in commit.decode::<Voter>()? {
        match event {
            VoterEvent::VoterRegistered { ballot, email, name: _ } => {
                *registration = Registration { ballot: Some(ballot), email: Some(email_key(&email)) };
            }
            VoterEvent::VoterEmailChanged { email } => registration.email = Some(email_key(&email)),
            VoterEvent::VoterNameChanged { .. } | VoterEvent::VoterTokenReplaced {} => {}
            VoterEvent::VoterRemoved {} => *registration = Registration::default(),
        }
    }
    Ok(())
}
