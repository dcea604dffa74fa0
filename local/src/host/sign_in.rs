//! Sign-in links: each signs the administrator `admin` in, once.
//!
//! A link is a file of the data directory, named after the hash of its secret. To take the link is to delete the file, which only one
//! request can do. The command `photovote sign-in` makes links beside a server that runs.

use std::{
    fs, io,
    io::Write,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use photovote_domain::Timestamp;
use tempfile::NamedTempFile;

use crate::data_dir::{DataDir, DataDirError};

/// Who a link signs in.
pub(crate) const ADMINISTRATOR: &str = "admin";

/// How long a link is good for.
pub const LIFETIME: Duration = Duration::from_mins(15);

/// What the names of links begin with.
const PREFIX: &str = "sign-in-";
/// The file that says where the server of a data directory listens.
const ADDRESS: &str = "address";

/// Why there is no sign-in link.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The link's file cannot be read, written or deleted.
    #[error("sign-in links in {} cannot be used: {source}", path.display())]
    File {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no randomness.
    #[error("there is no randomness for a sign-in link: {0}")]
    Randomness(#[from] getrandom::Error),
    /// No server runs on the data directory.
    #[error("no server is running on {}: start one with `photovote`, or choose its directory with --data-dir", path.display())]
    NoServer {
        /// The directory.
        path: PathBuf,
    },
}

/// The sign-in links of a data directory.
#[derive(Debug, Clone)]
pub struct Links {
    dir: DataDir,
}

impl Links {
    /// The links of this directory.
    pub const fn new(dir: DataDir) -> Self {
        Self { dir }
    }

    /// Makes a link to the page at this address. Links that have expired are deleted.
    pub fn make(&self, address: SocketAddr, now: Timestamp) -> Result<String, LinkError> {
        self.sweep(now)?;
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        let secret = URL_SAFE_NO_PAD.encode(secret);
        let expires = now.millis().saturating_add_unsigned(LIFETIME.as_millis().try_into().unwrap_or(u64::MAX));
        self.write(&name(&secret), &expires.to_string())?;
        Ok(format!("http://{}/admin#sign-in={secret}", reachable(address)))
    }

    /// Takes the link with this secret: true if there was one, and it has not expired. Nobody can take it again.
    pub fn take(&self, secret: &str, now: Timestamp) -> Result<bool, LinkError> {
        let path = self.dir.file(&name(secret));
        let expires = match fs::read_to_string(&path) {
            Ok(expires) => expires,
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(source) => return Err(self.failed(source)),
        };
        match fs::remove_file(&path) {
            Ok(()) => Ok(expires.parse().is_ok_and(|expires: i64| now.millis() < expires)),
            Err(taken) if taken.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(self.failed(source)),
        }
    }

    /// Says where the server of this directory listens.
    pub fn publish(&self, address: SocketAddr) -> Result<(), LinkError> {
        self.write(ADDRESS, &address.to_string())
    }

    /// Finds out where the server of this directory listens.
    pub fn address(&self) -> Result<SocketAddr, LinkError> {
        let no_server = || LinkError::NoServer { path: self.dir.path().to_owned() };
        match self.dir.claim() {
            Ok(_nobody_else) => return Err(no_server()),
            Err(DataDirError::InUse { .. }) => (),
            Err(error) => return Err(error.into()),
        }
        let address = fs::read_to_string(self.dir.file(ADDRESS)).map_err(|source| self.failed(source))?;
        address.parse().map_err(|_damaged| no_server())
    }

    /// The address by which a program on this machine reaches the server of this directory.
    pub fn reachable_address(&self) -> Result<SocketAddr, LinkError> {
        Ok(reachable(self.address()?))
    }

    fn sweep(&self, now: Timestamp) -> Result<(), LinkError> {
        let files = fs::read_dir(self.dir.path()).map_err(|source| self.failed(source))?;
        for file in files {
            let file = file.map_err(|source| self.failed(source))?;
            if !file.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX)) {
                continue;
            }
            let good = |expires: String| expires.parse().is_ok_and(|expires: i64| now.millis() < expires);
            if fs::read_to_string(file.path()).is_ok_and(good) {
                continue;
            }
            match fs::remove_file(file.path()) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(self.failed(source)),
                _gone => (),
            }
        }
        Ok(())
    }

    /// Puts a file in its place whole, readable by its owner only.
    fn write(&self, name: &str, text: &str) -> Result<(), LinkError> {
        let written = || {
            let mut file = NamedTempFile::new_in(self.dir.path())?;
            file.write_all(text.as_bytes())?;
            file.persist(self.dir.file(name)).map_err(|error| error.error)
        };
        written().map(|_file| ()).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> LinkError {
        LinkError::File { path: self.dir.path().to_owned(), source }
    }
}

/// The name of a link's file. It does not tell the secret.
fn name(secret: &str) -> String {
    format!("{PREFIX}{}", hex::encode(digest::digest(&digest::SHA256, secret.as_bytes())))
}

/// An address that a browser on this machine can open.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_dir::temporary;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn links() -> (tempfile::TempDir, Links) {
        let home = temporary().unwrap();
        let links = Links::new(DataDir::open(home.path()).unwrap());
        (home, links)
    }

    fn secret(links: &Links) -> String {
        let link = links.make("127.0.0.1:3000".parse().unwrap(), NOW).unwrap();
        link.strip_prefix("http://127.0.0.1:3000/admin#sign-in=").unwrap().to_owned()
    }

    fn later(time: Duration) -> Timestamp {
        Timestamp::from_millis(NOW.millis() + i64::try_from(time.as_millis()).unwrap())
    }

    #[test]
    fn a_link_is_taken_once() {
        let (_home, links) = links();
        let (first, second) = (secret(&links), secret(&links));
        assert!(links.take(&first, NOW).unwrap());
        assert!(!links.take(&first, NOW).unwrap());
        assert!(links.take(&second, NOW).unwrap());
        assert!(!links.take("", NOW).unwrap() && !links.take("../issuer.key", NOW).unwrap());
    }

    #[test]
    fn a_link_expires() {
        let (home, links) = links();
        let (taken_late, left) = (secret(&links), secret(&links));
        assert!(!links.take(&taken_late, later(LIFETIME)).unwrap());
        assert!(home.path().join(name(&left)).exists());
        links.make("127.0.0.1:1".parse().unwrap(), later(LIFETIME)).unwrap();
        assert!(!home.path().join(name(&left)).exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_private_and_does_not_tell_its_secret() {
        use std::os::unix::fs::PermissionsExt;

        let (home, links) = links();
        let secret = secret(&links);
        let file = fs::read_dir(home.path()).unwrap().next().unwrap().unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(file.path()).unwrap() + file.file_name().to_str().unwrap();
        assert!(!text.contains(&secret));
    }

    #[test]
    fn links_are_made_for_a_server_that_runs() {
        let (_home, links) = links();
        links.publish("[::]:7".parse().unwrap()).unwrap();
        assert!(matches!(links.address(), Err(LinkError::NoServer { .. })));
        let _claim = links.dir.claim().unwrap();
        let address = links.address().unwrap();
        assert!(links.make(address, NOW).unwrap().starts_with("http://127.0.0.1:7/admin#"));
    }
}
