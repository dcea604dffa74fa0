//! Somebody who sends requests.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Method, header};
use serde_json::Value;

use crate::{answer::Answer, codes, secrets};

/// How often a request that is put off is sent again.
const ATTEMPTS: u32 = 60;
/// The pause before that, where nobody says how long.
const PAUSE: Duration = Duration::from_millis(500);
/// After this time without an answer, a request is lost. When a server is killed, the client rarely waits for ever, although
/// it has no connection any more.
const LOST: Duration = Duration::from_mins(2);

/// A caller, with their token and their connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
}

/// A request that is being made.
#[derive(Debug)]
#[must_use]
pub struct Request(reqwest::RequestBuilder, String);

impl Client {
    /// A caller of the PhotoVote at `url`.
    pub fn new(url: &str, token: Option<&str>) -> Self {
        let http = reqwest::Client::builder().timeout(LOST).build().expect("a client");
        Self { http, url: url.to_owned(), token: token.map(ToOwned::to_owned) }
    }

    /// Where PhotoVote answers, without the `/v1`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same connections with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same connections with no token.
    pub fn without_token(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// Who the caller is, as their JWT says.
    pub fn subject(&self) -> String {
        let claims = self.token.as_deref().and_then(|token| token.split('.').nth(1)).expect("a JWT has claims");
        let claims = URL_SAFE_NO_PAD.decode(claims).expect("claims are in base64");
        let claims: Value = serde_json::from_slice(&claims).expect("claims are JSON");
        claims["sub"].as_str().expect("a subject").to_owned()
    }

    /// A request to a path under `/v1`.
    pub fn request(&self, method: Method, path: &str) -> Request {
        let name = format!("{method} {path}");
        let request = self.http.request(method, format!("{}/v1{path}", self.url));
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        Request(request, name)
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).send().await
    }

    /// GET of what has come to this version, for which a client may have to wait.
    pub async fn get_at(&self, path: &str, version: u64) -> Answer {
        self.request(Method::GET, &format!("{path}?min_version={version}")).persist().await
    }

    /// POST of a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.request(Method::POST, path).json(&body).send().await
    }

    /// PUT of a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.request(Method::PUT, path).json(&body).send().await
    }

    /// PATCH of a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.request(Method::PATCH, path).json(&body).send().await
    }

    /// Sends a file with the form that a request for a photograph was answered with.
    pub async fn upload(&self, form: &Value, file: &[u8]) -> reqwest::StatusCode {
        const BOUNDARY: &str = "a-boundary-that-no-picture-has";
        let mut body = Vec::new();
        for (name, value) in form["fields"].as_object().expect("a form has fields") {
            let value = value.as_str().expect("a text");
            body.extend(
                format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
            );
        }
        body.extend(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n").bytes(),
        );
        body.extend(file);
        body.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
        let url = form["url"].as_str().expect("a form has a URL");
        let url = if url.starts_with('/') { format!("{}{url}", self.url) } else { url.to_owned() };
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let sent = self.http.post(url).header(header::CONTENT_TYPE, kind).body(body).send().await;
        sent.expect("the upload is answered").status()
    }

    /// The bytes of a file that anybody may see, if it is there.
    pub async fn file(&self, path: &str) -> Option<Vec<u8>> {
        let answer = self.http.get(format!("{}{path}", self.url)).send().await.expect("the file is answered");
        if answer.status().is_success() { Some(answer.bytes().await.expect("a body").to_vec()) } else { None }
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.request(Method::DELETE, path).send().await
    }
}

impl Request {
    /// With a header.
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value), self.1)
    }

    /// With an idempotency key.
    pub fn key(self, key: &str) -> Self {
        secrets::sends_key(key);
        self.header("idempotency-key", key)
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Self {
        secrets::sends(body);
        Self(self.0.json(body), self.1)
    }

    /// With a body of this type.
    pub fn body(self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.header(header::CONTENT_TYPE, content_type).body(body), self.1)
    }

    /// Sends it; no answer at all fails the test.
    pub async fn send(self) -> Answer {
        let request = self.1.clone();
        self.try_send().await.unwrap_or_else(|error| panic!("{request}: {error:?}"))
    }

    /// Sends it until the answer is a yes or a no, as a good client does: "later" is neither, nor is a failure on the way.
    /// Only for what may arrive twice: a question, or a command with a key.
    pub async fn persist(self) -> Answer {
        for _ in 0..ATTEMPTS {
            let attempt = Self(self.0.try_clone().expect("a body that can be sent again"), self.1.clone());
            let pause = match attempt.try_send().await {
                Ok(answer) if !answer.is_later() => return answer,
                Ok(answer) => answer.header("retry-after").parse().map_or(PAUSE, Duration::from_secs),
                Err(_lost) => PAUSE,
            };
            tokio::time::sleep(pause).await;
        }
        self.send().await
    }

    /// Sends it, where the host may be gone.
    pub async fn try_send(self) -> Result<Answer, reqwest::Error> {
        for _ in 0..ATTEMPTS {
            let Some(attempt) = self.0.try_clone() else { break };
            let answer = Self(attempt, self.1.clone()).send_once().await?;
            // A gateway that throttles has passed nothing on, so even what must not arrive twice is sent again.
            if !answer.is_throttled() {
                return Ok(answer);
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.send_once().await
    }

    async fn send_once(self) -> Result<Answer, reqwest::Error> {
        let (client, request) = self.0.build_split();
        let request = request?;
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = client.execute(request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        // Not as `text`, which would drop a byte order mark.
        let text = String::from_utf8_lossy(&response.bytes().await?).into_owned();
        let answer = Answer { request: self.1, status, headers, text };
        secrets::check_answer(&answer);
        codes::check(&method, &path, &answer);
        Ok(answer)
    }
}
