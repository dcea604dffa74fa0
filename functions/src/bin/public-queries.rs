//! Questions of anyone, on AWS Lambda.
//!
//! Reads public documents.

use photovote_functions::{Error, Wiring, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start()?.serve(Wiring::of_lambda().public_queries()?).await
}
