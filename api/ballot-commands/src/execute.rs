//! Carrying out a command on a ballot.
//!
//! The election may be cached for five seconds: its definition is frozen once voting begins. A refusal is never decided by a
//! cached election, and a cast is never accepted by one: the gate is written with the commit.

use photovote_ballot_access::{OpenedBallot, opened, opens, token_opens_nothing};
use photovote_commands::Intent;
use photovote_coordination::{GateState, GateStatus};
use photovote_domain::{
    Aggregate, Ballot, Digest, Election, ElectionId, Shard,
    ballot::{BallotCommand, BallotRejection, Context, Status},
};
use photovote_dynamodb::Cancellation;
use photovote_edge::{Answer, Code, DraftTag, Problem, Voter};
use photovote_events::{CommandRecord, Commit, History, Snapshot};
use photovote_events_append::{Done, ExecuteError, log_outcome};

use crate::App;

/// How many of a draft's last commands stay known: a repeated command with one of their keys gets the answer again.
const KNOWN_COMMANDS: u16 = 100;

impl App {
    /// The caller's ballot as it is now. If the caller sent an idempotency key, a draft's last commands are loaded as well. They
    /// are read only for a token that opens the ballot.
    pub(crate) async fn load(&self, caller: &Voter, key: Option<&str>) -> Answer<OpenedBallot> {
        let mut cached = self.ballots.get(caller.0.ballot).filter(|ballot| opens(caller, ballot.state()));
        if let Some(ballot) = &mut cached
            && !self.store.reader().refresh_within(ballot, KNOWN_COMMANDS).await?
        {
            cached = None;
        }
        let mut opened = opened(&self.elections, self.store.reader(), caller, cached).await?;
        let ballot = &mut opened.ballot;
        if key.is_some() && ballot.state().status == Status::Draft && !ballot.knows(KNOWN_COMMANDS) {
            self.store.reader().know_commands(ballot, KNOWN_COMMANDS).await?;
        }
        Ok(opened)
    }

    /// The command as its commit records it.
    pub(crate) fn record(&self, intent: &Intent, command: &BallotCommand, ballot: &History<Ballot>) -> CommandRecord {
        intent.record(command.name(), &ballot.stream(), self.store.environment())
    }

    /// Carries out a command on a ballot; through the gate of a shard, if it is a cast.
    pub(crate) async fn execute(
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
                    Ok(Done { version: seen.version(), history: seen, repeated: true })
                } else {
                    self.attempt(&fresh, seen, token, intent, record, command, gate).await
                }
            }
            // It was carried out before, perhaps elsewhere, and the ballot may be cast since: only a draft says so.
            Ok(mut done) if done.repeated => {
                self.store.reader().refresh(&mut done.history).await?;
                Ok(done)
            }
            answer => answer,
        };
        log_outcome(id, record, &answer);
        let answer = answer.inspect(|done| self.ballots.put(done.history.clone()));
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
        self.store.decide_and_append(ballot, record, expected, decide, pass).await
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
