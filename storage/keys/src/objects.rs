//! The keys of objects.
//!
//! | Bucket | Key | |
//! |---|---|---|
//! | originals | `incoming/<election>/<photograph>` | an upload, until it is processed |
//! | | `originals/<election>/<photograph>` | an original that became renditions |
//! | renditions | `photos/<election>/<photograph>/<SHA-256>.<extension>` | a file that shows a photograph |

use photovote_domain::{ElectionId, PhotographId, photograph::Rendition};

/// What the keys of uploads begin with.
const INCOMING: &str = "incoming/";

/// Where a photograph is uploaded.
pub fn incoming_key(election: ElectionId, photograph: PhotographId) -> String {
    format!("{INCOMING}{election}/{photograph}")
}

/// The photograph that was uploaded at this key, if it is the key of an upload.
pub fn uploaded(key: &str) -> Option<(ElectionId, PhotographId)> {
    let (election, photograph) = key.strip_prefix(INCOMING)?.split_once('/')?;
    let ids = (election.parse().ok()?, photograph.parse().ok()?);
    // One photograph, one key.
    (incoming_key(ids.0, ids.1) == key).then_some(ids)
}

/// What the keys of an election's uploads begin with.
pub fn uploads(election: ElectionId) -> String {
    format!("{INCOMING}{election}/")
}

/// Where the original of a photograph is kept.
pub fn original_key(election: ElectionId, photograph: PhotographId) -> String {
    format!("originals/{election}/{photograph}")
}

/// What the keys of an election's originals begin with.
pub fn originals(election: ElectionId) -> String {
    format!("originals/{election}/")
}

/// What the keys of an election's renditions begin with.
pub fn renditions(election: ElectionId) -> String {
    format!("photos/{election}/")
}

/// What the keys of a photograph's renditions begin with.
pub fn renditions_of(election: ElectionId, photograph: PhotographId) -> String {
    format!("{}{photograph}/", renditions(election))
}

/// The photograph of an election whose upload, original or rendition has this key below the prefix, if there is one.
pub fn photograph_at(prefix: &str, key: &str) -> Option<PhotographId> {
    let rest = key.strip_prefix(prefix)?;
    rest.split('/').next()?.parse().ok()
}

/// Where a rendition lies. It cannot be guessed without the picture itself.
pub fn rendition_key(election: ElectionId, photograph: PhotographId, rendition: &Rendition) -> String {
    format!("{}{}", renditions_of(election, photograph), rendition.file_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_an_upload_names_its_photograph() {
        let ids = (ElectionId::from_bits(1), PhotographId::from_bits(u128::MAX));
        let key = incoming_key(ids.0, ids.1);
        assert_eq!(uploaded(&key), Some(ids));
        for other in [key.to_lowercase(), format!("{key}/"), format!("/{key}"), key.replace("incoming", "originals")] {
            assert_eq!(uploaded(&other), None, "{other}");
        }
    }
}
