//! What a voter can do: rate candidates, take a rating back, cast the ballot.
//!
//! The election's definition is cached: it is frozen once voting begins. A refusal is never decided by what is cached,
//! and no cast is ever accepted by it: the gate is written with the commit. So it is with the ballot that the last command
//! of the same voter left (`kept.rs`): what it lets through is written only if it has not moved.

mod kept;

use std::collections::BTreeMap;

use axum::extract::State;
use photovote_ballot_access::{OpenedBallot, opened, opens, token_opens_nothing};
use photovote_commands::{Intent, Submission};
use photovote_coordination::{GateState, GateStatus};
use photovote_coordination_write::Control;
use photovote_domain::{
    Aggregate, Ballot, CandidateId, Digest, Election, ElectionId, Nonce, Rating, Shard,
    ballot::{BallotCommand, BallotRejection, Context, MAX_RATINGS_IN_REQUEST, Status},
    election::ElectionRejection,
};
use photovote_dynamodb::Cancellation;
use photovote_edge::{
    Answer, Code, CommandHeaders, DraftTag, Preconditions, Problem, Problems, Segments, Voter, at_draft, command_id,
    distinct, done, schema,
};
use photovote_events::{CommandId, CommandRecord, Commit, ElectionCache, History, Known, Snapshot, Snapshots};
use photovote_events_append::{Done, EventStore, ExecuteError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kept::Ballots;

/// The function: the tables it works on, the elections it has seen lately, and the ballots it has written.
#[derive(Debug, Clone)]
pub struct App {
    store: EventStore,
    control: Control,
    elections: ElectionCache<Snapshots>,
    ballots: Ballots,
}

impl App {
    /// Works on these tables.
    pub fn new(store: EventStore, control: Control, snapshots: Snapshots) -> Self {
        Self { store, control, elections: ElectionCache::new(snapshots), ballots: Ballots::default() }
    }
}

photovote_edge::routes! {
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

/// How many of a draft's last commands stay known: under their keys they are answered again, and not carried out.
const KNOWN_COMMANDS: u16 = 100;

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

/// A draft was saved.
#[derive(Debug, Serialize, ToSchema)]
struct Saved {
    /// Names what the draft says now; in quotes it is the `ETag`.
    #[schema(value_type = schema::DraftTag)]
    tag: DraftTag,
}

/// A ballot was cast.
#[derive(Debug, Serialize, ToSchema)]
struct CastAnswer {
    /// What proves that the ballot was counted, and not how it was cast.
    #[schema(value_type = schema::Receipt)]
    receipt: String,
}

/// Rates candidates.
///
/// The bearer of a ballot token may call this, while the election is open and the ballot is not cast. The ratings are saved in the
/// draft of the ballot: others stay as they are, and rating a candidate again overwrites. They count once the ballot is cast. Every
/// grade has to be on the scale of the election. A draft can be saved 20 times, and 10 times more for each candidate of the election,
/// at most 4,000 times; then it can only be cast. End the body with spaces, so that its length does not tell how many ratings it has.
#[utoipa::path(
    put, path = "/ballot/ratings", tag = "ballot", operation_id = "rate_candidates", params(CommandHeaders, Preconditions), security(("ballot" = [])), request_body = RatingsBody,
    responses((status = OK, body = Saved, description = "The draft is saved"))
)]
async fn rate(State(app): State<App>, caller: Voter, submission: Submission) -> Answer {
    // What is wrong with it is said only to whom the ballot opens.
    let key = submission.key();
    let sent: Answer<(RatingsBody, Intent)> = submission.read(&caller);
    let command = |ballot: &_, body: &RatingsBody| Ok(BallotCommand::Rate { ratings: graded(ballot, &body.ratings)? });
    let ballot = app.open(&caller, key.as_deref(), &sent, command).await?;
    unsettled(&ballot.ballot)?;
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
    params(("candidate" = schema::Id, Path, description = "The candidate's id"), CommandHeaders, Preconditions),
    responses((status = OK, body = Saved, description = "The draft is saved"))
)]
async fn clear(State(app): State<App>, caller: Voter, path: Segments, submission: Submission) -> Answer {
    let ballot = app.read(&caller, submission.key().as_deref()).await?;
    unsettled(&ballot.ballot)?;
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
/// that the ballot is counted. Send an `Idempotency-Key`: if the answer is lost, a cast with the same key gets the same
/// receipt, whatever its body says. On 409 with `ballot_cast_already`, the ballot shows its receipt.
#[utoipa::path(
    post, path = "/ballot/cast", tag = "ballot", operation_id = "cast_ballot", params(CommandHeaders), security(("ballot" = [])), request_body = Option<CastBody>,
    responses((status = OK, body = CastAnswer, description = "The ballot is cast, and will be counted"))
)]
async fn cast(State(app): State<App>, caller: Voter, submission: Submission) -> Answer {
    let key = submission.key();
    let sent: Answer<(CastBody, Intent)> = submission.read(&caller);
    let nonce = Nonce::from_bytes(app.store.environment().random());
    let command = |ballot: &OpenedBallot, body: &CastBody| {
        let (ratings, election) = (graded(ballot, &body.ratings)?, ballot.election.stream.election());
        Ok(BallotCommand::Cast { ratings, nonce, election, shard: ballot.shard })
    };
    let ballot = app.open(&caller, key.as_deref(), &sent, command).await?;
    let shard = ballot.shard;
    if ballot.ballot.state().status == Status::Cast {
        let id = key.map(|key| command_id(&caller.caller(), &ballot.ballot.stream().to_string(), &key));
        return settled(&ballot.ballot, shard, id.map(CommandId::new));
    }
    let (body, intent) = sent?;
    let command = command(&ballot, &body)?;
    let record = app.record(&intent, &command, &ballot.ballot);
    let done = app.execute(ballot, &intent, &record, &command, Some(shard)).await?;
    let answer = settled(&done.history, shard, Some(record.private.id));
    app.ballots.keep(done.history);
    answer
}

/// What a ballot that is cast answers to a cast: the receipt to the command that cast it, and no to every other. Nothing of
/// this may depend on what the ballot says or said, nor on what is asked for.
fn settled(ballot: &History<Ballot>, shard: Shard, command: Option<CommandId>) -> Answer {
    if !command.is_some_and(|command| ballot.ends_with(command)) {
        return Err(Problem::refused(&BallotRejection::CastAlready));
    }
    let election = ballot.stream().election();
    let Some(receipt) = ballot.state().receipt(election, shard) else {
        tracing::error!(%election, "a ballot that was cast has no receipt");
        return Err(Problem::internal());
    };
    Ok(done(CastAnswer { receipt: receipt.to_string() }))
}

/// Refuses whatever else is asked of a ballot that is cast, before anything of it is looked at.
fn unsettled(ballot: &History<Ballot>) -> Answer<()> {
    match ballot.state().status {
        Status::Cast => Err(Problem::refused(&BallotRejection::CastAlready)),
        _ => Ok(()),
    }
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
        key: Option<&str>,
        sent: &Answer<(B, Intent)>,
        command: impl Fn(&OpenedBallot, &B) -> Answer<BallotCommand>,
    ) -> Answer<OpenedBallot> {
        if let Ok((body, intent)) = sent
            && let Some(ballot) = self.ballots.get(caller.0.ballot)
            && opens(caller, ballot.state())
        {
            let election = self.elections.recent(caller.0.election).await?;
            let shard = election.state.shards.shard_of(&caller.0.ballot.to_string());
            let kept = OpenedBallot { election, ballot, shard };
            if command(&kept, body).is_ok_and(|command| self.would_append(&kept, intent, command)) {
                return Ok(kept);
            }
        }
        self.read(caller, key).await
    }

    /// The caller's ballot as it is. The commands that a key may name are read only for a caller whose token opens the ballot,
    /// and only while it is a draft.
    async fn read(&self, caller: &Voter, key: Option<&str>) -> Answer<OpenedBallot> {
        let mut opened = opened(&self.elections, self.store.reader(), caller).await?;
        if key.is_some() && opened.ballot.state().status == Status::Draft {
            self.store.reader().know_commands(&mut opened.ballot, KNOWN_COMMANDS).await?;
        }
        Ok(opened)
    }

    fn would_append(&self, opened: &OpenedBallot, intent: &Intent, command: BallotCommand) -> bool {
        let (ballot, environment) = (&opened.ballot, self.store.environment());
        let record = self.record(intent, &command, ballot);
        let context = Context { election: &opened.election.state, now: environment.now() };
        (ballot.knows(KNOWN_COMMANDS) || !intent.has_key())
            && ballot.known(&record) == Known::No
            && intent.expects_draft(&DraftTag::of(&ballot.head()))
            && ballot.state().decide(command, &context).is_ok_and(|events| !events.is_empty())
    }

    fn record(&self, intent: &Intent, command: &BallotCommand, ballot: &History<Ballot>) -> CommandRecord {
        intent.record(command.name(), &ballot.stream(), self.store.environment())
    }

    async fn change(&self, ballot: OpenedBallot, intent: &Intent, command: BallotCommand) -> Answer {
        let record = self.record(intent, &command, &ballot.ballot);
        let Done { history, version, .. } = self.execute(ballot, intent, &record, &command, None).await?;
        // A command that was carried out before is one to a draft: this one may be cast by now.
        unsettled(&history)?;
        let tag = DraftTag::of(&history.hash_at(version).unwrap_or(history.head()));
        self.ballots.keep(history);
        Ok(at_draft(&tag, Saved { tag: tag.clone() }))
    }

    /// Carries out a command on a ballot; through the gate of a shard, if it is a cast.
    async fn execute(
        &self,
        ballot: OpenedBallot,
        intent: &Intent,
        record: &CommandRecord,
        command: &BallotCommand,
        gate: Option<Shard>,
    ) -> Answer<Done<Ballot>> {
        let OpenedBallot { election, ballot, .. } = ballot;
        let id = election.stream.election();
        self.control.reader().has_gates(id, election.state.shards).await?;
        let (mut seen, token) = (ballot.clone(), ballot.state().token);
        let answer = match self.attempt(&election, ballot, token, intent, record, command, gate).await {
            Err(
                ExecuteError::Rejected(_)
                | ExecuteError::KeyReused
                | ExecuteError::Precondition(_)
                | ExecuteError::Conflict,
            ) => {
                // What is cached may be seconds old, and nobody is turned away for that. The ballot is read after the election:
                // if this very command was carried out before the election closed, by a request that overtook this one, it
                // is there.
                let fresh = self.elections.fresh(id).await?;
                self.store.reader().refresh(&mut seen).await?;
                if seen.state().status == Status::Cast && seen.state().token == token {
                    return Ok(Done { version: seen.version(), history: seen, repeated: true });
                }
                self.attempt(&fresh, seen, token, intent, record, command, gate).await
            }
            // It was carried out before, perhaps elsewhere, and the ballot may be cast since: only a draft says so.
            Ok(mut done) if done.repeated => {
                self.store.reader().refresh(&mut done.history).await?;
                Ok(done)
            }
            answer => answer,
        };
        answer.map_err(|error| match error {
            ExecuteError::Blocked(reasons) => self.shut(id, gate, &reasons),
            ExecuteError::Rejected(BallotRejection::TokenReplaced) => token_opens_nothing(),
            // Which tag it has, is told where the ballot is shown.
            ExecuteError::Precondition(_) => Problem::new(Code::VersionMismatch, "the draft has another tag by now"),
            error => error.into(),
        })
    }

    #[expect(clippy::too_many_arguments, reason = "what a command is, and where it goes")]
    async fn attempt(
        &self,
        election: &Snapshot<Election>,
        ballot: History<Ballot>,
        token: Option<Digest>,
        intent: &Intent,
        record: &CommandRecord,
        command: &BallotCommand,
        gate: Option<Shard>,
    ) -> Result<Done<Ballot>, ExecuteError<BallotRejection>> {
        let environment = self.store.environment();
        let decide = |ballot: &Ballot| {
            // The token that opened the ballot may have been replaced since.
            if ballot.token != token {
                return Err(BallotRejection::TokenReplaced);
            }
            ballot.decide(command.clone(), &Context { election: &election.state, now: environment.now() })
        };
        // The precondition of a draft is none of a ballot that was cast.
        let expected = |seen: &Snapshot<Ballot>| {
            seen.state.status != Status::Draft || intent.expects_draft(&DraftTag::of(&seen.head))
        };
        let pass = |commit: &Commit| match gate {
            // The time is that of this very attempt: a cast that had to wait for others may come too late.
            Some(shard) => Ok(vec![self.control.pass_cast(commit.stream.election(), shard, environment.now())?]),
            None => Ok(Vec::new()),
        };
        self.store.execute_with(ballot, record, expected, decide, pass).await
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
