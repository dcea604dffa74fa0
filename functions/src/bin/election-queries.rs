//! Questions of administrators, on AWS Lambda.
//!
//! Reads documents, and the turnout from the gates.

use photovote_functions::{Error, Wiring, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start()?.serve(Wiring::of_lambda().election_queries()?).await
}
