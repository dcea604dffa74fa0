//! Addresses as mail servers take them.

use photovote_domain::Email;
use thiserror::Error;
use url::Host;

/// Why no mail can be sent to, or from, an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AddressError {
    /// The part before the `@` has characters beyond ASCII. Mail servers need SMTPUTF8 for it, which Amazon SES lacks.
    #[error("has characters before the @ that mail servers do not take: use another address")]
    LocalPart,
    /// The domain is none, which no valid address has.
    #[error("has no domain that mail can be sent to")]
    Domain,
    /// With its domain in Punycode, the address has more than 254 characters.
    #[error("is longer than 254 characters")]
    TooLong,
}

/// Returns the address in ASCII, with the domain as the DNS has it (Punycode).
///
/// `ada@münchen.de` becomes `ada@xn--mnchen-3ya.de`. The part before the `@` stays as it was written.
pub fn ascii_address(email: &Email) -> Result<String, AddressError> {
    let (local, domain) = email.as_str().rsplit_once('@').ok_or(AddressError::Domain)?;
    if !local.is_ascii() {
        return Err(AddressError::LocalPart);
    }
    let Ok(Host::Domain(domain)) = Host::parse(domain) else { return Err(AddressError::Domain) };
    let address = format!("{local}@{domain}");
    if address.len() > Email::LONGEST { Err(AddressError::TooLong) } else { Ok(address) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascii(text: &str) -> Result<String, AddressError> {
        ascii_address(&text.parse().unwrap())
    }

    #[test]
    fn an_address_is_written_in_ascii() {
        assert_eq!(ascii("Ada.O'Hara+vote@Example.org").as_deref(), Ok("Ada.O'Hara+vote@example.org"));
        assert_eq!(ascii("ada@münchen.de").as_deref(), Ok("ada@xn--mnchen-3ya.de"));
        assert_eq!(ascii("ada@例子.广告").as_deref(), Ok("ada@xn--fsqu00a.xn--4rr70v"));
    }

    #[test]
    fn an_address_that_servers_do_not_take_is_refused() {
        assert_eq!(ascii("josé@example.org"), Err(AddressError::LocalPart));
        assert_eq!(ascii("用户@例子.广告"), Err(AddressError::LocalPart));
    }

    #[test]
    fn an_address_may_become_too_long() {
        // In Punycode, each label has 7 characters instead of 2 bytes.
        let labels = vec!["ü"; 30].join(".");
        let text = format!("{}@{labels}.org", "x".repeat(30));
        assert!(text.len() <= Email::LONGEST, "{}", text.len());
        assert_eq!(ascii(&text), Err(AddressError::TooLong));
    }
}
