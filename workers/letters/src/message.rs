//! Messages: letters with their headers, as they are sent.

use std::fmt;

use mail_builder::{
    MessageBuilder,
    headers::{
        address::Address, content_type::ContentType, date::Date, message_id::MessageId as MessageIdHeader, raw::Raw,
        text::Text, url::URL,
    },
    mime::{BodyPart, MimePart},
};
use photovote_domain::{Digest, Email, Hasher, Language, Name, Timestamp};
use thiserror::Error;

use crate::{
    address::{AddressError, ascii_address},
    letter::{Letter, bodies, preview},
    link::Link,
    moment::is_writable,
    outside::undecoded,
};

/// Why a letter cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LetterError {
    /// No mail can be sent from the sender's address.
    #[error("the sender's address {0}")]
    Sender(AddressError),
    /// No mail can be sent to the voter's address.
    #[error("the voter's address {0}")]
    Recipient(AddressError),
    /// No mail can be sent to the organiser's address.
    #[error("the contact's address {0}")]
    Contact(AddressError),
    /// The mail's date is before 1970 or after 9999.
    #[error("the mail's date is before 1970 or after 9999")]
    Date,
    /// The end of voting is before 1970 or after 9999, or its clock is a day or more from UTC.
    #[error("the end of voting is before 1970 or after 9999, or its clock is a day or more from UTC")]
    Closing,
}

/// Names one mail: a hash of ids, without anything secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageId(Digest);

impl MessageId {
    /// Derives the name from ids, such as those of the election, the mailing and the voter.
    ///
    /// A retry of one mail has the same ids, so a mail program may show both as one.
    pub fn derive<'i>(ids: impl IntoIterator<Item = &'i str>) -> Self {
        let hasher = ids.into_iter().fold(Hasher::new("photovote/mail"), |hasher, id| hasher.part(id.as_bytes()));
        Self(hasher.finish())
    }
}

/// Sender, recipient, link and name of a letter.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// The sender's name, as the voter sees it.
    pub sender: &'a Name,
    /// The sender's address. Its domain is also that of the message's id.
    pub from: &'a Email,
    /// The voter's address.
    pub to: &'a Email,
    /// The way to the ballot, or to the results.
    pub link: &'a Link,
    /// The address of the web where a POST ends all mails to this voter.
    pub unsubscribe: Option<&'a Link>,
    /// The mail's name.
    pub id: MessageId,
    /// When the mail is written.
    pub date: Timestamp,
}

/// A whole message of RFC 5322, and the addresses that a mail server wants to know. `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The sender's address in ASCII.
    pub from: String,
    /// The recipient's address in ASCII.
    pub to: String,
    /// The message. Its lines end with CRLF and have at most 998 bytes, all ASCII.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mail({} bytes)", self.bytes.len())
    }
}

/// Writes a letter to a voter. Equal arguments have equal messages.
///
/// ```
/// use photovote_domain::{Language, Timestamp};
/// use photovote_letters::{Envelope, Kind, Letter, MessageId};
///
/// let (election, voter) = ("Light and Shadow".parse()?, "Ada".parse()?);
/// let letter = Letter {
///     kind: Kind::Invitation,
///     language: Language::En,
///     election: &election,
///     voter: &voter,
///     closes: None,
///     contact: None,
///     subject: None,
///     text: None,
/// };
/// let (sender, from, to) = ("Photo club".parse()?, "vote@example.org".parse()?, "ada@example.net".parse()?);
/// let link = "https://vote.example.org/vote#pvb_secret".parse()?;
/// let mail = photovote_letters::write(&letter, &Envelope {
///     sender: &sender,
///     from: &from,
///     to: &to,
///     link: &link,
///     unsubscribe: None,
///     id: MessageId::derive(["election", "mailing", "voter"]),
///     date: Timestamp::from_millis(1_795_273_200_000),
/// })?;
/// assert_eq!(mail.to, "ada@example.net");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write(letter: &Letter<'_>, envelope: &Envelope<'_>) -> Result<Mail, LetterError> {
    let (text, html) = bodies(letter, envelope.link.reveal())?;
    // The boundary does not depend on the link.
    let preview = preview(letter)?;
    let content = Content {
        language: letter.language,
        name: Some(letter.voter),
        contact: letter.contact,
        subject: letter.subject(),
        text,
        html,
        boundary: boundary(&preview.text, &preview.html),
    };
    content.write(envelope)
}

/// What a message says, and in which language.
pub(crate) struct Content<'a> {
    pub(crate) language: Language,
    /// The recipient's name.
    pub(crate) name: Option<&'a Name>,
    /// Where replies go.
    pub(crate) contact: Option<&'a Email>,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    /// What separates text and HTML. It stands in neither of them.
    pub(crate) boundary: String,
}

impl Content<'_> {
    /// Writes the message.
    pub(crate) fn write(self, envelope: &Envelope<'_>) -> Result<Mail, LetterError> {
        let from = ascii_address(envelope.from).map_err(LetterError::Sender)?;
        let to = ascii_address(envelope.to).map_err(LetterError::Recipient)?;
        if !is_writable(envelope.date) {
            return Err(LetterError::Date);
        }
        let name = self.name.map(|name| undecoded(name.as_str()));
        let mut builder = MessageBuilder::new()
            .from(Address::new_address(Some(undecoded(envelope.sender.as_str())), from.as_str()))
            .to(Address::new_address(name, to.as_str()));
        if let Some(contact) = self.contact {
            let contact = ascii_address(contact).map_err(LetterError::Contact)?;
            builder = builder.reply_to(Address::new_address(None::<&str>, contact));
        }
        builder = builder
            .subject(Text::new(self.subject))
            .date(Date::new(envelope.date.millis() / 1_000))
            .message_id(MessageIdHeader::new(message_id(envelope.id, &from)))
            .header("Auto-Submitted", Raw::new("auto-generated"));
        if let Some(unsubscribe) = envelope.unsubscribe {
            builder = builder.header("List-Unsubscribe", URL::new(unsubscribe.reveal()));
            // RFC 8058 asks for HTTPS, which a local server lacks.
            if unsubscribe.is_https() {
                builder = builder.header("List-Unsubscribe-Post", Raw::new("List-Unsubscribe=One-Click"));
            }
        }
        let alternative = ContentType::new("multipart/alternative").attribute("boundary", self.boundary);
        let parts = vec![part("text/plain", &self.text), part("text/html", &self.html)];
        let builder =
            builder.header("Content-Language", Raw::new(self.language.tag())).body(MimePart::new(alternative, parts));

        let mut bytes = Vec::new();
        builder.serialize(&mut bytes);
        Ok(Mail { from, to, bytes })
    }
}

/// A part of the message. Whatever its encoding, its lines end with CRLF (RFC 2046, 4.1.1).
fn part(media_type: &'static str, content: &str) -> MimePart<'static> {
    MimePart::new(media_type, BodyPart::from(content.replace('\n', "\r\n")))
}

fn message_id(id: MessageId, from: &str) -> String {
    let domain = from.rsplit_once('@').map_or(from, |(_, domain)| domain);
    format!("{}@{domain}", id.0)
}

/// Derives the boundary from the parts that it separates, so that no organiser can write it into one.
pub(crate) fn boundary(text: &str, html: &str) -> String {
    let hash = Hasher::new("photovote/mail-boundary").part(text.as_bytes()).part(html.as_bytes());
    // A boundary has at most 70 characters (RFC 2046, 5.1.1).
    let hash = hash.finish().to_string();
    format!("=_{}", hash.get(..32).unwrap_or(&hash))
}
