//! Where the suite runs.

use std::{collections::BTreeMap, fs, path::Path, thread::panicking};

use photovote::{
    data_dir::{DataDir, temporary},
    host::consumer::Redelivery,
    host::issuer::Issuer,
    host::mails::OUTBOX,
    server::Server,
};
use tempfile::TempDir;

use crate::{client::Client, forge::Forge, secrets, server::serve};

/// A PhotoVote that answers, and two administrators who know nothing of each other.
pub struct Host {
    /// Anybody, whose connections all callers of this host share.
    anybody: Client,
    owner: String,
    other: String,
    local: Option<(Server, TempDir)>,
}

impl Host {
    /// A host for this test: its own local one, or the deployment that the environment names.
    pub async fn start() -> Self {
        if let Ok(url) = std::env::var("PHOTOVOTE_URL") {
            let token = |name| std::env::var(name).expect("the token of an administrator");
            return Self {
                anybody: Client::new(&url, None),
                owner: token("PHOTOVOTE_TOKEN"),
                other: token("PHOTOVOTE_OTHER_TOKEN"),
                local: None,
            };
        }
        secrets::log_begins();
        let data = temporary().expect("a temporary directory");
        let server = serve(data.path(), Redelivery::default()).await;
        let url = format!("http://{}", server.address());
        let token = |subject: &str| server.token(&subject.parse().expect("a subject")).expect("a token");
        let anybody = Client::new(&url, None);
        Self { anybody, owner: token("owner"), other: token("other"), local: Some((server, data)) }
    }

    /// Where it answers, without the `/v1`.
    pub fn url(&self) -> &str {
        self.anybody.url()
    }

    /// It is this test's own. A deployment is shared by all tests, and stands behind a gateway of the cloud: some refusals
    /// are the gateway's, and then only the status is ours.
    pub fn is_local(&self) -> bool {
        self.local.is_some()
    }

    /// An administrator.
    pub fn owner(&self) -> Client {
        self.with_token(&self.owner)
    }

    /// Another administrator.
    pub fn other(&self) -> Client {
        self.with_token(&self.other)
    }

    /// Anybody.
    pub fn anybody(&self) -> Client {
        self.anybody.clone()
    }

    /// Tokens that look like the owner's and are none, each with a name for messages. Those that only an issuer could make
    /// are among them where the issuer is our own.
    pub fn forged_tokens(&self) -> BTreeMap<&'static str, String> {
        let forge = Forge::new(&self.owner);
        let mut tokens = forge.altered();
        if let Some((_, data)) = &self.local {
            let issuer = |path| Issuer::open(&DataDir::open(path).expect("a data directory")).expect("an issuer");
            let elsewhere = temporary().expect("a temporary directory");
            tokens.extend(forge.signed(&issuer(data.path()), &issuer(elsewhere.path())));
        }
        tokens
    }

    /// The mails with a voter's link that a local host has written: the recipient and the ballot token of each, in no order.
    pub fn mails(&self) -> Vec<(String, String)> {
        self.letters().into_iter().filter_map(|letter| Some((letter.to, letter.token?))).collect()
    }

    /// All mails that a local host has written, in the order of their names.
    pub fn letters(&self) -> Vec<Letter> {
        let (_, data) = self.local.as_ref().expect("the host is local");
        Letter::all(data.path())
    }

    /// Whoever has this token.
    pub fn with_token(&self, token: &str) -> Client {
        self.anybody.with_token(token)
    }

    /// The moment that comes in so many seconds, as a body says it.
    pub fn in_seconds(&self, seconds: i64) -> String {
        (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds)).to_string()
    }

    /// Stops what was started, and looks for secrets in what is left: files and logs.
    pub async fn stop(mut self) {
        if let Some((server, data)) = self.local.take() {
            // While it runs, there is more in its files: the log of what was written, for one.
            secrets::check_files(data.path());
            server.stop().await;
            secrets::check_files(data.path());
            secrets::log_ends();
        }
    }
}

/// A mail in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The kind: what the name of its file begins with.
    pub kind: String,
    /// The recipient's address.
    pub to: String,
    /// The ballot token in its link.
    pub token: Option<String>,
    /// The path that ends mails to the recipient.
    pub unsubscribe: Option<String>,
    /// All of it, without the breaks of long lines.
    pub whole: String,
}

impl Letter {
    /// All mails in the outbox of a data directory, in the order of their names.
    pub fn all(data: &Path) -> Vec<Self> {
        let files = fs::read_dir(data.join(OUTBOX)).expect("the outbox");
        let written = files.map(|file| file.expect("an entry of the outbox").path());
        let mut mails: Vec<_> =
            written.filter(|path| path.extension().is_some_and(|extension| extension == "eml")).collect();
        mails.sort();
        mails.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Self {
        let mail = fs::read_to_string(path).expect("a mail");
        // A header goes on in a line that begins with a blank, and quoted-printable breaks long lines with `=`.
        let whole = mail.replace("=\r\n", "").replace("\r\n ", " ").replace("\r\n\t", " ");
        let header = |name: &str| whole.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let within = |text: &str| text.rsplit('<').next().unwrap_or_default().trim_end_matches('>').to_owned();
        let token = whole.split("/vote#").nth(1).map(|token| {
            let token: String = token.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            secrets::mailed(&token);
            token
        });
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let unsubscribe = header("List-Unsubscribe:").map(within);
        Self {
            kind: name.split('-').next().unwrap_or_default().to_owned(),
            to: within(header("To:").expect("a mail has a recipient")),
            token,
            unsubscribe: unsubscribe.and_then(|url| url.split_once("/v1").map(|(_, path)| path.to_owned())),
            whole,
        }
    }
}

impl Drop for Host {
    /// A test that passes has stopped its host: what was not looked through may hold secrets.
    fn drop(&mut self) {
        assert!(self.local.is_none() || panicking(), "a host was never stopped");
    }
}
