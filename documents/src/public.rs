//! Released results as they are served: made once, compressed, under a tag.

use std::io::{self, Read as _, Write as _};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use photovote_domain::{Digest, results::Results};
use thiserror::Error;

/// How many digits of the SHA-256 of their JSON tell results from others.
const TAG: usize = 32;
/// The most bytes that results have. AWS Lambda passes on 6 MB.
const MOST_BYTES: u64 = 6_000_000;

/// Why bytes are not the results that were released.
#[derive(Debug, Error)]
pub enum PublicError {
    /// They cannot be compressed, or were not.
    #[error(transparent)]
    Gzip(#[from] io::Error),
    /// They are no results.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// They are other results.
    #[error("these results have the digest {0}")]
    Other(Digest),
}

/// Results on their way to the public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicResults {
    /// What tells them from others: the beginning of the SHA-256 of their JSON.
    pub tag: String,
    /// Their JSON, compressed with gzip. Equal results have equal bytes.
    pub compressed: Vec<u8>,
}

impl PublicResults {
    /// The document of these results.
    pub fn of(results: &Results) -> Result<Self, PublicError> {
        let json = serde_json::to_vec(results)?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&json)?;
        Ok(Self { tag: tag(&json), compressed: gzip.finish()? })
    }

    /// Their JSON, if these are whole results, those of the tag, and those that were released with this digest.
    pub fn json(&self, released: Option<Digest>) -> Result<Vec<u8>, PublicError> {
        let mut json = Vec::new();
        GzDecoder::new(self.compressed.as_slice()).take(MOST_BYTES).read_to_end(&mut json)?;
        let results: Results = serde_json::from_slice(&json)?;
        let found = results.digest.0;
        let ours = released.is_none_or(|released| released == found) && tag(&json) == self.tag;
        if ours && results.is_whole() { Ok(json) } else { Err(PublicError::Other(found)) }
    }
}

fn tag(json: &[u8]) -> String {
    let mut tag = Digest::of(json).to_string();
    tag.truncate(TAG);
    tag
}

#[cfg(test)]
mod tests {
    use photovote_domain::{CandidateId, CompetitionId, ElectionId, Ratings, Scale, Tally};

    use super::*;
    use photovote_domain::election::{Candidate, Competition};

    fn results(grade: u8) -> Results {
        let candidate = |bits| Candidate {
            id: CandidateId::from_bits(bits),
            name: format!("photo {bits}"),
            description: None,
            image: None,
            disqualified: None,
        };
        let candidates = vec![candidate(1), candidate(2)];
        let nature =
            Competition { id: CompetitionId::from_bits(9), name: "Nature".into(), description: None, candidates };
        let mut tally = Tally::default();
        tally.count(&Ratings::from([(CandidateId::from_bits(1), grade)]));
        Results::of(ElectionId::from_bits(7), &[nature], Scale::default(), &tally, 1, Some(2)).unwrap()
    }

    #[test]
    fn what_was_released_comes_back_byte_for_byte() {
        let results = results(4);
        let public = PublicResults::of(&results).unwrap();
        assert_eq!(public, PublicResults::of(&results).unwrap());
        assert_eq!(public.json(Some(results.digest.0)).unwrap(), serde_json::to_vec(&results).unwrap());
        assert!(public.json(None).is_ok(), "an election that was closed without a digest");
    }

    #[test]
    fn other_results_are_not_served() {
        let (ours, theirs) = (results(4), results(5));
        let (public, other) = (PublicResults::of(&ours).unwrap(), PublicResults::of(&theirs).unwrap());
        let released = Some(ours.digest.0);
        assert!(matches!(other.json(released), Err(PublicError::Other(_))));
        let swapped = PublicResults { tag: public.tag.clone(), compressed: other.compressed };
        assert!(matches!(swapped.json(None), Err(PublicError::Other(_))));
        // Numbers that were changed by hand, under the digest of before.
        let forged = Results { competitions: theirs.competitions, ..ours };
        assert!(matches!(PublicResults::of(&forged).unwrap().json(released), Err(PublicError::Other(_))));
        let cut = PublicResults { compressed: public.compressed[..20].to_vec(), ..public };
        assert!(matches!(cut.json(released), Err(PublicError::Gzip(_))));
    }
}
