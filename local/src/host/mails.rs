//! What stands in for SES and KMS: a directory that mails are written into, and a key in the data directory.

use std::{fmt, io, net::SocketAddr, path::PathBuf, str::FromStr};

use photovote_domain::{Email, Name};
use photovote_links::LinkKey;
use photovote_mail::MailService;
use thiserror::Error;
use url::Url;

use crate::{
    data_dir::{DataDir, make_private},
    host::smtp::Smtp,
};

/// The file of the key from which voters' links are derived.
const KEY: &str = "links.key";
/// The directory of mails.
pub const OUTBOX: &str = "outbox";

/// Why mails cannot be written.
#[derive(Debug, Error)]
pub enum MailsError {
    /// A file cannot be read or written.
    #[error("{} cannot be used: {source}", path.display())]
    File {
        /// The file, or the directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What the key's file holds is no key.
    #[error("the key of the links {} is damaged: restore it from a backup; links that were mailed cannot be mailed again without it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

/// How mails are sent.
#[derive(Debug, Clone, Default)]
pub struct MailOptions {
    /// The server that takes them. Without one, they become files in the outbox.
    pub smtp: Option<Smtp>,
    /// The address that they come from. Without one, an address at which nobody answers.
    pub from: Option<Email>,
    /// The name beside it.
    pub sender: Option<Name>,
}

/// The key of links of a data directory, and the mail service: the SMTP server, or the outbox of the directory. They are made when they
/// are first asked for. Blocks the thread.
pub fn open(dir: &DataDir, smtp: Option<Smtp>) -> Result<(LinkKey, MailService), MailsError> {
    let path = dir.file(KEY);
    let made = || {
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).map_err(io::Error::other)?;
        Ok(key.to_vec())
    };
    let key = dir.keep_first(KEY, made).map_err(|source| MailsError::File { path: path.clone(), source })?;
    let key = key.try_into().map_err(|_other_length| MailsError::Damaged { path })?;
    let outbox = dir.path().join(OUTBOX);
    make_private(&outbox).map_err(|source| MailsError::File { path: outbox.clone(), source })?;
    let service = smtp.map_or_else(|| MailService::directory(outbox), Smtp::service);
    Ok((LinkKey::held(key), service))
}

/// Where voters' links lead: an address of the page, without a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageUrl(String);

/// A text that is no address of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("is not an origin like https://vote.example.org")]
pub struct PageUrlError;

impl PageUrl {
    /// The page of a server that listens there.
    pub fn of(address: SocketAddr) -> Self {
        Self(format!("http://{address}"))
    }
}

impl FromStr for PageUrl {
    type Err = PageUrlError;

    fn from_str(text: &str) -> Result<Self, PageUrlError> {
        let url = Url::parse(text).map_err(|_no_url| PageUrlError)?;
        let origin = url.origin().ascii_serialization();
        let web = matches!(url.scheme(), "http" | "https") && url.host().is_some();
        if web && origin == text.trim_end_matches('/').to_ascii_lowercase() {
            Ok(Self(origin))
        } else {
            Err(PageUrlError)
        }
    }
}

impl fmt::Display for PageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use photovote_domain::{BallotId, ElectionId, LinkNumber};

    use super::*;
    use crate::data_dir::temporary;

    #[tokio::test]
    async fn links_stay_the_same_over_restarts() {
        let home = temporary().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        let mut tokens = Vec::new();
        for _ in 0..2 {
            let (key, _) = open(&dir, None).unwrap();
            let (election, ballot) = (ElectionId::from_bits(7), BallotId::from_bits(8));
            tokens.push(key.token(election, ballot, LinkNumber::FIRST).await.unwrap().reveal());
        }
        assert_eq!(tokens[0], tokens[1]);
        std::fs::write(dir.file(KEY), b"short").unwrap();
        assert!(matches!(open(&dir, None), Err(MailsError::Damaged { .. })));
    }

    #[test]
    fn a_page_has_an_origin() {
        let read = |text: &str| text.parse::<PageUrl>().map(|url| url.to_string());
        assert_eq!(read("https://vote.example.org").unwrap(), "https://vote.example.org");
        assert_eq!(read("http://127.0.0.1:3000/").unwrap(), "http://127.0.0.1:3000");
        assert_eq!(read("https://Vote.example.org:443").unwrap_err(), PageUrlError, "not as it will be written");
        for text in ["", "vote.example.org", "https://vote.example.org/page", "ftp://a", "https://a?b", "https://u@a"] {
            assert_eq!(read(text), Err(PageUrlError), "{text}");
        }
    }
}
