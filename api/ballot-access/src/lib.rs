//! From a ballot token to the ballot that it opens: what the functions share that serve voters.

use std::sync::Arc;

use photovote_domain::{Ballot, Election, Shard, ballot::Status, election};
use photovote_edge::{Problem, Voter};
use photovote_events::{ElectionCache, EventReader, History, Snapshot, Snapshots, Stream};

/// A ballot whose token was shown.
#[derive(Debug, Clone)]
pub struct OpenedBallot {
    /// The election it belongs to, as it was at most 5 seconds ago. It may have been deleted.
    pub election: Arc<Snapshot<Election>>,
    /// The ballot, as it is now: a draft, or cast.
    pub ballot: History<Ballot>,
    /// Where the ballot lies, and its receipt will.
    pub shard: Shard,
}

/// The problem of a token that opens no ballot, or none any more.
pub fn token_opens_nothing() -> Problem {
    Problem::unauthorized("this token opens no ballot")
}

/// Opens the ballot that a voter's token names. The ballot is read from its end: one commit, or two if it is cast, tell the
/// state and what token opens it. Only ballots that an older program wrote event by event are read further back.
///
/// `cached` is the ballot if the caller has loaded it for this very request.
///
/// # Errors
/// Whether there is no such election, no such ballot, another secret is needed or the ballot was withdrawn, the problem is
/// the same.
pub async fn opened(
    elections: &ElectionCache<Snapshots>,
    reader: &EventReader,
    voter: &Voter,
    cached: Option<History<Ballot>>,
) -> Result<OpenedBallot, Problem> {
    let refused = token_opens_nothing;
    let token = &voter.0;
    let mut election = elections.recent(token.election).await?;
    if !election.state.exists() {
        return Err(refused());
    }
    let shard = election.state.shards.shard_of(&token.ballot.to_string());
    let ballot = match cached {
        Some(ballot) => ballot,
        None => reader.load_end(Stream::Ballot(token.election, shard, token.ballot)).await?,
    };
    if !opens(voter, ballot.state()) {
        return Err(refused());
    }
    // A draft is in the order of the candidates, which the opening fixes: an election that was seen before that has another.
    if ballot.state().draft.is_some() && election.state.status == election::Status::Draft {
        election = elections.fresh(token.election).await?;
    }
    Ok(OpenedBallot { election, ballot, shard })
}

/// Does a voter's token open this ballot?
pub fn opens(voter: &Voter, ballot: &Ballot) -> bool {
    let matches = ballot.token.as_ref().is_some_and(|hash| voter.0.matches(hash));
    matches && matches!(ballot.status, Status::Draft | Status::Cast)
}
