//! Counting ballots, each exactly once.

use std::collections::BTreeMap;

use photovote_domain::{ElectionId, Ratings, Receipt, Tally, Version};
use photovote_dynamodb::{Cancellation, Retry, StorageError, TransactFailure, storage_error, transact};
use photovote_projections::CastBallot;

use crate::{
    failure::DocumentError,
    generation::Generation,
    item::{tally_item, tally_part, tally_version},
    key::{receipt_key, tally_key},
    write::DocumentStore,
};

/// Over how many items an election's tally is spread, so that none of them is hot. More is safe at any time, since
/// readers add up whatever is there.
pub(crate) const PARTS: u8 = 8;
/// How many ballots one transaction counts: with the tally it has 99 actions of the 100 that DynamoDB takes.
const BALLOTS_AT_ONCE: usize = 98;

/// A part of an election's tally, as it is stored.
struct Part {
    number: u8,
    version: Version,
    tally: Tally,
}

impl DocumentStore {
    /// Counts cast ballots of an election; those that were counted before are left out.
    ///
    /// One transaction writes a receipt for each ballot, which must not be there, and the part of the tally that they
    /// were added to, which must not have moved. So a ballot is in the tally exactly if its receipt is there, whoever
    /// counts it, and however often. For `n` ballots that are new: one read and `n / 98` transactions, rounded up.
    pub async fn count(
        &self,
        generation: &Generation,
        election: ElectionId,
        ballots: impl IntoIterator<Item = CastBallot>,
    ) -> Result<(), DocumentError> {
        // A ballot that comes twice in one batch is one ballot.
        let ballots: BTreeMap<_, _> = ballots.into_iter().map(|ballot| (ballot.receipt, ballot.ratings)).collect();
        let ballots: Vec<_> = ballots.iter().collect();
        let mut part = None;
        for chunk in ballots.chunks(BALLOTS_AT_ONCE) {
            part = Some(self.count_chunk(generation, election, chunk.to_vec(), part).await?);
        }
        Ok(())
    }

    /// Counts as many ballots as one transaction can, and answers the part of the tally as it is then.
    async fn count_chunk(
        &self,
        generation: &Generation,
        election: ElectionId,
        mut ballots: Vec<(&Receipt, &Ratings)>,
        part: Option<Part>,
    ) -> Result<Part, DocumentError> {
        let mut part = match part {
            Some(part) => part,
            None => self.any_part(generation, election).await?,
        };
        let mut retry = Retry::contention();
        while !ballots.is_empty() {
            let mut tally = part.tally.clone();
            for (_, ratings) in &ballots {
                tally.count(ratings);
            }
            let version = part.version.plus(1);

            let mut actions = Vec::with_capacity(ballots.len() + 1);
            for (receipt, _) in &ballots {
                actions.push(self.put_after(receipt_key(generation, election, receipt), Version::NONE)?);
            }
            let item = tally_item(tally_key(generation, election, part.number), version, &tally);
            actions.push(self.put_after(item, part.version)?);

            let reasons = match transact(&self.client, || Ok(actions.clone())).await {
                Ok(()) => {
                    metrics::counter!("CountedBallots").increment(ballots.len() as u64);
                    return Ok(Part { version, tally, ..part });
                }
                Err(TransactFailure::Storage(error)) => return Err(error.into()),
                Err(TransactFailure::Cancelled(reasons)) => reasons,
            };
            let moved = reasons.get(ballots.len()).is_some_and(Cancellation::is_condition);
            // A receipt that is there says "counted".
            let mut reasons = reasons.iter();
            ballots.retain(|_| !reasons.next().is_some_and(Cancellation::is_condition));
            if moved && !ballots.is_empty() {
                if !retry.again().await {
                    return Err(StorageError::Contended.into());
                }
                part = self.any_part(generation, election).await?;
            }
        }
        Ok(part)
    }

    async fn any_part(&self, generation: &Generation, election: ElectionId) -> Result<Part, DocumentError> {
        let number = fastrand::u8(0..PARTS);
        let key = tally_key(generation, election, number);
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        match get.send().await.map_err(|error| storage_error(&error))?.item {
            None => Ok(Part { number, version: Version::NONE, tally: Tally::default() }),
            Some(item) => Ok(Part { number, version: tally_version(&item)?, tally: tally_part(&item)? }),
        }
    }
}
