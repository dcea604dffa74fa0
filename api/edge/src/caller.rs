//! Who calls: an administrator, whom the gateway has authenticated, or the bearer of a ballot token.

use std::collections::BTreeSet;

use axum::extract::FromRequestParts;
use http::{HeaderMap, header::AUTHORIZATION, request::Parts};
use lambda_http::request::RequestContext;
use photovote_domain::{BallotToken, Subject};

use crate::problem::Problem;

/// The longest user agent that is kept, in characters.
const LONGEST_USER_AGENT: usize = 300;

/// An administrator. Extracted from what the gateway's JWT authorizer says about the request; without that, or without a
/// usable `sub` claim, the request is unauthorized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    /// Who it is.
    pub subject: Subject,
    /// The address that the request came from.
    pub source_address: Option<String>,
    /// The program that made it, cut off at 300 characters.
    pub user_agent: Option<String>,
    /// The groups that Amazon Cognito says they are in.
    pub groups: BTreeSet<String>,
    /// What their token is good for.
    pub scopes: BTreeSet<String>,
}

impl Administrator {
    /// Names the caller among all callers, to scope a command's id and fingerprint.
    pub fn caller(&self) -> String {
        format!("administrator:{}", self.subject)
    }
}

impl<S: Sync> FromRequestParts<S> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let missing = || Problem::unauthorized("this needs an administrator's JWT as a bearer token");
        let Some(RequestContext::ApiGatewayV2(context)) = parts.extensions.get() else { return Err(missing()) };
        let jwt = context.authorizer.as_ref().and_then(|authorizer| authorizer.jwt.as_ref()).ok_or_else(missing)?;
        let subject = jwt.claims.get("sub").ok_or_else(missing)?;
        let subject: Subject = subject.parse().map_err(|unusable| Problem::unauthorized(format!("{unusable}")))?;
        let user_agent = context.http.user_agent.as_ref();
        let words = |claim: &str| jwt.claims.get(claim).map(|text| words(text)).unwrap_or_default();
        Ok(Self {
            groups: words("cognito:groups"),
            scopes: words("scope"),
            subject,
            source_address: context.http.source_ip.clone(),
            user_agent: user_agent.map(|agent| agent.chars().take(LONGEST_USER_AGENT).collect()),
        })
    }
}

/// The words of a claim: of a text such as `a b`, or of a list, which API Gateway passes on as `[a b]`. Neither groups nor scopes
/// have white space in them.
fn words(claim: &str) -> BTreeSet<String> {
    let list = claim.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    list.unwrap_or(claim).split_ascii_whitespace().map(ToOwned::to_owned).collect()
}

/// The bearer of a ballot token that is well formed. Whether it opens its ballot, the ballot's stream tells.
#[derive(Debug)]
pub struct Voter(pub BallotToken);

impl Voter {
    /// Names the caller among all callers, to scope a command's id and fingerprint. Whoever holds another token of the same
    /// ballot is another caller: what was sent under the old one cannot be found out by sending it again.
    pub fn caller(&self) -> String {
        format!("ballot:{}:{}:{}", self.0.election, self.0.ballot, self.0.hash())
    }
}

impl<S: Sync> FromRequestParts<S> for Voter {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let token = bearer(&parts.headers)
            .ok_or_else(|| Problem::unauthorized("this needs a ballot token as a bearer token"))?
            .parse()
            .map_err(|_not_a_token| {
                Problem::unauthorized(
                    "this bearer token is no ballot token: one begins with pvb_, and voters get it with their link",
                )
            })?;
        Ok(Self(token))
    }
}

/// The credentials of the only `Authorization` header, if its scheme is `Bearer` (RFC 6750, in any case).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, credentials) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| credentials.trim_start_matches(' '))
}

#[cfg(test)]
mod tests {
    use http::Request;
    use photovote_domain::{BallotId, ElectionId};
    use serde_json::{Value, json};

    use super::*;

    fn event(authorizer: &Value, agent: &str) -> Parts {
        let event = json!({
            "version": "2.0", "rawPath": "/v1/elections", "headers": {}, "isBase64Encoded": false,
            "requestContext": {
                "authorizer": authorizer,
                "http": {"method": "GET", "path": "/v1/elections", "sourceIp": "192.0.2.1", "userAgent": agent},
            },
        });
        lambda_http::request::from_str(&event.to_string()).unwrap().into_parts().0
    }

    async fn administrator(mut parts: Parts) -> Result<Administrator, Problem> {
        Administrator::from_request_parts(&mut parts, &()).await
    }

    async fn voter(authorization: &[&str]) -> Result<Voter, Problem> {
        let mut request = Request::builder();
        for value in authorization {
            request = request.header(AUTHORIZATION, *value);
        }
        Voter::from_request_parts(&mut request.body(()).unwrap().into_parts().0, &()).await
    }

    #[tokio::test]
    async fn an_administrator_is_who_the_gateway_says() {
        let parts = event(&json!({"jwt": {"claims": {"sub": "ada"}}}), &"x".repeat(4_000));
        let caller = administrator(parts).await.unwrap();
        assert_eq!(caller.subject.as_str(), "ada");
        assert_eq!(caller.source_address.as_deref(), Some("192.0.2.1"));
        assert_eq!(caller.user_agent, Some("x".repeat(LONGEST_USER_AGENT)));
        assert_eq!(caller.caller(), "administrator:ada");
    }

    #[tokio::test]
    async fn groups_and_scopes_are_words_of_their_claims() {
        let claims = |claims: Value| administrator(event(&json!({"jwt": {"claims": claims}}), ""));
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<_>>();
        let none = claims(json!({"sub": "ada"})).await.unwrap();
        assert_eq!((none.groups, none.scopes), (set(&[]), set(&[])));
        for (sent, groups) in [
            ("[creators]", &["creators"][..]),
            ("[a,b creators]", &["a,b", "creators"]),
            ("creators", &["creators"]),
            ("[]", &[]),
        ] {
            let ada = claims(json!({"sub": "ada", "cognito:groups": sent, "scope": "openid photovote/create"}))
                .await
                .unwrap();
            assert_eq!((ada.groups, ada.scopes), (set(groups), set(&["openid", "photovote/create"])), "{sent}");
        }
    }

    #[tokio::test]
    async fn without_a_usable_subject_nobody_calls() {
        let contexts = [
            json!(null),
            json!({}),
            json!({"jwt": {"claims": {}}}),
            json!({"jwt": {"claims": {"sub": ""}}}),
            json!({"jwt": {"claims": {"sub": "a\nb"}}}),
            json!({"lambda": {"sub": "ada"}}),
        ];
        for context in contexts {
            let refused = administrator(event(&context, "")).await.unwrap_err();
            assert_eq!(refused.code(), "unauthorized", "{context}");
        }
        let outside = Request::builder().header(AUTHORIZATION, "Bearer x").body(()).unwrap().into_parts().0;
        assert!(administrator(outside).await.is_err());
    }

    #[tokio::test]
    async fn a_voter_bears_one_ballot_token() {
        let token = BallotToken::new(ElectionId::from_bits(7), BallotId::from_bits(9), [1; 32]);
        let text = token.reveal();
        for scheme in ["Bearer", "bearer", "BEARER", "Bearer "] {
            let voter = voter(&[&format!("{scheme} {text}")]).await.unwrap();
            assert!(voter.0.matches(&token.hash()));
            let other = BallotToken::new(ElectionId::from_bits(7), BallotId::from_bits(9), [2; 32]);
            assert_ne!(voter.caller(), Voter(other).caller());
        }
        let bearer = format!("Bearer {text}");
        assert!(voter(&[]).await.is_err());
        assert!(voter(&[&text]).await.is_err());
        assert!(voter(&[&format!("Basic {text}")]).await.is_err());
        assert!(voter(&[&format!("Bearer{text}")]).await.is_err());
        assert!(voter(&["Bearer eyJhbGciOiJub25lIn0.e30."]).await.is_err());
        assert!(voter(&[&bearer, &bearer]).await.is_err());
        assert!(voter(&[&format!("{bearer},{bearer}")]).await.is_err());
    }

    #[tokio::test]
    async fn a_refusal_does_not_repeat_the_token() {
        let refused = voter(&["Bearer pvb_topsecret"]).await.unwrap_err();
        assert!(!refused.detail().contains("topsecret"));
    }
}
