//! The keys of objects.
//!
//! | Bucket | Key | |
//! |---|---|---|
//! | originals | `incoming/<election>/<photograph>` | an upload, until it is processed |
//! | | `originals/<election>/<photograph>` | an original that became renditions |
//! | | `lists/<election>/<import>` | a list of voters, until its import has ended |
//! | renditions | `photos/<election>/<photograph>/<SHA-256>.<extension>` | a file that shows a photograph |

use photovote_domain::{ElectionId, ImportId, PhotographId, photograph::Rendition};

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

/// What the keys of lists of voters begin with.
const LISTS: &str = "lists/";

/// Where a list of voters is uploaded, and lies until its import has ended.
pub fn list_key(election: ElectionId, import: ImportId) -> String {
    format!("{LISTS}{election}/{import}")
}

/// The import whose list has this key, if it is the key of a list.
pub fn list_at(key: &str) -> Option<(ElectionId, ImportId)> {
    let (election, import) = key.strip_prefix(LISTS)?.split_once('/')?;
    let ids = (election.parse().ok()?, import.parse().ok()?);
    // One import, one key.
    (list_key(ids.0, ids.1) == key).then_some(ids)
}

/// Is this the key of a list of voters, or of what stands in the place of one?
pub fn is_list(key: &str) -> bool {
    key.starts_with(LISTS)
}

/// What the keys of an election's lists of voters begin with.
pub fn lists(election: ElectionId) -> String {
    format!("{LISTS}{election}/")
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

    #[test]
    fn a_key_of_a_list_names_its_import() {
        let ids = (ElectionId::from_bits(1), ImportId::from_bits(u128::MAX));
        let key = list_key(ids.0, ids.1);
        assert_eq!(list_at(&key), Some(ids));
        for other in [key.to_lowercase(), format!("{key}/"), format!("/{key}"), key.replace("lists", "incoming")] {
            assert_eq!(list_at(&other), None, "{other}");
        }
    }
}
