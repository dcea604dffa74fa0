//! Folding ballots: in bounded steps, so that a shard of any length is counted.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use photovote_documents::{CastBallot, cast_ballot, pack, unpack};
use photovote_documents_write::{DocumentStore, Saved};
use photovote_domain::{Ballot, Digest, ElectionId, Shard, Tally, ballot::BallotEvent};
use photovote_events::{Commit, EventReader, LoadError, Part, Position, Stream};
use serde::{Deserialize, Serialize};

use crate::CountError;

/// How many commits are read at once; a megabyte at most.
const PAGE: u16 = 1_000;
/// How many receipts are kept in one item between two steps: 43 bytes each of 400 KB.
const KEPT_TOGETHER: usize = 8_000;

/// What a fold of ballots has come to.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    pub(crate) tally: Tally,
    /// Their receipts, in the order of the ballots' ids.
    pub(crate) receipts: Vec<Digest>,
    /// Where it goes on; nothing at the end.
    next: Option<Position>,
}

/// How far a fold has come, as it is kept between two steps.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    /// How many shards are done.
    shards: usize,
    /// Where it goes on.
    after: Option<Position>,
    /// The tally, packed, in base64.
    tally: String,
    /// The names of the items that have the receipts.
    receipts: Vec<String>,
}

/// Folds the ballots of shards, and keeps how far it has come.
#[derive(Debug)]
pub(crate) struct Folding<'a> {
    pub(crate) events: &'a EventReader,
    pub(crate) documents: &'a DocumentStore,
    /// The election.
    pub(crate) election: ElectionId,
    /// Which shards.
    pub(crate) shards: Vec<Shard>,
    /// Under which name its state is kept.
    pub(crate) name: String,
    /// Are receipts wanted?
    pub(crate) receipts: bool,
    /// How many pages a step reads.
    pub(crate) pages: u32,
}

impl Folding<'_> {
    /// Goes on for one step. Answers what all ballots come to, or nothing if there is more to read.
    ///
    /// # Errors
    /// A commit cannot be read: no ballot is left out.
    pub(crate) async fn step(&self) -> Result<Option<Folded>, CountError> {
        let (kept, version) = self.documents.work::<Kept>(&self.name).await?;
        let begun = kept.is_some();
        let mut kept = kept.unwrap_or(Kept { shards: 0, after: None, tally: String::new(), receipts: Vec::new() });
        let mut folded = Folded { tally: self.tally(&kept)?, receipts: Vec::new(), next: kept.after.take() };
        let mut pages = self.pages.max(1);
        while let Some(&shard) = self.shards.get(kept.shards) {
            if pages == 0 {
                self.keep(kept, &folded, version).await?;
                return Ok(None);
            }
            pages -= 1;
            let part = Part::Ballots(self.election, shard);
            let page = self.events.sweep(part, folded.next.as_ref(), PAGE).await.map_err(LoadError::from)?;
            if let Some(unreadable) = page.unreadable.into_iter().next() {
                return Err(LoadError::from(unreadable.error).into());
            }
            for commit in &page.commits {
                if let Some(CastBallot { receipt, ratings }) = cast(self.election, shard, commit)? {
                    folded.tally.count(&ratings);
                    if self.receipts {
                        folded.receipts.push(*receipt.digest());
                    }
                }
            }
            folded.next = page.next;
            kept.shards += usize::from(folded.next.is_none());
        }
        for name in &kept.receipts {
            folded.receipts.extend(self.kept_receipts(name).await?);
        }
        if begun {
            self.forget(&kept).await?;
        }
        Ok(Some(folded))
    }

    fn tally(&self, kept: &Kept) -> Result<Tally, CountError> {
        if kept.tally.is_empty() {
            return Ok(Tally::default());
        }
        let packed = STANDARD.decode(&kept.tally).map_err(|_other| CountError::Kept(self.name.clone()))?;
        unpack(&packed).map_err(|_other| CountError::Kept(self.name.clone()))
    }

    /// Keeps how far it has come. If another worker was faster, its state stands.
    async fn keep(
        &self,
        mut kept: Kept,
        folded: &Folded,
        version: photovote_domain::Version,
    ) -> Result<(), CountError> {
        for receipts in folded.receipts.chunks(KEPT_TOGETHER) {
            // Their name is made of what they are, so that another worker writes the same, or another item.
            let bytes: Vec<_> = receipts.iter().flat_map(Digest::as_bytes).copied().collect();
            let name = format!("{}#{}", self.name, Digest::of(&bytes));
            let (_, before) = self.documents.work::<String>(&name).await?;
            self.documents.save_work(&name, &STANDARD.encode(&bytes), before).await?;
            kept.receipts.push(name);
        }
        kept.after.clone_from(&folded.next);
        kept.tally = STANDARD.encode(pack(&folded.tally));
        if self.documents.save_work(&self.name, &kept, version).await? == Saved::Moved {
            tracing::info!(event = "count_overtaken", election = %self.election, "another worker counts the same shard");
        }
        Ok(())
    }

    async fn kept_receipts(&self, name: &str) -> Result<Vec<Digest>, CountError> {
        let lost = || CountError::Kept(name.to_owned());
        let (kept, _) = self.documents.work::<String>(name).await?;
        let bytes = STANDARD.decode(kept.ok_or_else(lost)?).map_err(|_other| lost())?;
        let (digests, rest) = bytes.as_chunks();
        if rest.is_empty() { Ok(digests.iter().copied().map(Digest::from_bytes).collect()) } else { Err(lost()) }
    }

    async fn forget(&self, kept: &Kept) -> Result<(), CountError> {
        // The state goes first: without it nobody looks for the receipts.
        self.documents.forget_work(&self.name).await?;
        for name in &kept.receipts {
            self.documents.forget_work(name).await?;
        }
        Ok(())
    }
}

/// The ballot that a commit casts, if it casts one. Other commits are not even decoded.
fn cast(election: ElectionId, shard: Shard, commit: &Commit) -> Result<Option<CastBallot>, CountError> {
    let casts = matches!(commit.stream, Stream::Ballot(..))
        && commit.events.iter().any(|event| event.event_type == BallotEvent::CAST);
    if !casts {
        return Ok(None);
    }
    let events = commit.decode::<Ballot>().map_err(LoadError::from)?;
    Ok(cast_ballot(election, shard, &events))
}
