//! Commands of voters, and of mail programs that unsubscribe them, on AWS Lambda.
//!
//! Reads events, appends to ballots, passes gates, and ends mails.

use photovote_functions::{Error, Wiring, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start()?.serve(Wiring::of_lambda().ballot_commands()?).await
}
