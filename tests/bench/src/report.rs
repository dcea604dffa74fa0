//! What was measured, as one table.

use std::{fmt, time::Duration};

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};

use crate::{document::where_and_when, load::Samples};

/// The table, and where and when it was made.
pub(crate) struct Report {
    made: String,
    table: Table,
}

impl Report {
    /// Nothing was measured yet.
    pub(crate) fn new() -> Self {
        let mut table = Table::new();
        table.load_style(ASCII_MARKDOWN).set_header(["", "per second", "p50", "p99", "ratio"]);
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        Self { made: where_and_when(), table }
    }

    /// What clients did, and how much of it there was for each of `beside`.
    pub(crate) fn load(&mut self, name: &str, samples: &Samples, beside: &Samples) {
        let ratio = ratio(samples.rate(), beside.rate());
        let (middle, most) = (milliseconds(samples.percentile(50)), milliseconds(samples.percentile(99)));
        self.table.add_row([name.to_owned(), number(samples.rate()), middle, most, ratio]);
    }

    /// How long something took that happened once.
    pub(crate) fn time(&mut self, name: &str, time: Duration) {
        self.table.add_row([name.to_owned(), String::new(), milliseconds(time), String::new(), String::new()]);
    }

    /// What one thread did in a second, and how much of it there was for each of `beside`.
    pub(crate) fn throughput(&mut self, name: &str, rate: f64, beside: Option<f64>) {
        let ratio = beside.map(|beside| ratio(rate, beside)).unwrap_or_default();
        self.table.add_row([name.to_owned(), number(rate), String::new(), String::new(), ratio]);
    }
}

fn ratio(rate: f64, beside: f64) -> String {
    format!("{:.2}", rate / beside)
}

fn number(rate: f64) -> String {
    format!("{rate:.0}")
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let debug = if cfg!(debug_assertions) { " Not optimised!" } else { "" };
        write!(f, "{}.{debug}\n\n{}", self.made, self.table)
    }
}
