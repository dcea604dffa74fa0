//! Places in an audit trail, for its cursor.

use std::fmt;

use photovote_domain::{BallotId, ElectionId, Shard, Version};
use photovote_events::{Partition, Stream};

/// After the keys of all ballots of a shard, and before those of all voters.
const AFTER_BALLOTS: &str = "ballot$";

/// A place in an audit trail: after one of its entries.
///
/// It never names a ballot's commit: whoever takes a cursor apart learns nothing of how often a ballot was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// After this commit to the election or to a voter, by its first version.
    Commit(Stream, Version),
    /// After this ballot of this shard, and so after all commits.
    Ballot(Shard, BallotId),
}

impl Place {
    /// The partition that it is in.
    pub(crate) const fn partition(&self) -> Partition {
        match self {
            Self::Commit(stream, _) => stream.lies_in(),
            Self::Ballot(shard, _) => Partition::Shard(*shard),
        }
    }

    /// The key that the next commit of a partition has to follow, when the entries after `place` are listed. It passes over
    /// the commits of ballots.
    pub(crate) fn before(place: Option<&Self>, partition: Partition) -> Option<String> {
        match place {
            Some(place @ Self::Commit(stream, version)) if place.partition() == partition => {
                Some(stream.sort_key(*version))
            }
            _ => matches!(partition, Partition::Shard(_)).then(|| AFTER_BALLOTS.to_owned()),
        }
    }

    /// The place that a cursor of this election's trail names. It comes from outside.
    pub(crate) fn parse(election: ElectionId, text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let (kind, partition, key) = (parts.next()?, parts.next()?, parts.next()?);
        let place = match kind {
            "commit" => match Stream::parse(&format!("{election}{partition}"), key).ok()? {
                (Stream::Ballot(..), _) => return None,
                (stream, version) => Self::Commit(stream, version),
            },
            "ballot" => Self::Ballot(Shard::new(partition.strip_prefix('#')?.parse().ok()?)?, key.parse().ok()?),
            _ => return None,
        };
        // A place has one spelling.
        (place.to_string() == text).then_some(place)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let partition = self.partition();
        match self {
            Self::Commit(stream, version) => write!(f, "commit {partition} {}", stream.sort_key(*version)),
            Self::Ballot(_, ballot) => write!(f, "ballot {partition} {ballot}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use photovote_domain::{ImportId, PhotographId, VoterId};

    use super::*;

    const ELECTION: ElectionId = ElectionId::from_bits(7);

    fn shard() -> Shard {
        Shard::new(5).unwrap()
    }

    fn commit(stream: Stream) -> Place {
        Place::Commit(stream, Version::new(3))
    }

    fn voter() -> Place {
        commit(Stream::Voter(ELECTION, shard(), VoterId::from_bits(8)))
    }

    #[test]
    fn a_place_survives_its_text() {
        let photograph = commit(Stream::Photograph(ELECTION, PhotographId::from_bits(9)));
        let import = commit(Stream::Import(ELECTION, ImportId::from_bits(9)));
        let ballot = Place::Ballot(shard(), BallotId::from_bits(9));
        for place in [commit(Stream::Election(ELECTION)), import, photograph, voter(), ballot] {
            assert_eq!(Place::parse(ELECTION, &place.to_string()), Some(place));
        }
    }

    #[test]
    fn a_text_that_names_no_place_is_refused() {
        let (voter, ballot) = (voter().to_string(), Place::Ballot(shard(), BallotId::from_bits(10)).to_string());
        let other = Stream::Election(ElectionId::from_bits(8)).sort_key(Version::new(1));
        let wrong = [
            String::new(),
            "commit".into(),
            "commit #5".into(),
            "commit #5 ".into(),
            voter[1..].into(),
            voter.replace("#5", "#65"),
            format!("{voter} "),
            format!("commit  {other}"),
            ballot.replace("#5", "#64"),
            ballot.replace("#5", "#05"),
            ballot.replace("#5", "5"),
            ballot.to_lowercase(),
            format!("{ballot} x"),
        ];
        for wrong in wrong {
            assert_eq!(Place::parse(ELECTION, &wrong), None, "{wrong}");
        }
    }

    #[test]
    fn no_place_is_at_a_commit_of_a_ballot() {
        let ballot = Stream::Ballot(ELECTION, shard(), BallotId::from_bits(9));
        assert_eq!(Place::parse(ELECTION, &commit(ballot).to_string()), None);
    }

    #[test]
    fn commits_of_ballots_are_passed_over() {
        let before = |place: Option<Place>, partition| Place::before(place.as_ref(), partition);
        let (here, elsewhere) = (Partition::Shard(shard()), Partition::Shard(Shard::new(6).unwrap()));
        let key = Stream::Voter(ELECTION, shard(), VoterId::from_bits(8)).sort_key(Version::new(3));
        assert!(AFTER_BALLOTS < key.as_str());
        assert_eq!(before(Some(voter()), here), Some(key));
        assert_eq!(before(Some(voter()), elsewhere).as_deref(), Some(AFTER_BALLOTS));
        assert_eq!(before(None, here).as_deref(), Some(AFTER_BALLOTS));
        assert_eq!((before(None, Partition::Election), before(None, Partition::Photographs)), (None, None));
    }
}
