//! Measures PhotoVote on this machine: commands through the local HTTP API, beside a bare write to the same engine; and by
//! themselves the counter, the reading of a large election, and the domain. Prints a table for each; takes some minutes. With
//! `commands`, `count`, `definition` or `domain`: that alone. Where `UPDATE` is set, docs/operate/performance.md gets the tables.
//! With `rebuild` and a number: how long it takes to rebuild an election of so many ballots. With `photos`, and perhaps a directory
//! of photographs: how long their renditions take. With `voters` and perhaps two numbers: how long it takes to import so many voters,
//! and to mail so many.
#![allow(clippy::expect_used, reason = "a measurement that cannot go on has failed")]

mod commits;
mod count;
mod definition;
mod document;
mod domain;
mod election;
mod load;
mod photos;
mod put;
mod rebuild;
mod report;
mod voters;

use std::{error::Error, num::NonZeroU32, path::Path};

use photovote::data_dir::temporary;
use photovote::{
    host::consumer::Redelivery,
    host::engine::Durability,
    host::gateway::{AllowedHosts, Cors, MAX_CONNECTIONS, Page},
    server::{CreationRules, Options, Server},
};
use photovote_tests::Client;

use crate::{
    election::Voting,
    load::{CLIENTS, Samples},
    put::Puts,
    report::Report,
};

/// That of the local host.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often each kind of work is measured, in turns, after one round that does not count.
const ROUNDS: usize = 3;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("rebuild") => rebuild::measure(arguments.next().map_or(Ok(10_000), |ballots| ballots.parse())?).await,
        // A process of its own, since its memory is measured.
        Some(domain::COUNT_MANY) => {
            domain::count_many();
            Ok(())
        }
        Some("photos") => photos::measure(arguments.next()).await,
        Some(photos::RENDER) => {
            let (original, directory) = (arguments.next(), arguments.next());
            photos::render_one(&original.ok_or("which photograph?")?, &directory.ok_or("into which directory?")?)
        }
        Some("voters") => {
            let [voters, mailed] =
                [10_000, 1_000].map(|usual| arguments.next().map_or(Ok(usual), |number| number.parse()));
            voters::measure(voters?, mailed?).await
        }
        Some(part) => measure(part).await,
        None => {
            for part in ["commands", "count", "definition", "domain"] {
                measure(part).await?;
            }
            Ok(())
        }
    }
}

async fn measure(part: &str) -> Result<(), Box<dyn Error>> {
    let mut report = Report::new();
    match part {
        "commands" => commands(&mut report).await?,
        "count" => count::measure(&mut report).await?,
        "definition" => definition::measure(&mut report).await?,
        "domain" => domain::measure(&mut report),
        _ => return Err(format!("there is no {part} to be measured").into()),
    }
    println!("{report}\n");
    if std::env::var_os("UPDATE").is_some() {
        document::update(&format!("make bench ONLY={part}"), &report)?;
    }
    Ok(())
}

async fn commands(report: &mut Report) -> Result<(), Box<dyn Error>> {
    for (durability, name) in [(Durability::PowerLoss, "power loss"), (Durability::ProcessEnd, "end of the process")] {
        commands_with(durability, name, report).await?;
    }
    Ok(())
}

fn options(data: &Path, durability: Durability) -> Options {
    Options {
        address: ([127, 0, 0, 1], 0).into(),
        data_dir: data.into(),
        page: Page::default(),
        cors: Cors::default(),
        allowed_hosts: AllowedHosts::default(),
        max_connections: MAX_CONNECTIONS,
        durability,
        redelivery: Redelivery::default(),
        creation: CreationRules { most: NonZeroU32::MAX, ..CreationRules::default() },
        page_url: None,
        mail: photovote::host::mails::MailOptions::default(),
    }
}

/// What the local HTTP API does in a second. The kinds of work take turns, so that whatever else the machine does meets all
/// of them alike.
async fn commands_with(durability: Durability, name: &str, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let data = temporary()?;
    let server = Server::start(options(data.path(), durability)).await?;
    let owner = Client::new(&format!("http://{}", server.address()), Some(&server.token(&"owner".parse()?)?));
    let puts = Puts::prepare(durability).await?;
    let voting = Voting::open(owner).await;

    for clients in CLIENTS {
        let [mut put, mut rate, mut cast] = [(); 3].map(|()| Samples::default());
        for round in 0..=ROUNDS {
            let measured = [puts.run(clients).await, voting.rate(clients).await, voting.cast_some(clients).await];
            if round > 0 {
                for (all, measured) in [&mut put, &mut rate, &mut cast].into_iter().zip(measured) {
                    all.add(measured);
                }
            }
        }
        let what = |what: &str| format!("{what}, {clients} clients, survives {name}");
        report.load(&what("a bare conditional PutItem"), &put, &put);
        report.load(&what(&format!("rate {} photographs", election::PHOTOGRAPHS)), &rate, &put);
        report.load(&what("cast"), &cast, &put);
    }
    let finished = voting.finish().await;
    report.time(&format!("from closing to final results, survives {name}"), finished);
    server.stop().await;
    Ok(())
}
