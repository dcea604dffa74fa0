//! Receipts: the proof that a ballot was counted, which does not tell how it was cast.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    hash::{Digest, Hasher},
    ids::ElectionId,
    rating::Ratings,
    shard::Shard,
};

/// 256 random bits that make a receipt unguessable. They stay in the ballot's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(Digest);

impl Nonce {
    /// A nonce of these random bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Digest::from_bytes(bytes))
    }
}

/// Why a text is not a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a receipt is a shard's number, a hyphen and 64 hexadecimal digits")]
pub struct ReceiptError;

/// What a voter keeps of a cast ballot: `H(election ‖ ratings ‖ nonce)`, after the number of the ballot's shard, where it
/// can be looked up. As text: `7-5f3c…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Receipt {
    shard: Shard,
    digest: Digest,
}

impl Receipt {
    /// The receipt of a ballot in `shard` of `election` that was cast with these ratings.
    pub fn of(election: ElectionId, shard: Shard, ratings: &Ratings, nonce: &Nonce) -> Self {
        let hasher = Hasher::new("photovote/receipt").part(election.to_string().as_bytes());
        let hasher = ratings
            .iter()
            .fold(hasher, |hasher, (candidate, grade)| hasher.part(candidate.to_string().as_bytes()).part(&[*grade]));
        Self { shard, digest: hasher.part(nonce.0.as_bytes()).finish() }
    }

    /// The hash, without the shard.
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Where the receipt is kept.
    pub const fn shard(&self) -> Shard {
        self.shard
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.shard, self.digest)
    }
}

impl From<Receipt> for String {
    fn from(receipt: Receipt) -> Self {
        receipt.to_string()
    }
}

impl TryFrom<String> for Receipt {
    type Error = ReceiptError;

    fn try_from(text: String) -> Result<Self, ReceiptError> {
        text.parse()
    }
}

impl FromStr for Receipt {
    type Err = ReceiptError;

    fn from_str(text: &str) -> Result<Self, ReceiptError> {
        let (shard, digest) = text.split_once('-').ok_or(ReceiptError)?;
        let number: u8 = shard.parse().map_err(|_not_a_number| ReceiptError)?;
        let receipt = Self {
            shard: Shard::new(number).ok_or(ReceiptError)?,
            digest: digest.parse().map_err(|_not_a_digest| ReceiptError)?,
        };
        // `07-…` and `+7-…` parse as well, but are not what was handed out.
        if receipt.to_string() == text { Ok(receipt) } else { Err(ReceiptError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::CandidateId;

    fn receipt(grade: u8, nonce: u8) -> Receipt {
        let ratings = Ratings::from([(CandidateId::from_bits(1), grade)]);
        let shard = Shard::new(7).unwrap();
        Receipt::of(ElectionId::from_bits(9), shard, &ratings, &Nonce::from_bytes([nonce; 32]))
    }

    #[test]
    fn a_receipt_is_bound_to_the_ratings_and_the_nonce() {
        assert_eq!(receipt(3, 1), receipt(3, 1));
        assert_ne!(receipt(3, 1), receipt(4, 1));
        assert_ne!(receipt(3, 1), receipt(3, 2));
    }

    #[test]
    fn a_receipt_has_one_spelling() {
        let text = receipt(3, 1).to_string();
        assert!(text.starts_with("7-"));
        assert_eq!(text.parse(), Ok(receipt(3, 1)));
        for wrong in [
            String::new(),
            format!("0{text}"),
            format!("+{text}"),
            text.to_uppercase(),
            format!("64{}", &text[1..]),
            text[..60].into(),
        ] {
            assert_eq!(wrong.parse::<Receipt>(), Err(ReceiptError), "{wrong}");
        }
    }
}
