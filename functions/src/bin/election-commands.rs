//! Commands of administrators, on AWS Lambda.
//!
//! Reads and appends events, reads and writes control items, signs uploads, and sends to the importer and the mailer.

use photovote_functions::{Error, Wiring, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start()?.serve(Wiring::of_lambda().election_commands()?).await
}
