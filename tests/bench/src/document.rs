//! The figures in docs/operate/performance.md, those of the peers as well.

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

/// Puts the figures of a command (`make bench-peers`) in the place of those that are there.
pub(crate) fn update(command: &str, figures: &impl Display) -> io::Result<()> {
    let begin = format!("<!-- From `{command} UPDATE=1`. -->\n");
    let lacks = || io::Error::other(format!("docs/operate/performance.md has no {begin}"));
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut places = folders.map(|folder| folder.join("docs/operate/performance.md"));
    let path = places.find(|place| place.is_file()).ok_or_else(lacks)?;
    let text = fs::read_to_string(&path)?;
    let parts = text.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or_else(lacks)?;
    fs::write(path, format!("{before}{begin}\n{figures}\n\n{END}{after}"))
}
