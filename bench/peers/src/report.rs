//! What was measured, as tables.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};

use crate::{
    cost::Cost,
    measure::{Round, median},
    suite::{NAMES, PEERS, Work},
};

/// PhotoVote, and those that it is compared with, by their places in [`NAMES`].
const PHOTOVOTE: usize = 0;
const SAME_ITEM: usize = 1;
const EVENT_ALONE: usize = 2;
const DYNAMO_ES: usize = 3;
const ADAPTER: usize = 4;

/// What is done, by how many tasks, and all rounds of all peers.
pub(crate) type Row = (Work, usize, Vec<[Round; PEERS]>);

/// What is aimed at: how much PhotoVote does of what another one does.
const AIMS: [(Work, usize, usize, f64); 6] = [
    (Work::Append(200), 16, SAME_ITEM, 0.95),
    (Work::Append(200), 16, EVENT_ALONE, 0.95),
    (Work::Append(200), 16, DYNAMO_ES, 1.2),
    (Work::Append(200), 16, ADAPTER, 1.9),
    (Work::Load(200, 200), 16, SAME_ITEM, 0.9),
    (Work::Load(200, 200), 16, EVENT_ALONE, 0.9),
];

fn table<const N: usize>(header: [&str; N], texts: usize) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(header);
    for column in table.column_iter_mut().skip(texts) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// What each piece of work costs.
pub(crate) fn costs(rows: &[(Work, Vec<Cost>)]) -> String {
    let mut table = table(["", "by", "calls", "units", "events"], 3);
    for (work, costs) in rows {
        for (name, cost) in NAMES.iter().zip(costs) {
            let events = cost.events.map_or_else(String::new, |(all, loaded)| {
                if all == loaded { all.to_string() } else { format!("{loaded} of {all}!") }
            });
            table.add_row([work.to_string(), (*name).to_owned(), cost.calls.clone(), cost.units.to_string(), events]);
        }
    }
    format!("Calls and request units of one piece of work\n\n{table}")
}

/// What each of them did in a second, and whether that is what is aimed at.
pub(crate) fn measured(engine: &str, rows: &[Row]) -> String {
    let mut table = table(["", "tasks", "by", "per second", "p50", "p99", "of the bare calls", "PhotoVote is"], 3);
    for (work, tasks, rounds) in rows {
        for (peer, name) in NAMES.iter().enumerate() {
            let of =
                |value: fn(&Round) -> Duration| milliseconds(median(rounds.iter().map(|round| value(&round[peer]))));
            table.add_row([
                work.to_string(),
                tasks.to_string(),
                (*name).to_owned(),
                format!("{:.0}", median(rounds.iter().map(|round| round[peer].rate))),
                of(|round| round.p50),
                of(|round| round.p99),
                format!("{:.2}", ratio(rounds, peer, EVENT_ALONE)),
                format!("{:.2} ×", ratio(rounds, PHOTOVOTE, peer)),
            ]);
        }
    }
    let aims: Vec<_> = AIMS.iter().filter_map(|aim| aimed(rows, *aim)).collect();
    format!("{engine}\n\n{table}\n\n{}", aims.join("\n"))
}

fn aimed(rows: &[Row], (work, tasks, peer, least): (Work, usize, usize, f64)) -> Option<String> {
    let (.., rounds) = rows.iter().find(|(w, t, _)| *w == work && *t == tasks)?;
    let measured = ratio(rounds, PHOTOVOTE, peer);
    let outcome = if measured >= least { "met" } else { "missed" };
    Some(format!("- {work}, {tasks} tasks, at least {least} × {}: {measured:.2}, {outcome}", NAMES[peer]))
}

/// How much one did of what another did, in the middle of all rounds. In one round, both met the same machine.
fn ratio(rounds: &[[Round; PEERS]], one: usize, other: usize) -> f64 {
    median(rounds.iter().map(|round| round[one].rate / round[other].rate))
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1_000.0)
}
