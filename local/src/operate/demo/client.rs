//! A small client of PhotoVote's API, as anybody could write it: what it knows, the API's document says.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use reqwest::{Method, Response, StatusCode, header::RETRY_AFTER};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::answers::{BallotToken, Cast, Changed, Created, Receipt, Registered, Results, Saved, Turnout};

/// How often a request that is put off is made again.
const ATTEMPTS: u32 = 20;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest pause between two attempts, whatever the server asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There can be no requests at all.
    #[error("requests cannot be made: {0}")]
    Setup(#[source] reqwest::Error),
    /// Nobody answered.
    #[error("{request} was not answered: {source}")]
    NoAnswer {
        /// Method and path.
        request: String,
        /// What went wrong.
        source: reqwest::Error,
    },
    /// The answer is not what the API's document promises.
    #[error("the answer to {request} cannot be read: {source}")]
    Unreadable {
        /// Method and path.
        request: String,
        /// What went wrong.
        source: reqwest::Error,
    },
    /// The answer was no.
    #[error("{request} was refused with {status}: {problem}")]
    Refused {
        /// Method and path.
        request: String,
        /// The status.
        status: StatusCode,
        /// Why.
        problem: Problem,
    },
    /// The answer was "later" each time.
    #[error("{request} was put off {ATTEMPTS} times")]
    PutOff {
        /// Method and path.
        request: String,
    },
}

impl ClientError {
    /// Was it refused because the election is closed?
    pub(super) fn is_too_late(&self) -> bool {
        matches!(self, Self::Refused { problem, .. } if problem.code == "election_closed")
    }
}

/// The body of a refusal.
#[derive(Debug, Default, Deserialize)]
pub struct Problem {
    /// Which refusal it is.
    #[serde(default)]
    code: String,
    /// What is the matter, in words.
    #[serde(default)]
    detail: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.detail, self.code)
    }
}

/// Anybody who sends requests.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    /// Numbers the commands, so that each has an idempotency key of its own.
    commands: AtomicU64,
}

impl Client {
    /// A client of the server at `url`.
    pub(super) fn new(url: &str) -> Result<Self, ClientError> {
        // The server is on this machine: no proxy stands between.
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().map_err(ClientError::Setup)?;
        Ok(Self { http, url: url.to_owned(), commands: AtomicU64::new(0) })
    }

    /// An administrator.
    pub(super) fn administrator<'a>(&'a self, token: &'a str) -> Administrator<'a> {
        Administrator { client: self, token }
    }

    /// Asks for a file; whether it is there.
    pub(super) async fn look_at(&self, url: &str) -> Result<(), ClientError> {
        let request = || self.http.get(url);
        self.persist(&format!("GET {url}"), request).await.map(|_picture| ())
    }

    /// What the public sees of the results.
    pub(super) async fn public_results(&self, election: &str) -> Result<Results, ClientError> {
        self.get(&format!("/public/elections/{election}/results"), None).await
    }

    /// Whether the ballot with this receipt was counted.
    pub(super) async fn is_counted(&self, election: &str, receipt: &str) -> Result<bool, ClientError> {
        match self.get(&format!("/public/elections/{election}/receipts/{receipt}"), None).await {
            Ok(Receipt { counted }) => Ok(counted),
            Err(ClientError::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, token: Option<&str>) -> Result<T, ClientError> {
        let url = format!("{}/v1{path}", self.url);
        let request = || match token {
            Some(token) => self.http.get(&url).bearer_auth(token),
            None => self.http.get(&url),
        };
        let name = format!("GET {path}");
        read(&name, self.persist(&name, request).await?).await
    }

    /// Sends a command. However often it is sent, it is carried out once.
    async fn command<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: &Value,
    ) -> Result<T, ClientError> {
        let key = format!("command-{}", self.commands.fetch_add(1, Ordering::Relaxed));
        let (name, url) = (format!("{method} {path}"), format!("{}/v1{path}", self.url));
        let request = || {
            let request = self.http.request(method.clone(), &url).bearer_auth(token);
            request.header("idempotency-key", &key).json(body)
        };
        read(&name, self.persist(&name, request).await?).await
    }

    /// Makes a request until the answer is a yes or a no. "Later" is neither.
    async fn persist(
        &self,
        name: &str,
        request: impl Fn() -> reqwest::RequestBuilder,
    ) -> Result<Response, ClientError> {
        for _ in 0..ATTEMPTS {
            let answer = request().send().await;
            let answer = answer.map_err(|source| ClientError::NoAnswer { request: name.to_owned(), source })?;
            match answer.status() {
                StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                    tokio::time::sleep(pause(&answer)).await;
                }
                status if status.is_success() => return Ok(answer),
                status => {
                    // A gateway's own refusals carry a body of its own: then the status has to do.
                    let problem = answer.json().await.unwrap_or_default();
                    return Err(ClientError::Refused { request: name.to_owned(), status, problem });
                }
            }
        }
        Err(ClientError::PutOff { request: name.to_owned() })
    }
}

async fn read<T: DeserializeOwned>(name: &str, answer: Response) -> Result<T, ClientError> {
    answer.json().await.map_err(|source| ClientError::Unreadable { request: name.to_owned(), source })
}

/// How long an answer asks its caller to wait; a second if it does not say.
fn pause(answer: &Response) -> Duration {
    let asked = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    asked.map_or(Duration::from_secs(1), Duration::from_secs).min(LONGEST_PAUSE)
}

/// Somebody who may hold elections.
#[derive(Debug, Clone, Copy)]
pub(super) struct Administrator<'a> {
    client: &'a Client,
    token: &'a str,
}

impl<'a> Administrator<'a> {
    /// Creates an election, and may then do with it what its owner may.
    pub(super) async fn create_election(self, name: &str, expected_voters: usize) -> Result<Owner<'a>, ClientError> {
        let body = json!({"name": name, "expected_voters": expected_voters});
        let Created { id } = self.client.command(Method::POST, "/elections", self.token, &body).await?;
        Ok(Owner { administrator: self, election: id })
    }
}

/// The owner of an election.
#[derive(Debug)]
pub(super) struct Owner<'a> {
    administrator: Administrator<'a>,
    election: String,
}

impl<'a> Owner<'a> {
    /// The election's id.
    pub(super) fn election(&self) -> &str {
        &self.election
    }

    pub(super) async fn add_competition(&self, name: &str) -> Result<Created, ClientError> {
        self.post("/competitions", &json!({"name": name})).await
    }

    pub(super) async fn add_candidate(
        &self,
        competition: &str,
        name: &str,
        image: &str,
        caption: &str,
    ) -> Result<Created, ClientError> {
        let body = json!({"name": name, "image": {"url": image, "caption": caption}});
        self.post(&format!("/competitions/{competition}/candidates"), &body).await
    }

    /// Registers a voter, who gets a ballot.
    pub(super) async fn register(&self, name: &str, email: &str) -> Result<Ballot<'a>, ClientError> {
        let voter: Registered = self.post("/voters", &json!({"name": name, "email": email})).await?;
        let token = match voter.ballot_token {
            Some(token) => token,
            // The answer that showed it was lost.
            None => self.post::<BallotToken>(&format!("/voters/{}/token", voter.id), &json!({})).await?.ballot_token,
        };
        Ok(Ballot { client: self.administrator.client, token })
    }

    pub(super) async fn open(&self) -> Result<(), ClientError> {
        self.post("/open", &json!({})).await.map(|Changed { .. }| ())
    }

    pub(super) async fn disqualify(&self, competition: &str, candidate: &str, reason: &str) -> Result<(), ClientError> {
        let path = format!("/competitions/{competition}/candidates/{candidate}/disqualify");
        self.post(&path, &json!({"reason": reason})).await.map(|Changed { .. }| ())
    }

    /// Closes the election; its version after that.
    pub(super) async fn close(&self) -> Result<u64, ClientError> {
        self.post("/close", &json!({})).await.map(|Changed { version }| version)
    }

    /// Releases the results, and waits until the public can see them.
    pub(super) async fn release(&self) -> Result<(), ClientError> {
        let Changed { version } = self.post("/release", &json!({})).await?;
        self.get(&format!("?min_version={version}")).await.map(|Changed { .. }| ())
    }

    pub(super) async fn turnout(&self) -> Result<Turnout, ClientError> {
        self.get("/turnout").await
    }

    /// The results when the election had come to this version, or a later one.
    pub(super) async fn results(&self, version: u64) -> Result<Results, ClientError> {
        self.get(&format!("/results?min_version={version}")).await
    }

    async fn get<T: DeserializeOwned>(&self, rest: &str) -> Result<T, ClientError> {
        let Administrator { client, token } = self.administrator;
        client.get(&format!("/elections/{}{rest}", self.election), Some(token)).await
    }

    async fn post<T: DeserializeOwned>(&self, rest: &str, body: &Value) -> Result<T, ClientError> {
        let Administrator { client, token } = self.administrator;
        client.command(Method::POST, &format!("/elections/{}{rest}", self.election), token, body).await
    }
}

/// A voter's ballot.
#[derive(Debug)]
pub(super) struct Ballot<'a> {
    client: &'a Client,
    token: String,
}

impl Ballot<'_> {
    /// Rates candidates, by id, in the draft.
    pub(super) async fn rate(&self, ratings: &BTreeMap<&str, u8>) -> Result<(), ClientError> {
        let body = json!({"ratings": ratings});
        let Saved {} = self.client.command(Method::PUT, "/ballot/ratings", &self.token, &body).await?;
        Ok(())
    }

    /// Casts the ballot, with these last ratings; its receipt.
    pub(super) async fn cast(&self, ratings: &BTreeMap<&str, u8>) -> Result<String, ClientError> {
        let body = json!({"ratings": ratings});
        let Cast { receipt } = self.client.command(Method::POST, "/ballot/cast", &self.token, &body).await?;
        Ok(receipt)
    }
}
