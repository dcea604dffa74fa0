//! The sample photographs. They are part of the program, so no path of the machine is served.

use axum::{
    Router,
    extract::Path,
    http::{
        HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use photovote_edge::Problem;

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
pub(super) fn photos() -> Router {
    // API Gateway has no route for HEAD either.
    Router::new().route("/photos/{file}", get(photograph).head(|| async { Problem::no_route() }))
}

/// A photograph as nothing but a picture: none can run a script, whatever it holds.
async fn photograph(Path(file): Path<String>) -> Result<Response, Problem> {
    let found = PHOTOGRAPHS.iter().find(|(name, ..)| *name == file);
    let (_, kind, bytes) = found.copied().ok_or_else(Problem::no_route)?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")),
        // The pages of a frontend show pictures, wherever they come from.
        (EMBEDDING, HeaderValue::from_static("cross-origin")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox")),
    ];
    Ok((headers, bytes).into_response())
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
