//! What the demonstration prints.

use std::io::{self, Write};

use comfy_table::{CellAlignment, Table, presets};

use super::{
    Outcome,
    answers::{CompetitionResults, Ranked},
    voters::TOP_GRADE,
};

/// The bars of a histogram, from nothing to the most frequent grade.
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The columns with numbers.
const NUMBERS: [usize; 5] = [0, 3, 4, 5, 6];

/// Prints the results, the turnout and the balance of the votes.
pub(super) fn print(outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
    for competition in &outcome.results.competitions {
        writeln!(out, "\n{}\n{}", competition.name, table(competition))?;
    }
    let Outcome { turnout, acknowledged, too_late, receipts, results, disagreements } = outcome;
    writeln!(
        out,
        "\nTurnout: {} of {} voters cast their ballots; {too_late} came too late, after the close.",
        turnout.cast, turnout.registered
    )?;
    let (first, second) = (equal(*acknowledged, turnout.cast), equal(turnout.cast, results.counted));
    writeln!(
        out,
        "Conservation: casts acknowledged {acknowledged} {first} casts at the gates {} {second} ballots counted {}.",
        turnout.cast, results.counted
    )?;
    writeln!(out, "Receipts: {receipts} of {acknowledged} are known to the public as counted.")?;
    if disagreements.is_empty() {
        writeln!(out, "A plain count of what the voters sent gives the same results ({}).", results.digest)?;
    }
    for disagreement in disagreements {
        writeln!(out, "WRONG: {disagreement}.")?;
    }
    out.flush()
}

fn equal(one: u64, other: u64) -> char {
    if one == other { '=' } else { '≠' }
}

fn table(competition: &CompetitionResults) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    let grades = format!("Grades 1 to {TOP_GRADE}");
    table.set_header(["Rank", "Tie", "Photograph", "Ratings", "Mean", "Median", "Std. dev.", &grades]);
    for row in &competition.candidates {
        let tie = if row.tied { "=" } else { "" };
        table.add_row([
            &row.rank.to_string(),
            tie,
            &row.name,
            &row.ratings.to_string(),
            &row.mean,
            &row.median,
            &row.standard_deviation,
            &histogram(row),
        ]);
    }
    for row in &competition.unranked {
        table.add_row(["–", "", &row.name, "", "", "", "", "nobody rated it"]);
    }
    for row in &competition.disqualified {
        table.add_row(["–", "", &row.name, "", "", "", "", &format!("disqualified: {}", row.reason)]);
    }
    for column in NUMBERS {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// A bar for each grade, then how many ballots gave it.
fn histogram(row: &Ranked) -> String {
    let most = row.histogram.values().copied().max().unwrap_or_default().max(1);
    let level = |ballots: u64| usize::try_from((ballots * 8).div_ceil(most)).unwrap_or(usize::MAX);
    let bars: String = row.histogram.values().filter_map(|ballots| BARS.get(level(*ballots))).collect();
    let numbers: Vec<_> = row.histogram.values().map(|ballots| format!("{ballots:>3}")).collect();
    format!("{bars} {}", numbers.join(" "))
}
