//! Prints what a vote costs: docs/operate/costs.md. Its test, with `UPDATE_COSTS` in the environment, writes it there.

mod bill;
mod prices;

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};
use photovote_tests::budget::{AT_ONCE, CROWD, Crowd, IMPORTED, INVITED, Journey, STEP_BY_STEP};

use crate::{
    bill::{Line, VOTERS, bill, crowds, guesses, photographs, read_units, standing, write_units},
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
        "`make costs` calculates this page, and a test keeps it up to date. The calls and request units of each step are those\n\
         that `tests/system/tests/budgets` asserts (`tests/system/src/budget.rs`), by\n\
         [DynamoDB's formula](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html).\n\
         The prices are AWS's list prices without free tiers, in {REGION}, on {DATE}.\n\
         Look them up before you rely on them."
    ));
    add(
        "The page compares two elections of a million voters, all of whom vote. These are worst-case costs, with one exception:\n\
         we assume that a voter's rating and casting reach the same instance within a minute. Otherwise each adds one Query.\n\
         The page of an administrator asks for the turnout every 5 seconds while it is looked at. That is left out: an hour\n\
         of it costs less than $0.01.",
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
    add("## Lists of voters and invitations");
    add(&format!(
        "A list replaces the two steps \"register the voter\" and \"project the registration\". An invitation is a link and the mail\n\
         that brings it. The numbers are those of {} voters in 16 shards: the functions import one list and open the election.",
        thousands(CROWD.into())
    ));
    add(&crowd_table().to_string());
    for (crowd, name) in [(&IMPORTED, "an imported voter"), (&INVITED, "an invited voter (link, mail)")] {
        let mut bill = crowds::bill(crowd);
        bill.retain(|line| line.units > 0.0);
        let total: f64 = bill.iter().map(Line::dollars).sum();
        add(&format!("For a million times {name}:"));
        add(&lines(&bill).to_string());
        add(&format!("Together **${total:.2}**, ${:.7} for {name}.", total / VOTERS));
    }
    add(&format!(
        "The requests of administrators and of S3 are left out: they cost less than $0.01 for a million voters. The\n\
         price of SES is its list price as we know it, but was not looked up on that day. The calls for {} voters:",
        thousands(CROWD.into())
    ));
    add(&format!("- to import them:\n  {}\n- to invite them:\n  {}", IMPORTED.calls, INVITED.calls));
    add("## Photographs");
    add(&format!(
        "{} uploads of 24 megapixels, kept for a month with their originals ({} MB each), and {} views of {} KB:",
        thousands(photographs::UPLOADED),
        photographs::BYTES / 1e6,
        thousands(photographs::VIEWS),
        photographs::SHOWN_BYTES / 1e3
    ));
    let (uploads, views) = (photographs::uploads(), photographs::views());
    let dollars = |lines: &[Line]| lines.iter().map(Line::dollars).sum::<f64>();
    let (uploaded, shown) = (dollars(&uploads), dollars(&views));
    add(&lines(&uploads.into_iter().chain(views).collect::<Vec<_>>()).to_string());
    add(&format!("Together **${uploaded:.2} for the uploads and ${shown:.2} for the views**."));
    add("## Every month, without votes");
    let standing = standing::lines();
    add(&lines(&standing).to_string());
    let total: f64 = standing.iter().map(Line::dollars).sum();
    add(&format!(
        "At most ${total:.2}: a metric costs only in hours with values. Voters are not users of Cognito; administrators are,\n\
         and the first 10,000 cost nothing."
    ));
    add("## Assumptions");
    add(&format!(
        "Nothing was measured on AWS. We assume high values: {} ms for a request, {} ms for a batch of the stream, {} bytes\n\
         of logs for each, and {} bytes of headers for an answer. X-Ray records {} % of the requests. We assume that each\n\
         commit calls the projector alone. In full batches of 98 ballots, counting costs a half to a third, and the projector's\n\
         Lambda time a hundredth. An imported voter takes {} ms, eight at a time, and a mail {} ms. No mail comes back.",
        guesses::REQUEST_MS,
        guesses::BATCH_MS,
        guesses::LOG_BYTES,
        guesses::HEADER_BYTES,
        guesses::TRACED * 100.0,
        guesses::ROW_MS,
        guesses::MAIL_MS
    ));
    add("## A comparison");
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
        "After the close, the counter reads each ballot twice and writes tallies and receipts.\n\
         For 1,000 ballots in 16 shards it uses {read} read units and {written} write units."
    )
}

fn crowd_table() -> Table {
    let mut table = table(["One voter", "write units", "read units", "commits", "messages", "GenerateMac", "mails"]);
    for crowd in [&IMPORTED, &INVITED] {
        let Crowd { what, calls: _, write_units, read_units, commits, followed: _, messages, macs, mails } = *crowd;
        let numbers = [write_units, read_units, commits, messages, macs, mails];
        let numbers = numbers.map(|number| format!("{:.3}", crowds::each(number)));
        table.add_row(std::iter::once(what.to_owned()).chain(numbers));
    }
    table
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
        "[tylerpearson/serverless-election-aws](https://github.com/tylerpearson/serverless-election-aws) reports $34.05 for a\n\
         simulation of 1.3 million votes in 25 minutes, of which $12 were a domain. The other $22.05 were paid at prices of 2018,\n\
         with most of Lambda and DynamoDB within the free tiers, including some practice runs. There, each message updates the voter\n\
         unconditionally and increments a counter, so a duplicate message is counted twice.\n\n\
         The same {} voters cost ${:.2} here, without a free tier, and for more: registration, a ballot to look at, an audit\n\
         trail, an exact count, and receipts. Per ballot: ${:.7} there without the domain, ${:.7} here.",
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
    fn the_page_is_up_to_date() {
        let (file, page) = (concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operate/costs.md"), super::page());
        if std::env::var_os("UPDATE_COSTS").is_some() {
            std::fs::write(file, &page).unwrap();
        }
        assert!(
            std::fs::read_to_string(file).unwrap() == page,
            "docs/operate/costs.md is not what `make costs` writes"
        );
    }
}
