//! What a program uses, as Linux says it.

use std::{
    error::Error,
    ops::AddAssign,
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use procfs::process::Process;

/// How often the memory of a running program is looked at. Linux keeps its peak, so only the last moment can be missed.
const PERIOD: Duration = Duration::from_millis(2);

/// The time and memory that programs took, one after the other.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    pub(super) time: Duration,
    /// The time of all cores.
    pub(super) processor: Duration,
    /// The most memory that one of them had, in bytes.
    pub(super) peak: u64,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.time += other.time;
        self.processor += other.processor;
        self.peak = self.peak.max(other.peak);
    }
}

/// Runs a program to its end. Nothing else may be run meanwhile.
pub(super) fn of(command: &mut Command) -> Result<Usage, Box<dyn Error>> {
    let (began, before) = (Instant::now(), processor()?);
    let mut child = command.stdout(Stdio::null()).spawn()?;
    let process = Process::new(i32::try_from(child.id())?)?;
    let mut peak = 0;
    let status = loop {
        // A program that has ended has no memory any more.
        if let Some(kilobytes) = process.status().ok().and_then(|status| status.vmhwm) {
            peak = peak.max(kilobytes * 1024);
        }
        match child.try_wait()? {
            Some(status) => break status,
            None => sleep(PERIOD),
        }
    };
    if !status.success() {
        return Err(format!("{command:?} failed: {status}").into());
    }
    Ok(Usage { time: began.elapsed(), processor: processor()?.saturating_sub(before), peak })
}

/// Returns the time that all programs took that have ended.
fn processor() -> Result<Duration, Box<dyn Error>> {
    let stat = Process::myself()?.stat()?;
    let ticks = u64::try_from(stat.cutime + stat.cstime)?;
    Ok(Duration::from_secs(ticks) / u32::try_from(procfs::ticks_per_second())?)
}

/// Can the program be started?
pub(super) fn has(program: &str) -> bool {
    Command::new(program).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
