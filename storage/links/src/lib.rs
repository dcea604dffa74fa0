//! The secrets of voters' links. They are derived when a mail is written, and stored nowhere.
//!
//! ```text
//! secret = HMAC-SHA-256(key, "photovote/link" ‖ 0 ‖ election ‖ ballot ‖ number)       (RFC 2104, FIPS 180-4)
//! ```
//!
//! The ids are 16 bytes each and the number 4, all big-endian, so every message has the same length. The same link comes out each
//! time: a mail that is sent twice has one link, and a reminder has that of the invitation.
//!
//! On AWS the key lies in KMS and never leaves it (`GenerateMac`); only the mailer may use it. The local host keeps a key in its data
//! directory. Both come to the same secret for the same key.

use aws_lc_rs::hmac;
use aws_sdk_kms::{Client, primitives::Blob, types::MacAlgorithmSpec};
use photovote_domain::{BallotId, BallotToken, ElectionId, LinkNumber, Shard, UnsubscribeToken, VoterId};
use photovote_dynamodb::{StorageError, storage_error};
use secrecy::{ExposeSecret, SecretBox};
use thiserror::Error;

/// What the message begins with: a key that is used for something else as well makes no links.
const PURPOSE: &[u8] = b"photovote/link\0";
/// What the message of an unsubscribe token begins with.
const UNSUBSCRIBE: &[u8] = b"photovote/unsubscribe\0";

/// Why a link cannot be derived. It can be tried again.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LinkKeyError {
    /// KMS has no answer.
    #[error("the key of the links has no answer: {0}")]
    Kms(#[from] StorageError),
    /// What KMS answers is no secret of 256 bits.
    #[error("the key of the links answers {0} bytes, not 32")]
    Length(usize),
}

/// The key from which the secrets of all links are derived.
#[derive(Debug, Clone)]
pub struct LinkKey(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Kms { client: Client, key_id: String },
    Held(std::sync::Arc<SecretBox<[u8; 32]>>),
}

impl LinkKey {
    /// The key of this id or ARN, which stays in KMS: an `HMAC_256`.
    pub fn in_kms(client: Client, key_id: impl Into<String>) -> Self {
        Self(Kind::Kms { client, key_id: key_id.into() })
    }

    /// A key that this process holds.
    pub fn held(key: [u8; 32]) -> Self {
        Self(Kind::Held(std::sync::Arc::new(SecretBox::new(Box::new(key)))))
    }

    /// The token of a ballot's link.
    ///
    /// # Errors
    /// KMS has no answer.
    pub async fn token(
        &self,
        election: ElectionId,
        ballot: BallotId,
        link: LinkNumber,
    ) -> Result<BallotToken, LinkKeyError> {
        let secret = self.mac(&message(election, ballot, link)).await?;
        Ok(BallotToken::new(election, ballot, secret))
    }

    /// The token that ends the mails to a voter. It is derived from the same key, for another purpose.
    ///
    /// # Errors
    /// KMS has no answer.
    pub async fn unsubscribe_token(
        &self,
        election: ElectionId,
        shard: Shard,
        voter: VoterId,
    ) -> Result<UnsubscribeToken, LinkKeyError> {
        let message = [UNSUBSCRIBE, &election.bits().to_be_bytes(), &voter.bits().to_be_bytes()].concat();
        Ok(UnsubscribeToken::new(election, shard, voter, self.mac(&message).await?))
    }

    async fn mac(&self, message: &[u8]) -> Result<[u8; 32], LinkKeyError> {
        match &self.0 {
            Kind::Held(key) => {
                let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.expose_secret()), message);
                secret(tag.as_ref())
            }
            Kind::Kms { client, key_id } => {
                let asked = client
                    .generate_mac()
                    .key_id(key_id)
                    .mac_algorithm(MacAlgorithmSpec::HmacSha256)
                    .message(Blob::new(message));
                let answer = asked.send().await.map_err(|error| storage_error(&error))?;
                secret(answer.mac.as_ref().map(Blob::as_ref).unwrap_or_default())
            }
        }
    }
}

fn secret(mac: &[u8]) -> Result<[u8; 32], LinkKeyError> {
    mac.try_into().map_err(|_other_length| LinkKeyError::Length(mac.len()))
}

fn message(election: ElectionId, ballot: BallotId, link: LinkNumber) -> Vec<u8> {
    [PURPOSE, &election.bits().to_be_bytes(), &ballot.bits().to_be_bytes(), &link.get().to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ELECTION: ElectionId = ElectionId::from_bits(7);
    const BALLOT: BallotId = BallotId::from_bits(8);

    async fn token(key: u8, election: ElectionId, ballot: BallotId, link: u32) -> String {
        LinkKey::held([key; 32]).token(election, ballot, LinkNumber::new(link)).await.unwrap().reveal()
    }

    #[tokio::test]
    async fn a_link_is_the_same_each_time_and_no_other() {
        let first = token(1, ELECTION, BALLOT, 1).await;
        assert_eq!(token(1, ELECTION, BALLOT, 1).await, first);
        let others = [
            token(2, ELECTION, BALLOT, 1).await,
            token(1, ElectionId::from_bits(9), BALLOT, 1).await,
            token(1, ELECTION, BallotId::from_bits(9), 1).await,
            token(1, ELECTION, BALLOT, 2).await,
        ];
        let secret = |token: &str| token.rsplit('_').next().unwrap().to_owned();
        assert!(others.iter().all(|other| secret(other) != secret(&first)));
    }

    /// Computed with Python: `hmac.new(bytes([1])*32, b"photovote/link\0" + (7).to_bytes(16) + (8).to_bytes(16) + (1).to_bytes(4), "sha256")`.
    #[tokio::test]
    async fn the_secret_is_the_documented_one() {
        let token = token(1, ELECTION, BALLOT, 1).await;
        assert_eq!(
            token.rsplit('_').next().unwrap(),
            "378e6783b7b7262a3b07c5d00902f2ded1ee10242a3a21aaa004f00fd954ff0c"
        );
    }

    #[test]
    fn the_key_is_not_printed_by_accident() {
        let debug = format!("{:?}", LinkKey::held([0xab; 32]));
        assert!(!debug.contains("171") && !debug.contains("abab"), "{debug}");
    }

    proptest! {
        #[test]
        fn messages_differ_if_anything_does(one: (u128, u128, u32), other: (u128, u128, u32)) {
            let of = |(election, ballot, link)| {
                message(ElectionId::from_bits(election), BallotId::from_bits(ballot), LinkNumber::new(link))
            };
            let normal = |(election, ballot, link): (u128, u128, u32)| (election, ballot, link.max(1));
            prop_assert_eq!(of(one) == of(other), normal(one) == normal(other));
        }
    }
}
