//! Versions and drafts as HTTP says them: `ETag` and `If-Match` (RFC 9110, 8.8.3 and 13.1.1).

use std::{convert::Infallible, fmt};

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderValue, header::IF_MATCH, request::Parts};
use photovote_domain::{Digest, Hasher, Version};
use serde::Serialize;

use crate::{code::Code, problem::Problem};

/// What a list of entity tags looks like.
pub(crate) const LIST: &str = r#"^(?:\*|(?:W/)?"[!#-~]*"(?:[ \t]*,[ \t]*(?:W/)?"[!#-~]*")*)$"#;

/// The strong entity tag of a version: `"17"`.
pub fn etag(version: Version) -> HeaderValue {
    // Digits in quotes are a header's value.
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Names what a draft says. It derives from the hash of the draft's last commit, which nobody is shown, and tells neither
/// how often the draft was changed nor in what order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct DraftTag(String);

impl DraftTag {
    /// The tag of the draft that the commit with this hash left.
    pub fn of(head: &Digest) -> Self {
        let digest = Hasher::new("photovote/draft-tag").part(head.as_bytes()).finish();
        Self(format!("{:032x}", digest.leading_bits()))
    }

    /// The strong entity tag: the digits in quotes.
    pub fn etag(&self) -> HeaderValue {
        // Digits in quotes are a header's value.
        HeaderValue::from_str(&format!("\"{}\"", self.0)).unwrap_or(HeaderValue::from_static("\"\""))
    }
}

impl fmt::Display for DraftTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The request's `If-Match`, not looked at yet. Extracting it never fails: a malformed one is told only when the form is
/// checked.
#[derive(Debug, Clone)]
pub struct IfMatch(Option<Precondition>);

/// What has to hold before a thing is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing: there is no `If-Match`, or it is `*`.
    None,
    /// The thing is at a version with one of these strong tags, quotes included.
    OneOf(Vec<String>),
}

impl IfMatch {
    /// Reads the header.
    ///
    /// # Errors
    /// It is neither `*` nor a list of entity tags.
    pub fn parse(self) -> Result<Precondition, Problem> {
        let detail = "If-Match has to be * or a list of entity tags, such as \"17\"";
        self.0.ok_or_else(|| Problem::new(Code::MalformedIfMatch, detail))
    }
}

impl Precondition {
    /// Checks it against the version that the thing is at.
    pub fn check(&self, current: Version) -> Result<(), Problem> {
        if self.holds(&etag(current)) { Ok(()) } else { Err(Problem::precondition_failed(current)) }
    }

    /// Does it hold for a thing with this entity tag?
    pub fn holds(&self, current: &HeaderValue) -> bool {
        match self {
            Self::None => true,
            Self::OneOf(tags) => tags.iter().any(|tag| current == tag.as_str()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(precondition(&parts.headers)))
    }
}

fn precondition(headers: &HeaderMap) -> Option<Precondition> {
    let mut lines = headers.get_all(IF_MATCH).iter().peekable();
    if lines.peek().is_none() {
        return Some(Precondition::None);
    }
    // Several lines are one list.
    let lines: Vec<&str> = lines.map(|line| line.to_str().ok()).collect::<Option<_>>()?;
    let list = lines.join(",");
    if list.trim() == "*" { Some(Precondition::None) } else { strong_tags(&list).map(Precondition::OneOf) }
}

/// The strong tags of a list; the weak ones never match and are passed over. A tag may hold a comma.
fn strong_tags(mut list: &str) -> Option<Vec<String>> {
    let (mut strong, mut any) = (Vec::new(), false);
    loop {
        list = list.trim_start_matches([' ', '\t', ',']);
        if list.is_empty() {
            return any.then_some(strong);
        }
        let (weak, opened) = match list.strip_prefix("W/") {
            Some(rest) => (true, rest.strip_prefix('"')?),
            None => (false, list.strip_prefix('"')?),
        };
        let (tag, rest) = opened.split_once('"')?;
        let visible = |c: char| c == '!' || ('#'..='~').contains(&c);
        let rest = rest.trim_start_matches([' ', '\t']);
        if !tag.chars().all(visible) || !(rest.is_empty() || rest.starts_with(',')) {
            return None;
        }
        any = true;
        if !weak {
            strong.push(format!("\"{tag}\""));
        }
        list = rest;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn if_match(lines: &[&str]) -> Result<Precondition, Problem> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IF_MATCH, line.parse().unwrap());
        }
        IfMatch(precondition(&headers)).parse()
    }

    fn holds(lines: &[&str]) -> bool {
        if_match(lines).unwrap().check(Version::new(17)).is_ok()
    }

    #[test]
    fn the_version_has_to_be_among_the_tags() {
        assert!(holds(&[]));
        assert!(holds(&["*"]));
        assert!(holds(&["\"17\""]));
        assert!(holds(&["\"16\" , \"17\""]));
        assert!(holds(&["\"16\"", "\"17\""]));
        assert!(holds(&["W/\"17\", \"17\",,"]));
        assert!(!holds(&["\"16\""]));
        assert!(!holds(&["W/\"17\""]));
        assert!(!holds(&["\"017\""]));
        assert!(!holds(&["\"16,17\""]));
        assert!(!holds(&["\"\""]));
    }

    #[test]
    fn the_tag_of_a_draft_is_no_count_and_matches_itself() {
        let [one, other] = [1, 2].map(|byte| DraftTag::of(&Digest::from_bytes([byte; 32])));
        assert_ne!(one, other);
        assert_eq!(one.etag().len(), 34);
        let precondition = if_match(&["\"3\"", one.etag().to_str().unwrap()]).unwrap();
        assert!(precondition.holds(&one.etag()) && !precondition.holds(&other.etag()));
        assert!(if_match(&[]).unwrap().holds(&other.etag()));
    }

    #[test]
    fn what_is_no_list_of_tags_is_malformed() {
        for line in
            ["", "17", "\"17", "17\"", "'17'", "\"1 7\"", "\"16\" \"17\"", "\"16\"\"17\"", "w/\"17\"", "*, \"17\"", ","]
        {
            assert_eq!(if_match(&[line]).unwrap_err().code(), "malformed_if_match", "{line}");
        }
    }

    #[test]
    fn a_failed_precondition_tells_the_version() {
        let problem = if_match(&["\"16\""]).unwrap().check(Version::new(17)).unwrap_err();
        assert_eq!(problem.code(), "version_mismatch");
        assert!(problem.detail().contains("version 17"));
    }

    proptest! {
        #[test]
        fn every_version_matches_its_own_tag(version: u64) {
            let tag = etag(Version::new(version));
            let precondition = if_match(&[tag.to_str().unwrap()]).unwrap();
            prop_assert!(precondition.check(Version::new(version)).is_ok());
            prop_assert!(precondition.check(Version::new(version ^ 1)).is_err());
        }

        #[test]
        fn a_list_that_agrees_with_the_document_is_read(
            line in proptest::string::string_regex(LIST.trim_start_matches('^').trim_end_matches('$')).unwrap(),
        ) {
            prop_assert!(if_match(&[&line]).is_ok());
        }

        #[test]
        fn no_header_does_harm(line in "[W/\"*, 0-9!~]{0,30}") {
            let _ = if_match(&[&line]);
        }
    }
}
