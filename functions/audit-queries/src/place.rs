//! Places in an audit trail, for its cursor.

use std::fmt;

use photovote_domain::{ElectionId, Shard};
use photovote_event_store::Stream;

/// After the keys of all ballots of a partition, and before those of all voters.
const AFTER_BALLOTS: &str = "ballot$";

/// A place in an audit trail: after a commit, or before all of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Are ballots listed?
    pub(crate) ballots: bool,
    /// The partition: the election's own, or a shard.
    pub(crate) shard: Option<Shard>,
    /// The key of the last commit before the place.
    pub(crate) sort_key: Option<String>,
}

impl Place {
    /// The place before everything.
    pub(crate) const fn beginning(ballots: bool) -> Self {
        Self { ballots, shard: None, sort_key: None }
    }

    /// The key that whatever is listed next of a partition has to follow.
    pub(crate) fn before(&self, shard: Option<Shard>) -> Option<&str> {
        let key = self.sort_key.as_deref().filter(|_| shard == self.shard);
        let floor = (shard.is_some() && !self.ballots).then_some(AFTER_BALLOTS);
        key.max(floor)
    }

    /// The place that a cursor of this election's trail names. It comes from outside.
    pub(crate) fn parse(election: ElectionId, text: &str) -> Option<Self> {
        let (kinds, rest) = text.split_once(' ')?;
        let ballots = match kinds {
            "all" => true,
            "voters" => false,
            _ => return None,
        };
        let (partition, sort_key) = rest.split_once(' ')?;
        let (stream, _) = Stream::parse(&format!("{election}{partition}"), sort_key).ok()?;
        let shard = match stream {
            Stream::Election(_) => None,
            Stream::Voter(_, shard, _) | Stream::Ballot(_, shard, _) => Some(shard),
        };
        Some(Self { ballots, shard, sort_key: Some(sort_key.to_owned()) })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.ballots { "all " } else { "voters " })?;
        if let Some(shard) = self.shard {
            write!(f, "#{shard}")?;
        }
        write!(f, " {}", self.sort_key.as_deref().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use photovote_domain::{BallotId, Version, VoterId};

    use super::*;

    const ELECTION: ElectionId = ElectionId::from_bits(7);

    fn place(stream: Stream, ballots: bool) -> Place {
        let shard = match stream {
            Stream::Election(_) => None,
            Stream::Voter(_, shard, _) | Stream::Ballot(_, shard, _) => Some(shard),
        };
        Place { ballots, shard, sort_key: Some(stream.sort_key(Version::new(3))) }
    }

    #[test]
    fn a_place_survives_its_text() {
        let shard = Shard::new(5).unwrap();
        for ballots in [true, false] {
            for stream in [Stream::Election(ELECTION), Stream::Voter(ELECTION, shard, VoterId::from_bits(8))] {
                let place = place(stream, ballots);
                assert_eq!(Place::parse(ELECTION, &place.to_string()), Some(place));
            }
        }
    }

    #[test]
    fn a_text_that_names_no_place_is_refused() {
        let voter = Stream::Voter(ELECTION, Shard::new(5).unwrap(), VoterId::from_bits(8));
        let text = place(voter, true).to_string();
        let other = Stream::Election(ElectionId::from_bits(8)).sort_key(Version::new(1));
        for wrong in ["", "all", "all #5", "all #5 ", &text[1..], &text.replace("#5", "#65"), &format!("all  {other}")]
        {
            assert_eq!(Place::parse(ELECTION, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_place_among_ballots_that_are_not_listed_is_after_them() {
        let ballot = Stream::Ballot(ELECTION, Shard::new(5).unwrap(), BallotId::from_bits(9));
        let before = |stream, ballots| place(stream, ballots).before(Shard::new(5)).map(ToOwned::to_owned);
        assert_eq!(before(ballot, false).as_deref(), Some(AFTER_BALLOTS));
        assert_eq!(before(ballot, true), Some(ballot.sort_key(Version::new(3))));
        let voter = Stream::Voter(ELECTION, Shard::new(5).unwrap(), VoterId::from_bits(9));
        assert_eq!(before(voter, false), Some(voter.sort_key(Version::new(3))));
        assert_eq!(Place::beginning(false).before(None), None);
        assert_eq!(place(ballot, true).before(Shard::new(6)), None, "another partition is listed from its beginning");
    }
}
