//! A letter to Ada, and how to change it.

use photovote_domain::{Description, Email, Language, Name, Timestamp};
use photovote_letters::{Closing, Envelope, Kind, Letter, Link, Mail, MessageId, Preview, Zone, ZoneName};

/// The link to Ada's ballot.
pub(crate) const LINK: &str = "https://vote.example.org/vote#pvb_01KB6Q5Z3N4V8W2X7Y9ZABCDEF_01KB6Q61R0MJ5H3T8P9QWERTYV_\
                               3f786850e387550fdab836ed7e6dc881de23001b3f786850e387550fdab836ed";
/// What of it is secret.
pub(crate) const SECRET: &str = "3f786850e387550fdab836ed7e6dc881de23001b";

/// Everything that a letter and its envelope hold.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) kind: Kind,
    pub(crate) language: Language,
    pub(crate) election: Name,
    pub(crate) voter: Name,
    pub(crate) closes_at: Option<i64>,
    pub(crate) zone: Option<(ZoneName, i32)>,
    pub(crate) contact: Option<Email>,
    pub(crate) subject: Option<Name>,
    pub(crate) text: Option<Description>,
    pub(crate) sender: Name,
    pub(crate) from: Email,
    pub(crate) to: Email,
    pub(crate) link: Link,
    pub(crate) unsubscribe: Option<Link>,
    pub(crate) date: i64,
}

impl Sample {
    pub(crate) fn new(kind: Kind, language: Language) -> Self {
        let link = match kind {
            Kind::Invitation | Kind::Reminder => LINK,
            Kind::Results => "https://vote.example.org/results#01KB6Q5Z3N4V8W2X7Y9ZABCDEF",
        };
        Self {
            kind,
            language,
            election: "Licht & Schatten 2026".parse().unwrap(),
            voter: "Ada Lovelace".parse().unwrap(),
            // 2026-11-28T17:00:00Z
            closes_at: Some(1_795_885_200_000),
            zone: Some(("Europe/Berlin".parse().unwrap(), 3_600)),
            contact: Some("jury@fotoclub.example".parse().unwrap()),
            subject: None,
            text: None,
            sender: "Fotoclub Köln".parse().unwrap(),
            from: "vote@example.org".parse().unwrap(),
            to: "ada@example.net".parse().unwrap(),
            link: link.parse().unwrap(),
            unsubscribe: Some("https://vote.example.org/unsubscribe?address=0123abcd".parse().unwrap()),
            date: 1_795_273_200_000,
        }
    }

    /// An invitation in English.
    pub(crate) fn invitation() -> Self {
        Self::new(Kind::Invitation, Language::En)
    }

    fn letter(&self) -> Letter<'_> {
        let zone = self.zone.as_ref().map(|(name, ahead_secs)| Zone { name, ahead_secs: *ahead_secs });
        Letter {
            kind: self.kind,
            language: self.language,
            election: &self.election,
            voter: &self.voter,
            closes: self.closes_at.map(|millis| Closing { at: Timestamp::from_millis(millis), zone }),
            contact: self.contact.as_ref(),
            subject: self.subject.as_ref(),
            text: self.text.as_ref(),
        }
    }

    pub(crate) fn envelope(&self) -> Envelope<'_> {
        Envelope {
            sender: &self.sender,
            from: &self.from,
            to: &self.to,
            link: &self.link,
            unsubscribe: self.unsubscribe.as_ref(),
            id: MessageId::derive(["01KB6Q5Z3N4V8W2X7Y9ZABCDEF", "first", "01KB6Q60000000000000000000"]),
            date: Timestamp::from_millis(self.date),
        }
    }

    pub(crate) fn try_write(&self) -> Result<Mail, photovote_letters::LetterError> {
        photovote_letters::write(&self.letter(), &self.envelope())
    }

    pub(crate) fn write(&self) -> Mail {
        self.try_write().unwrap()
    }

    pub(crate) fn preview(&self) -> Preview {
        photovote_letters::preview(&self.letter()).unwrap()
    }

    /// The message as another program reads it.
    pub(crate) fn read(&self) -> Read {
        Read::new(&self.write().bytes)
    }
}

/// What a mail program shows.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    /// The name and address of `From`, `To` and, if it is there, `Reply-To`.
    pub(crate) people: Vec<(Option<String>, String)>,
    /// The names of all headers, in their order.
    pub(crate) headers: Vec<String>,
}

impl Read {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let message = mail_parser::MessageParser::new().parse(bytes).unwrap();
        assert_eq!((message.text_body_count(), message.html_body_count(), message.attachment_count()), (1, 1, 0));
        let types: Vec<_> = message.parts.iter().map(media_type).collect();
        assert_eq!(types, ["multipart/alternative", "text/plain", "text/html"]);
        let people = [message.from(), message.to(), message.reply_to()].into_iter().flatten().map(|address| {
            assert_eq!(address.iter().count(), 1);
            let person = address.first().unwrap();
            (person.name().map(Into::into), person.address().unwrap().into())
        });
        let lines = |body: &str| {
            assert!(!body.replace("\r\n", "").contains(['\r', '\n']), "lines end with CRLF: {body:?}");
            body.replace("\r\n", "\n")
        };
        Self {
            subject: message.subject().unwrap().into(),
            text: lines(&message.body_text(0).unwrap()),
            html: lines(&message.body_html(0).unwrap()),
            people: people.collect(),
            headers: message.headers().iter().map(|header| header.name().into()).collect(),
        }
    }
}

fn media_type(part: &mail_parser::MessagePart<'_>) -> String {
    use mail_parser::MimeHeaders;
    let content_type = part.content_type().unwrap();
    format!("{}/{}", content_type.ctype(), content_type.subtype().unwrap())
}

/// The words of an HTML document, without markup.
pub(crate) fn words_of(html: &str) -> String {
    let mut words = String::new();
    for piece in html.split('<') {
        words.push_str(piece.split_once('>').map_or(piece, |(_, after)| after));
    }
    ["&lt;<", "&gt;>", "&quot;\"", "&#39;'", "&amp;&"]
        .iter()
        .fold(words, |words, pair| words.replace(&pair[..pair.len() - 1], &pair[pair.len() - 1..]))
}
