//! What a voter can see: the election, and their own ballot. The ballot is folded from its stream, so a voter always sees
//! the last rating.

mod example;

use axum::extract::State;
use photovote_ballot_access::{OpenedBallot, opened};
use photovote_domain::{
    BallotId, Digest, Election, ElectionId, MAX_GRADE, Ratings, ballot,
    election::{self, ElectionRejection},
};
use photovote_edge::{Answer, DraftTag, ElectionView, Problem, Problems, Voter, as_long_as, schema};
use photovote_events::{ElectionCache, Environment, EventReader, Snapshots};
use serde::Serialize;
use utoipa::ToSchema;

/// The function: the table it reads, the elections it has seen lately, and its clock.
#[derive(Debug, Clone)]
pub struct App {
    reader: EventReader,
    elections: ElectionCache<Snapshots>,
    environment: Environment,
}

impl App {
    /// Reads the events table, and elections with these snapshots.
    pub fn new(reader: EventReader, snapshots: Snapshots, environment: Environment) -> Self {
        Self { elections: ElectionCache::new(snapshots), reader, environment }
    }

    /// The election as a cast would find it now: once its closing time has passed, it closes, though the clock has not come.
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

photovote_edge::routes!(App: show => Problems::of_query().refusals([ElectionRejection::NotFound]));

/// All that a voter needs.
#[derive(Debug, Serialize, ToSchema)]
struct BallotAnswer<'a> {
    /// What there is to vote on.
    #[schema(value_type = ElectionView)]
    election: &'a ElectionView,
    /// The voter's own ballot.
    #[schema(value_type = BallotView)]
    ballot: &'a BallotView,
}

/// A ballot as its voter sees it.
#[derive(Debug, Serialize, ToSchema)]
struct BallotView {
    /// Its id.
    #[schema(value_type = schema::Id)]
    id: BallotId,
    /// Names what the draft says; in quotes it is the `ETag`. Left out once the ballot is cast.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::DraftTag>, nullable = false)]
    tag: Option<DraftTag>,
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
    fn of(id: BallotId, opened: &OpenedBallot) -> Answer<Self> {
        let OpenedBallot { election, ballot, shard } = opened;
        if ballot.state().status != ballot::Status::Cast {
            return Ok(Self::of_draft(id, &ballot.head(), ballot.state().ratings(&election.state)));
        }
        // Nothing else of a ballot that is cast is looked at.
        let Some(receipt) = ballot.state().receipt(election.stream.election(), *shard) else {
            tracing::error!(stream = %ballot.stream(), "a ballot that was cast has no receipt");
            return Err(Problem::internal());
        };
        Ok(Self { id, tag: None, ratings: None, cast: true, receipt: Some(receipt.to_string()) })
    }

    fn of_draft(id: BallotId, head: &Digest, ratings: Ratings) -> Self {
        Self { id, tag: Some(DraftTag::of(head)), ratings: Some(ratings), cast: false, receipt: None }
    }

    /// The longest that any ballot of this election is.
    fn longest(id: BallotId, election: &Election) -> Self {
        let ratings = election.candidates().map(|candidate| (candidate.id, MAX_GRADE)).collect();
        Self::of_draft(id, &Digest::from_bytes([0; 32]), ratings)
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
    responses((
        status = OK, body = BallotAnswer<'static>, description = "The ballot and its election",
        examples(("draft" = (value = json!(example::ballot(false)))), ("cast" = (value = json!(example::ballot(true)))))
    ))
)]
async fn show(State(app): State<App>, caller: Voter) -> Answer {
    let opened = opened(&app.elections, &app.reader, &caller, None).await?;
    if opened.election.state.status == election::Status::Deleted {
        return Err(Problem::refused(&ElectionRejection::NotFound).with_detail("the election was deleted"));
    }
    let election = app.seen(caller.0.election, &opened.election.state).await?;
    let ballot = BallotView::of(caller.0.ballot, &opened)?;
    let longest = BallotView::longest(caller.0.ballot, &opened.election.state);
    let longest = BallotAnswer { election: &election, ballot: &longest };
    as_long_as(&longest, ballot.tag.as_ref(), &BallotAnswer { election: &election, ballot: &ballot })
}
