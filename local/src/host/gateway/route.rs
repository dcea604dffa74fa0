//! The way of one request: from HTTP to an event, to its function, and back.

use std::{collections::HashMap, sync::Arc, time::Duration};

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use axum::{
    Router,
    extract::{FromRequestParts, RawPathParams, Request},
    http::{HeaderMap, header::AUTHORIZATION, request::Parts},
    response::Response,
};
use lambda_http::{Context, LambdaEvent, request::LambdaRequest};
use photovote_domain::Timestamp;
use photovote_edge::{Code, Problem};

use super::{body, connections::Connection};
use crate::{
    host::event::{Incoming, NamedHost, event, response},
    host::issuer::{Claims, Issuer},
};

/// How long a function can take to answer.
const SLOWEST_FUNCTION: Duration = Duration::from_secs(30);

/// The gateway's name for a request.
#[derive(Clone)]
pub(super) struct RequestId(pub(super) String);

/// One route of the gateway: a method and a path of one function.
pub(super) struct Route {
    /// `GET /v1/elections/{election}`
    pub(super) key: String,
    /// The function's name.
    pub(super) function: &'static str,
    /// What answers.
    pub(super) router: Router,
    /// Checks the caller, if only administrators may call.
    pub(super) issuer: Option<Arc<Issuer>>,
}

impl Route {
    /// The function's answer to a request, or the gateway's own.
    pub(super) async fn answer(&self, request: Request) -> Result<Response, Problem> {
        let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
        let (mut parts, body) = request.into_parts();
        let NamedHost { written: host, .. } = parts.extensions.get().cloned().ok_or_else(Problem::internal)?;
        let claims = self.issuer.as_deref().map(|issuer| authorize(issuer, &parts.headers, now)).transpose()?;
        let path_parameters = path_parameters(&mut parts).await?;
        let connection: Connection = parts.extensions.get().cloned().ok_or_else(Problem::internal)?;
        let body = body::read(body, &connection.body).await?;
        let RequestId(request_id) = parts.extensions.get().cloned().ok_or_else(Problem::internal)?;
        let event = event(Incoming {
            route_key: &self.key,
            path_parameters,
            parts: &parts,
            host,
            body: &body,
            request_id: &request_id,
            source: connection.source,
            claims,
            now,
        });
        let answer = self.invoke(event, context(&request_id, now)).await?;
        response(answer).map_err(|error| self.failed(&error))
    }

    /// Runs the function in a task of its own, so that a panic is its own as well.
    async fn invoke(
        &self,
        event: ApiGatewayV2httpRequest,
        context: Context,
    ) -> Result<ApiGatewayV2httpResponse, Problem> {
        let function = self.router.clone();
        let event = LambdaEvent::new(LambdaRequest::ApiGatewayV2(event), context);
        let invocation = tokio::spawn(async move {
            let Ok(answer) = photovote_edge::invoke(function, event).await;
            // An answer travels as JSON.
            serde_json::to_value(answer).and_then(serde_json::from_value)
        });
        match tokio::time::timeout(SLOWEST_FUNCTION, invocation).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(no_answer))) => Err(self.failed(&no_answer)),
            Ok(Err(panic)) => Err(self.failed(&panic)),
            Err(too_slow) => {
                tracing::error!(function = self.function, error = %too_slow, "a function does not answer");
                Err(Problem::unavailable(Code::FunctionTooSlow, "this takes too long", 1))
            }
        }
    }

    fn failed(&self, error: &dyn std::error::Error) -> Problem {
        tracing::error!(function = self.function, %error, "a function failed");
        Problem::internal()
    }
}

fn context(request_id: &str, now: Timestamp) -> Context {
    let mut context = Context::default();
    context.request_id = request_id.into();
    context.deadline = u64::try_from(now.millis()).unwrap_or_default() + SLOWEST_FUNCTION.as_secs() * 1_000;
    context
}

/// What the administrator's token says.
pub(super) fn authorize(issuer: &Issuer, headers: &HeaderMap, now: Timestamp) -> Result<Claims, Problem> {
    let missing = || Problem::unauthorized("this needs an administrator's JWT as a bearer token");
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(missing()) };
    let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(missing());
    }
    issuer.verify(token.trim_start_matches(' '), now).map_err(|refused| {
        tracing::debug!(%refused, "a token is not accepted");
        Problem::unauthorized(
            "this JWT is not one of this server, or not valid any more: `photovote token` prints another",
        )
    })
}

async fn path_parameters(parts: &mut Parts) -> Result<HashMap<String, String>, Problem> {
    let parameters = RawPathParams::from_request_parts(parts, &())
        .await
        .map_err(|not_text| Problem::new(Code::MalformedPath, format!("the path cannot be read: {not_text}")))?;
    Ok(parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}
