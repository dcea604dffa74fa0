//! Voters: how long an import of a list takes beside registering voters one by one, what it asks of the tables, and how many of the
//! invitations are mailed in a second. Needs Linux, which says how much memory a process had.

mod import;
mod importer;
mod mails;
mod memory;
mod one_by_one;
mod sink;

use std::{error::Error, time::Duration};

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};

use crate::document;

/// How many are registered one by one: it takes so long that fewer must do.
const ONE_BY_ONE: u32 = 2_000;

/// Imports so many voters, and mails so many.
pub(crate) async fn measure(voters: u32, mailed: u32) -> Result<(), Box<dyn Error>> {
    let made_on = document::where_and_when();
    let list = list(voters);
    let mut times = table(&["", "voters", "minutes", "voters a second"]);
    let mut row = |what: &str, voters: u32, time: Duration| {
        let seconds = time.as_secs_f64();
        let (minutes, rate) = (format!("{:.2}", seconds / 60.0), format!("{:.0}", f64::from(voters) / seconds));
        times.add_row([what.to_owned(), thousands(voters), minutes, rate]);
    };

    let imported = import::measure(&list, voters).await?;
    row("upload the list, until it is read", voters, imported.read);
    row("confirm it, until all are registered", voters, imported.registered);
    row("confirm it, until all are shown", voters, imported.shown);
    for (clients, name) in [(1, "one by one through the HTTP API"), (8, "the same, eight at a time")] {
        let few = voters.min(ONE_BY_ONE);
        row(name, few, one_by_one::measure(few, clients).await?);
    }
    println!("{times}\n");

    let alone = importer::measure(&list, voters).await?;
    let mut asked = table(&["the importer alone", "together", "for each voter"]);
    for (what, count) in alone.counts {
        let each = f64::from(count) / f64::from(voters);
        asked.add_row([what, count.to_string(), format!("{each:.3}")]);
    }
    println!("{asked}\n");

    let mut sent = table(&["", "mails", "seconds", "mails a second"]);
    for (name, through_smtp) in [("files in the outbox", false), ("a local SMTP server", true)] {
        let seconds = mails::measure(mailed, through_smtp).await?.as_secs_f64();
        let rate = f64::from(mailed) / seconds;
        sent.add_row([name.to_owned(), thousands(mailed), format!("{seconds:.1}"), format!("{rate:.0}")]);
    }
    println!("{sent}\n");

    let memory = format!(
        "The list has {} rows and {}.{} MB. The process of server and clients had {} MB before the upload and at most {} MB\n\
         until all voters were shown. The importer alone, on the same engine without a server, took {:.2} minutes.",
        thousands(voters),
        list.len() / 1_000_000,
        list.len() / 100_000 % 10,
        imported.before / 1_000_000,
        imported.peak / 1_000_000,
        alone.time.as_secs_f64() / 60.0
    );
    println!("{memory}");
    if std::env::var_os("UPDATE").is_some() {
        let figures = format!("{made_on}.\n\n{times}\n\n{memory}\n\n{asked}\n\n{sent}");
        document::update("make bench-voters", &figures)?;
    }
    Ok(())
}

/// A list of so many voters, with about forty bytes for each.
fn list(voters: u32) -> String {
    let row = |number| format!("Voter {number},voter-{number}@club.example\n");
    std::iter::once("name,email\n".to_owned()).chain((1..=voters).map(row)).collect()
}

/// A table whose first column has names, and the others numbers.
fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(header.to_vec());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn thousands(number: u32) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", number / 1_000, number % 1_000) }
}
