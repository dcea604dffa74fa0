//! Letters to organisers, word by word.

use photovote_domain::{Language, Timestamp, election::Obstacle};
use photovote_letters::{Closing, Envelope, Link, MessageId, Notice, Zone, ZoneName, notify};

use crate::{golden::compare, sample::Read};

const ALL: [Obstacle; 5] = [
    Obstacle::NoCompetition,
    Obstacle::TooFewCandidates,
    Obstacle::PhotographsProcessing { count: 3 },
    Obstacle::NoVoters,
    Obstacle::LinksNotShown { count: 12 },
];

/// What an organiser reads.
fn read(language: Language, missed: bool, obstacles: &[Obstacle]) -> Read {
    let (election, sender) = ("Licht & Schatten 2026".parse().unwrap(), "PhotoVote".parse().unwrap());
    let (from, to) = ("vote@example.org".parse().unwrap(), "jury@fotoclub.example".parse().unwrap());
    let link: Link = "https://vote.example.org/admin#/e/01KB6Q5Z3N4V8W2X7Y9ZABCDEF".parse().unwrap();
    let name: ZoneName = "Europe/Berlin".parse().unwrap();
    // 2026-11-28T17:00:00Z
    let at = Timestamp::from_millis(1_795_885_200_000);
    let opens = Closing { at, zone: Some(Zone { name: &name, ahead_secs: 3_600 }) };
    let envelope = Envelope {
        sender: &sender,
        from: &from,
        to: &to,
        link: &link,
        unsubscribe: None,
        id: MessageId::derive(["01KB6Q5Z3N4V8W2X7Y9ZABCDEF", "notice"]),
        date: Timestamp::from_millis(1_795_800_000_000),
    };
    let mail = notify(&Notice { language, election: &election, opens, missed, obstacles }, &envelope).unwrap();
    Read::new(&mail.bytes)
}

#[test]
fn every_notice_has_its_words_in_every_language() {
    for language in Language::ALL {
        for (name, missed, obstacles) in [("ahead", false, &ALL[..]), ("missed", true, &ALL[3..4]), ("over", true, &[])]
        {
            let read = read(language, missed, obstacles);
            compare(&format!("notice-{name}.{language}.txt"), &format!("{}\n\n{}", read.subject, read.text));
        }
    }
}

#[test]
fn a_notice_has_no_reply_and_ends_no_mails() {
    let read = read(Language::En, true, &ALL);
    assert_eq!(read.people.len(), 2, "from and to alone");
    assert!(!read.headers.iter().any(|header| header.starts_with("List-")), "{:?}", read.headers);
    assert!(read.html.contains("href=\"https://vote.example.org/admin#/e/"), "{}", read.html);
}
