//! Email addresses.

use std::{fmt, str::FromStr};

use thiserror::Error;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use url::Host;

use crate::{
    hash::{Digest, Hasher},
    unseen::{is_needed, is_unseen},
};

/// What IDNA reads as a dot between labels.
const FULL_STOPS: [char; 3] = ['\u{3002}', '\u{FF0E}', '\u{FF61}'];

/// Why a text is not an email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EmailError {
    /// Longer than an address can be (RFC 5321, 4.5.3.1.3, less the angle brackets).
    #[error("is longer than 254 characters")]
    TooLong,
    /// Not `local@domain.tld`.
    #[error("is not an email address")]
    Malformed,
}

/// A valid email address of at most 254 bytes, as it was written: `local@domain.tld` in any script (RFC 6531), without quotes,
/// a display name or the bare address of a host. Characters that cannot be seen stand in it only where their script needs them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// The most bytes that it can have (RFC 5321, 4.5.3.1.3, less the angle brackets).
    pub const LONGEST: usize = 254;

    /// The address as it was written, less the white space around it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two spellings of one address share: a hash of the address in Unicode's compatibility form, ignoring case and
    /// what cannot be seen, with the domain as it stands in the DNS (Punycode). An election has each key once.
    pub fn key(&self) -> Digest {
        email_key(&self.0)
    }
}

/// The uniqueness key of an address that was accepted before.
pub fn email_key(address: &str) -> Digest {
    let folded = canonical(address).unwrap_or_else(|| folded(address));
    Hasher::new("photovote/email").part(folded.as_bytes()).finish()
}

/// Unicode's compatibility form, ignoring case. The final sigma is a small sigma whose capital is that of the other.
fn folded(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).map(|c| if c == 'ς' { 'σ' } else { c }).nfkc().collect()
}

/// The address in the one spelling that all its spellings share, if its domain is one. Keys of stored addresses depend on it.
fn canonical(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    let local: String = local.chars().filter(|&c| !is_unseen(c)).collect();
    match Host::parse(domain).ok()? {
        Host::Domain(domain) => Some(format!("{}@{domain}", folded(&local))),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

/// Words with dots between them, each of what RFC 5322 calls `atext` and of anything beyond ASCII that can be seen.
fn is_dot_atom(text: &str) -> bool {
    text.split('.').all(is_atom)
}

fn is_atom(atom: &str) -> bool {
    let mut before = None;
    let mut rest = atom.chars();
    while let Some(c) = rest.next() {
        let good = if c.is_ascii() {
            c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
        } else if is_unseen(c) {
            // No address has a break between words, in no script.
            c != '\u{200B}' && is_needed(before, c, rest.clone().next())
        } else {
            // A vowel sign counts as a letter, and has always been one here.
            !c.is_control() && (before.is_some() || c.is_alphanumeric() || !is_combining_mark(c))
        };
        if !good {
            return false;
        }
        before = Some(c);
    }
    before.is_some()
}

/// A name of the DNS in ASCII, of two labels or more (RFC 1035, 2.3.4; RFC 1123, 2.1).
fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        let ends = |c: char| c.is_ascii_alphanumeric();
        label.len() <= 63 && label.starts_with(ends) && label.ends_with(ends)
    };
    domain.len() <= 253 && domain.contains('.') && domain.split('.').all(label)
}

impl FromStr for Email {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        let text: String = text.trim().nfc().collect();
        if text.len() > Self::LONGEST {
            return Err(EmailError::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(EmailError::Malformed)?;
        // Other full stops are none in an address, though a browser takes them for one.
        let written = local.len() <= 64 && is_dot_atom(local) && is_dot_atom(domain) && !domain.contains(FULL_STOPS);
        // What it is compared by is an address as well: a full-width @ is no letter of a name.
        let compared = |canonical: String| {
            canonical.rsplit_once('@').is_some_and(|(local, domain)| is_dot_atom(local) && is_domain(domain))
        };
        if written && canonical(&text).is_some_and(compared) { Ok(Self(text)) } else { Err(EmailError::Malformed) }
    }
}

impl From<Email> for String {
    fn from(email: Email) -> String {
        email.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_taken_as_written() {
        assert_eq!(
            " Ada.Lovelace+vote@Example.org ".parse::<Email>().unwrap().as_str(),
            "Ada.Lovelace+vote@Example.org"
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ada",
            "ada@",
            "@example.org",
            "ada@localhost",
            "a b@example.org",
            "Ada <ada@example.org>",
            "a@b@c.org",
            "ada@[127.0.0.1]",
            "ada@127.0.0.1",
            "ada@0x7f.1",
            "\"ada\"@example.org",
            "a\u{200b}da@example.org",
            "a\u{200d}da@example.org",
            "ada@exam\u{ad}ple.org",
            "\u{202e}ada@example.org",
            "eve\u{ff20}example.com@example.org",
            "ada@example.org\u{ff0f}x.com",
            "ada@xn--0.org",
            "ada@-.org",
            "ada@example-.org",
            "ada@example..org",
            "ada@example.org.",
            ".ada@example.org",
            "ada.@example.org",
            "a..b@example.org",
            "a(b)@example.org",
            "a,b@example.org",
            "a\\b@example.org",
            "\u{301}da@example.org",
            "a.\u{94d}b@example.org",
            "a\u{200c}@example.org",
            "\u{200d}क@example.org",
            "क\u{200d}\u{200d}@example.org",
            "ก\u{200b}ข@example.org",
            "a\u{180e}b@example.org",
            "ada\u{fe0f}@example.org",
            "a\u{85}b@example.org",
            "a\u{3000}b@example.org",
            "a\u{b4}b@example.org",
            "ada@ex\u{200d}ample.org",
            "ada@a.example\u{3002}org",
            "ada@a.b\u{ff61}org",
            "ada@example\u{3002}org",
        ] {
            assert_eq!(text.parse::<Email>(), Err(EmailError::Malformed), "{text}");
        }
        let long = format!("{}@example.org", "x".repeat(243));
        assert_eq!(long.parse::<Email>(), Err(EmailError::TooLong));
    }

    #[test]
    fn an_address_can_be_of_any_script() {
        for text in [
            "संपर्क@डाटामेल.भारत",
            "மின்னஞ்சல்@example.org",
            "ผู้ใช้@example.org",
            "যোগাযোগ@example.org",
            "ಸಂಪರ್ಕ@example.org",
            "အီးမေးလ်@example.org",
            "អ៊ីមែល@example.org",
            "ශ්\u{200d}රී@example.lk",
            "می\u{200c}خواهم@example.ir",
            "র\u{200d}্যাব@example.org",
            "ᠮᠣᠩᠭᠣᠯ\u{180e}ᠠ@example.mn",
            "ᠠ\u{180b}ᠨ@example.mn",
            "葛\u{e0100}城@example.jp",
            "דּוֹאַר@example.co.il",
            "بَرِيد@مثال.إختبار",
            "用户@例子.广告",
            "ኢሜይል@example.et",
            "İbrahim@example.org",
            "STRAẞE@example.de",
            "ﬁona@example.org",
            "ŉ.ǰ@example.org",
            "q\u{301}@example.org",
            "ada@نامه\u{200c}ای.ir",
            "☃@example.org",
            "ada@☃.net",
        ] {
            assert_eq!(text.parse::<Email>().map(String::from).as_deref(), Ok(text), "{}", text.escape_unicode());
        }
        let longest = format!("{}@example.org", "İ".repeat(32));
        assert!(
            longest.parse::<Email>().is_ok(),
            "its folded form has more than 64 bytes, and is no address to write to"
        );
        let longer = format!("{}a@example.org", "é".repeat(32));
        assert_eq!(longer.parse::<Email>(), Err(EmailError::Malformed));
        let label = |length| format!("ada@{}.org", "x".repeat(length)).parse::<Email>();
        assert!(label(63).is_ok() && label(64).is_err());
    }

    /// Guards stand under these: a key that changed would let an address in twice.
    #[test]
    fn the_keys_of_stored_addresses_stay() {
        for (text, key) in [
            ("ada@example.org", "d34d5f34898257644fc5653be86158abd57d43471d2d0647eaff345a21d04a43"),
            ("Ada.Lovelace+vote@Example.ORG", "8b22fff09128ecdeb2367e7ace9e0248d0488386ef473037f378a12a3fe1f02f"),
            ("José@example.org", "7591973b0497bf1414d5d0b21de56812b1cbbf1316dabd80799a05f1d2f2d382"),
            ("ΟΔΥΣΣΕΥΣ@example.gr", "9d0f0b128369f8117bc73495bcfc3dd935b0151541b12480185b51900f1ad78a"),
            ("用户@例子.广告", "e714ce5fd689f89a1d9975b5025cd35e90fae317b16cfa4c94e8ce7f7356d54f"),
            ("straße@straße.de", "0840dc618ee7af528940220ba5cdf8c10a5cf2e5270582b7195c8c25fddafe09"),
            ("STRAẞE@example.de", "2fed4f06de5dadf0980efc803752562c25142f50800a0c87345d997b3faac99d"),
            ("ﬁona@example.org", "cf431110f77797909fc81002a978978967de2e7b755812ac7dda217de2314e52"),
            ("डाटा@डाटा.भारत", "1159cfaf9edfbcf8008476d64f593acb12cf7ac155c5061574a8bc6d791deb02"),
            ("a!b#c@xn--mnchen-3ya.de", "ddb93e528e80a9867b9fa6148252a221730e718ac3d0c3b8dda4a59f4ffe7c74"),
            ("Ǆemal@example.org", "542a407c80e4f5d6953bef685417f1f6348ba4b869b1a8af73f250de48988ff3"),
        ] {
            assert_eq!(email_key(text).to_string(), key, "{text}");
        }
    }

    #[test]
    fn one_address_has_one_key() {
        let key = |text: &str| text.parse::<Email>().unwrap().key();
        assert_eq!(key("Ada@Example.org"), key("ada@example.ORG"));
        assert_eq!(key("rené@example.org"), key("rene\u{301}@example.org"));
        assert_eq!(key("ada@example.org"), key("\u{ff21}DA@\u{ff25}xample.org"), "full width");
        assert_eq!(key("kelvin@example.org"), key("\u{212a}elvin@example.org"), "the Kelvin sign");
        assert_eq!(
            key("ada@example.org"),
            key("\u{1d400}da@example.org"),
            "a capital that has no small letter of its kind"
        );
        assert_eq!(key("ΟΔΥΣΣΕΥΣ@example.gr"), key("οδυσσευς@example.gr"), "the final sigma");
        assert_eq!(key("İbrahim@example.org"), key("i\u{307}brahim@example.org"));
        assert_ne!(key("İbrahim@example.org"), key("ibrahim@example.org"), "the dotted capital is another letter");
        assert_eq!(key("ẞ@example.org"), key("ß@example.org"));
        assert_eq!(key("می\u{200c}خواهم@example.ir"), key("میخواهم@example.ir"), "what cannot be seen");
        assert_eq!(key("葛\u{e0100}城@example.jp"), key("葛城@example.jp"));
        assert_eq!(key("ada@münchen.de"), key("ada@XN--Mnchen-3ya.de"), "Punycode");
        assert_ne!(key("ınci@example.org"), key("inci@example.org"), "the dotless i is another letter");
        assert_ne!(key("ada@straße.de"), key("ada@strasse.de"), "two domains since IDNA 2008");
        assert_ne!(key("ada@example.org"), key("adb@example.org"));
    }

    #[test]
    fn an_address_with_invisible_characters_is_refused() {
        for c in ('\0'..=char::MAX).filter(|&c| is_unseen(c) || c.is_control()) {
            assert_eq!(
                format!("a{c}b@example.org").parse::<Email>(),
                Err(EmailError::Malformed),
                "{}",
                c.escape_unicode()
            );
        }
    }

    /// Letters of many scripts, perhaps with a mark after each.
    const WORD: &str = "([a-zA-Zà-žΑ-Ωα-ωа-яА-Яא-תؠ-يऄ-हঅ-হஅ-ஹกขคงမកខᠠ-ᡂ一-三ẞßİıﬁǅK☃]\
                        [\u{300}-\u{304}\u{307}\u{5b4}\u{64b}\u{93e}\u{94d}\u{9cd}\u{bcd}\u{e34}\u{e48}\u{17d2}]?){1,4}";

    proptest! {
        #[test]
        fn an_address_may_have_marks_and_its_case_is_ignored(
            words in proptest::collection::vec(WORD, 1..3),
        ) {
            let text = format!("{}@example.org", words.join("."));
            let email = text.parse::<Email>();
            prop_assert!(email.is_ok(), "{}", text.escape_unicode());
            let email = email.unwrap();
            prop_assert_eq!(email.to_string().parse::<Email>(), Ok(email.clone()));
            prop_assert_eq!(text.to_lowercase().parse::<Email>().map(|email| email.key()), Ok(email.key()));
        }
    }
}
