//! What the documents of a generation lack, by what commits say, and giving it to them.
//!
//! A document must have come as far as every commit says. The documents of a closed election must lead to the results that history
//! says. So each commit can be looked at by itself, in any order, and a look at all of them compares everything. What is counted is
//! not made here: the counter is asked for it.

use std::collections::{BTreeMap, BTreeSet};

use photovote_documents::{ElectionDocument, PhotographDocument, PublicElection, VoterDocument};
use photovote_documents_read::{DocumentError, Generation, Stored};
use photovote_documents_write::DocumentStore;
use photovote_domain::{
    Ballot, ElectionId, Import, Mailing, PhotographId, Tally, Version, VoterId,
    election::{ResultsDigest, Status},
    results::Results,
};
use photovote_events::{Commit, LoadError, Stream};
use photovote_projection::{CommitKeys, Projection};
use photovote_queues::{CountMessage, Queue, SendError};
use thiserror::Error;

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
    /// The election is closed, and its ballots are not counted, or its results not public.
    #[error("the ballots are not counted, or the results not published")]
    Uncounted,
    /// What was counted, or is public, is not what history says.
    #[error("what is stored of the count is not what history says: {0}")]
    Differs(String),
    /// The election was deleted, and its voters or receipts are still there.
    #[error("a deleted election left something behind")]
    Left,
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
    /// The counter was asked for this.
    pub asked: Vec<Drift>,
    /// This is not there.
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
    /// The counter cannot be asked.
    #[error("the counter cannot be asked: {0}")]
    Ask(#[from] SendError),
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
            Self::Ask(_) | Self::Later => false,
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
    photographs: BTreeMap<PhotographId, Newest<'a>>,
}

/// Compares commits with documents, and brings the documents forward where they lack something.
#[derive(Debug, Clone)]
pub struct Mender {
    projection: Projection,
    counter: Queue<CountMessage>,
}

impl Mender {
    /// Looks at the documents that this projection writes, and asks the counter for what is counted.
    pub const fn new(projection: Projection, counter: Queue<CountMessage>) -> Self {
        Self { projection, counter }
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
            let mut late = behind::<VoterDocument>(documents, generation, election, &claims.voters).await?;
            late.extend(behind::<PhotographDocument>(documents, generation, election, &claims.photographs).await?);
            // The voters and photographs of a deleted election are gone for good.
            if !late.is_empty() && !self.is_deleted(generation, election).await? {
                drifts.extend(late);
            }
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
        let (document, tally) = match documents.reader().results_in(generation, election, true).await {
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
        if unlisted > 0 && documents.reader().election_in(generation, election, true).await?.as_ref() == Some(&document)
        {
            lacks.push(Lack::Unlisted(unlisted));
        }
        let of_the_count = match self.lack_of_count(generation, &document, tally.as_ref()).await? {
            None => self.lack_of_receipts(generation, &document, tally.as_ref()).await?,
            lack => lack,
        };
        lacks.extend(of_the_count);
        Ok(lacks)
    }

    async fn is_deleted(&self, generation: &Generation, election: ElectionId) -> Result<bool, MendError> {
        let document = self.projection.documents().reader().election_in(generation, election, true).await;
        match document {
            Err(DocumentError::Damaged { .. } | DocumentError::Unsettled(_)) => Ok(false),
            document => Ok(document?.is_some_and(|document| document.election.status == Status::Deleted)),
        }
    }

    /// What a generation lacks of the count of an election, or still has of a deleted one. It does not look at receipts.
    pub async fn awaits_counter(
        &self,
        generation: &Generation,
        election: ElectionId,
    ) -> Result<Option<Lack>, MendError> {
        match self.projection.documents().reader().results_in(generation, election, true).await? {
            Some((document, tally)) => self.lack_of_count(generation, &document, tally.as_ref()).await,
            None => Ok(Some(Lack::Behind)),
        }
    }

    async fn lack_of_count(
        &self,
        generation: &Generation,
        document: &ElectionDocument,
        tally: Option<&Tally>,
    ) -> Result<Option<Lack>, MendError> {
        let (documents, id, election) = (self.projection.documents(), document.id, &document.election);
        match election.status {
            Status::Absent | Status::Draft | Status::Open | Status::Closing => return Ok(None),
            Status::Deleted => {
                let left = documents.has_left(generation, id, election.shards).await?;
                return Ok(left.then_some(Lack::Left));
            }
            Status::Closed | Status::Released => {}
        }
        let Some(tally) = tally.filter(|_| election.results != ResultsDigest::Awaited) else {
            return Ok(Some(Lack::Uncounted));
        };
        let casts = election.casts.unwrap_or_default();
        let results = Results::of(id, &election.competitions, election.scale, tally, casts, election.registered);
        let digest = match results {
            Ok(results) if election.results.admits(&results) => results.digest.0,
            Ok(results) => return Ok(Some(Lack::Differs(results.digest.to_string()))),
            Err(error) => return Ok(Some(Lack::Differs(error.to_string()))),
        };
        let Some(public) = documents.public_in(generation, id).await? else { return Ok(Some(Lack::Uncounted)) };
        match (election.status, public.released) {
            (Status::Released, None) => Ok(Some(Lack::Uncounted)),
            (Status::Released, Some(released)) => {
                let shown = documents.public_document_in(generation, id, &released.election).await?;
                if !shown.election().is_ok_and(|shown| PublicElection::of(&shown) == PublicElection::of(election)) {
                    return Ok(Some(Lack::Differs("the public election".to_owned())));
                }
                let public = documents.public_document_in(generation, id, &released.results).await?;
                // What is public must be what was counted, and also what history says, if it says something.
                let known = released.digest.is_some() == (election.results != ResultsDigest::None);
                match public.results(Some(digest)) {
                    Ok(_) if known => Ok(None),
                    Ok(_) => Ok(Some(Lack::Differs("the public header".to_owned()))),
                    Err(error) => Ok(Some(Lack::Differs(error.to_string()))),
                }
            }
            _ => Ok(None),
        }
    }

    /// Are the shards of a counted election, and their receipts, what they were when they were counted?
    async fn lack_of_receipts(
        &self,
        generation: &Generation,
        document: &ElectionDocument,
        tally: Option<&Tally>,
    ) -> Result<Option<Lack>, MendError> {
        let (documents, id) = (self.projection.documents(), document.id);
        let Some(tally) = tally.filter(|_| document.election.status != Status::Deleted) else { return Ok(None) };
        let counted = documents.counted_shards(generation, id).await?;
        let mut sum = Tally::default();
        for (&shard, counted) in &counted {
            sum.merge(&counted.tally);
            if documents.receipts_of(generation, id, shard).await? != counted.receipts {
                return Ok(Some(Lack::Differs(format!("the receipts of shard {shard}"))));
            }
        }
        let whole = counted.len() == usize::from(document.election.shards.get());
        Ok((!whole || sum != *tally).then(|| Lack::Differs("the tallies of the shards".to_owned())))
    }

    /// Asks the counter to look after an election in a generation.
    pub async fn ask(&self, generation: &Generation, election: ElectionId) -> Result<(), SendError> {
        self.counter.send(&CountMessage::election(election, generation.clone())).await
    }

    /// Gives a generation what it lacks of these commits, and says what was lacking. What is counted comes later: the counter is
    /// asked for it.
    pub async fn mend(&self, generation: &Generation, commits: &[Commit]) -> Result<Mended, MendError> {
        let drifts = self.check(generation, commits).await?;
        if drifts.is_empty() {
            return Ok(Mended::default());
        }
        let documents = self.projection.documents();
        for drift in &drifts {
            let election = drift.stream.election();
            match (&drift.lack, drift.stream) {
                (Lack::Damaged(_), Stream::Election(_)) => {
                    documents.take_apart(generation, election).await?;
                    // It may be the tally that cannot be read. What the shards add up to is soon known again.
                    documents.discard_shards(generation, election, []).await?;
                }
                (Lack::Unlisted(_), _) => {
                    let document = documents.reader().election_in(generation, election, true).await?;
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
        let mut stuck = self.check(generation, &theirs).await?;
        let asked: Vec<_> = stuck.extract_if(.., |drift| drift.lack.is_of_the_counter()).collect();
        for drift in &asked {
            let election = drift.stream.election();
            if let Lack::Differs(_) = drift.lack {
                let shards = documents.reader().election_in(generation, election, true).await?;
                let shards = shards.map(|document| document.election.shards.shards()).into_iter().flatten();
                documents.discard_shards(generation, election, shards).await?;
            }
            self.ask(generation, election).await?;
        }
        let is_still = |drift: &Drift| {
            stuck.iter().chain(&asked).any(|still| (still.stream, &still.commit) == (drift.stream, &drift.commit))
        };
        let healed = drifts.into_iter().filter(|drift| !is_still(drift)).collect();
        Ok(Mended { healed, asked, stuck })
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
                    let counted = tally.is_some() && other_tally.is_some();
                    if one.version == other.version && (one != other || counted && tally != other_tally) {
                        differing.push(Stream::Election(election));
                    }
                }
            }
            let between = (one, other);
            differing.extend(differing_of::<VoterDocument>(documents, between, election, &claims.voters).await?);
            differing
                .extend(differing_of::<PhotographDocument>(documents, between, election, &claims.photographs).await?);
        }
        Ok(differing)
    }

    /// An election and its tally, unless they cannot be read.
    async fn readable(
        &self,
        generation: &Generation,
        election: ElectionId,
    ) -> Result<Option<(ElectionDocument, Option<Tally>)>, MendError> {
        match self.projection.documents().reader().results_in(generation, election, true).await {
            Err(DocumentError::Damaged { .. } | DocumentError::Unsettled(_)) => Ok(None),
            found => Ok(found?),
        }
    }
}

impl Lack {
    /// Is it the counter who has to do something?
    pub const fn is_of_the_counter(&self) -> bool {
        matches!(self, Self::Uncounted | Self::Differs(_) | Self::Left)
    }
}

fn keep_newest<'a>(known: &mut Newest<'a>, newest: Newest<'a>) {
    if known.0 < newest.0 {
        *known = newest;
    }
}

/// The documents of streams that are not as new as these commits.
async fn behind<D: Stored>(
    documents: &DocumentStore,
    generation: &Generation,
    election: ElectionId,
    claims: &BTreeMap<D::Id, Newest<'_>>,
) -> Result<Vec<Drift>, MendError> {
    let found = documents.those_in::<D>(generation, election, claims.keys().copied()).await?;
    let behind =
        claims.iter().filter(|(id, (version, _))| found.get(id).is_none_or(|document| document.version() < *version));
    Ok(behind.map(|(_, (_, commit))| drift(commit, Lack::Behind)).collect())
}

/// The streams of these commits whose documents differ between two generations although they have come as far.
async fn differing_of<D: Stored>(
    documents: &DocumentStore,
    (one, other): (&Generation, &Generation),
    election: ElectionId,
    claims: &BTreeMap<D::Id, Newest<'_>>,
) -> Result<Vec<Stream>, MendError> {
    let theirs = documents.those_in::<D>(other, election, claims.keys().copied()).await?;
    let ours = documents.those_in::<D>(one, election, claims.keys().copied()).await?;
    let differs = |(id, ours): &(&D::Id, &D)| {
        theirs.get(*id).is_some_and(|theirs| theirs.version() == ours.version() && theirs != *ours)
    };
    let differing = ours.iter().filter(differs).filter_map(|(id, _)| claims.get(id));
    Ok(differing.map(|(_, commit)| commit.stream).collect())
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
            Stream::Voter(_, _, id) => keep_newest(claims.voters.entry(id).or_insert(newest), newest),
            Stream::Photograph(_, id) => keep_newest(claims.photographs.entry(id).or_insert(newest), newest),
            // No document says anything of a ballot or an import. That they can be read is asked here: of a ballot, so that it is known
            // before the count.
            Stream::Ballot(..) => {
                unreadable
                    .extend(commit.decode::<Ballot>().err().map(|e| drift(commit, Lack::Unreadable(e.to_string()))));
            }
            Stream::Mailing(..) => {
                unreadable
                    .extend(commit.decode::<Mailing>().err().map(|e| drift(commit, Lack::Unreadable(e.to_string()))));
            }
            Stream::Import(..) => {
                unreadable
                    .extend(commit.decode::<Import>().err().map(|e| drift(commit, Lack::Unreadable(e.to_string()))));
            }
        }
    }
    all
}
