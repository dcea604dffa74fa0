//! What is public once results are released: the results as they are served, and the election that they are of. Both are made once,
//! compressed, under a tag.

use std::io::{self, Read as _, Write as _};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use photovote_domain::{
    Digest, Election, Scale, Timestamp,
    election::{Competition, Status},
    results::Results,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How many digits of the SHA-256 of their JSON tell documents from others.
const TAG: usize = 32;
/// The most bytes that a document has. AWS Lambda passes on 6 MB.
const MOST_BYTES: u64 = 6_000_000;

/// Why bytes are not what was released.
#[derive(Debug, Error)]
pub enum PublicError {
    /// They cannot be compressed, or were not.
    #[error(transparent)]
    Gzip(#[from] io::Error),
    /// They are something else.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// They are other results.
    #[error("these results have the digest {0}")]
    Other(Digest),
    /// They are not those of the tag.
    #[error("the document of the tag {0} is another one")]
    Swapped(String),
}

/// The part of an election that becomes public with its results. Nothing in it names or reaches a person. What is not named here
/// stays private. A new field has a `#[serde(default)]`: older documents lack it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicElection {
    name: String,
    description: Option<String>,
    scale: Scale,
    closes_at: Option<Timestamp>,
    competitions: Vec<Competition>,
}

impl PublicElection {
    /// What becomes public of an election.
    pub fn of(election: &Election) -> Self {
        let Election { name, description, scale, closes_at, competitions, .. } = election;
        Self {
            name: name.clone(),
            description: description.clone(),
            scale: *scale,
            closes_at: *closes_at,
            competitions: competitions.clone(),
        }
    }
}

impl From<PublicElection> for Election {
    /// The released election. It has no administrators and no counts.
    fn from(public: PublicElection) -> Self {
        let PublicElection { name, description, scale, closes_at, competitions } = public;
        Self { status: Status::Released, name, description, scale, closes_at, competitions, ..Self::default() }
    }
}

/// Results, or an election, on their way to the public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicDocument {
    /// What tells it from others: the beginning of the SHA-256 of its JSON.
    pub tag: String,
    /// Its JSON, compressed with gzip. Equal documents have equal bytes.
    pub compressed: Vec<u8>,
}

impl PublicDocument {
    /// The document of these results.
    pub fn of_results(results: &Results) -> Result<Self, PublicError> {
        Self::of(results)
    }

    /// The document of an election.
    pub fn of_election(election: &Election) -> Result<Self, PublicError> {
        Self::of(&PublicElection::of(election))
    }

    fn of(content: &impl Serialize) -> Result<Self, PublicError> {
        let json = serde_json::to_vec(content)?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&json)?;
        Ok(Self { tag: tag(&json), compressed: gzip.finish()? })
    }

    /// The JSON of results, if these are whole results, those of the tag, and those that were released with this digest.
    pub fn results(&self, released: Option<Digest>) -> Result<Vec<u8>, PublicError> {
        let json = self.json()?;
        let results: Results = serde_json::from_slice(&json)?;
        let found = results.digest.0;
        let ours = released.is_none_or(|released| released == found) && results.is_whole();
        if ours { Ok(json) } else { Err(PublicError::Other(found)) }
    }

    /// The election, if it is that of the tag.
    pub fn election(&self) -> Result<Election, PublicError> {
        let public: PublicElection = serde_json::from_slice(&self.json()?)?;
        Ok(public.into())
    }

    fn json(&self) -> Result<Vec<u8>, PublicError> {
        let mut json = Vec::new();
        GzDecoder::new(self.compressed.as_slice()).take(MOST_BYTES).read_to_end(&mut json)?;
        if tag(&json) == self.tag { Ok(json) } else { Err(PublicError::Swapped(self.tag.clone())) }
    }
}

fn tag(json: &[u8]) -> String {
    let mut tag = Digest::of(json).to_string();
    tag.truncate(TAG);
    tag
}

#[cfg(test)]
mod tests {
    use photovote_domain::{CandidateId, CompetitionId, ElectionId, Ratings, Tally};

    use super::*;
    use photovote_domain::election::{Administrators, Candidate};

    fn competition() -> Competition {
        let candidate = |bits| Candidate {
            id: CandidateId::from_bits(bits),
            name: format!("photo {bits}"),
            description: None,
            image: None,
            disqualified: None,
        };
        let candidates = vec![candidate(1), candidate(2)];
        Competition { id: CompetitionId::from_bits(9), name: "Nature".into(), description: None, candidates }
    }

    fn results(grade: u8) -> Results {
        let mut tally = Tally::default();
        tally.count(&Ratings::from([(CandidateId::from_bits(1), grade)]));
        Results::of(ElectionId::from_bits(7), &[competition()], Scale::default(), &tally, 1, Some(2)).unwrap()
    }

    #[test]
    fn what_was_released_comes_back_byte_for_byte() {
        let results = results(4);
        let public = PublicDocument::of_results(&results).unwrap();
        assert_eq!(public, PublicDocument::of_results(&results).unwrap());
        assert_eq!(public.results(Some(results.digest.0)).unwrap(), serde_json::to_vec(&results).unwrap());
        assert!(public.results(None).is_ok(), "an election that was closed without a digest");
    }

    #[test]
    fn other_results_are_not_served() {
        let (ours, theirs) = (results(4), results(5));
        let (public, other) =
            (PublicDocument::of_results(&ours).unwrap(), PublicDocument::of_results(&theirs).unwrap());
        let released = Some(ours.digest.0);
        assert!(matches!(other.results(released), Err(PublicError::Other(_))));
        let swapped = PublicDocument { tag: public.tag.clone(), compressed: other.compressed };
        assert!(matches!(swapped.results(None), Err(PublicError::Swapped(_))));
        // Numbers that were changed by hand, under the digest of before.
        let forged = Results { competitions: theirs.competitions, ..ours };
        assert!(matches!(PublicDocument::of_results(&forged).unwrap().results(released), Err(PublicError::Other(_))));
        let cut = PublicDocument { compressed: public.compressed[..20].to_vec(), ..public };
        assert!(matches!(cut.results(released), Err(PublicError::Gzip(_))));
    }

    #[test]
    fn a_public_election_has_no_people_and_no_counts() {
        let election = Election {
            name: "Moon".into(),
            status: Status::Released,
            competitions: vec![competition()],
            administrators: Administrators::owned_by("ada".into()),
            casts: Some(3),
            ..Election::default()
        };
        let public = PublicDocument::of_election(&election).unwrap();
        let expected = Election { administrators: Administrators::default(), casts: None, ..election.clone() };
        assert_eq!(public.election().unwrap(), expected);
        let other = PublicDocument::of_election(&Election { name: "Sun".into(), ..election }).unwrap();
        let swapped = PublicDocument { tag: public.tag, compressed: other.compressed };
        assert!(matches!(swapped.election(), Err(PublicError::Swapped(_))));
    }
}
