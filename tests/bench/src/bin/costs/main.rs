//! Prints what a vote costs: docs/operate/costs.md. Its test, with `UPDATE_COSTS` in the environment, writes it there.

mod bill;
mod prices;

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};
use photovote_tests::budget::{AT_ONCE, Journey, STEP_BY_STEP};

use crate::{
    bill::{Line, VOTERS, bill, guesses, read_units, standing, write_units},
    prices::{DATE, PRICES, REGION},
};

fn main() {
    print!("{}", page());
}

/// The whole page.
fn page() -> String {
    let mut page = String::new();
    let mut add = |text: &str| writeln!(page, "{text}\n").unwrap_or_default();
    add("# What a vote costs");
    add(&format!(
        "Reckoned by `make costs`; a test keeps this page equal to what that prints. The calls and request units of each step\n\
         are those that `tests/system/tests/budgets` asserts of the functions (`tests/system/src/budget.rs`), by the formula of [DynamoDB's\n\
         documentation](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html). The prices\n\
         are AWS's list prices without free tiers, in {REGION}, as they were known on {DATE}: look them up before you rely on them."
    ));
    add(
        "Two elections of a million voters, each of whom goes the whole way; everything is reckoned the dearest way, but that a voter's requests to rate and cast meet one instance of the function within a minute, which keeps the ballot between them. Another one would read it first.",
    );
    for journey in [&AT_ONCE, &STEP_BY_STEP] {
        add(&format!("## {}", journey.name));
        add(&steps(journey).to_string());
        add(&in_words(journey));
        let bill = bill(journey);
        add(&lines(&bill).to_string());
        let total: f64 = bill.iter().map(Line::dollars).sum();
        add(&format!("Together **${total:.2} for a million ballots**, ${:.7} for each voter.", total / VOTERS));
    }
    add("## Every month, whoever votes");
    let standing = standing::lines();
    add(&lines(&standing).to_string());
    let total: f64 = standing.iter().map(Line::dollars).sum();
    add(&format!(
        "At most ${total:.2}: metrics are paid for by the hour in which there are values for them. Nobody who votes is a user of\n\
         Cognito; administrators are, and the first 10,000 of them cost nothing."
    ));
    add("## What is guessed");
    add(&format!(
        "Nothing of this was run on AWS. That a request takes {} ms and a batch of the stream {} ms, that each of them adds {} bytes to\n\
         the logs, and that an answer has {} bytes of headers are guesses on the high side. X-Ray records {} % of the requests by its\n\
         own rule. Each commit is taken to wake the projector by itself; in full batches of 98 ballots counting costs a half or a\n\
         third of that, and the projector's share of Lambda a hundredth. The queues hold only what fails.",
        guesses::REQUEST_MS,
        guesses::BATCH_MS,
        guesses::LOG_BYTES,
        guesses::HEADER_BYTES,
        guesses::TRACED * 100.0
    ));
    add("## Beside another one");
    add(&beside());
    add("## The prices");
    add(&prices().to_string());
    page.truncate(page.trim_end().len());
    page + "\n"
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn steps(journey: &Journey) -> Table {
    let mut table = table(["One voter", "write units", "read units", "answer, bytes", "calls"]);
    for step in journey.steps {
        let [write, read, answer] = [step.write_units, step.read_units, step.answer].map(|number| number.to_string());
        table.add_row([step.what.to_owned(), write, read, answer, step.calls.to_owned()]);
    }
    let none = String::new;
    let projected = journey.projected.to_string();
    table.add_row(["project the registration".to_owned(), projected, none(), none(), "PutItem".to_owned()]);
    let [written, read] = journey.counted.map(|units| format!("{:.3}", bill::per_ballot(units)));
    table.add_row(["count the ballot".to_owned(), written, read, none(), none()]);
    let (write, read) = (format!("{:.3}", write_units(journey)), format!("{:.3}", read_units(journey)));
    table.add_row(["together".to_owned(), write, read, none(), none()]);
    table
}

fn in_words(journey: &Journey) -> String {
    let [written, read] = journey.counted;
    format!(
        "After the close, the counter reads each ballot twice and writes tallies and receipts. For 1,000 ballots in 16 shards that takes\n\
         {read} read units and {written} write units."
    )
}

fn lines(lines: &[Line]) -> Table {
    let mut table = table(["Service", "units", "", "dollars"]);
    for line in lines {
        let units = if line.units < 1_000.0 { format!("{:.1}", line.units) } else { thousands(line.units) };
        let dollars = format!("{:.2}", line.dollars());
        table.add_row([line.price.service.to_owned(), units, line.price.unit.to_owned(), dollars]);
    }
    table
}

fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut parts: Vec<_> = digits.as_bytes().rchunks(3).map(String::from_utf8_lossy).collect();
    parts.reverse();
    parts.join(",")
}

fn beside() -> String {
    const VOTES: f64 = 1_300_000.0;
    let total: f64 = bill(&AT_ONCE).iter().map(Line::dollars).sum();
    format!(
        "[tylerpearson/serverless-election-aws](https://github.com/tylerpearson/serverless-election-aws) publishes what it paid for a\n\
         simulation of 1.3 million votes in about 25 minutes: $34.05, of which $12 were a domain. The other $22.05 were paid at the\n\
         prices of 2018, with most of Lambda and of DynamoDB within the free tiers, for some practice runs too. There, each message of\n\
         the queue is an unconditional update of the voter and adds one to a counter: a message that is delivered twice is counted twice.\n\n\
         The same {} voters cost ${:.2} here, without a free tier, for more: registered one by one, with a ballot to look at, an\n\
         audit trail of hashes, counted exactly once, with receipts that were asked for. For one ballot: ${:.7} there without the domain,\n\
         ${:.7} here.",
        thousands(VOTES),
        total / VOTERS * VOTES,
        22.05 / VOTES,
        total / VOTERS
    )
}

fn prices() -> Table {
    let mut table = table(["Service", "what", "dollars", "for each", "page"]);
    for price in PRICES {
        let (dollars, each) = (price.dollars.to_string(), thousands(price.each));
        table.add_row([price.service.to_owned(), price.unit.to_owned(), dollars, each, format!("<{}>", price.page)]);
    }
    table
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_is_what_is_reckoned() {
        let (file, page) = (concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operate/costs.md"), super::page());
        if std::env::var_os("UPDATE_COSTS").is_some() {
            std::fs::write(file, &page).unwrap();
        }
        assert!(std::fs::read_to_string(file).unwrap() == page, "docs/operate/costs.md is not what `make costs` writes");
    }
}
