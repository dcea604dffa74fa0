//! The statuses that PhotoVote answers with, by meaning. No other file names one.

use http::StatusCode;

/// Here it is; or, the command was carried out.
pub(crate) const DONE: StatusCode = StatusCode::OK;
/// The thing was made.
pub(crate) const CREATED: StatusCode = StatusCode::CREATED;
/// The client has it already.
pub(crate) const NOT_MODIFIED: StatusCode = StatusCode::NOT_MODIFIED;
/// The request cannot be read: the client has to send another one.
pub(crate) const MALFORMED: StatusCode = StatusCode::BAD_REQUEST;
/// Nobody that we know asks: the client has to authenticate.
pub(crate) const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;
/// The caller may see the thing, but not do this with it: somebody of a higher role has to.
pub(crate) const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
/// There is no such thing, or it is none of the caller's business.
pub(crate) const NOT_FOUND: StatusCode = StatusCode::NOT_FOUND;
/// The thing is there, but cannot be asked this.
pub(crate) const METHOD_NOT_ALLOWED: StatusCode = StatusCode::METHOD_NOT_ALLOWED;
/// The state does not allow it: the client has to look again.
pub(crate) const CONFLICT: StatusCode = StatusCode::CONFLICT;
/// The thing has changed since the client looked.
pub(crate) const PRECONDITION_FAILED: StatusCode = StatusCode::PRECONDITION_FAILED;
/// The body is too long.
pub(crate) const TOO_LARGE: StatusCode = StatusCode::PAYLOAD_TOO_LARGE;
/// The body is not JSON.
pub(crate) const UNSUPPORTED_MEDIA_TYPE: StatusCode = StatusCode::UNSUPPORTED_MEDIA_TYPE;
/// The request can be read, but breaks a rule whatever the state.
pub(crate) const INVALID: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
/// Too much at once: the client has to wait.
pub(crate) const THROTTLED: StatusCode = StatusCode::TOO_MANY_REQUESTS;
/// We are at fault, and an operator has to look.
pub(crate) const INTERNAL: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;
/// Not now: the client has to try again later.
pub(crate) const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
