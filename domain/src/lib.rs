//! The rules of PhotoVote: what an election, a voter and a ballot are, and what may happen to them.
//!
//! Everything here is pure. Each aggregate has two functions: [`Aggregate::decide`] turns a command into
//! events or a typed rejection, [`Aggregate::evolve`] turns a state and an event into the next state. The clock
//! and randomness are passed in. Nothing here knows AWS, HTTP or an async runtime.
//!
//! Values are parsed once, at the edge, into types that cannot hold anything invalid ([`Name`], [`Email`],
//! [`Scale`], …). Events hold primitives only: history was checked when it was written, and it must load for
//! ever, also when a rule has become stricter since.

mod aggregate;
pub mod ballot;
mod draft;
pub mod election;
mod email;
mod hash;
mod ids;
mod image;
pub mod import;
mod language;
mod links;
pub mod mailing;
pub mod photograph;
mod problem;
mod rating;
mod receipt;
pub mod results;
pub mod schedule;
mod shard;
mod tally;
mod text;
mod time;
mod token;
mod unseen;
mod version;
pub mod voter;
mod written;

pub use aggregate::{Aggregate, Kind, Refusal, fold};
pub use ballot::Ballot;
pub use draft::{Draft, DraftError};
pub use election::Election;
pub use email::{Email, EmailError, email_key};
pub use hash::{Digest, DigestError, Hasher, ShownDigest};
pub use ids::{
    BallotId, CandidateId, CompetitionId, ElectionId, IdError, ImportId, MailingId, PhotographId, Subject,
    SubjectError, VoterId,
};
pub use image::{Image, ImageError, ImageUrl};
pub use import::Import;
pub use language::{Language, LanguageError};
pub use links::{LinkNumber, Links};
pub use mailing::Mailing;
pub use photograph::Photograph;
pub use problem::Problem;
pub use rating::{MAX_GRADE, Rating, RatingError, Ratings, Scale, ScaleError};
pub use receipt::{Nonce, Receipt, ReceiptError};
pub use results::{CandidateResults, CompetitionResults, Results, ResultsError};
pub use schedule::Schedule;
pub use shard::{Shard, ShardCount, ShardCountError};
pub use tally::{Histogram, Tally};
pub use text::{AlternativeText, Caption, Description, Name, Reason, TextError};
pub use time::Timestamp;
pub use token::{BallotToken, TokenError, UnsubscribeToken};
pub use version::Version;
pub use voter::Voter;
