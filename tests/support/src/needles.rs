//! Looking for many secrets at once. Tests look through every answer and every log, so this crate is optimised.

use std::collections::HashMap;

/// Byte strings that are looked for all at once.
#[derive(Debug)]
pub struct Needles {
    by_start: HashMap<[u8; 4], Vec<Vec<u8>>>,
    /// Does one begin with these two bytes? Nearly every place of a text is passed over for that.
    starts: Vec<bool>,
}

impl Default for Needles {
    fn default() -> Self {
        Self { by_start: HashMap::new(), starts: vec![false; 1 << 16] }
    }
}

const fn pair(bytes: &[u8]) -> usize {
    (bytes[0] as usize) << 8 | bytes[1] as usize
}

impl Needles {
    /// Adds one, of at least four bytes; `false` if it is there.
    pub fn add(&mut self, needle: &[u8]) -> bool {
        let start = *needle.first_chunk().expect("four bytes at least");
        self.starts[pair(&start)] = true;
        let same_start = self.by_start.entry(start).or_default();
        let new = same_start.iter().all(|known| known != needle);
        if new {
            same_start.push(needle.to_owned());
        }
        new
    }

    /// The first place of a text where one of them stands.
    pub fn find(&self, text: &[u8]) -> Option<usize> {
        let here = |at: usize| {
            let rest = &text[at..];
            let needles = rest.first_chunk().and_then(|start| self.by_start.get(start));
            needles.is_some_and(|needles| needles.iter().any(|needle| rest.starts_with(needle)))
        };
        let pairs = text.windows(2).enumerate();
        let likely = pairs.filter(|(_, bytes)| self.starts[pair(bytes)]);
        likely.map(|(at, _)| at).find(|at| here(*at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_found() {
        let mut needles = Needles::default();
        assert!(needles.add(b"abcdef") && needles.add(b"abcdxx") && !needles.add(b"abcdef"));
        assert_eq!(needles.find(b"__abcdx_abcdxx"), Some(8));
        assert_eq!(needles.find(b"abcdef"), Some(0));
        for text in ["", "a", "abcde", "xbcdef"] {
            assert_eq!(needles.find(text.as_bytes()), None, "{text}");
        }
    }
}
