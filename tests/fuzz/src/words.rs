//! Texts that stand for one value: what is read is spelled again the same.

use std::{fmt::Debug, str::FromStr};

use photovote_domain::{
    BallotToken, Caption, Description, Digest, ElectionId, Email, ImageUrl, Name, Reason, Receipt, Subject,
};
use photovote_edge::Moment;

fn utf8(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// What was accepted, if it was; it is accepted again as it is spelled, and is the same.
fn stable<T: FromStr<Err: Debug> + ToString + PartialEq + Debug>(text: &str) -> Option<T> {
    let value: T = text.parse().ok()?;
    let again: T = value.to_string().parse().expect("what was accepted is accepted as it is spelled");
    assert_eq!(again, value);
    Some(value)
}

/// Names, captions, reasons and descriptions: short, composed, and with nothing that misleads.
pub fn text(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    let lines = [
        (stable::<Name>(text).map(String::from), 200),
        (stable::<Caption>(text).map(String::from), 500),
        (stable::<Reason>(text).map(String::from), 500),
    ];
    for (line, limit) in lines.into_iter().filter_map(|(line, limit)| Some((line?, limit))) {
        assert!((1..=limit).contains(&line.chars().count()), "{line:?}");
        assert_eq!(line.trim(), line);
        assert!(
            !line.contains(|c: char| c.is_control()
                || matches!(c, '\u{AD}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{E0001}')),
            "{line:?}"
        );
        // Tags stand in a flag only.
        let tags = |c: char| matches!(c, '\u{E0020}'..='\u{E007F}');
        assert!(line.split('\u{1F3F4}').next().is_some_and(|before| !before.contains(tags)), "{line:?}");
    }
    if let Some(description) = stable::<Description>(text) {
        assert!(description.as_str().chars().count() <= 4_000);
        assert!(!description.as_str().contains(['\0', '\u{1b}', '\u{AD}', '\u{202E}']), "{description:?}");
    }
    if let Some(subject) = stable::<Subject>(text) {
        assert_eq!(subject.as_str(), text);
    }
}

/// Email addresses: one key however they are written.
pub fn email(data: &[u8]) {
    let Some(email) = utf8(data).and_then(stable::<Email>) else { return };
    let text = email.as_str();
    assert!(text.len() <= 254 && text.is_ascii() <= text.bytes().all(|b| b.is_ascii_graphic()), "{text:?}");
    let (local, domain) = text.rsplit_once('@').expect("an address has an @");
    assert!(!local.is_empty() && domain.contains('.'), "{text:?}");
    for other in [text.to_ascii_uppercase(), text.to_ascii_lowercase(), format!(" {text} ")] {
        // Capitals may be refused where the domain is Punycode: they would be another name there.
        if let Ok(other) = other.parse::<Email>() {
            assert_eq!(other.key(), email.key(), "{text:?}");
        }
    }
}

/// Addresses of pictures: https, or http to this machine.
pub fn image_url(data: &[u8]) {
    let Some(url) = utf8(data).and_then(stable::<ImageUrl>) else { return };
    let url = url.as_str();
    assert!(url.len() <= 2_048 && url.is_ascii(), "{url:?}");
    let loopback = ["http://localhost", "http://127.", "http://[::1]"].iter().any(|start| url.starts_with(start));
    assert!(url.starts_with("https://") || loopback, "{url:?}");
    assert!(!url.contains(['<', '>', '"', ' ']), "{url:?}");
}

/// Times.
pub fn moment(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    if let Some(moment) = stable::<Moment>(text) {
        assert!(text.is_ascii() && moment.to_string().ends_with('Z'), "{text:?}");
    }
}

/// Ids and digests: one spelling, but for the case of ids.
pub fn id(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    if let Some(id) = stable::<ElectionId>(text) {
        assert_eq!(id.to_string(), text.to_ascii_uppercase());
    }
    if let Some(digest) = stable::<Digest>(text) {
        assert_eq!(digest.to_string(), text);
    }
}

/// Receipts: one spelling.
pub fn receipt(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    if let Some(receipt) = stable::<Receipt>(text) {
        assert_eq!(receipt.to_string(), text);
    }
}

/// Ballot tokens: one spelling, and its own hash.
pub fn ballot_token(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    if let Ok(token) = text.parse::<BallotToken>() {
        assert_eq!(token.reveal(), text);
        assert!(token.matches(&token.hash()));
    }
}
