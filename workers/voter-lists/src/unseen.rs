//! Characters that cannot be seen, which copying leaves around the words of a cell.

/// Whether a character at the edge of a cell is not a part of what the cell says.
pub(crate) fn is_edge(c: char) -> bool {
    c.is_whitespace() || c.is_control() || is_unseen(c)
}

/// Whether a character has no shape: soft hyphens, zero-width characters, marks and overrides of direction.
pub(crate) const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{61C}'
            | '\u{180E}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
            | '\u{FFF0}'..='\u{FFFB}'
    )
}

/// Returns the text without the unseen characters at its edges.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(is_edge)
}

/// Returns the beginning of a text, of at most `limit` bytes.
pub(crate) fn beginning(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}
