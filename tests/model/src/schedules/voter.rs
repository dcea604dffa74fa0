//! The voter, who casts. Here the gate alone decides. A real request also asks a cached election, and refuses more; the model of the gates
//! has that, and requests that are repeated.

use crate::{
    schedules::{
        Guard, Schedules,
        tables::{Commit, Tables, Time},
    },
    tables::Status,
};

/// How far the voter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Voter {
    /// The ballot is a draft.
    Waiting,
    /// The last cast was refused: the gate is not open yet.
    TooEarly,
    /// The last cast was refused: the gate is closed, or its closing time has come.
    TooLate,
    /// The ballot is cast.
    Cast,
}

/// The transaction of a cast, with its gate (`Control::pass_cast`).
pub(crate) fn cast(model: &Schedules, tables: &mut Tables, now: Time) -> Voter {
    let election = tables.election();
    let Some(gate) = tables.gates.last_mut() else { return Voter::TooEarly };
    let is_open = gate.status == Status::Open || !model.has(Guard::GateMustBeOpen);
    let is_over = gate.closes_at.is_some_and(|closes_at| closes_at <= now) && model.has(Guard::GateKnowsTheClose);
    if !is_open || is_over {
        return if gate.status == Status::Draft { Voter::TooEarly } else { Voter::TooLate };
    }
    gate.casts += 1;
    let stands = |like: fn(&Commit) -> bool| tables.stream.iter().any(like);
    let faults = &mut tables.faults;
    faults.cast_early |= !stands(|commit| matches!(commit, Commit::Opened { .. }));
    faults.cast_late |= stands(|commit| matches!(commit, Commit::Closed { .. }));
    faults.cast_overdue |= election.is_due(now);
    Voter::Cast
}
