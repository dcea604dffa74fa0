//! The figures in docs/performance.md.

use std::{fmt::Display, fs, io, path::Path, thread::available_parallelism};

const END: &str = "<!-- Up to here. -->\n";

/// The day, the machine, and how busy that is before anything is measured.
pub(crate) fn where_and_when() -> String {
    let (today, cores) = (jiff::Zoned::now().date(), available_parallelism().map_or(0, usize::from));
    let machine = format!("{today}, {cores} cores ({})", std::env::consts::ARCH);
    match fs::read_to_string("/proc/loadavg") {
        Ok(load) => format!("{machine}, load average {} before", load.split(' ').next().unwrap_or_default()),
        // Not a Linux.
        Err(_) => machine,
    }
}

/// Puts the figures of a part in the place of those that are there.
pub(crate) fn update(part: &str, figures: &impl Display) -> io::Result<()> {
    let begin = format!("<!-- From `make bench ONLY={part} UPDATE=1`. -->\n");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/performance.md");
    let text = fs::read_to_string(&path)?;
    let parts = text.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or_else(|| io::Error::other(format!("docs/performance.md has no {begin}")))?;
    fs::write(path, format!("{before}{begin}\n{figures}\n\n{END}{after}"))
}
