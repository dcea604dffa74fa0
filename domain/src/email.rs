//! Email addresses.

use std::{fmt, str::FromStr};

use email_address::{EmailAddress, Options};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

use crate::hash::{Digest, Hasher};

/// Why a text is not an email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EmailError {
    /// Longer than an address can be (RFC 5321, 4.5.3.1.3, less the angle brackets).
    #[error("is longer than 254 characters")]
    TooLong,
    /// Not `local@domain.tld`.
    #[error("is not an email address")]
    Malformed,
}

/// A valid email address of at most 254 bytes, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// The address as it was written, less the white space around it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two spellings of one address share: a hash of the address in Unicode's compatibility form, in lower case.
    /// An election has each key once.
    pub fn key(&self) -> Digest {
        email_key(&self.0)
    }
}

/// The uniqueness key of an address that was accepted before.
pub fn email_key(address: &str) -> Digest {
    let folded: String = address.nfkc().flat_map(char::to_lowercase).nfkc().collect();
    Hasher::new("photovote/email").part(folded.as_bytes()).finish()
}

impl FromStr for Email {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        let text: String = text.trim().nfc().collect();
        if text.len() > 254 {
            return Err(EmailError::TooLong);
        }
        let plain = Options::default().with_required_tld().without_display_text().without_domain_literal();
        let well_formed = EmailAddress::parse_with_options(&text, plain).is_ok();
        if !well_formed || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(EmailError::Malformed);
        }
        Ok(Self(text))
    }
}

impl From<Email> for String {
    fn from(email: Email) -> String {
        email.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_written() {
        assert_eq!(
            " Ada.Lovelace+vote@Example.org ".parse::<Email>().unwrap().as_str(),
            "Ada.Lovelace+vote@Example.org"
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ada",
            "ada@",
            "@example.org",
            "ada@localhost",
            "a b@example.org",
            "Ada <ada@example.org>",
            "a@b@c.org",
            "ada@[127.0.0.1]",
        ] {
            assert_eq!(text.parse::<Email>(), Err(EmailError::Malformed), "{text}");
        }
        let long = format!("{}@example.org", "x".repeat(243));
        assert_eq!(long.parse::<Email>(), Err(EmailError::TooLong));
    }

    #[test]
    fn one_address_has_one_key() {
        let key = |text: &str| text.parse::<Email>().unwrap().key();
        assert_eq!(key("Ada@Example.org"), key("ada@example.ORG"));
        assert_eq!(key("rené@example.org"), key("rene\u{301}@example.org"));
        assert_ne!(key("ada@example.org"), key("adb@example.org"));
    }
}
