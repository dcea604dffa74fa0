//! Every kind of letter in every language, word by word. `UPDATE_GOLDEN=1 cargo test -p photovote-letters` writes them.

use std::{env, fs, path::Path};

use photovote_domain::Language;
use photovote_letters::Kind;

use crate::sample::Sample;

/// Compares with a file, or writes it.
pub(crate) fn compare(name: &str, content: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/letters/golden").join(name);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, content).unwrap();
    }
    assert_eq!(content, fs::read_to_string(&path).unwrap_or_default(), "{name}");
}

#[test]
fn every_kind_has_its_words_in_every_language() {
    for kind in Kind::ALL {
        for language in Language::ALL {
            let read = Sample::new(kind, language).read();
            let kind = serde_json::to_value(kind).unwrap();
            let name = format!("{}.{language}.txt", kind.as_str().unwrap());
            compare(&name, &format!("{}\n\n{}", read.subject, read.text));
        }
    }
}

#[test]
fn a_message_is_written_like_this() {
    compare("invitation.de.html", &Sample::new(Kind::Invitation, Language::De).read().html);
    let message = String::from_utf8(Sample::new(Kind::Invitation, Language::Fr).write().bytes).unwrap();
    // Git may change CRLF. Other tests want it.
    compare("invitation.fr.eml", &message.replace("\r\n", "\n"));
}

#[test]
fn the_organisers_words_replace_the_introduction() {
    let mut sample = Sample::invitation();
    sample.subject = Some("The jury needs you!".parse().unwrap());
    sample.text = Some("Dear members,\r\n\r\nten photographs <each> wait for you.\nThe board\n".parse().unwrap());
    sample.contact = None;
    sample.closes_at = None;
    let read = sample.read();
    compare("own.en.txt", &format!("{}\n\n{}", read.subject, read.text));
    compare("own.en.html", &read.html);
    let invitation = Sample::invitation().read();
    for text in ["", " \n\n"] {
        sample = Sample::invitation();
        sample.text = Some(text.parse().unwrap());
        assert_eq!(sample.read().text, invitation.text, "a blank text is none");
    }
}

#[test]
fn a_preview_has_the_same_words() {
    for kind in Kind::ALL {
        for language in Language::ALL {
            let mut sample = Sample::new(kind, language);
            sample.text = Some("Two\nlines".parse().unwrap());
            let (preview, read) = (sample.preview(), sample.read());
            assert_eq!(preview.subject, read.subject);
            let placeholder = preview.text.lines().find(|line| line.starts_with('[')).unwrap();
            assert_eq!(preview.text.replace(placeholder, sample.link.reveal()), read.text);
            let html = preview.html.replace(placeholder, sample.link.reveal());
            let anchor = format!("<a href=\"{}\" style", sample.link.reveal());
            assert_eq!(html.replace("<span style", &anchor).replace("</span>", "</a>"), read.html);
        }
    }
}
