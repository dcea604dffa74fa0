//! Texts from outside: names and what an organiser wrote.

/// Ends a link in every mail program, because it is white space. It is hardly wider than nothing.
const HAIR_SPACE: char = '\u{200A}';

/// Puts a hair space wherever a mail program might see a link: in addresses of the web, domains and email addresses.
///
/// A mail has one link, its own. Mail programs turn `example.org` into a link, in HTML as well as in plain text.
pub(crate) fn unlinked(text: &str) -> String {
    let mut unlinked = String::with_capacity(text.len());
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        unlinked.push(c);
        if links(before, c, rest.peek().copied()) {
            unlinked.push(HAIR_SPACE);
        }
        before = Some(c);
    }
    unlinked
}

/// Returns whether the character may join its neighbours to a link.
///
/// Numbers and times of day, `3.5` and `18:00`, are no links. A text stands in quotation marks or after a word, so its first character may have a neighbour as well.
fn links(before: Option<char>, c: char, after: Option<char>) -> bool {
    let Some(after) = after.filter(|after| !after.is_whitespace()) else { return false };
    let before = before.unwrap_or('“');
    let numbers = before.is_ascii_digit() && after.is_ascii_digit();
    match c {
        '.' => !numbers && (after.is_alphanumeric() || matches!(after, '-' | '_')),
        // What IDNA reads as a full stop. Between words of Chinese it ends a sentence.
        '\u{3002}' | '\u{FF0E}' | '\u{FF61}' => before.is_ascii_alphanumeric() || after.is_ascii_alphanumeric(),
        ':' => !numbers,
        '@' | '\u{FF20}' => !before.is_whitespace(),
        _ => false,
    }
}

/// Returns a text for a header that no program decodes: `=?utf-8?Q?…?=` would be an encoded word (RFC 2047).
///
/// An encoded word can hold what a [`Name`](photovote_domain::Name) cannot, such as a line break. Many programs decode
/// it even in quotes.
pub(crate) fn undecoded(text: &str) -> String {
    text.replace("=?", &format!("={HAIR_SPACE}?"))
}

/// Returns the lines of a text that an organiser wrote, without those at its end that are blank.
pub(crate) fn lines(text: &str) -> Vec<&str> {
    text.trim().lines().flat_map(|line| line.split(['\r', '\u{2028}', '\u{2029}'])).collect()
}

/// Appends a text to HTML, as text or inside the quotes of an attribute.
pub(crate) fn escape_into(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_link_is_left() {
        for (text, shown) in [
            ("https://example.org", "https:_//example._org"),
            ("www.4x4.org", "www._4x4._org"),
            ("ada@example.org", "ada@_example._org"),
            ("mailto:ada@home", "mailto:_ada@_home"),
            ("s3://bucket", "s3:_//bucket"),
            ("tel:+49123", "tel:_+49123"),
            ("St.Gallen", "St._Gallen"),
            ("example。org", "example。_org"),
            (".org", "._org"),
            ("a .org", "a ._org"),
            ("@example.org", "@_example._org"),
        ] {
            assert_eq!(unlinked(text), shown.replace('_', "\u{200A}"), "{text}");
        }
    }

    #[test]
    fn other_texts_stay() {
        for text in
            ["Ada, 3.5 m. At 18:00: go! Dr. No ... “Well.”", "28.11.2026", ".", ":", "a.", "a @ada", "你好。再见", ""]
        {
            assert_eq!(unlinked(text), text);
        }
    }

    #[test]
    fn a_text_has_lines() {
        assert_eq!(lines("a\r\n\r\nb\nc\rd\u{2028}e\r\n\n"), ["a", "", "b", "c", "d", "e"]);
        assert!(lines(" \r\n").is_empty());
    }

    #[test]
    fn html_is_escaped() {
        let mut html = String::new();
        escape_into(&mut html, "<a href=\"x\">&'");
        assert_eq!(html, "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    }
}
