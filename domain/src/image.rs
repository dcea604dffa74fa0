//! A candidate's picture: an uploaded photograph, or an address of another site, with its caption.

use std::{fmt, str::FromStr};

use thiserror::Error;
use url::{Host, Url};

use crate::{
    ids::PhotographId,
    photograph::Pixels,
    text::{AlternativeText, Caption},
};

/// Why a text is not the address of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ImageError {
    /// More than 2,048 bytes.
    #[error("is longer than 2048 characters")]
    TooLong,
    /// Not an absolute URL.
    #[error("is not an absolute URL")]
    Malformed,
    /// Neither https nor http to a loopback host.
    #[error("is not https (http is allowed to a loopback host only)")]
    NotHttps,
    /// A user name or password stands in it.
    #[error("holds credentials")]
    Credentials,
}

/// The address of a picture: https, or http to a loopback host; at most 2,048 bytes in its normal form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImageUrl(String);

impl ImageUrl {
    /// The most bytes that it can have, in its normal form.
    pub const LONGEST: usize = 2_048;

    /// The URL in its normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ImageUrl {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        // Measured before it is parsed as well: normalising may shorten it, and parsing a megabyte is wasted work.
        if text.len() > Self::LONGEST {
            return Err(ImageError::TooLong);
        }
        let url = Url::parse(text).map_err(|_not_a_url| ImageError::Malformed)?;
        let host = url.host().ok_or(ImageError::Malformed)?;
        // The URL standard lets quotes, braces and more stand in a host; no host's name has them.
        if let Host::Domain(name) = host
            && !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        {
            return Err(ImageError::Malformed);
        }
        let loopback = match host {
            Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        if !(url.scheme() == "https" || url.scheme() == "http" && loopback) {
            return Err(ImageError::NotHttps);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ImageError::Credentials);
        }
        if url.as_str().len() > Self::LONGEST {
            return Err(ImageError::TooLong);
        }
        Ok(Self(url.into()))
    }
}

impl fmt::Display for ImageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A candidate's picture. There is no caption without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Image {
    /// It lies somewhere else.
    Linked {
        /// Where.
        url: ImageUrl,
        /// What stands under it.
        caption: Option<Caption>,
    },
    /// It was uploaded, and is ready.
    Uploaded {
        /// Which one.
        photograph: PhotographId,
        /// What it has come to.
        pixels: Pixels,
        /// What stands under it.
        caption: Option<Caption>,
        /// What it shows.
        alt: Option<AlternativeText>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_is_welcome_and_http_on_this_machine() {
        for text in [
            "https://example.org/moon.png?size=2",
            "http://localhost:3000/photos/moon.png",
            "http://127.0.0.1/a.png",
            "http://[::1]:8080/a.png",
        ] {
            assert_eq!(text.parse::<ImageUrl>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let cases = [
            ("http://example.org/moon.png", ImageError::NotHttps),
            ("ftp://example.org/moon.png", ImageError::NotHttps),
            ("http://localhost.example.org/a.png", ImageError::NotHttps),
            ("javascript:alert(1)", ImageError::Malformed),
            ("data:image/png;base64,AA", ImageError::Malformed),
            ("moon.png", ImageError::Malformed),
            ("", ImageError::Malformed),
            ("https://example.org\"onerror='x'/a.png", ImageError::Malformed),
            ("https://{host}/a.png", ImageError::Malformed),
            ("https://ada:secret@example.org/a.png", ImageError::Credentials),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<ImageUrl>(), Err(error), "{text}");
        }
        let long = format!("https://example.org/{}", "x".repeat(2_029));
        assert_eq!(long.parse::<ImageUrl>(), Err(ImageError::TooLong));
        // 800 bytes as written, three times as many once they are percent-encoded.
        let grows = format!("https://example.org/{}", "é".repeat(400));
        assert_eq!(grows.parse::<ImageUrl>(), Err(ImageError::TooLong));
    }
}
