//! What a command answers when it was carried out.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue,
    header::{ETAG, LOCATION},
};
use photovote_domain::Version;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    etag::{DraftTag, etag},
    schema, status,
};

/// The body of most commands' answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Changed {
    /// The version that the thing has come to.
    #[schema(value_type = schema::Version)]
    pub version: Version,
}

/// The body of the answer when a thing was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Created {
    /// The thing's id.
    #[schema(value_type = schema::Id)]
    pub id: String,
    /// The version that its stream has come to.
    #[schema(value_type = schema::Version)]
    pub version: Version,
}

/// A thing was created: where it is, its version, and a body that says both.
pub fn created(location: &str, version: Version, body: impl Serialize) -> Response {
    let mut response = (status::CREATED, [(ETAG, etag(version))], Json(body)).into_response();
    // A path of ours: letters, digits and slashes.
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// Something is at this version, or has come to it: the body says more.
pub fn at_version(version: Version, body: impl Serialize) -> Response {
    (status::DONE, [(ETAG, etag(version))], Json(body)).into_response()
}

/// The draft of a ballot is as this tag says, or has come to be.
pub fn at_draft(tag: &DraftTag, body: impl Serialize) -> Response {
    (status::DONE, [(ETAG, tag.etag())], Json(body)).into_response()
}

/// What was asked for, of something that has no version to tell.
pub fn done(body: impl Serialize) -> Response {
    (status::DONE, Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_created_thing_says_where_it_is_and_its_version() {
        let response = created("/v1/elections/1", Version::new(3), "x");
        assert_eq!(response.status().as_u16(), 201);
        assert_eq!(response.headers()[LOCATION], "/v1/elections/1");
        assert_eq!(response.headers()[ETAG], "\"3\"");
    }

    #[test]
    fn a_changed_thing_says_its_version() {
        let response = at_version(Version::new(4), "x");
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()[ETAG], "\"4\"");
    }
}
