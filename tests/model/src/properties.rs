//! What must hold, always; and what must be possible, so that nothing holds only because nothing happens.

use stateright::Property;

use crate::{
    Command, Gates, Request, State,
    tables::{BallotCommit, BallotEvent, ElectionEvent, Set, Status},
    voter::{By, Step, Told},
};

/// No ballot is cast but through a gate that is open at that moment.
pub const OPEN_GATE: &str = "a ballot is cast only through an open gate";
/// A gate is open only if `ElectionOpened` stands, and closed only if `ElectionClosing` does.
pub const EVENTS_FIRST: &str = "a gate never runs ahead of the events";
/// Each gate's `casts` is the number of `BallotCast` in its shard.
pub const GATES_COUNT: &str = "a gate counts the casts of its shard";
/// The `casts` of `ElectionClosed` is the number of all `BallotCast`, from then on for ever.
pub const CLOSED_COUNTS: &str = "ElectionClosed counts every cast";
/// Nothing follows a `BallotCast` in its stream, and so no second one.
pub const CAST_ONCE: &str = "nothing changes a ballot once it is cast";
/// Who was told a receipt has a ballot in the history that makes it.
pub const ACKNOWLEDGED: &str = "an acknowledged cast is in the history";
/// A command that was refused for good is not in the history; see [`Told::Closed`] for what that means.
pub const REFUSED: &str = "a refused command is not in the history";
/// Receipts and tallies are there of a closed election only.
pub const COUNTED_AFTER: &str = "nothing is counted before the election is closed";
/// A shard that is counted has the casts of its voters, all of them and no others.
pub const COUNTED_ONCE: &str = "a counted shard holds each of its casts once";
/// `ResultsCounted` is written once, and is of all casts.
pub const RECORDED: &str = "history says once what the results are";
/// Final results are those of all ballots that were cast.
pub const FINAL: &str = "final results count every cast";

/// An election ends with the ballot of each voter in its results.
pub const ALL_COUNTED: &str = "the ballot of every voter is in final results";
/// A gate refuses a cast of an election that was open when the voter came.
pub const TOO_LATE: &str = "a closed gate refuses a cast";
/// Somebody is told the receipt of a request that was sent before.
pub const TOLD_AGAIN: &str = "a repeated request gets the receipt of the first";
/// Two requests of one command are under way at once; one is refused because the election is closing, the other casts.
pub const OVERTAKEN: &str = "a request refused while the election closes is overtaken by its twin";

pub(crate) fn all() -> Vec<Property<Gates>> {
    vec![
        Property::always(OPEN_GATE, cast_through_open_gates),
        Property::always(EVENTS_FIRST, gates_follow_events),
        Property::always(GATES_COUNT, gates_count_casts),
        Property::always(CLOSED_COUNTS, closed_elections_count_casts),
        Property::always(CAST_ONCE, ballots_end_when_cast),
        Property::always(ACKNOWLEDGED, the_acknowledged_is_there),
        Property::always(REFUSED, the_refused_is_not_there),
        Property::always(COUNTED_AFTER, counted_after_the_close),
        Property::always(COUNTED_ONCE, counted_once),
        Property::always(RECORDED, recorded_once),
        Property::always(FINAL, final_results_are_complete),
        Property::sometimes(ALL_COUNTED, all_counted),
        Property::sometimes(TOO_LATE, refused_by_a_gate),
        Property::sometimes(TOLD_AGAIN, told_again),
        Property::sometimes(OVERTAKEN, overtaken),
    ]
}

fn cast_through_open_gates(_: &Gates, state: &State) -> bool {
    state.tables.ballots.iter().flatten().all(|commit| match commit.event {
        BallotEvent::BallotCast { gate, .. } => gate == Status::Open,
        BallotEvent::BallotCandidateRated => true,
    })
}

fn gates_follow_events(_: &Gates, state: &State) -> bool {
    let election = state.tables.status();
    state.tables.gates.iter().all(|gate| match gate.status {
        Status::Closed => election >= Status::Closing,
        status => election >= status,
    })
}

fn gates_count_casts(model: &Gates, state: &State) -> bool {
    (0..).zip(&state.tables.gates).all(|(shard, gate)| {
        let casts = state.tables.cast().filter(|(voter, _)| model.shard(*voter) == shard);
        casts.count() == usize::from(gate.casts)
    })
}

fn closed_elections_count_casts(_: &Gates, state: &State) -> bool {
    state.tables.casts().is_none_or(|casts| usize::from(casts) == state.tables.cast().count())
}

fn ballots_end_when_cast(_: &Gates, state: &State) -> bool {
    let ends = |ballot: &Vec<BallotCommit>| ballot.iter().rev().skip(1).all(|commit| commit.cast().is_none());
    state.tables.ballots.iter().all(ends)
}

fn the_acknowledged_is_there(model: &Gates, state: &State) -> bool {
    model.requests.iter().zip(&state.requests).all(|(request, step)| match (request.command, step) {
        (Command::Cast, Step::Ended(Some(Told::Done(nonce)))) => {
            state.tables.cast().any(|(voter, cast)| voter == request.voter && *nonce == Some(cast))
        }
        _ => true,
    })
}

fn the_refused_is_not_there(model: &Gates, state: &State) -> bool {
    model.requests.iter().zip(&state.requests).all(|(request, step)| {
        let refused = match step {
            Step::Ended(Some(Told::CastAlready | Told::Closed(By::Gate | By::Closed))) => true,
            Step::Ended(Some(Told::Closed(By::Closing))) => !state.twins.has(request.voter),
            _ => false,
        };
        !(refused && stands(state, *request))
    })
}

/// Is this request's command in the history?
fn stands(state: &State, request: Request) -> bool {
    state.tables.ballots[usize::from(request.voter)].iter().any(|commit| commit.key == request.key)
}

fn counted_after_the_close(_: &Gates, state: &State) -> bool {
    state.tables.counted.iter().all(Option::is_none) || state.tables.status() == Status::Closed
}

/// The casts of a shard, or of all.
fn casts(model: &Gates, state: &State, shard: Option<u8>) -> Set {
    let of_shard = |voter: u8| shard.is_none_or(|shard| model.shard(voter) == shard);
    let casts = state.tables.cast().filter(|(voter, _)| of_shard(*voter));
    casts.fold(Set::default(), |casts, (_, nonce)| casts.with(nonce))
}

fn counted_once(model: &Gates, state: &State) -> bool {
    let closed = state.tables.status() == Status::Closed;
    let right =
        |(shard, counted): (u8, &Option<Set>)| counted.is_none_or(|cast| cast == casts(model, state, Some(shard)));
    !closed || (0..).zip(&state.tables.counted).all(right)
}

fn recorded_once(model: &Gates, state: &State) -> bool {
    let events = &state.tables.election;
    let recorded = events.iter().filter(|event| matches!(event, ElectionEvent::ResultsCounted { .. })).count();
    recorded <= 1 && state.tables.recorded().is_none_or(|cast| cast == casts(model, state, None))
}

fn final_results_are_complete(model: &Gates, state: &State) -> bool {
    state.tables.sum.is_none_or(|sum| sum == casts(model, state, None))
}

fn all_counted(model: &Gates, state: &State) -> bool {
    let sum = state.tables.sum.unwrap_or_default();
    state.tables.is_final() && sum.numbers().count() == usize::from(model.voters())
}

fn refused_by_a_gate(_: &Gates, state: &State) -> bool {
    state.requests.contains(&Step::Ended(Some(Told::Closed(By::Gate))))
}

fn told_again(_: &Gates, state: &State) -> bool {
    (0..)
        .zip(&state.requests)
        .any(|(number, step): (u8, _)| matches!(step, Step::Ended(Some(Told::Done(Some(nonce)))) if *nonce != number))
}

fn overtaken(model: &Gates, state: &State) -> bool {
    model
        .requests
        .iter()
        .zip(&state.requests)
        .any(|(request, step)| *step == Step::Ended(Some(Told::Closed(By::Closing))) && stands(state, *request))
}
