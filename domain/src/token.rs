//! Tokens: what a voter votes with, and what ends mails to a voter.

use std::{fmt::Write as _, str::FromStr};

use secrecy::{ExposeSecret, SecretBox};
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::{
    hash::{Digest, Hasher},
    ids::{BallotId, ElectionId, VoterId},
    shard::Shard,
};

const SCHEME: &str = "pvb";
const UNSUBSCRIBE_SCHEME: &str = "pvu";

/// Why a text is not a token. It does not say what is wrong with it: the text may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a token")]
pub struct TokenError;

/// Opens one ballot. As text: `pvb_<election>_<ballot>_<256-bit secret in hexadecimal>`.
///
/// The voter alone holds it; the ballot's stream knows its [`hash`](Self::hash). It cannot be printed by accident:
/// there is no `Display`, and `Debug` redacts the secret, which is wiped when it is dropped.
#[derive(Debug)]
pub struct BallotToken {
    /// The election that the ballot belongs to.
    pub election: ElectionId,
    /// The ballot that it opens.
    pub ballot: BallotId,
    secret: SecretBox<[u8; 32]>,
}

impl BallotToken {
    /// The token that opens this ballot with these 256 random bits.
    pub fn new(election: ElectionId, ballot: BallotId, secret: [u8; 32]) -> Self {
        Self { election, ballot, secret: SecretBox::new(Box::new(secret)) }
    }

    /// The token's text, to be shown to its voter once and never logged.
    pub fn reveal(&self) -> String {
        let mut text = format!("{SCHEME}_{}_{}_", self.election, self.ballot);
        for byte in self.secret.expose_secret() {
            // Writing to a string never fails.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// What is kept of it: a digest over election, ballot and secret.
    pub fn hash(&self) -> Digest {
        Hasher::new("photovote/ballot-token")
            .part(self.election.to_string().as_bytes())
            .part(self.ballot.to_string().as_bytes())
            .part(self.secret.expose_secret())
            .finish()
    }

    /// Whether this is its hash, in a time that does not depend on where the two differ.
    pub fn matches(&self, hash: &Digest) -> bool {
        self.hash().as_bytes().ct_eq(hash.as_bytes()).into()
    }
}

impl FromStr for BallotToken {
    type Err = TokenError;

    /// Parses the only spelling there is: ids in upper case, digits in lower case.
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let parts: Vec<&str> = text.splitn(5, '_').collect();
        let [SCHEME, election, ballot, secret] = parts[..] else { return Err(TokenError) };
        let upper_case = |id: &str| !id.bytes().any(|b| b.is_ascii_lowercase());
        if !upper_case(election) || !upper_case(ballot) || secret.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(TokenError);
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(secret, &mut bytes).map_err(|_not_hex| TokenError)?;
        let election = election.parse().map_err(|_not_an_id| TokenError)?;
        let ballot = ballot.parse().map_err(|_not_an_id| TokenError)?;
        Ok(Self::new(election, ballot, bytes))
    }
}

/// Ends the mails to one voter. As text: `pvu_<election>_<shard>_<voter>_<256-bit secret in hexadecimal>`.
///
/// It stands in each reminder, in the header that mail programs show as a button. It opens nothing. `Debug` redacts the secret.
#[derive(Debug)]
pub struct UnsubscribeToken {
    /// The election that the voter belongs to.
    pub election: ElectionId,
    /// The shard that the voter lies in.
    pub shard: Shard,
    /// The voter.
    pub voter: VoterId,
    secret: SecretBox<[u8; 32]>,
}

impl UnsubscribeToken {
    /// The token that ends the mails to this voter with this secret.
    pub fn new(election: ElectionId, shard: Shard, voter: VoterId, secret: [u8; 32]) -> Self {
        Self { election, shard, voter, secret: SecretBox::new(Box::new(secret)) }
    }

    /// The token's text, for a mail to the voter.
    pub fn reveal(&self) -> String {
        let secret = hex::encode(self.secret.expose_secret());
        format!("{UNSUBSCRIBE_SCHEME}_{}_{}_{}_{secret}", self.election, self.shard, self.voter)
    }

    /// What is kept of it: a digest over election, voter and secret.
    pub fn hash(&self) -> Digest {
        Hasher::new("photovote/unsubscribe-token")
            .part(self.election.to_string().as_bytes())
            .part(self.voter.to_string().as_bytes())
            .part(self.secret.expose_secret())
            .finish()
    }
}

impl FromStr for UnsubscribeToken {
    type Err = TokenError;

    /// Parses the only spelling there is.
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let parts: Vec<&str> = text.splitn(6, '_').collect();
        let [UNSUBSCRIBE_SCHEME, election, shard, voter, secret] = parts[..] else { return Err(TokenError) };
        let mut bytes = [0; 32];
        hex::decode_to_slice(secret, &mut bytes).map_err(|_not_hex| TokenError)?;
        let election = election.parse().map_err(|_not_an_id| TokenError)?;
        let shard = shard.parse().ok().and_then(Shard::new).ok_or(TokenError)?;
        let voter = voter.parse().map_err(|_not_an_id| TokenError)?;
        let token = Self::new(election, shard, voter, bytes);
        if token.reveal() == text { Ok(token) } else { Err(TokenError) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(secret: u8) -> BallotToken {
        BallotToken::new(ElectionId::from_bits(10), BallotId::from_bits(11), [secret; 32])
    }

    #[test]
    fn a_token_matches_its_own_hash_only() {
        let hash = token(1).hash();
        assert!(token(1).matches(&hash));
        assert!(!token(2).matches(&hash));
        let elsewhere = BallotToken::new(ElectionId::from_bits(12), BallotId::from_bits(11), [1; 32]);
        assert!(!elsewhere.matches(&hash));
        let another = BallotToken::new(ElectionId::from_bits(10), BallotId::from_bits(12), [1; 32]);
        assert!(!another.matches(&hash));
    }

    #[test]
    fn an_unsubscribe_token_has_one_spelling() {
        let shard = Shard::new(5).unwrap();
        let token = UnsubscribeToken::new(ElectionId::from_bits(10), shard, VoterId::from_bits(11), [0xab; 32]);
        let text = token.reveal();
        let again: UnsubscribeToken = text.parse().unwrap();
        assert_eq!((again.reveal(), again.hash()), (text.clone(), token.hash()));
        for wrong in
            [text.to_lowercase(), text.to_uppercase(), text.replace("_5_", "_05_"), format!("{text}_"), "pvu".into()]
        {
            assert!(wrong.parse::<UnsubscribeToken>().is_err(), "{wrong}");
        }
        assert!(!format!("{token:?}").contains("abab"));
    }

    #[test]
    fn a_token_is_not_printed_by_accident() {
        let debug = format!("{:?}", token(0xab));
        assert!(!debug.contains("abab") && !debug.contains("171"), "{debug}");
    }

    #[test]
    fn a_token_has_one_spelling() {
        let text = token(0xab).reveal();
        assert_eq!(text.len(), 4 + 26 + 1 + 26 + 1 + 64);
        assert_eq!(text.parse::<BallotToken>().unwrap().reveal(), text);
        let wrong = [
            String::new(),
            text.to_uppercase(),
            text.to_lowercase(),
            text.replace('A', "a"),
            text.replace('B', "b"),
            text.replace("ab", "AB"),
            text.replace("pvb_", "pvc_"),
            format!(" {text}"),
            format!("{text}_"),
            format!("{text}00"),
            text[..text.len() - 2].to_owned(),
            text.replacen('_', "", 1),
        ];
        for text in wrong {
            assert_eq!(text.parse::<BallotToken>().err(), Some(TokenError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_token_survives_its_text(election: u128, ballot: u128, secret: [u8; 32]) {
            let token = BallotToken::new(ElectionId::from_bits(election), BallotId::from_bits(ballot), secret);
            let read: BallotToken = token.reveal().parse().unwrap();
            prop_assert!(read.matches(&token.hash()));
            prop_assert_eq!(read.reveal(), token.reveal());
        }

        #[test]
        fn what_is_read_is_spelled_as_it_was_read(text in "(pvb)?_?[0-9A-Z]{0,27}_?[0-9A-Z]{0,27}_?\\PC{0,70}") {
            if let Ok(token) = text.parse::<BallotToken>() {
                prop_assert_eq!(token.reveal(), text);
            }
        }
    }
}
