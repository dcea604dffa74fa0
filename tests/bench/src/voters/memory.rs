//! The memory of this process.

use std::{error::Error, fs};

use procfs::process::Process;

/// Forgets the peak until now: the next one is that of what follows. Answers how much memory the process has now, in bytes.
pub(super) fn forget_peak() -> Result<u64, Box<dyn Error>> {
    // Linux resets the peak when it reads this number.
    fs::write("/proc/self/clear_refs", "5")?;
    let kilobytes = Process::myself()?.status()?.vmrss.ok_or("Linux does not tell the memory")?;
    Ok(kilobytes * 1024)
}

/// The most memory that the process had since the peak was forgotten, in bytes.
pub(super) fn peak() -> Result<u64, Box<dyn Error>> {
    let kilobytes = Process::myself()?.status()?.vmhwm.ok_or("Linux does not tell the peak")?;
    Ok(kilobytes * 1024)
}
