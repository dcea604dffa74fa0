//! Links: what a mail is sent for.

use std::{fmt, str::FromStr};

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use url::Url;

/// Why a text is no link. It does not show the text, which may hold a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LinkError {
    /// More characters than a line of a header has room for.
    #[error("is longer than {} characters", Link::LONGEST)]
    TooLong,
    /// A character that a mail program may not count to the link, or that ends an attribute or a header.
    #[error("holds a character that does not belong in a link, or ends with a punctuation mark")]
    Character,
    /// Not `https://host…` or `http://host…` without a user name.
    #[error("is not an address of the web")]
    Malformed,
}

/// An address of the web that may hold a token: `https://vote.example.org/vote#pvb_…`.
///
/// Mail programs recognise all of it as one link. It cannot be printed by accident: there is no `Display`, and `Debug`
/// redacts it.
#[derive(Clone)]
pub struct Link(SecretString);

impl Link {
    /// The most characters that it can have.
    pub const LONGEST: usize = 900;

    /// Returns the link's text, which is never logged.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    /// Returns whether it is an address of HTTPS.
    pub(crate) fn is_https(&self) -> bool {
        self.reveal().starts_with("https://")
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link([REDACTED])")
    }
}

/// Characters of RFC 3986, less those with which prose ends or encloses a link.
const fn is_linked(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b'?' | b'#' | b'@' | b'&' | b'=' | b'%' | b'+')
}

impl FromStr for Link {
    type Err = LinkError;

    /// Parses a link and keeps its spelling.
    fn from_str(text: &str) -> Result<Self, LinkError> {
        if text.len() > Self::LONGEST {
            return Err(LinkError::TooLong);
        }
        let ends_well = text.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '/');
        if !text.bytes().all(is_linked) || !ends_well {
            return Err(LinkError::Character);
        }
        let url = Url::parse(text).map_err(|_not_a_url| LinkError::Malformed)?;
        let has_user = !url.username().is_empty() || url.password().is_some();
        // The parser would also take https:host and HTTPS://host, which mail programs may not.
        let is_web = text.starts_with("https://") || text.starts_with("http://");
        if is_web && url.has_host() && !has_user { Ok(Self(text.into())) } else { Err(LinkError::Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_keeps_its_spelling() {
        for text in [
            "https://Vote.example.org/vote#pvb_01J_02K_00ff",
            "http://127.0.0.1:8080/vote#pvb_x",
            "https://example.org/results/?election=01J&lang=de",
        ] {
            assert_eq!(text.parse::<Link>().unwrap().reveal(), text);
        }
    }

    #[test]
    fn what_is_no_link_is_refused() {
        for (text, error) in [
            ("https://example.org/\r\nBcc: eve@example.org", LinkError::Character),
            ("https://example.org/\"onclick=x", LinkError::Character),
            ("https://example.org/<b>", LinkError::Character),
            ("https://example.org/a b", LinkError::Character),
            ("https://exämple.org/", LinkError::Character),
            ("https://example.org/vote.", LinkError::Character),
            ("", LinkError::Character),
            ("javascript:alert", LinkError::Malformed),
            ("https:example.org", LinkError::Malformed),
            ("HTTPS://example.org", LinkError::Malformed),
            ("https://eve@example.org/", LinkError::Malformed),
            ("https:///", LinkError::Malformed),
            ("/vote", LinkError::Malformed),
        ] {
            assert_eq!(text.parse::<Link>().unwrap_err(), error, "{text}");
        }
        let long = format!("https://example.org/{}", "x".repeat(Link::LONGEST));
        assert_eq!(long.parse::<Link>().unwrap_err(), LinkError::TooLong);
    }

    #[test]
    fn a_link_is_not_printed() {
        let link: Link = "https://example.org/vote#pvb_secret".parse().unwrap();
        assert_eq!(format!("{link:?} {link:#?}"), "Link([REDACTED]) Link([REDACTED])");
    }
}
