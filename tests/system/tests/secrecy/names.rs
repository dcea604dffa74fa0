//! What two elections have to say for themselves, with whatever is random or a clock's replaced by names.
//!
//! Each random value becomes its kind and the number of its first occurrence: `ulid#3`. So two texts become the same only if
//! there is a one-to-one mapping between their random values that leads from the one to the other. Nothing else is
//! replaced: a value more or less, or one in another place, is a difference. Times are replaced without a number,
//! because whether two things happen in one millisecond is chance.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// The names that an observer has given to random values, in the order in which they were seen.
#[derive(Debug, Default)]
pub(crate) struct Names {
    given: HashMap<String, String>,
    numbers: HashMap<&'static str, usize>,
}

/// What a word is, if it is random or a clock's.
fn kind(word: &str) -> Option<&'static str> {
    let all = |is: fn(&u8) -> bool| word.as_bytes().iter().all(is);
    let hexadecimal = all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b));
    match word.len() {
        // In milliseconds since 1970.
        13 if all(u8::is_ascii_digit) => Some("time"),
        26 if all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) => Some("ulid"),
        32 if hexadecimal => Some("request"),
        64 if hexadecimal => Some("digest"),
        _ => None,
    }
}

impl Names {
    /// A text in which every random value has its name.
    pub(crate) fn text(&mut self, text: &str) -> String {
        replaced(text, |kind, word| {
            if let Some(name) = self.given.get(word) {
                return name.clone();
            }
            let number = self.numbers.entry(kind).or_default();
            *number += 1;
            let name = if kind == "time" { kind.to_owned() } else { format!("{kind}#{number}") };
            self.given.insert(word.to_owned(), name.clone());
            name
        })
    }

    /// A text in which random values that were seen before have their names, and others only their kind.
    pub(crate) fn known(&self, text: &str) -> String {
        replaced(text, |kind, word| self.given.get(word).cloned().unwrap_or_else(|| kind.to_owned()))
    }

    /// A JSON value in which every random value has its name. Cursors are opened.
    pub(crate) fn json(&mut self, value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                members.iter().map(|(key, value)| (self.text(key), self.json(&opened(key, value)))).collect()
            }
            Value::Array(values) => values.iter().map(|value| self.json(value)).collect(),
            Value::String(text) => self.text(text).into(),
            other => other.clone(),
        }
    }
}

/// A text in which random values are told by their kind alone.
pub(crate) fn masked(text: &str) -> String {
    replaced(text, |kind, _| kind.to_owned())
}

/// A cursor in plain text: what it holds, its reader sees as well.
fn opened(key: &str, value: &Value) -> Value {
    match (key, value) {
        ("next_cursor", Value::String(cursor)) => {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).expect("a cursor is base64");
            String::from_utf8(bytes).expect("a cursor is text").into()
        }
        _ => value.clone(),
    }
}

fn replaced(text: &str, mut name: impl FnMut(&'static str, &str) -> String) -> String {
    let (mut result, mut rest) = (String::new(), text);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, others) = rest.split_at(end);
        match kind(word) {
            Some(kind) => result.push_str(&name(kind, word)),
            None => result.push_str(word),
        }
        let next = others.find(|c: char| c.is_ascii_alphanumeric()).unwrap_or(others.len());
        result.push_str(&others[..next]);
        rest = &others[next..];
    }
    result
}

#[test]
fn random_values_get_names_and_nothing_else_does() {
    let (ulid, other) = ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAW");
    let mut names = Names::default();
    assert_eq!(names.text(&format!("{ulid} is {other}, not {ulid}; 17")), "ulid#1 is ulid#2, not ulid#1; 17");
    assert_eq!(names.text(&format!("pvb_{other}_{}", "0f".repeat(32))), "pvb_ulid#2_digest#1");
    assert_eq!(names.known(&format!("{other} {}", "ab".repeat(32))), "ulid#2 digest");
    assert_eq!(names.text("1790000000000 1790000000001 179000000000"), "time time 179000000000");
    assert_eq!(names.text("\"7\" ballot#0000000012"), "\"7\" ballot#0000000012");
    let cursor = URL_SAFE_NO_PAD.encode(format!("audit\0{ulid}#12"));
    let page = serde_json::json!({"next_cursor": cursor});
    assert_eq!(names.json(&page), serde_json::json!({"next_cursor": "audit\0ulid#1#12"}));
}
