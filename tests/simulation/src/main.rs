//! Soaks the system: runs seed after seed, or one that found something.
//!
//! ```text
//! make soak                    2,000 seeds from 0 on
//! make soak SEEDS=100000       so many
//! make soak FROM=5000          from another one on
//! make soak SEED=47            one alone; with TRACE=1, everything that happens in it
//! make soak CASTS=10000        so many voters who all cast, with 5 % faults at every call
//! ```
#![allow(clippy::print_stdout, reason = "this is a program for the terminal")]

use std::{
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use photovote_simulation::{Counts, Fault, Report, Scenario, run};

/// The rate of faults of the scenario with many casts, in a thousand.
const CASTS_RATE: u16 = 50;

fn main() -> ExitCode {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seed = number("SEED");
    let (from, seeds) =
        seed.map_or_else(|| (number("FROM").unwrap_or(0), number("SEEDS").unwrap_or(2000)), |seed| (seed, 1));
    let scenario =
        |seed| number("CASTS").map_or_else(|| Scenario::of(seed), |voters| Scenario::casts(voters, CASTS_RATE));
    let seeds = if number("CASTS").is_some() { 1 } else { seeds };
    let started = Instant::now();
    let total = soak(from, seeds, &scenario);
    total.print(started.elapsed().as_secs_f64());
    if total.violated.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What all seeds came to.
#[derive(Default)]
struct Total {
    seeds: u64,
    faults: Counts,
    steps: u64,
    commits: u64,
    casts: u64,
    acknowledged: u64,
    mails: u64,
    repairs: u64,
    millis: i64,
    violated: Vec<u64>,
}

fn soak(from: u64, seeds: u64, scenario: &(impl Fn(u64) -> Scenario + Sync)) -> Total {
    let next = AtomicU64::new(from);
    let total = Mutex::new(Total::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + seeds {
                        return;
                    }
                    let report = run(seed, &scenario(seed));
                    total.lock().unwrap_or_else(PoisonError::into_inner).add(&report);
                }
            });
        }
    });
    total.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl Total {
    fn add(&mut self, report: &Report) {
        self.seeds += 1;
        self.faults.add(&report.faults);
        self.steps += report.steps;
        self.commits += report.commits;
        self.casts += report.casts;
        self.acknowledged += report.acknowledged;
        self.mails += report.mails;
        self.repairs += report.repairs;
        self.millis += report.millis;
        if !report.violations.is_empty() {
            self.violated.push(report.seed);
            println!("SEED={} ({})\n  {}", report.seed, report.scenario, report.violations.join("\n  "));
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "for the eye")]
    fn print(&self, seconds: f64) {
        println!("| Fault | Times |\n|---|---:|");
        for fault in Fault::ALL {
            println!("| {} | {} |", fault.name(), self.faults.of(fault));
        }
        println!("| **all** | **{}** |\n", self.faults.total());
        println!(
            "{} seeds in {seconds:.0} s ({:.1} seeds/s), {:.1} days of virtual time; {} steps, {} commits, {} ballots cast, {} \
             of them acknowledged, {} mails, {} messages to repair",
            self.seeds,
            self.seeds as f64 / seconds,
            self.millis as f64 / 86_400_000.0,
            self.steps,
            self.commits,
            self.casts,
            self.acknowledged,
            self.mails,
            self.repairs,
        );
        match &self.violated[..] {
            [] => println!("nothing is violated"),
            seeds => println!("violated by {} seeds: {seeds:?}", seeds.len()),
        }
    }
}
