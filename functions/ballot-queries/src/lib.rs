//! What a voter can see: the election, and their own ballot. The ballot is folded from its stream, so a voter always sees
//! the last rating.

use axum::extract::State;
use photovote_domain::{
    BallotId, Election, Ratings, Receipt, Version, ballot,
    election::{self, ElectionRejection},
};
use photovote_event_store::{ElectionCache, EventReader, Snapshot, Snapshots};
use photovote_http::{Answer, ElectionView, OpenedBallot, Problem, Problems, Voter, at_version, opened, schema};
use serde::Serialize;
use utoipa::ToSchema;

/// The function: the table it reads, and the elections it has seen lately.
#[derive(Debug, Clone)]
pub struct App {
    reader: EventReader,
    elections: ElectionCache<Snapshot<Election>>,
}

impl App {
    /// Reads the events table, and elections with these snapshots.
    pub fn new(reader: EventReader, snapshots: Snapshots) -> Self {
        Self { elections: ElectionCache::new(snapshots), reader }
    }
}

photovote_http::routes!(App: show => Problems::of_query().refusals([ElectionRejection::NotFound]));

/// All that a voter needs.
#[derive(Debug, Serialize, ToSchema)]
struct BallotAnswer {
    /// What there is to vote on.
    election: ElectionView,
    /// The voter's own ballot.
    ballot: BallotView,
}

/// A ballot as its voter sees it.
#[derive(Debug, Serialize, ToSchema)]
struct BallotView {
    /// Its id.
    #[schema(value_type = schema::Id)]
    id: BallotId,
    /// Its version.
    #[schema(value_type = schema::Version)]
    version: Version,
    /// The grade of each candidate that is rated. Left out once the ballot is cast: nobody can be made to show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Grades>, nullable = false)]
    ratings: Option<Ratings>,
    /// Is it cast?
    cast: bool,
    /// What proves that the ballot was counted, and not how it was cast; `null` until it is cast.
    #[schema(value_type = Option<schema::Receipt>, required = true, example = json!(null))]
    receipt: Option<String>,
}

impl BallotView {
    fn of(id: BallotId, opened: OpenedBallot) -> Answer<Self> {
        let OpenedBallot { election, ballot, shard } = opened;
        let (version, cast) = (ballot.version, ballot.state.status == ballot::Status::Cast);
        if !cast {
            return Ok(Self { id, version, ratings: Some(ballot.state.ratings.clone()), cast, receipt: None });
        }
        let Some(nonce) = ballot.state.nonce else {
            tracing::error!(stream = %ballot.stream, "a ballot that was cast has no nonce");
            return Err(Problem::internal());
        };
        let receipt = Receipt::of(election.stream.election(), shard, &ballot.state.ratings, &nonce);
        Ok(Self { id, version, ratings: None, cast, receipt: Some(receipt.to_string()) })
    }
}

/// Shows the ballot and its election.
///
/// The bearer of a ballot token may call this. It has all that a voter needs: competitions, candidates, scale, and the ratings so
/// far. Once the ballot is cast, the answer has the receipt instead of the ratings. On 401 the token was replaced, or the voter was
/// removed: ask an administrator for a new one.
#[utoipa::path(
    get, path = "/ballot", tag = "ballot", operation_id = "show_ballot", security(("ballot" = [])),
    responses((status = OK, body = BallotAnswer, description = "The ballot and its election"))
)]
async fn show(State(app): State<App>, caller: Voter) -> Answer {
    let opened = opened(&app.elections, &app.reader, &caller).await?;
    if opened.election.state.status == election::Status::Deleted {
        return Err(Problem::refused(&ElectionRejection::NotFound).with_detail("the election was deleted"));
    }
    let election = ElectionView::of(caller.0.election, &opened.election.state);
    let ballot = BallotView::of(caller.0.ballot, opened)?;
    Ok(at_version(ballot.version, BallotAnswer { election, ballot }))
}
