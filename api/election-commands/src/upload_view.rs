//! The form by which a client uploads a file.

use std::collections::BTreeMap;

use photovote_edge::{Moment, Problem, schema};
use photovote_uploads::{SignError, UploadForm};
use serde::Serialize;
use utoipa::ToSchema;

/// A form that uploads one file, as `multipart/form-data`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UploadView {
    /// `POST`.
    #[schema(example = "POST")]
    method: &'static str,
    /// Where the form is sent, perhaps relative to the address of the page.
    #[schema(example = "https://photovote-originals.s3.eu-central-1.amazonaws.com/")]
    url: String,
    /// The fields of the form. The file comes after them, in the field `file`.
    #[schema(example = json!({
        "key": "incoming/01ARZ3NDEKTSV4RRFFQ69G5FAV/01BX5ZZKBKACTAV9WEVGEMMVS0",
        "policy": "eyJjb25kaXRpb25zIjpbXX0=",
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-signature": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    }))]
    fields: BTreeMap<&'static str, String>,
    /// From when on the form is refused. Repeat the request with the same `id` for another one.
    #[schema(value_type = schema::Moment)]
    expires_at: Moment,
}

impl From<UploadForm> for UploadView {
    fn from(form: UploadForm) -> Self {
        let UploadForm { method, url, fields, expires_at } = form;
        Self { method, url, fields, expires_at: Moment(expires_at) }
    }
}

/// The answer if no form can be signed.
pub(crate) fn unsigned(error: &SignError) -> Problem {
    tracing::error!(event = "upload_unsigned", %error, "an upload cannot be signed");
    Problem::internal()
}
