//! Results as a table for spreadsheets.

use photovote_domain::{CandidateId, Scale};
use photovote_edge::{CandidateResultsView, CompetitionResultsView, FinalView};

/// What stands in the first columns; a column for each grade and one for the reason follow.
const COLUMNS: [&str; 12] = [
    "competition_id",
    "competition",
    "candidate_id",
    "candidate",
    "status",
    "rank",
    "tied",
    "ratings",
    "sum",
    "mean",
    "median",
    "standard_deviation",
];

/// How a text says that it is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{FEFF}";

/// A table: its header, and a row for each candidate.
#[derive(Debug)]
pub struct Sheet {
    scale: Scale,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    /// The table of these results, in their order.
    pub fn of(results: &FinalView, scale: Scale) -> Self {
        let grades = scale.grades().map(|grade| format!("grade_{grade}"));
        let header = COLUMNS.map(String::from).into_iter().chain(grades).chain(["reason".to_owned()]);
        let mut sheet = Self { scale, rows: vec![header.collect()] };
        for competition in &results.competitions {
            for candidate in &competition.candidates {
                sheet.ranked(competition, candidate);
            }
            for unranked in &competition.unranked {
                sheet.other(competition, unranked.candidate_id, &unranked.name, "unranked", "");
            }
            for disqualified in &competition.disqualified {
                let (id, name) = (disqualified.candidate_id, &disqualified.name);
                sheet.other(competition, id, name, "disqualified", &disqualified.reason);
            }
        }
        sheet
    }

    fn ranked(&mut self, competition: &CompetitionResultsView, candidate: &CandidateResultsView) {
        let mut row = row(competition, candidate.candidate_id, &candidate.name, "ranked");
        row.extend([
            candidate.rank.to_string(),
            candidate.tied.to_string(),
            candidate.ratings.to_string(),
            candidate.sum.to_string(),
            candidate.mean.clone(),
            candidate.median.clone(),
            candidate.standard_deviation.clone(),
        ]);
        let ballots = |grade| candidate.histogram.get(&grade).copied().unwrap_or_default().to_string();
        row.extend(self.scale.grades().map(ballots));
        row.push(String::new());
        self.rows.push(row);
    }

    fn other(&mut self, competition: &CompetitionResultsView, id: CandidateId, name: &str, status: &str, reason: &str) {
        let mut row = row(competition, id, name, status);
        row.resize(COLUMNS.len() + self.scale.grades().count(), String::new());
        row.push(reason.to_owned());
        self.rows.push(row);
    }

    /// The table as CSV (RFC 4180), in which no cell is a formula. It begins with a byte order mark: without one, a spreadsheet that
    /// opens the file takes its letters for those of another encoding.
    ///
    /// # Errors
    /// Writing to memory fails, which it does not.
    pub fn into_csv(self) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(BYTE_ORDER_MARK.as_bytes().to_vec());
        for row in self.rows {
            writer.write_record(row.iter().map(|cell| harmless(cell)))?;
        }
        writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }
}

fn row(competition: &CompetitionResultsView, id: CandidateId, name: &str, status: &str) -> Vec<String> {
    let CompetitionResultsView { competition_id, name: competition, .. } = competition;
    vec![competition_id.to_string(), competition.clone(), id.to_string(), name.to_owned(), status.to_owned()]
}

/// The cell as a spreadsheet does not take it for a formula, even if it drops white space, quotes or what cannot be seen first,
/// and reads full-width signs as their narrow ones; nor for several with a formula among them, where semicolons separate.
fn harmless(cell: &str) -> String {
    cell.split(';').map(plain).collect::<Vec<_>>().join(";")
}

fn plain(cell: &str) -> String {
    let seen = |c: char| {
        !c.is_whitespace() && !matches!(c, '"' | '\u{200C}'..='\u{200F}' | '\u{61C}' | '\u{FE00}'..='\u{FE0F}')
    };
    let formula = matches!(cell.chars().find(|&c| seen(c)), Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'));
    if formula || cell.starts_with(['\t', '\r', '\n']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_two_where_semicolons_separate() {
        assert_eq!(harmless("x;=1; y"), "x;'=1; y");
    }

    #[test]
    fn a_cell_is_never_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", " =1", "\"=1\"", "\u{200e}=1", "＝1"] {
            assert_eq!(harmless(cell), format!("'{cell}"));
        }
        for cell in ["", "Moon", "'=1", "1-1", " Moon", "Moon = Sun"] {
            assert_eq!(harmless(cell), cell);
        }
    }
}
