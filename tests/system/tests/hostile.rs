//! Hostile input, as far as only the whole shows it: bytes on the wire, bodies of every kind, and the headers of every answer.

use photovote_edge::OPENAPI;
use photovote_tests::{Answer, Election, Host};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const ULID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// Sends bytes as they are; the status of the answer, if there is one before the connection ends.
async fn bytes(host: &Host, sent: &[u8]) -> Option<u16> {
    let address = host.url().strip_prefix("http://").expect("the local host speaks plain HTTP");
    let mut connection = TcpStream::connect(address).await.expect("the host listens");
    // A host that has heard enough may hang up.
    let _hung_up = connection.write_all(sent).await;
    let mut answer = Vec::new();
    let _hung_up = connection.read_to_end(&mut answer).await;
    let line = String::from_utf8_lossy(&answer);
    line.split(' ').nth(1).and_then(|status| status.parse().ok())
}

async fn json(election: &Election, method: Method, rest: &str, body: impl Into<reqwest::Body>) -> Answer {
    election.owner.request(method, &election.path(rest)).body("application/json", body).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_safe_headers() {
    let host = Host::start().await;
    let election = Election::open(host.owner(), &[2]).await;
    let voter = election.voter("ada").await;
    let document: Value = serde_json::from_str(OPENAPI).expect("the document is JSON");
    let callers = [host.owner(), host.other(), voter.client.clone(), host.anybody()];
    let mut seen = 0;
    for (path, item) in document["paths"].as_object().expect("there are paths") {
        let path = path.strip_prefix("/v1").expect("all routes stand under the prefix");
        let there = path.replace("{election}", &election.id);
        let there = there.replace("{candidate}", &election.candidates()[0]);
        let there = there.replace("{competition}", &election.competitions[0].id).replace("{voter}", &voter.id);
        let nonsense: String =
            path.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect::<Vec<_>>().join("/");
        for method in item.as_object().expect("a path has methods").keys() {
            let Ok(method) = Method::from_bytes(method.to_ascii_uppercase().as_bytes()) else { continue };
            // Nothing is closed, and nothing cast: a body that cannot be read is enough to be answered.
            let places = if method == Method::GET { vec![&there, &nonsense] } else { vec![&nonsense] };
            for place in places {
                for caller in &callers {
                    let request = caller.request(method.clone(), place);
                    let answer =
                        if method == Method::GET { request } else { request.body("text/html", "<b>") }.send().await;
                    is_safe(&host, &answer);
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 150, "all routes, all callers: {seen}");
    for (method, path) in [(Method::GET, "/nothing"), (Method::PUT, "/health"), (Method::OPTIONS, "/elections")] {
        is_safe(&host, &host.anybody().request(method, path).send().await);
    }
    host.stop().await;
}

/// Whatever it holds, no browser shows it as a page, keeps it or sends its address on.
fn is_safe(host: &Host, answer: &Answer) {
    assert!(answer.status.as_u16() < 500 || answer.status == 503, "{answer}");
    if !host.is_local() && answer.header("x-request-id").is_empty() {
        // What the gateway of the cloud answers by itself has its own headers.
        return;
    }
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{answer}");
    assert_eq!(answer.header("referrer-policy"), "no-referrer", "{answer}");
    assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'", "{answer}");
    assert!(!answer.header("cache-control").is_empty(), "{answer}");
    let public = [" /health", " /openapi.json", " /public/", " /sign-in"];
    if !public.iter().any(|path| answer.request.contains(path)) {
        assert_eq!(answer.header("cache-control"), "no-store", "{answer}");
    }
    let kind = answer.header("content-type");
    let harmless = ["application/json", "application/problem+json", "text/csv; charset=utf-8"].contains(&kind);
    assert!(harmless || answer.text.is_empty(), "{kind}: {answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_body_whatever_it_holds_is_our_fault() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[2]).await;
    let before = election.get("").await.json();
    let utf16: Vec<u8> = "\u{feff}{\"name\": \"a\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(20_000), close.repeat(20_000)).into_bytes();
    let keys = (0..20_000).map(|n| format!("\"{n:x}\":1,")).collect::<Vec<_>>().concat();
    let mut malformed: Vec<Vec<u8>> = vec![
        deep("[", "]"),
        deep("{\"a\":", "}"),
        deep("{\"name\":", "}"),
        "\u{feff}\u{feff}{\"name\": \"a\"}".into(),
        br#"{"name": "a", "\u006eame": "b"}"#.to_vec(),
        br#"{"name": "a", "description": "\udc00\ud800"}"#.to_vec(),
        br#"{"name": 1e0}"#.to_vec(),
        br#"{"name": -0}"#.to_vec(),
        br#"{"name": 1e999}"#.to_vec(),
        format!("{{{keys}\"name\": \"a\"}}").into_bytes(),
    ];
    if host.is_local() {
        // A gateway of the cloud hands text over, and puts something in the place of what is none.
        malformed.push(utf16);
        malformed.push(vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
    }
    for body in malformed {
        json(&election, Method::POST, "/competitions", body).await.refused(400, "malformed_body");
    }
    let gzip = election.owner.request(Method::POST, &election.path("/competitions"));
    let gzip = gzip.header("content-encoding", "gzip").body("application/json", r#"{"name": "a"}"#).send().await;
    gzip.refused(415, "unsupported_media_type");
    let huge = vec![b' '; 10 * 1024 * 1024 + 1];
    let refused = json(&election, Method::POST, "/competitions", huge).await;
    refused.status(413);
    assert_eq!(election.get("").await.json(), before);
    let marked: Vec<u8> = "\u{feff}{\"name\": \"a\"}".into();
    json(&election, Method::POST, "/competitions", marked).await.status(201);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_whole_and_said_plainly() {
    let host = Host::start().await;
    let election = Election::open(host.owner(), &[2]).await;
    let voter = election.voter("ada").await;
    let candidate = &election.candidates()[0];
    let rate = async |number: &str| {
        let request = voter.client.request(Method::PUT, "/ballot/ratings");
        request.body("application/json", format!("{{\"ratings\": {{\"{candidate}\": {number}}}}}")).send().await
    };
    for number in ["35e-1", "3.5", "03", "+3", "0x3", "\"3\"", "NaN", "1e999", "true", "[3]"] {
        rate(number).await.refused(400, "malformed_body");
    }
    for number in
        ["0", "-0.0", "6", "60e-1", "-1", "9223372036854775808", "-99999999999999999999", "18446744073709551617"]
    {
        let refused = rate(number).await.refused(422, "rating_out_of_scale");
        assert_eq!(refused.json()["field"], format!("ratings.{candidate}"));
    }
    for query in ["limit=1e1", "limit=5.0", "limit=-0", "limit=%2B5", "limit=0", "limit=18446744073709551617"] {
        host.owner().get(&format!("/elections?{query}")).await.refused(400, "malformed_parameter");
    }
    for version in ["1e0", "-1", "1.0", "18446744073709551616"] {
        election.get(&format!("?min_version={version}")).await.refused(400, "malformed_parameter");
    }
    for number in ["3", "4.0", "5e0"] {
        rate(number).await.status(200);
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_rates_500_candidates_and_no_more() {
    let host = Host::start().await;
    let election = Election::open(host.owner(), &[2]).await;
    let voter = election.voter("ada").await;
    let ratings = |count: usize| -> serde_json::Map<String, Value> {
        (0..count).map(|n| (format!("01ARZ3NDEKTSV4RRFFQ69G{n:04}"), json!(3))).collect()
    };
    // Five hundred are looked at, one by one; more are not.
    voter.rate(ratings(500).into()).await.refused(422, "unknown_candidate");
    voter.rate(ratings(501).into()).await.refused(422, "too_many_ratings");
    voter.rate(ratings(7_000).into()).await.refused(422, "too_many_ratings");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_one_voter() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[2]).await;
    let register = async |email: &str| election.post("/voters", json!({"name": "a", "email": email})).await;
    register("kelvin@münchen.de").await.status(201);
    for same in
        ["KELVIN@MÜNCHEN.DE", "\u{212a}elvin@mu\u{308}nchen.de", "kelvin@xn--mnchen-3ya.de", "ｋｅｌｖｉｎ@münchen.de"]
    {
        register(same).await.refused(409, "email_taken");
    }
    for wrong in
        ["kel\u{200b}vin@münchen.de", "\u{202e}kelvin@münchen.de", "\"kelvin\"@münchen.de", "a＠b.de@münchen.de"]
    {
        register(wrong).await.refused(422, "invalid_value");
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_come_back_as_text_not_as_html_or_formula() {
    let host = Host::start().await;
    let mut election = Election::draft(host.owner(), &[]).await;
    let names = ["<script>alert(1)</script>", "=1+1", "+1", "-1", "@SUM(A1)", "\"=1\"", "a,\"b\";=1", "＝1"];
    let competition =
        election.post("/competitions", json!({"name": "=cmd|' /C calc'!A0"})).await.status(201).text_of("id");
    for name in names {
        election.post(&format!("/competitions/{competition}/candidates"), json!({"name": name})).await.status(201);
    }
    election.competitions.clear();
    election.post("/open", json!({})).await.status(200);
    let version = election.post("/close", json!({})).await.status(200).version();
    election.final_results(version).await;
    let table = election.get("/results.csv").await.status(200);
    is_safe(&host, &table);
    assert!(table.header("content-disposition").starts_with("attachment"), "{table}");
    for cell in ["'=1+1,", "'+1,", "'-1,", "'@SUM(A1),", "\"'\"\"=1\"\"\",", "'＝1,", "'=cmd|' /C calc'!A0,"] {
        assert!(table.text.contains(cell), "{cell}: {}", table.text);
    }
    let shown = election.get("").await.status(200);
    is_safe(&host, &shown);
    assert_eq!(shown.json()["competitions"][0]["candidates"][0]["name"], names[0]);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_request_harm_nobody() {
    let host = Host::start().await;
    if host.is_local() {
        let head = "POST /v1/elections HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
        let many = (0..200).map(|n| format!("X-{n}: 1\r\n")).collect::<Vec<_>>().concat();
        let cases: [(String, &[u16]); 9] = [
            (format!("{head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), &[400, 401]),
            (format!("{head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), &[400]),
            (format!("{head}Content-Length: -1\r\n\r\n"), &[400]),
            (format!("{head}Transfer-Encoding: chunked\r\n\r\nzz\r\n"), &[400, 401]),
            (format!("{head}{many}\r\n"), &[400, 431]),
            (
                format!("GET /{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "x".repeat(20_000)),
                &[400, 404, 414],
            ),
            ("GET /v1/health?a=\"<> HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".into(), &[200, 400]),
            ("GET /v1/health HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n".into(), &[400]),
            ("\u{0}\u{1}\u{2}\r\n\r\n".into(), &[400]),
        ];
        for (sent, expected) in cases {
            let answered = bytes(&host, sent.as_bytes()).await;
            assert!(answered.is_some_and(|status| expected.contains(&status)), "{answered:?}: {sent:.120}");
        }
        // A body that ends before its length does leaves nobody to answer to.
        bytes(&host, format!("{head}Content-Length: 100\r\n\r\n{{").as_bytes()).await;
        let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, "x".repeat(1 << 20));
        let long = format!("{head}Transfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(11));
        assert!(matches!(bytes(&host, long.as_bytes()).await, Some(401 | 413)));
        host.anybody().get("/health").await.status(200);
    }
    host.owner().get(&format!("/elections/{ULID}%00")).await.status(400);
    host.stop().await;
}
