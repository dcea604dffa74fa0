//! The address in a cell, as mail programs, spreadsheets and people write it.

use photovote_domain::{Email, EmailError};

use crate::{
    rejected::Rejected,
    unseen::{beginning, is_edge, is_unseen, trimmed},
};

/// How many bytes of a cell are searched for several addresses: two of the longest, and something between them.
const SEVERAL: usize = 600;

/// What stands in a cell with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    /// The address with a name.
    WithName,
    /// Only the address.
    Alone,
}

/// An address with the name beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addressed<'a> {
    pub(crate) email: Email,
    pub(crate) name: Option<&'a str>,
}

/// Returns how a cell holds exactly one address, if it does.
pub(crate) fn form(cell: &str) -> Option<Form> {
    let addressed = parse(cell).ok()?;
    Some(if addressed.name.is_some() { Form::WithName } else { Form::Alone })
}

/// Reads the one address of a cell. A cell that is not understood as a whole is refused: half an address would be the
/// address of a stranger.
pub(crate) fn parse(cell: &str) -> Result<Addressed<'_>, Rejected> {
    let text = trimmed(cell);
    // So spreadsheets write a text that they are not to take for something else.
    let text = text.strip_prefix("=\"").and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if text.is_empty() {
        return Err(Rejected::NoAddress);
    }
    if !text.contains(['@', '＠']) && !text.contains("%40") {
        return Err(Rejected::NotAnAddress);
    }
    let refusal = match plain(text) {
        Ok(email) => return Ok(Addressed { email, name: None }),
        Err(EmailError::TooLong) if !text.contains([' ', '<', ';', ',']) => Rejected::AddressTooLong,
        Err(_) => Rejected::NotAnAddress,
    };
    if let Some((email, name)) = with_name(text) {
        let name = trimmed(name).trim_matches(is_quote).trim_matches(is_edge);
        return match plain(name) {
            // Programs repeat the address where they know no name.
            Ok(same) if same.key() == email.key() => Ok(Addressed { email, name: None }),
            Ok(_) => Err(Rejected::SeveralAddresses),
            Err(_) if name.contains('@') => several(text, refusal),
            Err(_) => Ok(Addressed { email, name: (!name.is_empty()).then_some(name) }),
        };
    }
    several(text, refusal)
}

/// Reads a cell that holds an address and nothing but punctuation around it.
fn plain(text: &str) -> Result<Email, EmailError> {
    let mut text = bare(text);
    for scheme in ["mailto:", "smtp:", "email:", "e-mail:"] {
        if let Some((start, rest)) = text.split_at_checked(scheme.len())
            && start.eq_ignore_ascii_case(scheme)
        {
            text = bare(rest.split_once('?').map_or(rest, |(address, _)| address));
        }
    }
    let parsed = text.parse::<Email>();
    if parsed.is_ok() {
        return parsed;
    }
    let folded: String = text.chars().filter(|c| !is_unseen(*c)).map(narrow).collect();
    let folded = folded.replace("%40", "@");
    if folded == text { parsed } else { bare(&folded).parse() }
}

/// Removes what sentences, lists and spreadsheets put around an address.
fn bare(text: &str) -> &str {
    let around =
        |c: char| is_edge(c) || is_quote(c) || matches!(c, ',' | ';' | ':' | '<' | '>' | '，' | '；' | '、' | '。');
    text.trim_matches(around).trim_end_matches(|c| c == '.' || around(c))
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '´' | '‘' | '’' | '‚' | '‹' | '›' | '“' | '”' | '„' | '«' | '»' | '＂' | '＇')
}

/// Returns the ASCII character that a full-width one stands for.
fn narrow(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '。' | '｡' => '.',
        _ => c,
    }
}

/// Takes `Name <address>`, `Name [address]`, `Name (address)` or `address (Name)` apart.
fn with_name(text: &str) -> Option<(Email, &str)> {
    let text = text.trim_end_matches(|c| is_edge(c) || matches!(c, ',' | ';' | '.'));
    for (open, close) in [('<', '>'), ('[', ']'), ('(', ')'), ('＜', '＞'), ('（', '）')] {
        let Some((before, inside)) = text.strip_suffix(close).and_then(|text| text.rsplit_once(open)) else {
            continue;
        };
        if let Ok(email) = plain(inside) {
            return Some((email, before));
        }
        if matches!(open, '(' | '（')
            && let Ok(email) = plain(before)
        {
            return Some((email, inside));
        }
    }
    None
}

/// Tells several addresses from none, and finds the one that is written several times.
fn several<'a>(text: &str, refusal: Rejected) -> Result<Addressed<'a>, Rejected> {
    // One row of a spreadsheet may hold a whole mailing list: its beginning tells enough.
    let start = beginning(text, SEVERAL);
    let between = |c: char| c.is_whitespace() || ",;|/<>()[]\"，；、".contains(c);
    let words = || start.split(between).map(bare).filter(|word| !word.is_empty());
    let mut found: Option<Email> = None;
    for email in words().filter(|word| word.contains('@')).filter_map(|word| plain(word).ok()) {
        match &found {
            Some(first) if first.key() != email.key() => return Err(Rejected::SeveralAddresses),
            _ => found = Some(email),
        }
    }
    let alone = start.len() == text.len() && words().all(|word| plain(word).is_ok());
    found.filter(|_| alone).map(|email| Addressed { email, name: None }).ok_or(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_what_programs_write() {
        for (cell, address, name) in [
            ("ada@example.org", "ada@example.org", None),
            (" \u{a0}\u{200b}ada@example.org\u{ad}\u{feff} ", "ada@example.org", None),
            ("a\u{200b}da@exam\u{ad}ple.org", "ada@example.org", None),
            ("ada@example.org;", "ada@example.org", None),
            ("ada@example.org.", "ada@example.org", None),
            ("'ada@example.org'", "ada@example.org", None),
            ("“ada@example.org”", "ada@example.org", None),
            ("mailto:ada@example.org", "ada@example.org", None),
            ("=\"ada@example.org\"", "ada@example.org", None),
            ("MAILTO:ada@example.org?subject=Vote", "ada@example.org", None),
            ("ａｄａ＠ｅｘａｍｐｌｅ．ｏｒｇ", "ada@example.org", None),
            ("<ada@example.org>", "ada@example.org", None),
            ("Ada Byron <ada@example.org>", "ada@example.org", Some("Ada Byron")),
            ("\"Byron, Ada\" <ada@example.org>,", "ada@example.org", Some("Byron, Ada")),
            ("'Ada' <mailto:ada@example.org>", "ada@example.org", Some("Ada")),
            ("Ada Byron [mailto:ada@example.org]", "ada@example.org", Some("Ada Byron")),
            ("Ada (ada@example.org)", "ada@example.org", Some("Ada")),
            ("ada@example.org (Ada Byron)", "ada@example.org", Some("Ada Byron")),
            ("ada@example.org <Ada@example.org>", "Ada@example.org", None),
            ("[ada@example.org](mailto:ada@example.org)", "ada@example.org", None),
            ("ada@example.org, ada@example.org", "ada@example.org", None),
            ("jörg@müller.example", "jörg@müller.example", None),
        ] {
            let found = parse(cell).unwrap_or_else(|error| panic!("{cell}: {error}"));
            assert_eq!((found.email.as_str(), found.name), (address, name), "{cell}");
        }
    }

    #[test]
    fn what_is_not_understood_as_a_whole_is_refused() {
        for (cell, reason) in [
            ("", Rejected::NoAddress),
            (" \u{200b}", Rejected::NoAddress),
            ("none", Rejected::NotAnAddress),
            ("ada(at)example.org", Rejected::NotAnAddress),
            ("ada @example.org", Rejected::NotAnAddress),
            ("ada byron@example.org", Rejected::NotAnAddress),
            ("ask ada@example.org first", Rejected::NotAnAddress),
            ("Ada <ada@example>", Rejected::NotAnAddress),
            ("=cmd|' /C calc'!A0", Rejected::NotAnAddress),
            ("a@example.org; b@example.org", Rejected::SeveralAddresses),
            ("a@example.org b@example.org", Rejected::SeveralAddresses),
            ("a@example.org ::: b@example.org", Rejected::SeveralAddresses),
            ("a@example.org/b@example.org", Rejected::SeveralAddresses),
            ("a@example.org <b@example.org>", Rejected::SeveralAddresses),
            ("A <a@example.org>, B <b@example.org>", Rejected::SeveralAddresses),
        ] {
            assert_eq!(parse(cell), Err(reason), "{cell}");
        }
        let long = format!("{}@example.org", "x".repeat(300));
        assert_eq!(parse(&long), Err(Rejected::AddressTooLong));
    }
}
