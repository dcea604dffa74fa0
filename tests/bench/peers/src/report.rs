//! What was measured, as tables.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};

use crate::{
    cost::Cost,
    measure::{Round, median},
    suite::{ADAPTER, DYNAMO_ES, ENTRANTS, Outcome, PHOTOVOTE, Row, SAME_ITEM, Work},
};

/// How much PhotoVote is to do, at least, for each piece of work that another one does.
struct Aim {
    work: Work,
    least: f64,
    beside: usize,
    /// Only on ministack: the embedded engine slows transactions down.
    ministack_only: bool,
}

const APPEND: Work = Work::Append { bytes: 200 };
const LOAD: Work = Work::Load { events: 200, bytes: 200 };
const AIMS: [Aim; 4] = [
    Aim { work: APPEND, least: 0.95, beside: SAME_ITEM, ministack_only: false },
    Aim { work: LOAD, least: 0.9, beside: SAME_ITEM, ministack_only: false },
    Aim { work: APPEND, least: 1.2, beside: DYNAMO_ES, ministack_only: true },
    Aim { work: APPEND, least: 1.9, beside: ADAPTER, ministack_only: true },
];
/// How many tasks work when it is looked at.
const AIMED_TASKS: usize = 16;

/// A table with a column for each of them.
fn table(texts: &[&str]) -> Table {
    let mut table = Table::new();
    let header = texts.iter().copied().chain(ENTRANTS.iter().map(|entrant| entrant.name));
    table.load_style(ASCII_MARKDOWN).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// What each piece of work costs.
pub(crate) fn costs(rows: &[(Work, Vec<Cost>)]) -> String {
    let mut table = table(&[""]);
    for (work, costs) in rows {
        let unit = if matches!(work, Work::Append { .. }) { "WCU" } else { "RCU" };
        let cell = |cost: &Cost| format!("{}, {} {unit}", cost.calls, cost.units);
        table.add_row(std::iter::once(work.to_string()).chain(costs.iter().map(cell)));
    }
    table.to_string()
}

/// What each of them did in a second, and how much PhotoVote did beside each.
pub(crate) fn measured(rows: &[Row]) -> String {
    let (mut rates, mut ratios) = (table(&["", "tasks"]), table(&["", "tasks"]));
    for row in rows {
        let begin = || [row.work.to_string(), row.tasks.to_string()].into_iter();
        rates.add_row(begin().chain(row.peers.iter().map(rate)));
        let ratio = |peer: usize| ratio(row, peer).map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"));
        ratios.add_row(begin().chain((0..row.peers.len()).map(ratio)));
    }
    format!(
        "In a second (and p50, p99 in milliseconds):\n\n{rates}\n\nHow much PhotoVote did for each that the others \
         did:\n\n{ratios}"
    )
}

/// Whether PhotoVote does as much as it is to do, of what was measured.
pub(crate) fn aims(rows: &[Row], ministack: bool) -> String {
    let aims = AIMS.iter().filter(|aim| ministack || !aim.ministack_only).filter_map(|aim| {
        let row = rows.iter().find(|row| row.work == aim.work && row.tasks == AIMED_TASKS)?;
        let measured = ratio(row, aim.beside).expect("what is aimed at is comparable");
        let outcome = if measured >= aim.least { "met" } else { "missed" };
        let (work, name, least) = (aim.work, ENTRANTS[aim.beside].name, aim.least);
        Some(format!("- {work}, {AIMED_TASKS} tasks, at least {least} of {name}: {measured:.2}, {outcome}"))
    });
    aims.collect::<Vec<_>>().join("\n")
}

fn rate(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Part(events) => format!("loads {events} events only"),
        Outcome::Done(rounds) => {
            let of = |value: fn(&Round) -> Duration| median(rounds.iter().map(value)).as_secs_f64() * 1_000.0;
            let rate = median(rounds.iter().map(|round| round.rate));
            format!("{rate:.0} ({:.2}, {:.2})", of(|round| round.p50), of(|round| round.p99))
        }
    }
}

/// How much PhotoVote did of what another one did, in the middle of all rounds. In one round, both met the same machine.
fn ratio(row: &Row, peer: usize) -> Option<f64> {
    let (Outcome::Done(ours), Outcome::Done(theirs)) = (&row.peers[PHOTOVOTE], &row.peers[peer]) else { return None };
    Some(median(ours.iter().zip(theirs).map(|(ours, theirs)| ours.rate / theirs.rate)))
}
