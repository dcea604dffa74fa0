//! Words as mail programs encode them (RFC 2047): `=?utf-8?Q?Zo=C3=AB?=`. Some exports leave names so.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use encoding_rs::Encoding;

/// Returns the text with its encoded words decoded, if it has any and all are sound.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let (mut result, mut rest, mut found) = (String::new(), text, false);
    while let Some((before, after)) = rest.split_once("=?") {
        let (charset, after) = after.split_once('?')?;
        let (kind, after) = after.split_once('?')?;
        let (content, after) = after.split_once("?=")?;
        // Blanks between two encoded words only separate them.
        if !found || !before.trim().is_empty() {
            result.push_str(before);
        }
        result.push_str(&word(charset, kind, content)?);
        (rest, found) = (after, true);
    }
    result.push_str(rest);
    found.then_some(result)
}

fn word(charset: &str, kind: &str, content: &str) -> Option<String> {
    let encoding = Encoding::for_label(charset.split('*').next()?.as_bytes())?;
    let bytes = match kind {
        "Q" | "q" => quoted(content)?,
        "B" | "b" => STANDARD.decode(content).ok()?,
        _ => return None,
    };
    let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes)?;
    Some(text.into_owned())
}

fn quoted(content: &str) -> Option<Vec<u8>> {
    let mut bytes = content.bytes();
    let mut decoded = Vec::with_capacity(content.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'_' => b' ',
            b'=' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let code = digit(bytes.next()?)? * 16 + digit(bytes.next()?)?;
                u8::try_from(code).ok()?
            }
            byte => byte,
        });
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn encoded_words_are_decoded_where_all_are_sound() {
        for (text, meant) in [
            ("=?utf-8?Q?Bj=C3=B6rn_Gr=C3=B6=C3=9Fe?=", Some("Björn Größe")),
            ("=?UTF-8?B?QW5uYSBNw7xsbGVy?=", Some("Anna Müller")),
            ("=?iso-8859-1?q?Zo=EB?= Smith", Some("Zoë Smith")),
            ("=?utf-8?Q?Zo?= =?utf-8?Q?=C3=AB?=", Some("Zoë")),
            ("Ada", None),
            ("=?utf-8?Q?=C3?=", None),
            ("=?utf-8?Q?=?=", None),
            ("=?nothing?Q?a?=", None),
            ("=?", None),
        ] {
            assert_eq!(decoded(text).as_deref(), meant, "{text}");
        }
    }
}
