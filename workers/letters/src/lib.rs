//! Letters: writes the mails that voters get.
//!
//! ```text
//! words of the language + names + end of voting → paragraphs → plain text and HTML → MIME with headers
//! ```
//!
//! Everything here is pure: no clock, no randomness, no network. Equal arguments have equal messages. A mail has one
//! link. Names and the organiser's words can add neither a link nor a header nor markup.
//!
//! A [`Notice`] is a letter to an organiser.

mod address;
mod letter;
mod link;
mod message;
mod moment;
mod notice;
mod outside;
mod words;

pub use address::{AddressError, ascii_address};
pub use letter::{Letter, Preview, preview};
pub use link::{Link, LinkError};
pub use message::{Envelope, LetterError, Mail, MessageId, write};
pub use moment::{Closing, Place, Zone, ZoneName, ZoneNameError};
pub use notice::{Notice, notify};
pub use photovote_domain::mailing::Kind;
