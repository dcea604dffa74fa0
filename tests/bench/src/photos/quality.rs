//! How close renditions are to the original, as butteraugli sees it: 0 is the same, 1 is a difference that can just be seen.

use std::{
    error::Error,
    fmt, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use super::{Measured, SIDES, peer, render, table, usage};

/// How many photographs are compared: the comparison takes longer than the work.
const COMPARED: usize = 3;

/// The means of differences, in the order of the rows.
pub(super) struct Differences {
    rows: Vec<(String, [f64; 4])>,
}

/// What was measured.
pub(super) type Quality = Measured<Differences>;

impl Quality {
    /// Compares the files of both programs with references that libvips makes from all pixels of the original.
    pub(super) fn measure(originals: &[PathBuf], home: &Path) -> Result<Self, Box<dyn Error>> {
        if !peer::is_there() || !usage::has("butteraugli_main") {
            return Ok(Self::Missing("Quality is not measured: install libvips-tools and libjxl-devtools."));
        }
        let [own, others, references] = ["own", "peer", "references"].map(|name| home.join(name));
        fs::create_dir_all(&references)?;
        let compared = &originals[..originals.len().min(COMPARED)];
        let names: Vec<_> = SIDES.into_iter().flat_map(|side| [(side, "jpg"), (side, "webp")]).collect();
        let mut sums = vec![[0.0; 4]; names.len()];
        for original in compared {
            render::render(original, &own)?;
            peer::render(original, &others)?;
            for side in SIDES {
                reference(original, side, &references)?;
            }
            for ((side, kind), sums) in names.iter().zip(&mut sums) {
                let references = [true, false].map(|linear| reference_path(&references, *side, linear));
                for (sum, (reference, files)) in sums
                    .iter_mut()
                    .zip(references.iter().flat_map(|reference| [(reference, &own), (reference, &others)]))
                {
                    *sum += difference(reference, &files.join(format!("{side}.{kind}")))?;
                }
            }
        }
        let count = f64::from(u32::try_from(compared.len())?);
        let rows = names
            .into_iter()
            .zip(sums)
            .map(|((side, kind), sums)| (format!("{side}.{kind}"), sums.map(|sum| sum / count)));
        Ok(Self::Done(Differences { rows: rows.collect() }))
    }
}

fn reference_path(references: &Path, side: u32, linear: bool) -> PathBuf {
    references.join(format!("{side}-{}.png", if linear { "linear" } else { "encoded" }))
}

/// Makes a smaller copy without loss, from all pixels: a picture in memory cannot be decoded smaller.
fn reference(original: &Path, side: u32, references: &Path) -> Result<(), Box<dyn Error>> {
    let whole = references.join("whole.v");
    run(Command::new("vips").arg("copy").arg(original).arg(&whole))?;
    let described = peer::has_profile(original);
    for linear in [true, false] {
        let path = reference_path(references, side, linear);
        let mut command = Command::new("vipsthumbnail");
        command.arg(&whole).args(["--size", &format!("{side}x{side}>")]);
        if described {
            command.args(["--export-profile", "srgb"]);
        }
        if linear {
            command.arg("--linear");
        }
        run(command.arg("-o").arg(&path))?;
    }
    Ok(())
}

fn difference(reference: &Path, file: &Path) -> Result<f64, Box<dyn Error>> {
    // It reads no WebP.
    let decoded = file.with_extension("decoded.png");
    run(Command::new("vips").arg("copy").arg(file).arg(&decoded))?;
    let output = run(Command::new("butteraugli_main").arg(reference).arg(&decoded))?;
    let text = String::from_utf8(output.stdout)?;
    let norm = text.lines().find_map(|line| line.strip_prefix("3-norm: ")).ok_or("butteraugli_main says no norm")?;
    Ok(norm.trim().parse()?)
}

fn run(command: &mut Command) -> Result<Output, Box<dyn Error>> {
    let output = command.output()?;
    if output.status.success() {
        Ok(output)
    } else {
        Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr)).into())
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table =
            table(&["", "PhotoVote, from linear", "vipsthumbnail", "PhotoVote, from encoded", "vipsthumbnail"]);
        for (name, differences) in &self.rows {
            let numbers = differences.iter().map(|difference| format!("{difference:.2}"));
            table.add_row([name.clone()].into_iter().chain(numbers));
        }
        write!(f, "{table}")
    }
}
