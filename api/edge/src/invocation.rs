//! From an event of the gateway to its answer.

use std::{convert::Infallible, mem};

use axum::{
    Router,
    body::to_bytes,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    header::{CONTENT_TYPE, HOST},
    uri::PathAndQuery,
};
use lambda_http::{
    Adapter, LambdaEvent, Request, Service, aws_lambda_events::apigw::ApiGatewayV2httpRequest, request::LambdaRequest,
};
use serde::Serialize;
use tower::ServiceExt;

use crate::{Problem, code::Code, edge::answering, json::BYTE_ORDER_MARK};

/// The longest path and the longest query, in bytes. Gateways take no more than 10 KB for all that comes before a body.
const LONGEST: usize = 10_240;

/// What a function with these routes, made by [`edge`](crate::edge()), answers to an event.
///
/// The library that makes a request of an event takes for granted that this is possible, and panics where it is not. Such an
/// event is refused before, as is everything else from outside that makes no sense.
pub fn invoke(
    mut routes: Router,
    mut event: LambdaEvent<LambdaRequest>,
) -> impl Future<Output = Result<impl Serialize, Infallible>> + Send {
    if let LambdaRequest::ApiGatewayV2(request) = &mut event.payload {
        // Whom the sender takes us for changes nothing, and need not be understood.
        request.headers.remove(HOST);
        request.request_context.domain_name = None;
        if let Err(problem) = check(request) {
            let mut nothing = ApiGatewayV2httpRequest::default();
            nothing.request_context.request_id = mem::take(&mut request.request_context.request_id);
            *request = nothing;
            routes = answering(Router::new().fallback(|| async { problem }));
        }
    }
    let answered = ServiceExt::<Request>::and_then(routes, |response| async { Ok(marked_again(response).await) });
    Adapter::from(answered).call(event)
}

/// The answer with a second byte order mark, if it is a table with one: the library drops the first.
async fn marked_again(response: Response) -> Response {
    let is_table = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/csv"));
    if !is_table {
        return response;
    }
    let (parts, body) = response.into_parts();
    let bytes = match to_bytes(body, usize::MAX).await {
        Ok(bytes) => bytes,
        Err(error) => {
            tracing::error!(%error, "a table cannot be sent");
            return Problem::internal().into_response();
        }
    };
    let mark = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK } else { &[] };
    Response::from_parts(parts, [mark, &bytes].concat().into())
}

/// Whether a request can be made of the event.
fn check(event: &ApiGatewayV2httpRequest) -> Result<(), Problem> {
    let path = event.raw_path.as_deref().unwrap_or_default();
    if path.len() > LONGEST || !(path.is_empty() || path.starts_with('/')) {
        return Err(Problem::new(Code::MalformedPath, "the path cannot be read"));
    }
    let query = event.raw_query_string.as_deref().unwrap_or_default();
    if query.len() > LONGEST || format!("/?{query}").parse::<PathAndQuery>().is_err() {
        return Err(Problem::new(Code::MalformedParameter, "the query string cannot be read"));
    }
    if event.is_base64_encoded && event.body.as_ref().is_some_and(|body| STANDARD.decode(body).is_err()) {
        return Err(Problem::new(Code::MalformedBody, "the body is not Base64, as the gateway says"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::routing::post;
    use serde_json::{Value, json};

    use super::*;
    use crate::edge;

    /// The status, and the code of the problem or the body.
    async fn answer(changes: Value) -> (u64, String) {
        let mut event = json!({
            "version": "2.0", "rawPath": "/v1/echo", "rawQueryString": "", "headers": {"host": "localhost"},
            "isBase64Encoded": false, "body": "hello",
            "requestContext": {"requestId": "r-1", "stage": "$default", "http": {"method": "POST", "path": "/v1/echo"}},
        });
        event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let table = |body: String| async move { ([(CONTENT_TYPE, "text/csv; charset=utf-8")], body) };
        let routes = Router::new().route("/echo", post(|body: String| async { body })).route("/table", post(table));
        let routes = edge(routes);
        let event = LambdaEvent::new(serde_json::from_value(event).unwrap(), lambda_http::Context::default());
        let Ok(answer) = invoke(routes, event).await;
        let answer = serde_json::to_value(answer).unwrap();
        assert_eq!(answer["headers"]["x-request-id"], "r-1");
        assert_eq!(answer["headers"]["x-content-type-options"], "nosniff");
        let body = answer["body"].as_str().unwrap();
        let problem = serde_json::from_str::<Value>(body).unwrap_or_default();
        (answer["statusCode"].as_u64().unwrap(), problem["code"].as_str().unwrap_or(body).to_owned())
    }

    #[tokio::test]
    async fn an_event_is_answered_by_its_route() {
        let hello = (200, "hello".to_owned());
        assert_eq!(answer(json!({})).await, hello);
        assert_eq!(answer(json!({"isBase64Encoded": true, "body": "aGVsbG8="})).await, hello);
        assert_eq!(answer(json!({"rawQueryString": "a=%3C&b=[]|%zz'!#c"})).await, hello);
        for host in ["", "a b", "a/b", "[", "user@host:99999", "é"] {
            assert_eq!(answer(json!({"headers": {"host": host, "x-forwarded-proto": "://"}})).await, hello, "{host}");
        }
    }

    #[tokio::test]
    async fn a_table_keeps_its_byte_order_mark() {
        for table in ["\u{FEFF}a,b\r\n", "a,b\r\n", ""] {
            assert_eq!(answer(json!({"rawPath": "/v1/table", "body": table})).await, (200, table.to_owned()));
        }
    }

    #[tokio::test]
    async fn an_event_that_makes_no_request_is_refused() {
        for path in ["@:99999", "v1/echo", &"/x".repeat(40_000)] {
            assert_eq!(answer(json!({"rawPath": path})).await, (400, "malformed_path".to_owned()));
        }
        for query in ["a=<", "a b", "\u{1}", "\u{7f}", &"x".repeat(70_000)] {
            assert_eq!(answer(json!({"rawQueryString": query})).await, (400, "malformed_parameter".to_owned()));
        }
        for body in ["*", "aGVsbG8", "a"] {
            let encoded = json!({"isBase64Encoded": true, "body": body});
            assert_eq!(answer(encoded).await, (400, "malformed_body".to_owned()));
        }
        // Whatever else stands in a path is no route.
        for path in ["", "/", "//", "/\\", "/?#", "/\u{0}é <>\"`{}|^[]%zz"] {
            assert_eq!(answer(json!({"rawPath": path})).await.0, 404, "{path}");
        }
    }
}
