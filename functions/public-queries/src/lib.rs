//! PhotoVote.
