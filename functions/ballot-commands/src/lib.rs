//! What a voter can do: rate candidates, take a rating back, cast the ballot.
//!
//! The election's definition is cached: it is frozen once voting begins. A refusal is never decided by what is cached,
//! and no cast is ever accepted by it: the gate is written with the commit. So it is with the ballot that the last command
//! of the same voter left (`kept.rs`): what it lets through is written only if it has not moved.

mod kept;

use std::collections::BTreeMap;

use axum::extract::State;
use photovote_control::{Control, GateState, GateStatus};
use photovote_domain::{
    Aggregate, Ballot, CandidateId, Digest, Election, ElectionId, Nonce, Rating, Receipt, Shard, Version,
    ballot::{BallotCommand, BallotRejection, Context, MAX_RATINGS_IN_REQUEST},
    election::ElectionRejection,
};
use photovote_dynamodb::Cancellation;
use photovote_event_store::{
    Commit, Done, ElectionCache, EventStore, ExecuteError, History, Known, Snapshot, Snapshots,
};
use photovote_http::{
    Answer, Changed, Code, CommandHeaders, Intent, OpenedBallot, Problem, Problems, Segments, Submission, Voter,
    at_version, distinct, opened, opens, schema, token_opens_nothing,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kept::Ballots;

/// The function: the tables it works on, the elections it has seen lately, and the ballots it has written.
#[derive(Debug, Clone)]
pub struct App {
    store: EventStore,
    control: Control,
    elections: ElectionCache<Snapshot<Election>>,
    ballots: Ballots,
}

impl App {
    /// Works on these tables.
    pub fn new(store: EventStore, control: Control, snapshots: Snapshots) -> Self {
        Self { store, control, elections: ElectionCache::new(snapshots), ballots: Ballots::default() }
    }
}

photovote_http::routes! {
    App:
    rate => on_ballot().refusals([
        BallotRejection::TooManyRatings,
        UNKNOWN_CANDIDATE,
        OUT_OF_SCALE,
        BallotRejection::TooManyChanges,
    ]),
    clear => on_ballot()
        .codes([Code::MalformedId])
        .refusals([ElectionRejection::CandidateNotFound])
        .refusals([UNKNOWN_CANDIDATE, BallotRejection::TooManyChanges]),
    cast => on_ballot().refusals([
        BallotRejection::TooManyRatings,
        UNKNOWN_CANDIDATE,
        OUT_OF_SCALE,
        BallotRejection::Empty,
    ]),
}

const A_CANDIDATE: CandidateId = CandidateId::from_bits(0x0156_3df3_64ee_b75f_b18f_9d43_4a88_abcd);
const UNKNOWN_CANDIDATE: BallotRejection = BallotRejection::UnknownCandidate(A_CANDIDATE);
const OUT_OF_SCALE: BallotRejection = BallotRejection::OutOfScale { candidate: A_CANDIDATE, min: 1, max: 5 };

/// What any command on a ballot can be refused for.
fn on_ballot() -> Problems {
    Problems::of_command().codes([Code::GatesMissing, Code::VersionMismatch]).refusals([
        BallotRejection::NotOpenYet,
        BallotRejection::Closed,
        BallotRejection::ElectionDeleted,
        BallotRejection::CastAlready,
    ])
}

/// Grades for candidates, by their ids. They are merged into the draft: others stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RatingsBody {
    /// A whole number on the election's scale for each candidate; at most 500 candidates in one request.
    #[serde(deserialize_with = "distinct")]
    #[schema(value_type = schema::Grades)]
    ratings: BTreeMap<CandidateId, i64>,
}

/// Grades to merge into the draft before it is cast.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CastBody {
    /// A whole number on the election's scale for each candidate; at most 500 candidates in one request.
    #[serde(default, deserialize_with = "distinct")]
    #[schema(value_type = schema::Grades)]
    ratings: BTreeMap<CandidateId, i64>,
}

/// A ballot was cast.
#[derive(Debug, Serialize, ToSchema)]
struct CastAnswer {
    /// The version that the ballot has come to.
    #[schema(value_type = schema::Version)]
    version: Version,
    /// What proves that the ballot was counted, and not how it was cast.
    #[schema(value_type = schema::Receipt)]
    receipt: String,
}

/// Rates candidates.
///
/// The bearer of a ballot token may call this, while the election is open and the ballot is not cast. The ratings are saved in the
/// draft of the ballot: others stay as they are, and rating a candidate again overwrites. They count once the ballot is cast. Every
/// grade has to be on the scale of the election.
#[utoipa::path(
    put, path = "/ballot/ratings", tag = "ballot", operation_id = "rate_candidates", params(CommandHeaders), security(("ballot" = [])), request_body = RatingsBody,
    responses((status = OK, body = Changed, description = "The ballot is at this version"))
)]
async fn rate(State(app): State<App>, caller: Voter, submission: Submission) -> Answer {
    // What is wrong with it is said only to whom the ballot opens.
    let sent: Answer<(RatingsBody, Intent)> = submission.read(&caller);
    let command = |ballot: &_, body: &RatingsBody| Ok(BallotCommand::Rate { ratings: graded(ballot, &body.ratings)? });
    let ballot = app.open(&caller, &sent, command).await?;
    let (body, intent) = sent?;
    let command = command(&ballot, &body)?;
    app.change(ballot, &intent, command).await
}

/// Takes a rating back.
///
/// The bearer of a ballot token may call this, while the election is open and the ballot is not cast. The candidate is not rated any
/// more, which is different from the lowest grade.
#[utoipa::path(
    delete, path = "/ballot/ratings/{candidate}", tag = "ballot", operation_id = "clear_rating", security(("ballot" = [])),
    params(("candidate" = schema::Id, Path, description = "The candidate's id"), CommandHeaders),
    responses((status = OK, body = Changed, description = "The ballot is at this version"))
)]
async fn clear(State(app): State<App>, caller: Voter, path: Segments, submission: Submission) -> Answer {
    let ballot = opened(&app.elections, app.store.reader(), &caller).await?;
    let candidate = path.id("candidate")?;
    if !ballot.election.state.has_candidate(candidate) {
        let fresh = app.elections.fresh(ballot.election.stream.election()).await?;
        if !fresh.state.has_candidate(candidate) {
            return Err(Problem::refused(&ElectionRejection::CandidateNotFound));
        }
    }
    let (_, intent): (Nothing, _) = submission.read(&caller)?;
    app.change(ballot, &intent, BallotCommand::Clear { candidate }).await
}

/// Casts the ballot.
///
/// The bearer of a ballot token may call this, while the election is open. Ratings in the request are saved first. A ballot needs at
/// least one rating. This is final: nothing changes the ballot afterwards. The answer has a receipt, with which the voter can check
/// that the ballot is counted. Send an `Idempotency-Key`: if the answer is lost, the same request with the same key gets the same
/// receipt. On 409 with `ballot_cast_already`, the ballot shows its receipt.
#[utoipa::path(
    post, path = "/ballot/cast", tag = "ballot", operation_id = "cast_ballot", params(CommandHeaders), security(("ballot" = [])), request_body = Option<CastBody>,
    responses((status = OK, body = CastAnswer, description = "The ballot is cast, and will be counted"))
)]
async fn cast(State(app): State<App>, caller: Voter, submission: Submission) -> Answer {
    let sent: Answer<(CastBody, Intent)> = submission.read(&caller);
    let nonce = Nonce::from_bytes(app.store.environment().random());
    let command =
        |ballot: &_, body: &CastBody| Ok(BallotCommand::Cast { ratings: graded(ballot, &body.ratings)?, nonce });
    let ballot = app.open(&caller, &sent, command).await?;
    let (body, intent) = sent?;
    let command = command(&ballot, &body)?;
    let (election, shard) = (ballot.election.stream.election(), ballot.shard);

    let done = app.execute(ballot, &intent, &command, Some(shard)).await?;
    let Some(nonce) = done.history.state.nonce else {
        tracing::error!(%election, "a ballot that was cast has no nonce");
        return Err(Problem::internal());
    };
    let receipt = Receipt::of(election, shard, &done.history.state.ratings, &nonce).to_string();
    app.ballots.keep(done.history);
    Ok(at_version(done.version, CastAnswer { version: done.version, receipt }))
}

/// A body that says nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Numbers that may be grades. Whether they are on the election's scale, the ballot decides.
fn graded(ballot: &OpenedBallot, ratings: &BTreeMap<CandidateId, i64>) -> Answer<BTreeMap<CandidateId, Rating>> {
    if ratings.len() > MAX_RATINGS_IN_REQUEST {
        return Err(Problem::refused(&BallotRejection::TooManyRatings));
    }
    let scale = ballot.election.state.scale;
    let graded = ratings.iter().map(|(&candidate, &number)| match Rating::try_from(number) {
        Ok(rating) => Ok((candidate, rating)),
        Err(_off_every_scale) => {
            let (min, max) = (scale.min(), scale.max());
            Err(Problem::refused(&BallotRejection::OutOfScale { candidate, min, max }))
        }
    });
    graded.collect()
}

impl App {
    /// The caller's ballot: as it was kept, if what was sent would append to that; otherwise as it is.
    async fn open<B>(
        &self,
        caller: &Voter,
        sent: &Answer<(B, Intent)>,
        command: impl Fn(&OpenedBallot, &B) -> Answer<BallotCommand>,
    ) -> Answer<OpenedBallot> {
        if let Ok((body, intent)) = sent
            && let Some(ballot) = self.ballots.get(caller.0.ballot)
            && opens(caller, &ballot.state)
        {
            let election = self.elections.recent(caller.0.election).await?;
            let shard = election.state.shards.shard_of(&caller.0.ballot.to_string());
            let kept = OpenedBallot { election, ballot, shard };
            if command(&kept, body).is_ok_and(|command| self.would_append(&kept, intent, command)) {
                return Ok(kept);
            }
        }
        opened(&self.elections, self.store.reader(), caller).await
    }

    fn would_append(&self, opened: &OpenedBallot, intent: &Intent, command: BallotCommand) -> bool {
        let (ballot, environment) = (&opened.ballot, self.store.environment());
        let record = intent.record(command.name(), &ballot.stream, environment);
        let context = Context { election: &opened.election.state, now: environment.now() };
        ballot.known(&record) == Known::No
            && intent.expects(ballot.version)
            && ballot.state.decide(command, &context).is_ok_and(|events| !events.is_empty())
    }

    async fn change(&self, ballot: OpenedBallot, intent: &Intent, command: BallotCommand) -> Answer {
        let done = self.execute(ballot, intent, &command, None).await?;
        self.ballots.keep(done.history);
        Ok(at_version(done.version, Changed { version: done.version }))
    }

    /// Carries out a command on a ballot; through the gate of a shard, if it is a cast.
    async fn execute(
        &self,
        ballot: OpenedBallot,
        intent: &Intent,
        command: &BallotCommand,
        gate: Option<Shard>,
    ) -> Answer<Done<Ballot>> {
        let OpenedBallot { election, ballot, .. } = ballot;
        let id = election.stream.election();
        self.control.has_gates(id, election.state.shards).await?;
        let (stream, token) = (ballot.stream, ballot.state.token);
        match self.attempt(&election, ballot, token, intent, command, gate).await {
            // What is cached may be seconds old, and nobody is turned away for that. The ballot is read after the election: if
            // this very command was carried out before the election closed, by a request that overtook this one, it is there.
            Err(ExecuteError::Rejected(_)) => {
                let fresh = self.elections.fresh(election.stream.election()).await?;
                let ballot = self.store.load(stream).await?;
                self.attempt(&fresh, ballot, token, intent, command, gate).await
            }
            answer => answer,
        }
        .map_err(|error| match error {
            ExecuteError::Blocked(reasons) => self.shut(id, gate, &reasons),
            ExecuteError::Rejected(BallotRejection::TokenReplaced) => token_opens_nothing(),
            error => error.into(),
        })
    }

    async fn attempt(
        &self,
        election: &Snapshot<Election>,
        ballot: History<Ballot>,
        token: Option<Digest>,
        intent: &Intent,
        command: &BallotCommand,
        gate: Option<Shard>,
    ) -> Result<Done<Ballot>, ExecuteError<BallotRejection>> {
        let environment = self.store.environment();
        let record = intent.record(command.name(), &ballot.stream, environment);
        let decide = |ballot: &Ballot| {
            // The token that opened the ballot may have been replaced since.
            if ballot.token != token {
                return Err(BallotRejection::TokenReplaced);
            }
            ballot.decide(command.clone(), &Context { election: &election.state, now: environment.now() })
        };
        let pass = |commit: &Commit| match gate {
            // The time is that of this very attempt: a cast that had to wait for others may come too late.
            Some(shard) => Ok(vec![self.control.pass_cast(commit.stream.election(), shard, environment.now())?]),
            None => Ok(Vec::new()),
        };
        self.store.execute_with(ballot, &record, |version| intent.expects(version), decide, pass).await
    }

    /// The gate did not let a cast through: it is shut, or missing.
    fn shut(&self, election: ElectionId, gate: Option<Shard>, reasons: &[Cancellation]) -> Problem {
        let refused = gate.zip(reasons.first()).map(|(shard, reason)| self.control.refusing(election, shard, reason));
        match refused {
            Some(Ok(GateState { status: GateStatus::Draft, .. })) => Problem::refused(&BallotRejection::NotOpenYet),
            Some(Err(missing)) => missing.into(),
            _ => Problem::refused(&BallotRejection::Closed),
        }
    }
}
