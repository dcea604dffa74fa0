//! The headers of a mail.

use photovote_letters::{AddressError, LetterError, MessageId};

use crate::sample::{SECRET, Sample};

/// The headers, unfolded.
fn headers(sample: &Sample) -> Vec<String> {
    let mail = String::from_utf8(sample.write().bytes).unwrap();
    let (headers, _) = mail.split_once("\r\n\r\n").unwrap();
    headers.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n").map(Into::into).collect()
}

#[test]
fn a_mail_has_these_headers() {
    let mut headers = headers(&Sample::invitation());
    let content_type = headers.pop().unwrap();
    assert!(content_type.starts_with("Content-Type: multipart/alternative; boundary=\"=_"), "{content_type}");
    assert_eq!(
        headers,
        [
            "From: =?utf-8?Q?Fotoclub_K=C3=B6ln?= <vote@example.org>",
            "To: \"Ada Lovelace\" <ada@example.net>",
            "Reply-To: <jury@fotoclub.example>",
            "Subject: Your ballot for Licht & Schatten 2026",
            "Date: Sat, 21 Nov 2026 15:00:00 +0000",
            "Message-ID: <ed2d05767ae1e03a5f15d94063f6d162b6ab4c84e43163cbac099ff32e344ed3@example.org>",
            "Auto-Submitted: auto-generated",
            "List-Unsubscribe: <https://vote.example.org/unsubscribe?address=0123abcd>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            "Content-Language: en",
            "MIME-Version: 1.0",
        ]
    );
}

#[test]
fn what_is_not_given_has_no_header() {
    let mut sample = Sample::invitation();
    sample.contact = None;
    sample.unsubscribe = None;
    for header in headers(&sample) {
        assert!(!header.starts_with("Reply-To") && !header.starts_with("List-"), "{header}");
    }
}

#[test]
fn one_click_needs_https() {
    let mut sample = Sample::invitation();
    sample.unsubscribe = Some("http://127.0.0.1:8080/unsubscribe?address=01".parse().unwrap());
    let lists: Vec<_> = headers(&sample).into_iter().filter(|header| header.starts_with("List-")).collect();
    assert_eq!(lists, ["List-Unsubscribe: <http://127.0.0.1:8080/unsubscribe?address=01>"]);
}

#[test]
fn a_mail_depends_on_its_arguments_alone() {
    let sample = Sample::invitation();
    assert_eq!(sample.write(), sample.write());
    assert_ne!(MessageId::derive(["a", "b"]), MessageId::derive(["ab"]));
    assert_ne!(MessageId::derive(["a", "b"]), MessageId::derive(["b", "a"]));
}

#[test]
fn only_the_bodies_hold_the_link() {
    let mail = String::from_utf8(Sample::invitation().write().bytes).unwrap();
    let (headers, _) = mail.split_once("\r\n\r\n").unwrap();
    assert!(!headers.contains("pvb_") && !headers.contains(&SECRET[..8]), "{headers}");
    let mut other = Sample::invitation();
    other.link = "https://vote.example.org/vote#pvb_other".parse().unwrap();
    let other = String::from_utf8(other.write().bytes).unwrap();
    assert_eq!(other.split_once("\r\n\r\n").unwrap().0, headers, "no header depends on the link");
}

#[test]
fn nothing_prints_the_link() {
    let sample = Sample::invitation();
    for shown in [format!("{:?}", sample.write()), format!("{:#?}", sample.envelope()), format!("{:?}", sample.link)] {
        assert!(!shown.contains("pvb_") && !shown.contains(&SECRET[..8]), "{shown}");
    }
    assert_eq!(format!("{:?}", sample.write()), format!("Mail({} bytes)", sample.write().bytes.len()));
    assert!(!format!("{:?}", sample.preview()).contains("pvb_"));
}

#[test]
fn addresses_are_sent_in_ascii() {
    let mut sample = Sample::invitation();
    sample.from = "wahl@köln.example".parse().unwrap();
    sample.to = "ada@münchen.de".parse().unwrap();
    sample.contact = Some("jury@例子.广告".parse().unwrap());
    let mail = sample.write();
    assert_eq!((mail.from.as_str(), mail.to.as_str()), ("wahl@xn--kln-sna.example", "ada@xn--mnchen-3ya.de"));
    let addresses: Vec<_> = sample.read().people.into_iter().map(|(_, address)| address).collect();
    assert_eq!(addresses, [mail.from.as_str(), mail.to.as_str(), "jury@xn--fsqu00a.xn--4rr70v"]);
    assert!(headers(&sample).iter().any(|header| header.ends_with("@xn--kln-sna.example>")), "the message's id");
}

#[test]
fn an_address_that_servers_do_not_take_is_named() {
    let josé = || "josé@example.org".parse().unwrap();
    let mut sample = Sample::invitation();
    sample.from = josé();
    assert_eq!(sample.try_write(), Err(LetterError::Sender(AddressError::LocalPart)));
    sample = Sample::invitation();
    sample.to = josé();
    assert_eq!(sample.try_write(), Err(LetterError::Recipient(AddressError::LocalPart)));
    sample = Sample::invitation();
    sample.contact = Some(josé());
    assert_eq!(sample.try_write(), Err(LetterError::Contact(AddressError::LocalPart)));
}
