//! The seeds that `make test` runs, every time the same. `SEED=… make soak` runs one alone.
#![allow(clippy::panic, reason = "tests")]

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use photovote_simulation::{Counts, Fault, Report, Scenario, run};

/// How many seeds there are.
const SEEDS: u64 = 700;
/// How many run at once: each takes a core.
const THREADS: usize = 2;

/// How many that find something are enough to look at.
const ENOUGH: u64 = 3;

/// What the seeds from 0 on come to.
fn run_all(seeds: u64) -> Vec<Report> {
    let (next, violated, reports) = (AtomicU64::new(0), AtomicU64::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds || violated.load(Ordering::Relaxed) >= ENOUGH {
                        return;
                    }
                    let report = run(seed, &Scenario::of(seed));
                    violated.fetch_add(u64::from(!report.violations.is_empty()), Ordering::Relaxed);
                    reports.lock().unwrap_or_else(PoisonError::into_inner).push(report);
                }
            });
        }
    });
    reports.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn nothing_is_lost_whatever_fails() {
    let reports = run_all(SEEDS);
    let mut faults = Counts::default();
    for report in &reports {
        faults.add(&report.faults);
    }
    let violated: Vec<_> = reports.iter().filter(|report| !report.violations.is_empty()).collect();
    for report in &violated {
        eprintln!("SEED={} ({})\n  {}", report.seed, report.scenario, report.violations.join("\n  "));
    }
    assert!(violated.is_empty(), "{} seeds violate something: make soak SEED=… repeats one", violated.len());
    // Otherwise these tests would show less than they say.
    for fault in Fault::ALL {
        assert!(faults.of(fault) > 0, "there was no fault of the kind: {}", fault.name());
    }
    assert!(reports.iter().map(|report| report.casts).sum::<u64>() > SEEDS);
    assert!(reports.iter().map(|report| report.mails).sum::<u64>() > SEEDS);
}

#[test]
fn a_seed_does_the_same_each_time() {
    for seed in [0, 1, 2, 3, 5] {
        let (one, other) = (run(seed, &Scenario::of(seed)), run(seed, &Scenario::of(seed)));
        assert_eq!((one.trace, one.steps, one.millis), (other.trace, other.steps, other.millis), "SEED={seed}");
        assert_eq!(one.faults, other.faults, "SEED={seed}");
    }
}
