//! How long the renditions of a photograph take, and how large they are.

use std::{
    collections::BTreeMap,
    error::Error,
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

use photovote_renditions::MediaType;

use super::{
    Measured, SIDES, peer, table,
    usage::{self, Usage},
};

/// The argument with which the program only renders one file.
pub(crate) const RENDER: &str = "render";

/// Renders a file into a directory: for a process of its own.
pub(crate) fn render_one(original: &str, directory: &str) -> Result<(), Box<dyn Error>> {
    let rendered = photovote_renditions::render(&fs::read(original)?)?;
    for rendition in rendered.renditions {
        let kind = match rendition.media_type {
            MediaType::Jpeg => "jpg",
            MediaType::Webp => "webp",
        };
        let name = format!("{}.{kind}", rendition.width.max(rendition.height));
        fs::write(Path::new(directory).join(name), rendition.bytes)?;
    }
    Ok(())
}

/// Renders a file in a process of its own.
pub(super) fn render(original: &Path, directory: &Path) -> Result<Usage, Box<dyn Error>> {
    usage::of(Command::new(std::env::current_exe()?).arg(RENDER).arg(original).arg(directory))
}

/// What a program took for all photographs.
#[derive(Default)]
struct Work {
    photographs: u32,
    usage: Usage,
    bytes: BTreeMap<String, u64>,
}

impl Work {
    fn add(&mut self, usage: Usage, directory: &Path) {
        self.photographs += 1;
        self.usage += usage;
        for name in names() {
            // Small originals have no large renditions.
            if let Ok(file) = fs::metadata(directory.join(&name)) {
                *self.bytes.entry(name).or_default() += file.len();
            }
        }
    }
}

fn names() -> impl Iterator<Item = String> {
    SIDES.into_iter().flat_map(|side| ["jpg", "webp"].map(|kind| format!("{side}.{kind}")))
}

/// What was measured.
pub(super) struct Renders {
    own: Work,
    peer: Measured<[Work; 2]>,
}

impl Renders {
    /// Renders each photograph with each program. The programs take turns, so that whatever else the machine does meets all alike.
    pub(super) fn measure(originals: &[PathBuf], home: &Path) -> Result<Self, Box<dyn Error>> {
        let directory = |name: &str| -> Result<PathBuf, Box<dyn Error>> {
            let path = home.join(name);
            fs::create_dir_all(&path)?;
            Ok(path)
        };
        let [own_files, peer_files, faster_files] =
            [directory("own")?, directory("peer")?, directory("peer-from-largest")?];
        let has_peer = peer::is_there();
        let [mut own, mut peer, mut faster] = [(); 3].map(|()| Work::default());
        for original in originals {
            own.add(render(original, &own_files)?, &own_files);
            if has_peer {
                peer.add(peer::render(original, &peer_files)?, &peer_files);
                faster.add(peer::render_from_largest(original, &faster_files)?, &faster_files);
            }
        }
        let missing = "vipsthumbnail is not measured: install libvips-tools.";
        Ok(Self { own, peer: if has_peer { Measured::Done([peer, faster]) } else { Measured::Missing(missing) } })
    }
}

impl fmt::Display for Renders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut columns = vec![("PhotoVote", &self.own)];
        if let Measured::Done([peer, faster]) = &self.peer {
            columns.extend([("vipsthumbnail", peer), ("vipsthumbnail, from its largest", faster)]);
        }
        let header: Vec<_> = [""].into_iter().chain(columns.iter().map(|(name, _)| *name)).collect();
        let mut table = table(&header);
        let mut row = |name: &str, value: &dyn Fn(&Work) -> String| {
            table.add_row([name.to_owned()].into_iter().chain(columns.iter().map(|(_, work)| value(work))));
        };
        let each = |work: &Work| work.usage.processor.as_secs_f64() / f64::from(work.photographs.max(1));
        row("a second and core", &|work| format!("{:.2}", 1.0 / each(work)));
        row("CPU", &|work| format!("{:.2} s", each(work)));
        row("time", &|work| format!("{:.2} s", work.usage.time.as_secs_f64() / f64::from(work.photographs.max(1))));
        row("peak memory", &|work| format!("{} MB", work.usage.peak / 1_000_000));
        for name in names() {
            row(&name, &|work| {
                work.bytes.get(&name).map_or_else(String::new, |bytes| {
                    format!("{} kB", bytes / u64::from(work.photographs.max(1)) / 1000)
                })
            });
        }
        write!(f, "{table}")?;
        if let Measured::Done([peer, faster]) = &self.peer {
            write!(
                f,
                "\n\n- CPU of vipsthumbnail's: {:.2} times; from its largest: {:.2} times",
                each(&self.own) / each(peer),
                each(&self.own) / each(faster)
            )?;
        }
        if let Measured::Missing(why) = &self.peer {
            write!(f, "\n\n{why}")?;
        }
        Ok(())
    }
}
