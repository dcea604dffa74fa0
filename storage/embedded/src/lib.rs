//! DynamoDB inside this process: an embedded database carries out the SDK's requests, and no socket is open.

mod dispatcher;
mod operations;

pub use dispatcher::{Dispatcher, NoAnswer};
pub use dynoxide::{Database, DynoxideError};
pub use operations::{StreamName, create_table, perform, stream};
