//! One cell of a text with separators, in quotation marks or without.

use std::borrow::Cow;

/// Reads the cell that begins at `from`. Returns it and where it ends: at a separator, a line end or the end of the text.
pub(crate) fn cell(text: &str, from: usize, separator: u8) -> (Cow<'_, str>, usize) {
    let bytes = text.as_bytes();
    let blank = |byte: u8| byte == b' ' && separator != b' ';
    let mut start = from;
    while bytes.get(start).copied().is_some_and(blank) {
        start += 1;
    }
    if bytes.get(start) != Some(&b'"') || separator == b'"' {
        let end = plain_end(bytes, from, separator);
        return (Cow::Borrowed(&text[from..end]), end);
    }
    quoted(text, start, separator).unwrap_or_else(|| {
        // A mark that nothing closes is a slip of the pen: the cell is what stands after it.
        let end = plain_end(bytes, start + 1, separator);
        (Cow::Borrowed(&text[start + 1..end]), end)
    })
}

/// Finds the end of a cell without quotation marks.
fn plain_end(bytes: &[u8], from: usize, separator: u8) -> usize {
    let ends = |byte: &u8| *byte == separator || matches!(byte, b'\n' | b'\r');
    bytes.get(from..).and_then(|rest| rest.iter().position(ends)).map_or(bytes.len(), |length| from + length)
}

/// Reads a cell whose opening mark stands at `open`, unless the mark opens nothing.
fn quoted(text: &str, open: usize, separator: u8) -> Option<(Cow<'_, str>, usize)> {
    let bytes = text.as_bytes();
    let start = open + 1;
    let (mut at, mut doubled) = (start, false);
    let close = loop {
        let Some(mark) = bytes.get(at..)?.iter().position(|byte| *byte == b'"') else {
            break None;
        };
        if bytes.get(at + mark + 1) != Some(&b'"') {
            break Some(at + mark);
        }
        doubled = true;
        at += mark + 2;
    };
    let inner = &text[start..close.unwrap_or(text.len())];
    let several_lines = inner.contains(['\n', '\r']);
    let close = match close {
        Some(close) => close,
        // The file ends within its last line, as one does that was cut off.
        None if !several_lines => return Some((unescaped(inner, doubled), text.len())),
        None => return None,
    };
    let end = plain_end(bytes, close + 1, separator);
    let rest = &text[close + 1..end];
    if rest.trim().is_empty() {
        return Some((unescaped(inner, doubled), end));
    }
    // Something follows the closing mark. Within a line, it belongs to the cell: `"Doe, Jane" <jane@example.org>`.
    (!several_lines).then(|| (Cow::Owned(format!("{}{rest}", unescaped(inner, doubled))), end))
}

fn unescaped(inner: &str, doubled: bool) -> Cow<'_, str> {
    if doubled { Cow::Owned(inner.replace("\"\"", "\"")) } else { Cow::Borrowed(inner) }
}
