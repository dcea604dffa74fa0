//! The edge: HTTP as PhotoVote speaks it. What callers are, how requests are read, what answers and refusals look like.
//!
//! A handler takes extractors and asks them in the order in which requests are checked: route, caller, existence and
//! role, form, value, precondition, state. So [`Administrator`] and [`Voter`] refuse when they are extracted; all
//! others only keep what was sent, and are parsed when it is their turn:
//!
//! ```
//! use photovote_domain::{ElectionId, Version};
//! use photovote_edge::{Administrator, Answer, Body, Changed, IfMatch, Segments, at_version};
//!
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Rename {
//!     name: String,
//! }
//!
//! async fn rename(caller: Administrator, path: Segments, if_match: IfMatch, body: Body) -> Answer {
//!     let election: ElectionId = path.id("election")?;
//!     let current = Version::new(16); // loaded; a 404 unless the caller administers it
//!     let body = body.parse::<Rename>()?;
//!     let precondition = if_match.parse()?;
//!     precondition.check(current)?;
//!     let version = current.plus(1); // decided and appended
//!     Ok(at_version(version, Changed { version }))
//! }
//! ```

mod answer;
mod body;
mod caller;
mod code;
mod edge;
mod election_view;
mod etag;
mod idempotency;
mod invocation;
mod json;
mod openapi;
mod origin;
mod padding;
mod page;
mod path;
mod problem;
mod results_view;
mod revalidation;
mod routes;
pub mod schema;
mod status;
mod storage;
mod time;
mod value;

pub use answer::{Changed, Created, at_draft, at_version, created, done};
pub use body::{Body, LARGEST_BODY, Parsed, Patch};
pub use caller::{Administrator, Voter};
pub use code::Code;
pub use edge::{edge, edge_behind, make_safe};
pub use election_view::{
    CandidateView, CompetitionView, DisqualifiedView, ElectionView, ImageView, PixelsView, RenditionView, ScaleView,
};
pub use etag::{DraftTag, IfMatch, Precondition, etag};
pub use idempotency::{IdempotencyKey, command_id, derived_id, fingerprint};
pub use invocation::invoke;
pub use json::{distinct, present};
pub use openapi::{
    ADMINISTRATOR, BALLOT, CommandHeaders, Description, OPENAPI, PREFIX, PageParameters, Preconditions, Problems,
    VersionParameter, document,
};
pub use origin::{ORIGIN_SECRET, OriginSecrets};
pub use padding::{STEP, VOTERS, as_long_as};
pub use page::{Items, Page, Parameters};
pub use path::Segments;
pub use problem::{Answer, Problem};
pub use results_view::{
    CandidateResultsView, CompetitionResultsView, CountingStatus, CountingView, DisqualifiedResultView, FinalStatus,
    FinalView, FractionView, ResultsView, UnrankedView, results_differ,
};
pub use revalidation::Revalidation;
#[doc(hidden)]
pub use routes::route;
pub use time::{Moment, MomentError};
#[doc(hidden)]
pub use utoipa_axum;
pub use value::{invalid_value, optional, value};
