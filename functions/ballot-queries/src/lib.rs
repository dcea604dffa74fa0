//! What a voter can see: the election, and their own ballot. The ballot is folded from its stream, so a voter always sees
//! the last rating.

use axum::extract::State;
use photovote_domain::{
    BallotId, Election, ElectionId, Ratings, Receipt, Version, ballot,
    election::{self, ElectionRejection},
};
use photovote_event_store::{ElectionCache, Environment, EventReader, Snapshot, Snapshots};
use photovote_http::{Answer, ElectionView, OpenedBallot, Problem, Problems, Voter, at_version, opened, schema};
use serde::Serialize;
use utoipa::ToSchema;

/// The function: the table it reads, the elections it has seen lately, and its clock.
#[derive(Debug, Clone)]
pub struct App {
    reader: EventReader,
    elections: ElectionCache<Snapshot<Election>>,
    environment: Environment,
}

impl App {
    /// Reads the events table, and elections with these snapshots.
    pub fn new(reader: EventReader, snapshots: Snapshots, environment: Environment) -> Self {
        Self { elections: ElectionCache::new(snapshots), reader, environment }
    }

    /// The election as a cast would find it now: once its closing time has passed, it closes, though the closer has not come.
    async fn seen(&self, id: ElectionId, recent: &Election) -> Answer<ElectionView> {
        let now = self.environment.now();
        let late = |election: &Election| election.status == election::Status::Open && !election.accepts_votes(now);
        if !late(recent) {
            return Ok(ElectionView::of(id, recent));
        }
        // What is cached may be older than an extension.
        let fresh = self.elections.fresh(id).await?;
        let mut view = ElectionView::of(id, &fresh.state);
        if late(&fresh.state) {
            view.status = election::Status::Closing;
        }
        Ok(view)
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
/// far. Once the ballot is cast, the answer has the receipt instead of the ratings. The status of the election is `closing` from the
/// moment of its closing time on: nothing can be cast any more. On 401 the token was replaced, or the voter was
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
    let election = app.seen(caller.0.election, &opened.election.state).await?;
    let ballot = BallotView::of(caller.0.ballot, opened)?;
    Ok(at_version(ballot.version, BallotAnswer { election, ballot }))
}
