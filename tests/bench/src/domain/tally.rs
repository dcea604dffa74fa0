//! Counting ballots.

use std::{hint::black_box, process::Command, time::Instant};

use photovote_domain::{CandidateId, Nonce, Ratings, Tally, ballot::BallotEvent};
use photovote_events::StoredEvent;

use super::{COUNT_MANY, grades, per_second};
use crate::report::Report;

const CANDIDATES: u128 = 100;
const BALLOTS: u32 = 100_000;

/// Measures counting, from ballots in memory and from stored bytes, and the memory that it takes.
pub(super) fn measure(report: &mut Report) {
    let candidates = candidates();
    let ballots: Vec<Ratings> = (0..1_000).map(|n| grades(&candidates, n)).collect();
    let rate = per_second(ballots.len(), || {
        let mut tally = Tally::default();
        for ballot in black_box(&ballots) {
            tally.count(ballot);
        }
        black_box(tally);
    });
    report.throughput("count ballots of 100 candidates", rate, None);

    let output = std::env::current_exe().and_then(|program| Command::new(program).arg(COUNT_MANY).output());
    let output = output.expect("this program can be started again").stdout;
    let output = String::from_utf8(output).expect("it prints text");
    let (seconds, peak) = output.trim().split_once(' ').expect("it prints two numbers");
    let seconds: f64 = seconds.parse().expect("it prints a number");
    let name = format!("count 100,000 of them from stored bytes: {seconds:.2} s, {peak} at most");
    report.throughput(&name, f64::from(BALLOTS) / seconds, Some(rate));
}

/// Counts ballots one after the other as they come, each from the bytes that are stored of its cast, and prints the seconds
/// and the most memory that this process ever had. No two in a row are alike; a thousand different ones come again and again.
pub(super) fn count_many() {
    let candidates = candidates();
    let cast = |n| BallotEvent::BallotCast { nonce: Nonce::from_bytes([0; 32]), ratings: grades(&candidates, n) };
    let stored: Vec<_> = (0..1_000).map(|n| StoredEvent::encode(&cast(n)).expect("an event has JSON")).collect();
    let begin = Instant::now();
    let mut tally = Tally::default();
    for stored in stored.iter().cycle().take(BALLOTS as usize) {
        let event = stored.decode().expect("what was encoded can be decoded");
        if let BallotEvent::BallotCast { ratings, .. } = event {
            tally.count(&ratings);
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    assert_eq!(tally.ballots, u64::from(BALLOTS));
    println!("{seconds} {}", peak());
}

fn candidates() -> Vec<CandidateId> {
    (0..CANDIDATES).map(CandidateId::from_bits).collect()
}

/// The most memory that this process had at once, where the system tells.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kilobytes.map_or_else(|| "unknown".to_owned(), |kilobytes| format!("{:.1} MB", kilobytes / 1_024.0))
}
