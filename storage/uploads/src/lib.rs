//! Forms that upload one object to S3. A function signs a form, and a browser sends it to S3.
//!
//! The form is that of S3's "POST Object", with a policy that is signed by Signature Version 4:
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>. The SDK signs no such forms. It
//! signs URLs, which do not limit the number of bytes.
//!
//! This crate does not depend on the client of S3: a function that signs uploads cannot read or write objects.

mod form;
mod signature;

pub use form::{ALGORITHM, LIFETIME, SignError, Target, Upload, UploadForm, Uploads};
pub use signature::{Scope, ScopeError, signature};
