//! From a request to a command: what the functions that append share.

use std::convert::Infallible;

use axum::extract::{FromRequest, FromRequestParts, Request};
use photovote_domain::{Digest, Version};
use photovote_events::{Actor, CommandId, CommandRecord, Environment, PrivatePart, Source, Stream};
use serde::de::DeserializeOwned;

use photovote_edge::{
    Administrator, Body, Code, DraftTag, IdempotencyKey, IfMatch, Precondition, Problem, Voter, command_id, derived_id,
    etag,
};

/// A command as it arrived. None of it is looked at before the thing that it is for is known to exist.
#[derive(Debug, Clone)]
pub struct Submission {
    key: IdempotencyKey,
    if_match: IfMatch,
    body: Body,
}

impl<S: Sync> FromRequest<S> for Submission {
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Infallible> {
        let (mut parts, body) = request.into_parts();
        let key = IdempotencyKey::from_request_parts(&mut parts, state).await?;
        let if_match = IfMatch::from_request_parts(&mut parts, state).await?;
        let body = Body::from_request(Request::from_parts(parts, body), state).await?;
        Ok(Self { key, if_match, body })
    }
}

impl Submission {
    /// The idempotency key, if there is one. One that is not well formed names no command: reading the form refuses it.
    pub fn key(&self) -> Option<String> {
        self.key.parse().ok().flatten().map(ToOwned::to_owned)
    }

    /// Reads the form: the body, the idempotency key and the precondition.
    pub fn read<T: DeserializeOwned>(self, caller: &impl Caller) -> Result<(T, Intent), Problem> {
        let body = self.body.parse()?;
        let caller_name = caller.name();
        let intent = Intent {
            fingerprint: self.key.fingerprint(&caller_name, &body.canonical),
            key: self.key.parse()?.map(ToOwned::to_owned),
            precondition: self.if_match.parse()?,
            actor: caller.actor(),
            source: caller.source(),
            caller: caller_name,
            own_id: false,
        };
        Ok((body.value, intent))
    }

    /// The same for a command that creates something by itself: there is nothing yet that `If-Match` could name.
    pub fn read_new<T: DeserializeOwned>(self, caller: &impl Caller) -> Result<(T, Intent), Problem> {
        let (body, intent) = self.read(caller)?;
        if intent.precondition != Precondition::None {
            let detail = "what is created has no version that If-Match could name: leave it out";
            return Err(Problem::new(Code::MalformedIfMatch, detail));
        }
        Ok((body, intent))
    }
}

/// Somebody who sends commands.
pub trait Caller {
    /// Names the caller among all callers.
    fn name(&self) -> String;
    /// The caller as a commit names it.
    fn actor(&self) -> Actor;
    /// From where the caller asks, as far as a commit keeps it.
    fn source(&self) -> Option<Source>;
}

impl Caller for Administrator {
    fn name(&self) -> String {
        self.caller()
    }

    fn actor(&self) -> Actor {
        Actor::Administrator(self.subject.clone())
    }

    fn source(&self) -> Option<Source> {
        Some(Source { address: self.source_address.clone(), user_agent: self.user_agent.clone() })
    }
}

impl Caller for Voter {
    fn name(&self) -> String {
        self.caller()
    }

    fn actor(&self) -> Actor {
        Actor::Voter
    }

    fn source(&self) -> Option<Source> {
        None
    }
}

/// Who wants something done, under which key, and at which version.
#[derive(Debug, Clone)]
pub struct Intent {
    caller: String,
    actor: Actor,
    source: Option<Source>,
    fingerprint: Digest,
    key: Option<String>,
    precondition: Precondition,
    own_id: bool,
}

impl Intent {
    /// Chooses the id of what is created: the client's own, if there is one. Otherwise it is derived from the key, so that a retry
    /// meets its first attempt, or made of this moment. `scope` says what is created, and where; `secret` is that of the stream that
    /// it is created in, if there is one.
    pub fn choose_id<I: From<u128>>(
        &mut self,
        own: Option<I>,
        scope: &str,
        secret: Option<Digest>,
        environment: &Environment,
    ) -> I {
        self.own_id = own.is_some();
        let derived = |key| derived_id(&self.caller, scope, secret, key);
        own.unwrap_or_else(|| self.key.as_deref().map_or_else(|| environment.timed_id(), derived).into())
    }

    /// The command for a stream.
    pub fn record(&self, name: &'static str, stream: &Stream, environment: &Environment) -> CommandRecord {
        let id = match &self.key {
            Some(key) => command_id(&self.caller, &stream.to_string(), key),
            None => Digest::from_bytes(environment.random()),
        };
        CommandRecord {
            name,
            own_id: self.own_id,
            private: PrivatePart {
                actor: self.actor.clone(),
                fingerprint: self.fingerprint,
                id: CommandId::new(id),
                reason: None,
                source: self.source.clone(),
                time: environment.now(),
            },
        }
    }

    /// Is there an idempotency key? Without one, no command can be known before.
    pub const fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// Does the client's precondition hold at this version?
    pub fn expects(&self, version: Version) -> bool {
        self.precondition.holds(&etag(version))
    }

    /// Does the client's precondition hold for a draft with this tag?
    pub fn expects_draft(&self, tag: &DraftTag) -> bool {
        self.precondition.holds(&tag.etag())
    }
}
