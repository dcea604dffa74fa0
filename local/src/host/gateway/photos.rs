//! Photographs: the samples, which are part of the program, and the renditions of what was uploaded.

use axum::{
    Router,
    extract::{Path, State, rejection::PathRejection},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use photovote_edge::Problem;

use crate::host::objects::{ObjectStore, Rendition};

const EMBEDDING: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

macro_rules! photographs {
    ($($kind:literal: $($file:literal)+;)+) => {
        /// Files, what they hold, and of which type.
        const PHOTOGRAPHS: &[(&str, &str, &[u8])] = &[
            $($(($file, $kind, include_bytes!(concat!("../../../../examples/photos/", $file))),)+)+
        ];
    };
}

photographs! {
    "image/png": "astronaut.png" "brick.png" "camera.png" "chelsea.png" "coffee.png" "grass.png" "gravel.png" "moon.png";
    "image/jpeg": "hubble_deep_field.jpg" "rocket.jpg";
}

/// Routes to the photographs.
pub(super) fn photos(objects: ObjectStore) -> Router {
    // API Gateway has no route for HEAD either.
    Router::new().route("/photos/{*name}", get(photograph).head(|| async { Problem::no_route() })).with_state(objects)
}

/// A photograph as nothing but a picture: none can run a script, whatever it holds.
async fn photograph(
    State(objects): State<ObjectStore>,
    name: Result<Path<String>, PathRejection>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let Path(name) = name.map_err(|_not_text| Problem::no_route())?;
    if !is_plain(&name) {
        return Err(Problem::no_route());
    }
    if let Some((_, kind, bytes)) = PHOTOGRAPHS.iter().find(|(file, ..)| *file == name) {
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(kind)),
            (CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")),
        ];
        return Ok((headers, LIMITS, *bytes).into_response());
    }
    let found = objects.rendition(format!("photos/{name}")).await.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "a photograph cannot be read");
        Problem::internal()
    })?;
    let Rendition { media_type, etag, bytes } = found.ok_or_else(Problem::no_route)?;
    let tag = format!("\"{etag}\"");
    let is_known = names(&asked, &tag);
    // Another photograph has another name.
    let headers = [(ETAG, tag), (CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned())];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, headers, LIMITS).into_response());
    }
    Ok((headers, [(CONTENT_TYPE, media_type)], LIMITS, bytes).into_response())
}

/// What a browser may do with a photograph: show it. Pages of a frontend show pictures, wherever they come from.
const LIMITS: [(HeaderName, &str); 2] =
    [(EMBEDDING, "cross-origin"), (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; sandbox")];

/// Whether a name is one that photographs have.
fn is_plain(name: &str) -> bool {
    name.split('/').all(|part| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    })
}

/// Whether the client has the bytes with this tag.
fn names(asked: &HeaderMap, tag: &str) -> bool {
    let values = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_sample_is_part_of_the_program() {
        let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/photos")).unwrap();
        let mut files: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        files.retain(|file| file != "README.md");
        files.sort();
        let mut served: Vec<_> = PHOTOGRAPHS.iter().map(|(file, ..)| *file).collect();
        served.sort_unstable();
        assert_eq!(served, files);
    }
}
