//! For whom a token is issued.

use std::str::FromStr;

use photovote_domain::Subject;

/// The name of a group or scope: not empty, and without white space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word(String);

/// A text is no name of a group or scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of a group or scope is not empty, and has no white space")]
pub struct WordError;

impl Word {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Word {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let word = !text.is_empty() && !text.contains(char::is_whitespace);
        if word { Ok(Self(text.to_owned())) } else { Err(WordError) }
    }
}

/// For whom a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The administrator.
    pub subject: Subject,
    /// The groups that they are in.
    pub groups: Vec<Word>,
    /// What the token is good for.
    pub scopes: Vec<Word>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_group_or_scope_is_one_word() {
        assert_eq!("photovote/create".parse::<Word>().as_ref().map(Word::as_str), Ok("photovote/create"));
        assert_eq!(["", "a b", "a\t"].map(str::parse::<Word>), [const { Err(WordError) }; 3]);
    }
}
