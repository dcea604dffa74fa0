//! Email addresses.

use std::{fmt, str::FromStr};

use email_address::{EmailAddress, Options};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use url::Host;

use crate::{
    hash::{Digest, Hasher},
    text::{is_blank, misleads},
};

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
    /// The most bytes that it can have (RFC 5321, 4.5.3.1.3, less the angle brackets).
    pub const LONGEST: usize = 254;

    /// The address as it was written, less the white space around it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two spellings of one address share: a hash of the address in Unicode's compatibility form, ignoring case, with the
    /// domain as it stands in the DNS (Punycode). An election has each key once.
    pub fn key(&self) -> Digest {
        email_key(&self.0)
    }
}

/// The uniqueness key of an address that was accepted before.
pub fn email_key(address: &str) -> Digest {
    let folded = canonical(address).unwrap_or_else(|| folded(address));
    Hasher::new("photovote/email").part(folded.as_bytes()).finish()
}

/// Unicode's compatibility form, ignoring case. The final sigma is a small sigma whose capital is that of the other.
fn folded(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).map(|c| if c == 'ς' { 'σ' } else { c }).nfkc().collect()
}

/// The address in the one spelling that all its spellings share, if its domain is one.
fn canonical(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    match Host::parse(domain).ok()? {
        Host::Domain(domain) => Some(format!("{}@{domain}", folded(local))),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

/// `local@domain.tld`, without a display name, quotes or a bare address of a host.
fn is_plain(text: &str) -> bool {
    let plain = Options::default().with_required_tld().without_display_text().without_domain_literal();
    EmailAddress::parse_with_options(text, plain).is_ok()
        && !text.chars().any(|c| c.is_control() || is_blank(c) || misleads(c) || matches!(c, '"' | '\\'))
}

impl FromStr for Email {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        let text: String = text.trim().nfc().collect();
        if text.len() > Self::LONGEST {
            return Err(EmailError::TooLong);
        }
        // What it is compared by is an address as well: a full-width @ is no letter of a name.
        if is_plain(&text) && canonical(&text).is_some_and(|canonical| is_plain(&canonical)) {
            Ok(Self(text))
        } else {
            Err(EmailError::Malformed)
        }
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
            "ada@127.0.0.1",
            "ada@0x7f.1",
            "\"ada\"@example.org",
            "a\u{200b}da@example.org",
            "a\u{200d}da@example.org",
            "ada@exam\u{ad}ple.org",
            "\u{202e}ada@example.org",
            "eve\u{ff20}example.com@example.org",
            "ada@example.org\u{ff0f}x.com",
            "ada@xn--0.org",
            "ada@-.org",
            "ada@example\u{3002}org",
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
        assert_eq!(key("ada@example.org"), key("\u{ff21}DA@\u{ff25}xample.org"), "full width");
        assert_eq!(key("kelvin@example.org"), key("\u{212a}elvin@example.org"), "the Kelvin sign");
        assert_eq!(
            key("ada@example.org"),
            key("\u{1d400}da@example.org"),
            "a capital that has no small letter of its kind"
        );
        assert_eq!(key("ΟΔΥΣΣΕΥΣ@example.gr"), key("οδυσσευς@example.gr"), "the final sigma");
        assert_eq!(key("ada@münchen.de"), key("ada@XN--Mnchen-3ya.de"), "Punycode");
        assert_ne!(key("ınci@example.org"), key("inci@example.org"), "the dotless i is another letter");
        assert_ne!(key("ada@straße.de"), key("ada@strasse.de"), "two domains since IDNA 2008");
        assert_ne!(key("ada@example.org"), key("adb@example.org"));
    }
}
