//! How long a connection may be held, and how many. The clock of these tests stands still while anything can happen, and then
//! goes on to the next moment that something waits for.

use tokio::{net::TcpStream, time::timeout};

use super::*;
use crate::host::gateway::connections::LONGEST_QUIET;

/// Longer than anything takes.
const EVER: Duration = Duration::from_hours(1);
/// The beginning of a connection of HTTP/2: the preface, and settings that say nothing.
const HTTP_2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const GET: &[u8] = b"GET /v1/ballot HTTP/1.1\r\nHost: localhost\r\n\r\n";

async fn connect(fixture: &Fixture) -> TcpStream {
    TcpStream::connect(fixture.gateway.address()).await.unwrap()
}

/// Reads until the connection ends, which it has to.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection may also be reset.
    let _ended = timeout(EVER, stream.read_to_end(&mut answer)).await.expect("the connection stays open");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_sends_no_whole_head_is_closed() {
    let fixture = fixture(Cors::Nobody).await;
    for sent in [&b""[..], b"P", b"PRI * HTTP/2.0\r\n", b"GET /v1/health HTTP/1.1\r\nHost: x\r\nX: ", HTTP_2] {
        let mut stream = connect(&fixture).await;
        stream.write_all(sent).await.unwrap();
        let answer = until_closed(&mut stream).await;
        assert!(!answer.contains("HTTP/1.1 2"), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_sent_byte_by_byte_gets_no_extra_time() {
    let fixture = fixture(Cors::Nobody).await;
    let mut stream = connect(&fixture).await;
    stream.write_all(b"GET /v1/ballot HTTP/1.1\r\nHost: localhost\r\nX: ").await.unwrap();
    let began = tokio::time::Instant::now();
    let drop_by_drop = async {
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    timeout(EVER, drop_by_drop).await.expect("the connection stays open");
    assert!(began.elapsed() < LONGEST_QUIET * 2, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_after_its_last_answer() {
    let fixture = fixture(Cors::Nobody).await;
    let mut stream = connect(&fixture).await;
    for _ in 0..3 {
        stream.write_all(GET).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        // The rest of the answer.
        assert_ne!(stream.read(&mut [0; 1 << 14]).await.unwrap(), 0);
        tokio::time::sleep(LONGEST_QUIET.mul_f32(0.9)).await;
    }
    assert_eq!(until_closed(&mut stream).await, "");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_under_way_is_no_quiet() {
    let fixture = fixture(Cors::Nobody).await;
    let mut stream = connect(&fixture).await;
    let head = "PUT /v1/slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 25\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    // The body takes 29 seconds, and the function as many.
    for _ in 0..25 {
        stream.write_all(b"x").await.unwrap();
        tokio::time::sleep(Duration::from_millis(1_160)).await;
    }
    let answer = until_closed(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_is_not_waited_for() {
    let fixture = fixture(Cors::Nobody).await;
    let mut stream = connect(&fixture).await;
    let head = "PUT /v1/things/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = until_closed(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("the body does not arrive"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_client_beyond_the_limit_waits_for_a_connection() {
    let fixture = fixture_with(Cors::Nobody, NonZeroUsize::MIN).await;
    let first = connect(&fixture).await;
    let mut second = connect(&fixture).await;
    second.write_all(GET).await.unwrap();
    timeout(LONGEST_QUIET / 2, second.readable()).await.expect_err("one connection too many is served");
    drop(first);
    let mut answer = [0; 12];
    timeout(LONGEST_QUIET / 4, second.read_exact(&mut answer)).await.expect("its turn has come").unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_no_answer_loses_its_connection() {
    let fixture = fixture_with(Cors::Nobody, NonZeroUsize::MIN).await;
    // The 23 bytes of headers of stream 1, which ends with them: GET, http, then path and authority, each with its length.
    let http_2 = [HTTP_2, b"\0\0\x17\x01\x05\0\0\0\x01\x82\x86\x04\x08/v1/long\x01\x09localhost"].concat();
    for request in [&b"GET /v1/long HTTP/1.1\r\nHost: localhost\r\n\r\n"[..], &http_2] {
        let mut first = connect(&fixture).await;
        first.write_all(request).await.unwrap();
        let mut second = connect(&fixture).await;
        second.write_all(GET).await.unwrap();
        let mut answer = [0; 12];
        let waited = timeout(EVER, second.read_exact(&mut answer)).await;
        waited.expect("the first connection is held").unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
    }
}

#[tokio::test]
async fn concurrent_http_2_bodies_all_arrive() {
    let mut fixture = fixture(Cors::Nobody).await;
    fixture.client = Client::builder().http2_prior_knowledge().build().unwrap();
    let requests = (0..40).map(|_| answer(fixture.send(Method::PUT, "/v1/things/1").body(vec![b'x'; LARGEST_BODY])));
    for (status, _, body) in futures::future::join_all(requests).await {
        assert_eq!((status, &body["length"]), (200, &json!(LARGEST_BODY)));
    }
}
