//! The names of the problems that the edge makes. Those of the domain's refusals are the domain's own.

use http::StatusCode;

use crate::status;

macro_rules! codes {
    ($($code:ident, $status:ident, $name:literal, $meaning:literal;)+) => {
        /// A kind of problem. Its name is the `code` of the answer: clients depend on it, so a name never changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $meaning] $code,)+
        }

        impl Code {
            /// The name, in snake case.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)+ }
            }

            /// The status that it is answered with.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$code => status::$status,)+ }
            }

            /// What it means. An answer usually says more exactly what is wrong.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$code => $meaning,)+ }
            }
        }
    };
}

codes! {
    MalformedRequest, MALFORMED, "malformed_request", "the request is malformed";
    HeadTooLarge, MALFORMED, "head_too_large", "the request line and the headers can have at most 10 KB";
    MalformedHost, MALFORMED, "malformed_host", "the request names no host, more than one, another than its target, or one that is not served";
    MalformedPath, MALFORMED, "malformed_path", "the path cannot be read";
    MalformedParameter, MALFORMED, "malformed_parameter", "the query has a parameter that is unknown, repeated or malformed";
    MalformedId, MALFORMED, "malformed_id", "an id in the path is malformed";
    MalformedCursor, MALFORMED, "malformed_cursor", "this is no cursor of this list";
    MalformedIdempotencyKey, MALFORMED, "malformed_idempotency_key", "Idempotency-Key has to be 1 to 255 printable ASCII characters";
    MalformedIfMatch, MALFORMED, "malformed_if_match", "If-Match has to be * or a list of entity tags, such as \"17\"";
    MalformedBody, MALFORMED, "malformed_body", "the body is not the JSON object that is expected";
    Unauthorized, UNAUTHORIZED, "unauthorized", "the bearer token is missing or not accepted";
    CreationForbidden, FORBIDDEN, "creation_forbidden", "you may not create elections: ask the operator";
    WrongAddress, FORBIDDEN, "wrong_address", "this address serves no clients: use the address of the page";
    RouteNotFound, NOT_FOUND, "route_not_found", "there is nothing at this path";
    ResultsNotFound, NOT_FOUND, "results_not_found", "there are no public results of such an election";
    SignInNotFound, NOT_FOUND, "sign_in_not_found", "this service does not say where administrators sign in";
    UnsubscribeNotFound, NOT_FOUND, "unsubscribe_not_found", "no mail has this address";
    ReceiptNotFound, NOT_FOUND, "receipt_not_found", "no ballot with this receipt is counted so far";
    MethodNotAllowed, METHOD_NOT_ALLOWED, "method_not_allowed", "this path does not take this method";
    Conflict, CONFLICT, "conflict", "other commands were faster, several times: look again and retry";
    NoMail, CONFLICT, "no_mail", "no mail can be sent from here: hand out the links, or ask the operator";
    TooManyElections, CONFLICT, "too_many_elections", "you have created 1,000 elections, the most that one administrator may: ask the operator";
    VersionMismatch, PRECONDITION_FAILED, "version_mismatch", "this is at another version, which If-Match does not name";
    BodyTooLarge, TOO_LARGE, "body_too_large", "a body can have at most 256 KB";
    UnsupportedMediaType, UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "the body has to be application/json, in UTF-8";
    InvalidValue, INVALID, "invalid_value", "name: is longer than 200 characters";
    IdempotencyKeyReused, INVALID, "idempotency_key_reused", "this Idempotency-Key was used for another request";
    TooLargeToStore, INVALID, "too_large_to_store", "the result is too large to be stored";
    Internal, INTERNAL, "internal", "something went wrong on our side";
    StorageUnavailable, UNAVAILABLE, "storage_unavailable", "the storage is busy: try again";
    BeingUpdated, UNAVAILABLE, "being_updated", "this is being updated: try again in a moment";
    NotProjectedYet, UNAVAILABLE, "not_projected_yet", "the election has not come to this version here: try again";
    Counting, UNAVAILABLE, "counting", "some ballots are not counted yet: try again";
    ResultsDiffer, UNAVAILABLE, "results_differ", "the results cannot be shown at the moment: try again later";
    GatesMissing, UNAVAILABLE, "gates_missing", "the election cannot be used at the moment: try again later";
    FunctionTooSlow, UNAVAILABLE, "function_too_slow", "this takes too long";
}
