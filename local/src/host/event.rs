//! A request as API Gateway's HTTP API hands it to a function (payload format 2.0), and the answer back.

use std::{collections::HashMap, net::SocketAddr};

use aws_lambda_events::{
    apigw::{
        ApiGatewayRequestAuthorizer, ApiGatewayRequestAuthorizerJwtDescription, ApiGatewayV2httpRequest,
        ApiGatewayV2httpResponse,
    },
    encodings::Body,
};
use axum::{
    body::Bytes,
    http::{
        HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Version,
        header::{CONNECTION, CONTENT_LENGTH, COOKIE, HOST, SET_COOKIE, TRANSFER_ENCODING, USER_AGENT},
        request::Parts,
        uri::Authority,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use photovote_domain::Timestamp;
use photovote_edge::{Code, Problem};
use url::{Host, Url};

use crate::host::issuer::Claims;

/// The longest request line and headers together, in bytes, as in API Gateway.
const LONGEST_HEAD: usize = 10_240;

/// A request that the gateway has looked at.
pub(crate) struct Incoming<'a> {
    /// The route it goes to: `GET /v1/elections/{election}`.
    pub(crate) route_key: &'a str,
    /// What stands in the path where the route has names.
    pub(crate) path_parameters: HashMap<String, String>,
    /// Everything but the body.
    pub(crate) parts: &'a Parts,
    /// The host that it is for.
    pub(crate) host: HeaderValue,
    /// The body.
    pub(crate) body: &'a Bytes,
    /// The gateway's name for it.
    pub(crate) request_id: &'a str,
    /// Where it comes from.
    pub(crate) source: SocketAddr,
    /// What the administrator's token says, if the route asks for one.
    pub(crate) claims: Option<Claims>,
    /// When it came.
    pub(crate) now: Timestamp,
}

/// The host that a request is for.
#[derive(Debug, Clone)]
pub(crate) struct NamedHost {
    /// As the client wrote it, with the port.
    pub(crate) written: HeaderValue,
    /// Without the port.
    pub(crate) host: Host,
}

/// Refuses a request that no event can be made of: a function never sees those. Otherwise answers the host that it is for.
pub(crate) fn check_head(parts: &Parts) -> Result<NamedHost, Problem> {
    let headers = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    let target = parts.uri.path_and_query().map_or(1, |target| target.as_str().len())
        + parts.uri.authority().map_or(0, |authority| authority.as_str().len());
    if headers.sum::<usize>() + target + parts.method.as_str().len() + 12 > LONGEST_HEAD {
        return Err(Problem::new(Code::HeadTooLarge, "the request line and the headers can have at most 10 KB"));
    }
    host(parts)
}

/// The host of the `Host` header, or of the target, where HTTP/2 has it as `:authority`. If both name one, it is the same.
fn host(parts: &Parts) -> Result<NamedHost, Problem> {
    let malformed = |detail| Problem::new(Code::MalformedHost, detail);
    let of_target = parts.uri.authority().map(Authority::as_str);
    let mut of_header = parts.headers.get_all(HOST).iter();
    let header = match (of_header.next(), of_header.next()) {
        (Some(header), None) => Some(header.to_str().unwrap_or_default()),
        // HTTP/1.1 demands the header, whatever the target says (RFC 9112, 3.2).
        (None, _) if parts.version == Version::HTTP_11 => return Err(malformed("the Host header is missing")),
        (None, _) => None,
        (Some(_), Some(_)) => return Err(malformed("there is more than one Host header")),
    };
    let named = header.or(of_target).ok_or_else(|| malformed("the request names no host"))?;
    let origin = origin(named).ok_or_else(|| malformed("the Host header names no host"))?;
    if of_target.is_some_and(|target| self::origin(target).as_ref() != Some(&origin)) {
        return Err(malformed("the Host header and the request's target name different hosts"));
    }
    match (HeaderValue::from_str(named), origin.host()) {
        (Ok(written), Some(host)) => Ok(NamedHost { written, host: host.to_owned() }),
        _ => Err(malformed("the Host header names no host")),
    }
}

/// What two spellings of one host and port share.
fn origin(host: &str) -> Option<Url> {
    let plain = !host.contains(['/', '?', '#', '@', '\\']);
    Url::parse(&format!("http://{host}/")).ok().filter(|_| plain)
}

/// The event that a function is sent.
pub(crate) fn event(incoming: Incoming<'_>) -> ApiGatewayV2httpRequest {
    let Incoming { route_key, path_parameters, parts, host, body, request_id, source, claims, now } = incoming;
    let path = decoded(parts.uri.path());
    let (body, is_base64_encoded) = match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), false),
        Err(_not_text) => (STANDARD.encode(body), true),
    };
    let mut event = ApiGatewayV2httpRequest::default();
    event.version = Some("2.0".into());
    event.route_key = Some(route_key.into());
    event.raw_path = Some(path.clone());
    event.raw_query_string = Some(parts.uri.query().unwrap_or_default().into());
    event.query_string_parameters = parts.uri.query().and_then(|query| query.parse().ok()).unwrap_or_default();
    event.path_parameters = path_parameters;
    event.cookies = cookies(&parts.headers);
    event.headers = headers(&parts.headers, source, body.len());
    event.body = (!body.is_empty()).then_some(body);
    event.is_base64_encoded = is_base64_encoded;

    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let context = &mut event.request_context;
    context.route_key = Some(route_key.into());
    context.account_id = Some("000000000000".into());
    context.stage = Some("$default".into());
    context.request_id = Some(request_id.into());
    context.apiid = Some("local".into());
    context.domain_name = host.to_str().ok().map(str::to_owned);
    // Where a function finds it, also if HTTP/2 had it elsewhere.
    event.headers.insert(HOST, host);
    context.time_epoch = now.millis();
    context.time = jiff::Timestamp::from_millisecond(now.millis())
        .ok()
        .map(|time| time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string());
    context.http.method = parts.method.clone();
    context.http.path = Some(path);
    context.http.protocol = Some(format!("{:?}", parts.version));
    context.http.source_ip = Some(source.ip().to_string());
    context.http.user_agent = text(USER_AGENT);
    context.authorizer = claims.map(|claims| {
        let mut jwt = ApiGatewayRequestAuthorizerJwtDescription::default();
        jwt.claims = claims.into_iter().collect();
        let mut authorizer = ApiGatewayRequestAuthorizer::default();
        authorizer.jwt = Some(jwt);
        authorizer
    });
    event
}

/// A path as API Gateway passes it on: decoded, all but `%25`. What is no text then stays as it is.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = after.get(..2).filter(|_| *first == b'%').and_then(|digits| hex::decode(digits).ok());
        match escaped.as_deref() {
            Some([byte]) if *byte != b'%' => {
                bytes.push(*byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_not_text| path.to_owned())
}

fn cookies(headers: &HeaderMap) -> Option<Vec<String>> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let cookies: Vec<_> = lines.flat_map(|line| line.split("; ").map(str::to_owned)).collect();
    (!cookies.is_empty()).then_some(cookies)
}

/// The headers with one value for each name, several joined by commas; without those of the connection, and with those that
/// API Gateway adds.
fn headers(headers: &HeaderMap, source: SocketAddr, body_length: usize) -> HeaderMap {
    let mut joined = HeaderMap::new();
    for name in headers.keys() {
        if [COOKIE, CONNECTION, TRANSFER_ENCODING].contains(name) {
            continue;
        }
        let values: Vec<_> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        joined.extend(HeaderValue::from_bytes(&values.join(&b',')).ok().map(|value| (name.clone(), value)));
    }
    let added = [
        (CONTENT_LENGTH, body_length.to_string()),
        (HeaderName::from_static("x-forwarded-for"), source.ip().to_string()),
        (HeaderName::from_static("x-forwarded-proto"), "http".into()),
    ];
    for (name, value) in added {
        if let Ok(value) = HeaderValue::try_from(value) {
            joined.insert(name, value);
        }
    }
    joined
}

/// What a function answered cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AnswerError {
    #[error("the status {0} is none")]
    Status(i64),
    #[error("a cookie cannot be sent: {0}")]
    Cookie(#[from] axum::http::header::InvalidHeaderValue),
    #[error("the body is not what it says: {0}")]
    Body(#[from] base64::DecodeError),
}

/// The function's answer, as the client gets it.
pub(crate) fn response(answer: ApiGatewayV2httpResponse) -> Result<Response<axum::body::Body>, AnswerError> {
    let body = match answer.body {
        Some(Body::Text(text)) if answer.is_base64_encoded => STANDARD.decode(text)?,
        Some(Body::Text(text)) => text.into_bytes(),
        Some(Body::Binary(bytes)) => bytes,
        _ => Vec::new(),
    };
    let mut response = Response::new(axum::body::Body::from(body));
    let status = u16::try_from(answer.status_code).ok().and_then(|status| StatusCode::from_u16(status).ok());
    *response.status_mut() = status.ok_or(AnswerError::Status(answer.status_code))?;
    *response.headers_mut() = answer.headers;
    // The server counts the bytes itself.
    response.headers_mut().remove(CONTENT_LENGTH);
    for cookie in answer.cookies {
        response.headers_mut().append(SET_COOKIE, HeaderValue::try_from(cookie)?);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use serde_json::json;

    use super::*;

    fn parts(request: axum::http::request::Builder) -> Parts {
        request.body(()).unwrap().into_parts().0
    }

    fn event_of(parts: &Parts, body: &'static [u8], claims: Option<Claims>) -> ApiGatewayV2httpRequest {
        event(Incoming {
            route_key: "PATCH /v1/elections/{election}",
            path_parameters: HashMap::from([("election".into(), "7".into())]),
            parts,
            host: HeaderValue::from_static("localhost:3000"),
            body: &Bytes::from_static(body),
            request_id: "r-1",
            source: "192.0.2.7:5000".parse().unwrap(),
            claims,
            now: Timestamp::from_millis(1_583_348_638_390),
        })
    }

    #[test]
    fn the_event_is_what_api_gateway_sends() {
        let request = Request::patch("/v1/elections/7?limit=5&cursor=a%20b&limit=6")
            .header("User-Agent", "curl")
            .header("X-Twice", "a")
            .header("X-Twice", "b")
            .header("Cookie", "a=1; b=2")
            .header("Connection", "close");
        let claims = Claims::from([("sub".into(), "ada".into())]);
        let event = event_of(&parts(request), b"{}", Some(claims));
        let expected = json!({
            "version": "2.0",
            "routeKey": "PATCH /v1/elections/{election}",
            "rawPath": "/v1/elections/7",
            "rawQueryString": "limit=5&cursor=a%20b&limit=6",
            "queryStringParameters": {"limit": "5,6", "cursor": "a b"},
            "pathParameters": {"election": "7"},
            "stageVariables": {},
            "cookies": ["a=1", "b=2"],
            "headers": {
                "host": "localhost:3000", "user-agent": "curl", "x-twice": "a,b", "content-length": "2",
                "x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "http",
            },
            "requestContext": {
                "routeKey": "PATCH /v1/elections/{election}",
                "accountId": "000000000000", "stage": "$default", "requestId": "r-1", "apiId": "local",
                "authorizer": {"jwt": {"claims": {"sub": "ada"}}},
                "domainName": "localhost:3000", "domainPrefix": null,
                "time": "04/Mar/2020:19:03:58 +0000", "timeEpoch": 1_583_348_638_390_i64,
                "http": {
                    "method": "PATCH", "path": "/v1/elections/7", "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.7", "userAgent": "curl",
                },
            },
            "body": "{}",
            "isBase64Encoded": false,
        });
        let event = serde_json::to_value(event).unwrap();
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&event[name], value, "{name}");
        }
    }

    #[test]
    fn a_path_is_decoded_except_for_the_percent_sign() {
        for (sent, passed_on) in [
            ("/a%20b/%C3%A9%7c", "/a b/é|"),
            ("/a%2Fb%3fc%23", "/a/b?c#"),
            ("/%2541%25", "/%2541%25"),
            ("/%", "/%"),
            ("/%4", "/%4"),
            ("/%zz%é", "/%zz%é"),
            ("/%ff", "/%ff"),
        ] {
            assert_eq!(decoded(sent), passed_on, "{sent}");
        }
        let event = event_of(&parts(Request::get("/things/a%7Cb")), b"", None);
        assert_eq!(
            (event.raw_path.as_deref(), event.request_context.http.path.as_deref()),
            (Some("/things/a|b"), Some("/things/a|b"))
        );
    }

    #[test]
    fn a_body_that_is_no_text_is_encoded() {
        let event = event_of(&parts(Request::post("/")), b"\xff\x00", None);
        assert!(event.is_base64_encoded);
        assert_eq!(event.body.as_deref(), Some("/wA="));
        assert!(event.request_context.authorizer.is_none());
        assert_eq!(event_of(&parts(Request::post("/")), b"", None).body, None);
    }

    #[test]
    fn a_request_needs_one_host_and_a_short_head() {
        let check = |request: axum::http::request::Builder| {
            let named = check_head(&parts(request)).map_err(|problem| problem.code())?;
            Ok(named.written.to_str().unwrap().to_owned())
        };
        for host in ["localhost:3000", "[::1]:3000"] {
            assert_eq!(check(Request::get("/").header("Host", host)).as_deref(), Ok(host));
        }
        for host in ["", "a b", "a/b", "a:b", "1.2.3.999", "a@b", "[", "%"] {
            assert_eq!(check(Request::get("/").header("Host", host)), Err("malformed_host"), "{host}");
        }
        assert_eq!(check(Request::get("/")), Err("malformed_host"));
        assert_eq!(check(Request::get("/").header("Host", "a").header("Host", "b")), Err("malformed_host"));
        let long = Request::get("/").header("Host", "a").header("X-Long", "x".repeat(LONGEST_HEAD));
        assert_eq!(check(long), Err("head_too_large"));
        let long = Request::get(format!("/?{}", "x".repeat(LONGEST_HEAD))).header("Host", "a");
        assert_eq!(check(long), Err("head_too_large"));
    }

    #[test]
    fn the_target_names_the_host_as_well() {
        let http_2 = |target: &str| Request::get(target).version(Version::HTTP_2);
        let check = |request: axum::http::request::Builder| {
            let named = check_head(&parts(request)).map_err(|problem| problem.code())?;
            Ok(named.written.to_str().unwrap().to_owned())
        };
        let here = "http://localhost:3000/v1/health";
        assert_eq!(check(http_2(here)).as_deref(), Ok("localhost:3000"));
        assert_eq!(check(http_2("/v1/health").header("Host", "localhost:3000")).as_deref(), Ok("localhost:3000"));
        assert_eq!(check(Request::get(here)), Err("malformed_host"), "HTTP/1.1 demands the header");
        assert_eq!(check(Request::get(here).version(Version::HTTP_10)).as_deref(), Ok("localhost:3000"));
        assert_eq!(check(http_2("/v1/health")), Err("malformed_host"));
        for (target, host) in [
            (here, "localhost:3000"),
            (here, "LOCALHOST:3000"),
            ("http://localhost/", "localhost:80"),
            ("http://127.0.0.1:3000/", "127.0.0.1:3000"),
        ] {
            assert_eq!(check(http_2(target).header("Host", host)).as_deref(), Ok(host), "{target}");
            assert_eq!(check(Request::get(target).header("Host", host)).as_deref(), Ok(host), "{target}");
        }
        for host in ["evil.example", "localhost", "localhost:3001", "127.0.0.1:3000", "a b", ""] {
            assert_eq!(check(http_2(here).header("Host", host)), Err("malformed_host"), "{host}");
            assert_eq!(check(Request::get(here).header("Host", host)), Err("malformed_host"), "{host}");
        }
        assert_eq!(check(http_2("http://ada@localhost/")), Err("malformed_host"));
        assert_eq!(check(http_2("http://ada@localhost/").header("Host", "localhost")), Err("malformed_host"));
        let long = format!("http://{}/", "x".repeat(LONGEST_HEAD));
        assert_eq!(check(http_2(&long)), Err("head_too_large"));
    }

    #[test]
    fn an_answer_that_makes_no_sense_is_an_error() {
        let mut answer = ApiGatewayV2httpResponse::default();
        answer.status_code = 99;
        assert!(matches!(response(answer.clone()), Err(AnswerError::Status(99))));
        answer.status_code = 200;
        answer.is_base64_encoded = true;
        answer.body = Some(Body::Text("*".into()));
        assert!(matches!(response(answer.clone()), Err(AnswerError::Body(_))));
        answer.body = None;
        answer.cookies = vec!["a=1".into(), "b=2".into()];
        let response = response(answer).unwrap();
        assert_eq!(response.headers().get_all(SET_COOKIE).iter().count(), 2);
    }
}
