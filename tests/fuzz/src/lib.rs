//! What the outside sends, against the parsers that it reaches: functions over bytes, each of which holds a property and panics
//! where it fails.
//!
//! A stable test replays `corpus/<target>/` and mutations of it; `make fuzz` lets cargo-fuzz look further.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a property that does not hold is a panic"
)]

mod photograph;
mod request;
mod served;
mod stored;
mod voter_list;
mod words;

pub use photograph::photograph;
pub use request::{headers, json_body, query};
pub use served::{cursor, http_event, jwt, repair_message, request, stream_event};
pub use stored::{commit, results_csv, tally};
pub use voter_list::voter_list;
pub use words::{ballot_token, email, id, image_url, moment, receipt, text};

/// A function over bytes.
pub type Target = fn(&[u8]);

/// The functions by name, and how costly one call is: a multiple of what a parser costs.
pub const TARGETS: &[(&str, Target, u32)] = &[
    ("ballot_token", ballot_token, 1),
    ("commit", commit, 1),
    ("cursor", cursor, 20),
    ("email", email, 1),
    ("headers", headers, 1),
    ("http_event", http_event, 20),
    ("id", id, 1),
    ("image_url", image_url, 1),
    ("json_body", json_body, 1),
    ("jwt", jwt, 4),
    ("moment", moment, 1),
    ("photograph", photograph, 4),
    ("query", query, 1),
    ("receipt", receipt, 1),
    ("repair_message", repair_message, 20),
    ("request", request, 20),
    ("results_csv", results_csv, 4),
    ("stream_event", stream_event, 20),
    ("tally", tally, 1),
    ("text", text, 1),
    ("voter_list", voter_list, 4),
];
