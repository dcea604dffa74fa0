//! Lists as people have them: bytes in, rows out.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bounds;
mod cells;
mod chosen;
mod encodings;
mod headers;
mod opened;
mod products;
mod workbooks;
mod wrong;
