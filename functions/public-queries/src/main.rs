//! PhotoVote.
fn main() {}
