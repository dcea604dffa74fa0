//! Counting an election again, where its tally is not what its receipts say.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use photovote_domain::{ElectionId, Tally, Version};
use photovote_dynamodb::{TransactFailure, transact};

use crate::{
    count::PARTS,
    failure::DocumentError,
    generation::Generation,
    item::{damaged, tally_item, tally_part, tally_version},
    key::{TALLY, election_partition, tally_key},
    write::{DocumentStore, Saved},
};

/// The parts of an election's tally at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TallyParts {
    /// How often each was changed.
    versions: BTreeMap<u8, Version>,
    /// What they add up to; nothing if one of them cannot be read.
    sum: Option<Tally>,
}

impl TallyParts {
    /// Do they add up to this?
    pub fn are(&self, tally: &Tally) -> bool {
        self.sum.as_ref() == Some(tally)
    }
}

impl DocumentStore {
    /// The parts of a tally as they are now. Whoever counts a ballot from here on moves one of them.
    pub async fn tally_parts(
        &self,
        generation: &Generation,
        election: ElectionId,
    ) -> Result<TallyParts, DocumentError> {
        let query = self
            .query(&election_partition(generation, election), Some("begins_with(sk, :tally)"))
            .expression_attribute_values(":tally", AttributeValue::S(TALLY.to_owned()))
            .consistent_read(true);
        let mut versions: BTreeMap<_, _> = (0..PARTS).map(|number| (number, Version::NONE)).collect();
        let mut sum = Some(Tally::default());
        for item in self.all(query).await? {
            let number = item.get("sk").and_then(|sk| sk.as_s().ok()?.strip_prefix(TALLY)?.parse().ok());
            versions.insert(number.ok_or_else(|| damaged(&item, "it has no number"))?, tally_version(&item)?);
            sum = match (sum, tally_part(&item)) {
                (Some(mut sum), Ok(part)) => {
                    sum.merge(&part);
                    Some(sum)
                }
                _ => None,
            };
        }
        Ok(TallyParts { versions, sum })
    }

    /// Makes this the tally, in one transaction over all its parts, none of which must have moved.
    pub async fn set_tally(
        &self,
        generation: &Generation,
        election: ElectionId,
        parts: &TallyParts,
        tally: &Tally,
    ) -> Result<Saved, DocumentError> {
        let nothing = Tally::default();
        let mut actions = Vec::with_capacity(parts.versions.len());
        for (place, (&number, &version)) in parts.versions.iter().enumerate() {
            let holds = if place == 0 { tally } else { &nothing };
            let item = tally_item(tally_key(generation, election, number), version.plus(1), holds);
            actions.push(self.put_after(item, version)?);
        }
        match transact(&self.client, || Ok(actions.clone())).await {
            Ok(()) => Ok(Saved::Yes),
            Err(TransactFailure::Cancelled(_)) => Ok(Saved::Moved),
            Err(TransactFailure::Storage(error)) => Err(error.into()),
        }
    }
}
