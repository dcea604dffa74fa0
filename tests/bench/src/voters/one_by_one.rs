//! Voters who are registered one by one, by requests to a local server.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use futures::{StreamExt, TryStreamExt, stream};
use photovote::{data_dir::temporary, host::engine::Durability, server::Server};
use photovote_tests::{Client, Election};
use serde_json::json;

use crate::options;

/// Registers so many voters, so many at a time. Answers how long that takes.
pub(super) async fn measure(voters: u32, at_a_time: usize) -> Result<Duration, Box<dyn Error>> {
    let home = temporary()?;
    let server = Server::start(options(home.path(), Durability::PowerLoss)).await?;
    let (url, token) = (format!("http://{}", server.address()), server.token(&"owner".parse()?)?);
    let owner = Client::new(&url, Some(&token));
    let election = Election::draft_of(owner, json!({"name": "Summer"}), &[2]).await;
    let url = format!("{url}/v1{}", election.path("/voters"));
    // The client of the tests would look at each answer for secrets.
    let (http, url, token) = (&reqwest::Client::new(), &url, &token);
    let register = |number| async move {
        let voter = json!({"name": format!("Voter {number}"), "email": format!("voter-{number}@club.example")});
        let sent = http.post(url).bearer_auth(token).json(&voter).send().await?;
        sent.error_for_status().map(drop)
    };
    let began = Instant::now();
    stream::iter((1..=voters).map(register)).buffer_unordered(at_a_time).try_collect::<()>().await?;
    let took = began.elapsed();
    server.stop().await;
    Ok(took)
}
