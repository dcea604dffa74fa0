//! Questions of administrators about the audit trail, imports and mails, on AWS Lambda.
//!
//! Reads events, and the control items of imports and mails.

use photovote_functions::{Error, Wiring, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start()?.serve(Wiring::of_lambda().audit_queries()?).await
}
