//! PhotoVote's event store beside others from crates.io, and beside the least that an event needs: one conditional
//! `PutItem` to append it, one consistent `Query` for each megabyte to load it.
//!
//! All use the same client settings and the same endpoint, and take turns: an engine inside this process and, if
//! `PEERS_MINISTACK` names its endpoint, ministack. `ROUNDS` says how many rounds count (5 if it is not set), `MILLISECONDS`
//! for how long each is measured (400).
#![allow(clippy::expect_used, reason = "a measurement that cannot go on has failed")]

mod adapter;
mod bare;
mod cost;
mod cqrs;
mod embedded;
mod event;
mod measure;
mod peer;
mod photovote;
mod report;
mod suite;

use std::time::Duration;

use crate::suite::{Endpoint, Plan};

#[tokio::main]
async fn main() {
    let number = |name, otherwise| std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"));
    let plan = Plan { rounds: number("ROUNDS", 5), time: Duration::from_millis(number("MILLISECONDS", 400) as u64) };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let (today, rounds, time) = (jiff::Zoned::now().date(), plan.rounds, plan.time.as_millis());
    println!("{today}, {cores} cores, medians of {rounds} rounds of {time} ms, after one that does not count\n");
    println!("{}\n", suite::costs().await);
    println!("{}", suite::measure("the embedded engine, in memory", &Endpoint::Embedded, plan).await);
    match std::env::var("PEERS_MINISTACK") {
        Ok(url) => println!("\n{}", suite::measure("ministack", &Endpoint::Url(url), plan).await),
        Err(_) => println!("\nministack is not measured: PEERS_MINISTACK does not say where it is."),
    }
}
