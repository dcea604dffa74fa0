//! What becomes of a list, in a form that is short to compare.

use photovote_voter_lists::{List, Unreadable, read};

/// Three people with letters beyond ASCII.
pub(crate) const PEOPLE: [[&str; 3]; 3] = [
    ["Zoë", "Müller", "zoe@example.org"],
    ["Þór", "Größe", "thor@example.org"],
    ["Renée", "Lefèvre", "renee@example.org"],
];

/// Returns one line for each row: `2 Ada Byron <ada@example.org>`, or `3 no_address`.
pub(crate) fn rows(bytes: &[u8]) -> Vec<String> {
    match read(bytes, None) {
        Ok(list) => lines(&list),
        Err(reason) => vec![reason.code().to_owned()],
    }
}

/// Returns one line for each row of a list.
pub(crate) fn lines(list: &List) -> Vec<String> {
    let line = |row: &photovote_voter_lists::Row| match &row.entry {
        Ok(entry) => format!("{} {} <{}>", row.number, entry.name, entry.email),
        Err(reason) => format!("{} {}", row.number, reason.code()),
    };
    list.rows.iter().map(line).collect()
}

/// Checks what the rows of a list become.
#[track_caller]
pub(crate) fn becomes(bytes: impl AsRef<[u8]>, expected: &[&str]) {
    let bytes = bytes.as_ref();
    assert_eq!(rows(bytes), expected, "{}", String::from_utf8_lossy(&bytes[..bytes.len().min(500)]));
}

/// Checks that a file is refused as a whole, with advice.
#[track_caller]
pub(crate) fn refused(bytes: impl AsRef<[u8]>, code: &str) -> Unreadable {
    let reason = read(bytes.as_ref(), None).expect_err(code);
    assert_eq!(reason.code(), code, "{reason}");
    let sentence = reason.to_string();
    assert!(sentence.ends_with('.') && sentence.contains(". "), "{sentence}");
    reason
}
