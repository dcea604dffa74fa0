//! What the words of a header say about a column, in the languages and products that people export lists from.

mod emails;
mod people;

use std::{collections::HashMap, sync::LazyLock};

use crate::fold::{folded, joined};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Addresses.
    Email,
    /// Whole names.
    FullName,
    /// A word that means whole names, first names or last names, as the other columns have it.
    SomeName,
    /// First names.
    FirstName,
    /// Last names.
    LastName,
}

/// What a header says: a kind of column, and how clearly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub(crate) kind: Kind,
    pub(crate) clarity: Clarity,
}

/// How clearly a header names a column for voters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Clarity {
    /// A second address, or that of another person.
    Secondary,
    /// The word is among others.
    Contained,
    /// The words are known as a whole.
    Exact,
}

/// A header has at most this many characters. Forms have whole questions.
const LONGEST: usize = 160;

static EXACT: LazyLock<HashMap<String, Kind>> = LazyLock::new(|| {
    let lists = [
        (Kind::Email, emails::EXACT),
        (Kind::SomeName, people::SOME),
        (Kind::FullName, people::FULL),
        (Kind::FirstName, people::FIRST),
        (Kind::LastName, people::LAST),
    ];
    let words =
        lists.iter().flat_map(|(kind, words)| words.split_whitespace().map(|word| (word.replace('_', " "), *kind)));
    words.map(|(word, kind)| (joined(&folded(&word)), kind)).collect()
});

/// Words that count inside longer headers, folded.
fn parts(words: &str) -> Vec<String> {
    words.split_whitespace().map(|word| joined(&folded(&word.replace('_', " ")))).collect()
}

static EMAIL_PARTS: LazyLock<Vec<String>> = LazyLock::new(|| parts(emails::PARTS));
static SECONDARY: LazyLock<Vec<String>> = LazyLock::new(|| parts(emails::SECONDARY));
static OF_OTHERS: LazyLock<Vec<String>> = LazyLock::new(|| parts(people::OF_OTHERS));
static FIRST_PARTS: LazyLock<Vec<String>> = LazyLock::new(|| parts(people::FIRST_PARTS));
static LAST_PARTS: LazyLock<Vec<String>> = LazyLock::new(|| parts(people::LAST_PARTS));
static NAME_WORDS: LazyLock<Vec<String>> = LazyLock::new(|| parts(people::NAME_WORDS));
static NICKNAMES: LazyLock<Vec<String>> = LazyLock::new(|| parts(people::NICKNAMES));

/// Returns what a header says about its column.
pub(crate) fn meaning(header: &str) -> Option<Meaning> {
    // "E-Mail (@)" is a header, and "ada@example" is none.
    let address = header.split_once('@').is_some_and(|(before, after)| {
        before.ends_with(char::is_alphanumeric) && after.starts_with(char::is_alphanumeric)
    });
    if address || header.chars().count() > LONGEST {
        return None;
    }
    let words = folded(header);
    let whole = joined(&words);
    if whole.is_empty() {
        return None;
    }
    if let Some(kind) = EXACT.get(&whole) {
        return Some(Meaning { kind: *kind, clarity: Clarity::Exact });
    }
    let contains = |parts: &[String]| parts.iter().any(|part| whole.contains(part.as_str()));
    let has_word = |list: &[String]| words.split(' ').any(|word| list.iter().any(|known| known == word));
    let contained = |kind| Some(Meaning { kind, clarity: Clarity::Contained });
    if contains(&EMAIL_PARTS) {
        let clarity = if has_word(&SECONDARY) { Clarity::Secondary } else { Clarity::Contained };
        return Some(Meaning { kind: Kind::Email, clarity });
    }
    if NICKNAMES.contains(&whole) {
        return Some(Meaning { kind: Kind::FullName, clarity: Clarity::Secondary });
    }
    if has_word(&OF_OTHERS) {
        return None;
    }
    match (contains(&FIRST_PARTS), contains(&LAST_PARTS)) {
        (true, true) => contained(Kind::FullName),
        (true, false) => contained(Kind::FirstName),
        (false, true) => contained(Kind::LastName),
        (false, false) if has_word(&NAME_WORDS) => contained(Kind::SomeName),
        (false, false) => None,
    }
}

/// Whether a header names a column of something else, or of the names of other people.
pub(crate) fn is_of_others(header: &str) -> bool {
    folded(header).split(' ').any(|word| OF_OTHERS.iter().any(|known| known == word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_many_languages_are_understood() {
        for (header, kind) in [
            ("E-Mail-Adresse", Kind::Email),
            ("e_mail", Kind::Email),
            ("Courriel", Kind::Email),
            ("Correo electrónico", Kind::Email),
            ("Sähköposti", Kind::Email),
            ("E-postadress", Kind::Email),
            ("Адрес электронной почты", Kind::Email),
            ("Ηλεκτρονικό ταχυδρομείο", Kind::Email),
            ("電子メール", Kind::Email),
            ("邮箱", Kind::Email),
            ("이메일", Kind::Email),
            ("البريد الإلكتروني", Kind::Email),
            ("דוא\"ל", Kind::Email),
            ("E-posta adresi", Kind::Email),
            ("What is your email address?", Kind::Email),
            ("E-mail 1 - Value", Kind::Email),
            ("full_name", Kind::FullName),
            ("Ad Soyad", Kind::FullName),
            ("Imię i nazwisko", Kind::FullName),
            ("First and last name", Kind::FullName),
            ("氏名", Kind::FullName),
            ("ФИО", Kind::FullName),
            ("Naam", Kind::SomeName),
            ("Név", Kind::SomeName),
            ("Όνομα", Kind::SomeName),
            ("Your name", Kind::SomeName),
            ("Prénom", Kind::FirstName),
            ("Keresztnév", Kind::FirstName),
            ("Křestní jméno", Kind::FirstName),
            ("Attendee first name", Kind::FirstName),
            ("Příjmení", Kind::LastName),
            ("Фамилия", Kind::LastName),
            ("Soyadı", Kind::LastName),
            ("Vezetéknév", Kind::LastName),
            ("שם משפחה", Kind::LastName),
        ] {
            assert_eq!(meaning(header).map(|meaning| meaning.kind), Some(kind), "{header}");
        }
    }

    #[test]
    fn columns_about_other_things_have_no_meaning() {
        for header in
            ["Company name", "Firma", "City", "Street", "Phone", "Manager's Name", "Given Yomi", "ID", "", "Group Name"]
        {
            assert_eq!(meaning(header), None, "{header}");
        }
    }

    #[test]
    fn second_addresses_come_after_first_ones() {
        let clarity = |header| meaning(header).unwrap().clarity;
        assert!(clarity("Email") > clarity("Email status"));
        assert!(clarity("E-mail Address") > clarity("E-mail 2 Address"));
        assert!(clarity("E-mail 1 - Value") > clarity("E-mail 2 - Value"));
        assert!(clarity("Email") > clarity("Parent's email"));
    }
}
