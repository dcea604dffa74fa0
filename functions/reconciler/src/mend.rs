//! What the documents of a generation lack, by what commits say, and giving it to them.
//!
//! A document must have come as far as every commit says, and a ballot that was cast must have its receipt: so each commit
//! can be looked at by itself, in any order, and whoever looks at all of them has compared everything.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use photovote_document_store::{DocumentError, Generation};
use photovote_domain::{Ballot, ElectionId, Receipt, Shard, Tally, Version, VoterId};
use photovote_event_store::{Commit, EventReader, LoadError, Part, Position, Stream};
use photovote_projections::{ElectionDocument, cast_ballot};
use projector::{CommitKeys, Projection};
use thiserror::Error;

/// How many commits are read at once when the ballots of an election are gone through.
const PAGE: u16 = 500;

/// What a document lacks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Lack {
    /// It is not there, or has not come as far as the commit.
    #[error("the document is behind")]
    Behind,
    /// It cannot be put together, or cannot be read.
    #[error("the document is damaged: {0}")]
    Damaged(String),
    /// Administrators do not find the election in their lists as it is.
    #[error("the election is not in {0} lists as it is")]
    Unlisted(usize),
    /// The ballot was cast, and is not counted.
    #[error("the ballot is not counted")]
    Uncounted,
    /// The election is closed, and the tally has fewer ballots than were cast, or more.
    #[error("{counted} ballots are counted, and {casts} were cast")]
    Miscounted {
        /// What the tally has.
        counted: u64,
        /// What passed the gates.
        casts: u64,
    },
    /// Nobody can tell what the commit says.
    #[error("the commit cannot be read: {0}")]
    Unreadable(String),
}

/// Something that documents lack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The stream that it is about.
    pub stream: Stream,
    /// The commit by which it was noticed.
    pub commit: CommitKeys,
    /// What is lacking.
    pub lack: Lack,
}

/// What became of what was lacking.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mended {
    /// This is there now.
    pub healed: Vec<Drift>,
    /// This is not.
    pub stuck: Vec<Drift>,
}

/// Why commits could not be compared with documents. They can be later.
#[derive(Debug, Error)]
pub enum MendError {
    /// Documents cannot be read or written.
    #[error(transparent)]
    Documents(#[from] DocumentError),
    /// Events cannot be read.
    #[error(transparent)]
    Events(#[from] LoadError),
    /// Commits could not be applied for the moment. Why, is in the log.
    #[error("commits cannot be applied now")]
    Later,
}

impl MendError {
    /// Would the same commits fail for ever?
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Documents(error) => error.is_permanent(),
            Self::Events(LoadError::Storage(error)) => error.is_permanent(),
            Self::Events(_) => true,
            Self::Later => false,
        }
    }
}

/// The newest commit of a stream among those that are looked at.
type Newest<'a> = (Version, &'a Commit);

/// The commits of one election.
#[derive(Default)]
struct Claims<'a> {
    election: Option<Newest<'a>>,
    voters: BTreeMap<VoterId, Newest<'a>>,
    cast: BTreeMap<Receipt, &'a Commit>,
}

/// Compares commits with documents, and brings the documents forward where they lack something.
#[derive(Debug, Clone)]
pub struct Mender {
    projection: Projection,
}

impl Mender {
    /// Looks at the documents that this projection writes.
    pub const fn new(projection: Projection) -> Self {
        Self { projection }
    }

    /// What it brings documents forward by.
    pub const fn projection(&self) -> &Projection {
        &self.projection
    }

    /// What a generation lacks of these commits. It only looks.
    pub async fn check(&self, generation: &Generation, commits: &[Commit]) -> Result<Vec<Drift>, MendError> {
        let mut drifts = Vec::new();
        for (election, claims) in claims(commits, &mut drifts) {
            if let Some((version, commit)) = claims.election {
                let lacks = self.lacks(generation, election, version).await?;
                drifts.extend(lacks.into_iter().map(|lack| drift(commit, lack)));
            }
            let documents = self.projection.documents();
            let voters = documents.voters_in(generation, election, claims.voters.keys().copied()).await?;
            for (voter, (version, commit)) in claims.voters {
                if voters.get(&voter).is_none_or(|document| document.version < version) {
                    drifts.push(drift(commit, Lack::Behind));
                }
            }
            let receipts: BTreeSet<_> = claims.cast.keys().copied().collect();
            let counted = documents.counted_in(generation, election, &receipts).await?;
            let uncounted = claims.cast.iter().filter(|(receipt, _)| !counted.contains(receipt));
            drifts.extend(uncounted.map(|(_, commit)| drift(commit, Lack::Uncounted)));
        }
        Ok(drifts)
    }

    /// What an election's document lacks that must have come to this version.
    async fn lacks(
        &self,
        generation: &Generation,
        election: ElectionId,
        version: Version,
    ) -> Result<Vec<Lack>, MendError> {
        let documents = self.projection.documents();
        let (document, tally) = match documents.results_in(generation, election, true).await {
            Ok(Some((document, tally))) if document.version >= version => (document, tally),
            Ok(_) => return Ok(vec![Lack::Behind]),
            Err(error @ (DocumentError::Damaged { .. } | DocumentError::Unsettled(_))) => {
                return Ok(vec![Lack::Damaged(error.to_string())]);
            }
            Err(error) => return Err(error.into()),
        };
        let mut lacks = Vec::new();
        let unlisted = documents.unlisted_in(generation, &document).await?.len();
        // It may have moved between the two looks.
        if unlisted > 0 && documents.election_in(generation, election, true).await?.as_ref() == Some(&document) {
            lacks.push(Lack::Unlisted(unlisted));
        }
        if let Some(casts) = document.election.casts.filter(|casts| *casts != tally.ballots) {
            lacks.push(Lack::Miscounted { counted: tally.ballots, casts });
        }
        Ok(lacks)
    }

    /// Gives a generation what it lacks of these commits, and says what was lacking.
    pub async fn mend(&self, generation: &Generation, commits: &[Commit]) -> Result<Mended, MendError> {
        let mut mended = self.mend_page(generation, commits).await?;
        let miscounted: Vec<_> = mended.stuck.extract_if(.., |drift| drift.lack.may_be_the_tally()).collect();
        for drift in miscounted {
            let election = drift.stream.election();
            let ballots = self.mend_ballots(generation, election).await?;
            mended.healed.extend(ballots.healed);
            mended.stuck.extend(ballots.stuck);
            let mut still = self.miscount(generation, election).await?;
            if still.is_some() {
                self.recount(generation, election).await?;
                still = self.miscount(generation, election).await?;
            }
            match still {
                None => mended.healed.push(drift),
                Some(lack) => mended.stuck.push(Drift { lack, ..drift }),
            }
        }
        // Ballots that had lost nothing but their receipts are counted twice now.
        let counted = mended.healed.iter().filter(|drift| drift.lack == Lack::Uncounted);
        for election in counted.map(|drift| drift.stream.election()).collect::<BTreeSet<_>>() {
            let too_many = |lack: &Lack| matches!(lack, Lack::Miscounted { counted, casts } if counted > casts);
            if self.miscount(generation, election).await?.as_ref().is_some_and(too_many) {
                self.recount(generation, election).await?;
            }
        }
        Ok(mended)
    }

    async fn miscount(&self, generation: &Generation, election: ElectionId) -> Result<Option<Lack>, MendError> {
        let lacks = self.lacks(generation, election, Version::NONE).await?;
        Ok(lacks.into_iter().find(Lack::may_be_the_tally))
    }

    /// Goes through all ballots of an election, and counts those that are not.
    async fn mend_ballots(&self, generation: &Generation, election: ElectionId) -> Result<Mended, MendError> {
        let mut mended = Mended::default();
        let mut ballots = self.ballots(election).await?;
        while let Some(commits) = ballots.next().await? {
            let of_page = self.mend_page(generation, &commits).await?;
            mended.healed.extend(of_page.healed);
            mended.stuck.extend(of_page.stuck);
        }
        Ok(mended)
    }

    /// Makes an election's tally what its receipts say: the sum of the ballots that were counted.
    ///
    /// The parts of the tally are looked at before the receipts, and written only if none of them has moved: a ballot that
    /// is counted meanwhile moves one, and then the tally stays as it is, for the next time.
    async fn recount(&self, generation: &Generation, election: ElectionId) -> Result<(), MendError> {
        let documents = self.projection.documents();
        let parts = documents.tally_parts(generation, election).await?;
        let mut tally = Tally::default();
        let mut ballots = self.ballots(election).await?;
        while let Some(commits) = ballots.next().await? {
            let mut cast = BTreeMap::new();
            for commit in &commits {
                let Stream::Ballot(_, shard, _) = commit.stream else { continue };
                // One that cannot be read was never counted.
                let ballot = commit.decode::<Ballot>().ok().and_then(|events| cast_ballot(election, shard, &events));
                cast.extend(ballot.map(|ballot| (ballot.receipt, ballot.ratings)));
            }
            let counted = documents.counted_in(generation, election, &cast.keys().copied().collect()).await?;
            for ratings in counted.iter().filter_map(|receipt| cast.get(receipt)) {
                tally.count(ratings);
            }
        }
        if parts.are(&tally) {
            return Ok(());
        }
        let saved = documents.set_tally(generation, election, &parts, &tally).await?;
        let ballots = tally.ballots;
        tracing::warn!(event = "tally_recounted", %election, %generation, ballots, ?saved, "it was not what receipts say");
        Ok(())
    }

    /// All commits to voters and ballots of an election, page by page.
    async fn ballots(&self, election: ElectionId) -> Result<Ballots<'_>, MendError> {
        let events = self.projection.events();
        let shards = events.shards_of(election).await?.iter().flat_map(|shards| shards.shards()).collect();
        Ok(Ballots { events, election, shards, next: None })
    }

    /// The same without a look at any commits besides these, and those before them.
    async fn mend_page(&self, generation: &Generation, commits: &[Commit]) -> Result<Mended, MendError> {
        let drifts = self.check(generation, commits).await?;
        if drifts.is_empty() {
            return Ok(Mended::default());
        }
        let documents = self.projection.documents();
        for drift in &drifts {
            let election = drift.stream.election();
            match (&drift.lack, drift.stream) {
                (Lack::Damaged(_), Stream::Election(_)) => documents.take_apart(generation, election).await?,
                (Lack::Unlisted(_), _) => {
                    let document = documents.election_in(generation, election, true).await?;
                    // If the election moves meanwhile, whoever moves it writes the entries.
                    if let Some(document) = document {
                        documents.list_again(generation, &document).await?;
                    }
                }
                _ => {}
            }
        }
        let streams: BTreeSet<_> = drifts.iter().map(|drift| drift.stream).collect();
        let theirs: Vec<_> = commits.iter().filter(|commit| streams.contains(&commit.stream)).cloned().collect();
        if self.projection.replay(generation, theirs.clone()).await.again {
            return Err(MendError::Later);
        }
        let stuck = self.check(generation, &theirs).await?;
        let is_stuck =
            |drift: &Drift| stuck.iter().any(|stuck| (stuck.stream, &stuck.commit) == (drift.stream, &drift.commit));
        let healed = drifts.into_iter().filter(|drift| !is_stuck(drift)).collect();
        Ok(Mended { healed, stuck })
    }

    /// The documents of a generation that are not what they are in another one although they have come as far: which of
    /// the two is wrong, only the events know.
    pub async fn differing(
        &self,
        one: &Generation,
        other: &Generation,
        commits: &[Commit],
    ) -> Result<Vec<Stream>, MendError> {
        let documents = self.projection.documents();
        let mut differing = Vec::new();
        for (election, claims) in claims(commits, &mut Vec::new()) {
            if claims.election.is_some() {
                let found = (self.readable(one, election).await?, self.readable(other, election).await?);
                if let (Some((one, tally)), Some((other, other_tally))) = found {
                    let closed = one.election.casts.is_some();
                    if one.version == other.version && (one != other || closed && tally != other_tally) {
                        differing.push(Stream::Election(election));
                    }
                }
            }
            let voters = || claims.voters.keys().copied();
            let theirs = documents.voters_in(other, election, voters()).await?;
            for (id, ours) in documents.voters_in(one, election, voters()).await? {
                let same = theirs.get(&id).is_none_or(|theirs| theirs.version != ours.version || *theirs == ours);
                if let Some((_, commit)) = claims.voters.get(&id).filter(|_| !same) {
                    differing.push(commit.stream);
                }
            }
        }
        Ok(differing)
    }

    /// An election and its tally, unless they cannot be read.
    async fn readable(
        &self,
        generation: &Generation,
        election: ElectionId,
    ) -> Result<Option<(ElectionDocument, photovote_domain::Tally)>, MendError> {
        match self.projection.documents().results_in(generation, election, true).await {
            Err(DocumentError::Damaged { .. } | DocumentError::Unsettled(_)) => Ok(None),
            found => Ok(found?),
        }
    }
}

/// The voters and ballots of an election, shard by shard.
struct Ballots<'a> {
    events: &'a EventReader,
    election: ElectionId,
    /// Those that are not at their end.
    shards: VecDeque<Shard>,
    /// Where the first of them goes on.
    next: Option<Position>,
}

impl Ballots<'_> {
    /// The next page; nothing after the last.
    async fn next(&mut self) -> Result<Option<Vec<Commit>>, MendError> {
        let Some(&shard) = self.shards.front() else { return Ok(None) };
        let part = Part::Partition(self.election, Some(shard));
        let page = self.events.sweep(part, self.next.as_ref(), PAGE).await.map_err(DocumentError::from)?;
        self.next = page.next;
        if self.next.is_none() {
            self.shards.pop_front();
        }
        Ok(Some(page.commits))
    }
}

impl Lack {
    /// Is the tally wrong, or perhaps that which cannot be read?
    const fn may_be_the_tally(&self) -> bool {
        matches!(self, Self::Miscounted { .. } | Self::Damaged(_))
    }
}

fn drift(commit: &Commit, lack: Lack) -> Drift {
    Drift { stream: commit.stream, commit: CommitKeys::of_commit(commit), lack }
}

/// What commits say that documents must have, election by election.
fn claims<'a>(commits: &'a [Commit], unreadable: &mut Vec<Drift>) -> BTreeMap<ElectionId, Claims<'a>> {
    let mut all: BTreeMap<ElectionId, Claims<'a>> = BTreeMap::new();
    for commit in commits {
        let claims = all.entry(commit.stream.election()).or_default();
        let newest = (commit.last(), commit);
        match commit.stream {
            Stream::Election(_) => {
                claims.election = claims.election.filter(|(version, _)| *version > newest.0).or(Some(newest));
            }
            Stream::Voter(_, _, id) => {
                let known = claims.voters.entry(id).or_insert(newest);
                if known.0 < newest.0 {
                    *known = newest;
                }
            }
            Stream::Ballot(election, shard, _) => match receipt(election, shard, commit) {
                Ok(receipt) => claims.cast.extend(receipt.map(|receipt| (receipt, commit))),
                Err(reason) => unreadable.push(drift(commit, Lack::Unreadable(reason))),
            },
        }
    }
    all
}

/// The receipt of the cast that a commit to a ballot is, if it is one.
fn receipt(election: ElectionId, shard: Shard, commit: &Commit) -> Result<Option<Receipt>, String> {
    let events = commit.decode::<Ballot>().map_err(|error| error.to_string())?;
    Ok(cast_ballot(election, shard, &events).map(|ballot| ballot.receipt))
}
