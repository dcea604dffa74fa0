//! Reading a request's body, without keeping more of it than a function takes.

use std::{future::poll_fn, pin::Pin, time::Duration};

use axum::body::{Body, Bytes, HttpBody};
use photovote_edge::{Code, LARGEST_BODY, Problem};
use tokio::sync::Mutex;

/// The longest body that API Gateway takes, in bytes.
pub(super) const LONGEST_BODY: usize = 10 * 1024 * 1024;
/// How much is kept of a body, in bytes: enough for the function to see that it is too large, and to say so in its turn.
pub(super) const KEPT: usize = LARGEST_BODY + 1;
/// How much is read of a body, in bytes. A client that is still sending reads no answer. So the gateway reads on when a body is
/// too long, and forgets what it reads.
const READ: usize = 2 * LONGEST_BODY;
/// How long a body can take to arrive.
const SLOWEST_BODY: Duration = Duration::from_secs(30);

/// The body, or the beginning of one that is too large for any function. It is read when it is its turn.
pub(super) async fn read(body: Body, turn: &Mutex<()>) -> Result<Bytes, Problem> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let whole = async {
        let _ours = turn.lock().await;
        beginning(body).await
    };
    match tokio::time::timeout(SLOWEST_BODY, whole).await {
        Ok(Ok(read)) => read,
        Ok(Err(broken)) => Err(Problem::new(Code::MalformedBody, format!("the body cannot be read: {broken}"))),
        Err(_too_slow) => Err(Problem::new(Code::MalformedBody, "the body does not arrive")),
    }
}

async fn beginning(mut body: Body) -> Result<Result<Bytes, Problem>, axum::Error> {
    let mut kept = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame?.into_data() else { continue };
        let room = KEPT - kept.len();
        kept.extend_from_slice(&data[..data.len().min(room)]);
        length = length.saturating_add(data.len());
        if length > READ {
            break;
        }
    }
    Ok(if length > LONGEST_BODY { Err(Problem::too_large()) } else { Ok(kept.into()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_waits_for_its_turn_and_no_body_for_nothing() {
        let turn = Mutex::new(());
        let other = turn.lock().await;
        assert!(read(Body::empty(), &turn).await.unwrap().is_empty());
        let refused = read(Body::from("a"), &turn).await.unwrap_err();
        assert_eq!(refused.code(), "malformed_body");
        drop(other);
        assert_eq!(read(Body::from("a"), &turn).await.unwrap(), "a");
    }
}
