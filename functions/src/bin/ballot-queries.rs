//! Questions of voters about their own ballots, on AWS Lambda.
//!
//! Reads events and snapshots.

use photovote_functions::{Error, Wiring, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start()?.serve(Wiring::of_lambda().ballot_queries()?).await
}
