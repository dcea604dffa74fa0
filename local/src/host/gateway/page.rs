//! The page: what a browser shows. It is part of the program; while one works on it, it can be served from a directory.

use std::{
    borrow::Cow,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use aws_lc_rs::digest;
use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
            IF_NONE_MATCH, VARY,
        },
    },
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};
use photovote_edge::Problem;

const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

/// What the page may do: run and show what this server sends, talk to it, and show pictures by URL. Pictures of a loopback host may
/// come over HTTP, as the API accepts them. No script is made of text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' https: http://127.0.0.1:* http://localhost:*; connect-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
/// What the page needs of the browser's powers: to fill the screen.
const POWERS: &str = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), fullscreen=(self)";

/// The page that stands where there is none.
const NOT_FOUND: &str = "not-found.html";

macro_rules! files {
    ($($file:literal)+) => {
        /// The files of the page, and what they hold.
        const FILES: &[(&str, &[u8])] = &[$(($file, include_bytes!(concat!("../../../../page/", $file)))),+];
    };
}

files! {
    "admin.html" "icon.svg" "index.html" "more.css" "not-found.html" "outbox.html" "page.css" "results.html" "verify.html"
    "vote.html"
    "admin/alike.js" "admin/bounced.js" "admin/candidate.js" "admin/chain.js" "admin/check.js" "admin/compose.js"
    "admin/drop.js" "admin/elections.js" "admin/files.js" "admin/importing.js" "admin/imports.js" "admin/links.js"
    "admin/list.js" "admin/mailings.js" "admin/main.js" "admin/notes.js" "admin/outbox.js" "admin/people.js"
    "admin/photographs.js"
    "admin/planned.js" "admin/planning.js" "admin/results.js" "admin/running.js" "admin/schedule.js" "admin/sending.js"
    "admin/settings.js" "admin/sign-in.js" "admin/titles.js" "admin/trail.js" "admin/uploading.js" "admin/uploads.js"
    "admin/voter-list.js" "admin/voter.js" "admin/voters.js" "admin/work.js" "admin/zones.js"
    "admin/words/de.js" "admin/words/en.js" "admin/words/es.js" "admin/words/fr.js"
    "lib/api.js" "lib/bars.js" "lib/html.js" "lib/moments.js" "lib/parts.js" "lib/words.js"
    "outbox/main.js"
    "outcome/main.js" "outcome/presenter.js" "outcome/view.js"
    "start/main.js" "start/not-found.js"
    "vendor/hooks.js" "vendor/htm-license.txt" "vendor/htm.js" "vendor/preact-license.txt" "vendor/preact.js"
    "verify/main.js"
    "vote/ballot.js" "vote/first.js" "vote/large.js" "vote/main.js" "vote/order.js" "vote/queue.js" "vote/rating.js" "vote/receipt.js"
    "vote/review.js" "vote/token.js" "vote/wall.js"
    "words/de.js" "words/en.js" "words/es.js" "words/fr.js"
}

/// Where the files of the page are taken from.
#[derive(Debug, Clone, Default)]
pub enum Page {
    /// From the program.
    #[default]
    Embedded,
    /// From a directory, anew for each request.
    Directory(Arc<Path>),
}

impl From<PathBuf> for Page {
    fn from(directory: PathBuf) -> Self {
        Self::Directory(directory.into())
    }
}

impl Page {
    /// What a file holds, if it is part of the page.
    async fn file(&self, name: &str) -> io::Result<Option<Cow<'static, [u8]>>> {
        match self {
            Self::Embedded => {
                let found = FILES.iter().find(|(file, _)| *file == name);
                Ok(found.map(|(_, bytes)| Cow::Borrowed(*bytes)))
            }
            Self::Directory(directory) => match tokio::fs::read(directory.join(name)).await {
                Ok(bytes) => Ok(Some(bytes.into())),
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                    Ok(None)
                }
                Err(error) => Err(error),
            },
        }
    }
}

/// Answers what no route of the API takes: with a file of the page, with its page for what is not found, or below `/v1` with a problem.
pub(super) async fn answer(State(page): State<Page>, request: Request) -> Response {
    let path = request.uri().path();
    let api = path == "/v1" || path.starts_with("/v1/");
    if api || !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Problem::no_route().into_response();
    }
    let found = match file_of(path) {
        Some(name) => page.file(name).await.map(|bytes| bytes.map(|bytes| (StatusCode::OK, name, bytes))),
        None => Ok(None),
    };
    let found = match found {
        Ok(None) => {
            page.file(NOT_FOUND).await.map(|bytes| bytes.map(|bytes| (StatusCode::NOT_FOUND, NOT_FOUND, bytes)))
        }
        found => found,
    };
    match found {
        Ok(Some((status, name, bytes))) => served(status, name, bytes, request.headers()),
        Ok(None) => Problem::no_route().into_response(),
        Err(error) => {
            tracing::error!(%error, "a file of the page cannot be read");
            Problem::internal().into_response()
        }
    }
}

/// The file that stands for a path. A path has names that browsers show; HTML files have no other.
fn file_of(path: &str) -> Option<&str> {
    match path {
        "/" => return Some("index.html"),
        "/vote" => return Some("vote.html"),
        "/admin" => return Some("admin.html"),
        "/verify" => return Some("verify.html"),
        // It is of use on this machine only: no distribution serves it.
        "/outbox" => return Some("outbox.html"),
        _ => (),
    }
    if let Some(election) = path.strip_prefix("/results/") {
        let id = !election.is_empty() && election.bytes().all(|b| b.is_ascii_alphanumeric());
        return id.then_some("results.html");
    }
    let name = path.strip_prefix('/')?;
    let plain = name.split('/').all(|part| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    });
    (plain && kind(name).is_some_and(|kind| kind != HTML)).then_some(name)
}

const HTML: &str = "text/html; charset=utf-8";

/// The content type of a file that is served.
fn kind(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "html" => HTML,
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

/// A file as it is sent, compressed if the browser takes that.
fn served(status: StatusCode, name: &str, bytes: Cow<'static, [u8]>, asked: &HeaderMap) -> Response {
    let hash = digest::digest(&digest::SHA256, &bytes);
    // A weak tag: it names what the file says, and not how it is compressed.
    let tag = format!("W/\"{}\"", hex::encode(&hash.as_ref()[..16]));
    let known = mentions(asked, &IF_NONE_MATCH, &tag);
    let Ok(tag) = HeaderValue::try_from(tag) else { return Problem::internal().into_response() };
    let headers = [
        (ETAG, tag),
        // A browser asks each time whether a file has changed: files of two versions are never mixed.
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (VARY, HeaderValue::from_static("accept-encoding")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (OPENER, HeaderValue::from_static("same-origin")),
        (PERMISSIONS, HeaderValue::from_static(POWERS)),
    ];
    if known && status == StatusCode::OK {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let kind = [(CONTENT_TYPE, HeaderValue::from_static(kind(name).unwrap_or("application/octet-stream")))];
    match mentions(asked, &ACCEPT_ENCODING, "gzip").then(|| compressed(&bytes)).flatten() {
        Some(smaller) => (status, headers, kind, [(CONTENT_ENCODING, "gzip")], smaller).into_response(),
        None => (status, headers, kind, bytes).into_response(),
    }
}

/// Whether a header of the request has this text in it.
fn mentions(asked: &HeaderMap, header: &HeaderName, text: &str) -> bool {
    asked.get_all(header).iter().filter_map(|value| value.to_str().ok()).any(|value| value.contains(text))
}

/// The bytes in gzip, if that can be made.
fn compressed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::*;

    fn below(directory: &Path, prefix: &str, files: &mut BTreeSet<String>) {
        for file in fs::read_dir(directory).unwrap() {
            let file = file.unwrap();
            let name = format!("{prefix}{}", file.file_name().to_str().unwrap());
            if file.file_type().unwrap().is_dir() {
                below(&file.path(), &format!("{name}/"), files);
            } else if file.path().extension().is_none_or(|kind| kind != "md") {
                files.insert(name);
            }
        }
    }

    #[test]
    fn every_file_of_the_page_is_part_of_the_program() {
        let mut files = BTreeSet::new();
        below(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../page")), "", &mut files);
        let embedded: BTreeSet<_> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(embedded, files);
        for name in files {
            assert!(kind(&name).is_some(), "{name}");
        }
    }

    #[test]
    fn paths_lead_to_files_of_the_page_only() {
        assert_eq!(file_of("/"), Some("index.html"));
        assert_eq!(file_of("/results/01ARZ3NDEKTSV4RRFFQ69G5FAV"), Some("results.html"));
        assert_eq!(file_of("/outbox"), Some("outbox.html"));
        assert_eq!(file_of("/vendor/htm.js"), Some("vendor/htm.js"));
        for path in [
            "",
            "//",
            "/vote/",
            "/vote.html",
            "/results/",
            "/results/a/b",
            "/results/..",
            "/../Cargo.toml",
            "/..%2fx.js",
            "/.x.js",
            "/a//b.js",
            "/README.md",
        ] {
            assert_eq!(file_of(path), None, "{path}");
        }
    }

    #[test]
    fn vendored_files_are_what_their_readme_says() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../page/vendor");
        let readme = fs::read_to_string(format!("{folder}/README.md")).unwrap();
        let rows: Vec<_> = readme.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(".js |")).collect();
        let scripts = FILES
            .iter()
            .filter(|(name, _)| {
                name.starts_with("vendor/") && Path::new(name).extension().is_some_and(|kind| kind == "js")
            })
            .count();
        assert_eq!(rows.len(), scripts);
        for (name, row) in rows {
            let bytes = fs::read(format!("{folder}/{name}.js")).unwrap();
            let hash = hex::encode(digest::digest(&digest::SHA256, &bytes));
            assert!(row.contains(&hash), "{name}.js has the hash {hash}");
        }
    }
}
