//! Photographs: how long renditions take, how much memory, and how good they are, beside vipsthumbnail; and how soon a hundred
//! uploads are ready. Needs Linux, which says what a process used.

mod original;
mod peer;
mod quality;
mod render;
mod upload;
mod usage;

use std::{
    error::Error,
    fmt, fs,
    path::{Path, PathBuf},
};

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};
use photovote::data_dir::temporary;

use crate::{
    document,
    photos::{original::Original, quality::Quality, render::Renders, upload::Uploads},
};

pub(crate) use render::{RENDER, render_one};

/// How many photographs are made, if there is no directory of others.
const MADE: u32 = 10;
/// The long sides of the renditions that are compared.
const SIDES: [u32; 3] = [480, 1280, 2560];

/// Measures the photographs of a directory, or those that it makes.
pub(crate) async fn measure(directory: Option<String>) -> Result<(), Box<dyn Error>> {
    let made_on = document::where_and_when();
    let home = temporary()?;
    let originals = match directory {
        Some(directory) => given(Path::new(&directory))?,
        None => made(home.path())?,
    };
    let of = describe(&originals)?;
    println!("{of}");
    let renders = Renders::measure(&originals, home.path())?;
    println!("{renders}\n");
    let quality = Quality::measure(&originals, home.path())?;
    println!("{quality}\n");
    let uploads = Uploads::measure(&originals).await?;
    println!("{uploads}\n");
    if std::env::var_os("UPDATE").is_some() {
        document::update("make bench-photos", &format!("{made_on}. {of}\n\n{renders}\n\n{quality}\n\n{uploads}"))?;
    }
    Ok(())
}

/// Lists the photographs of a directory.
fn given(directory: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() { Err("the directory has no files".into()) } else { Ok(files) }
}

/// Makes photographs in a directory.
fn made(home: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let directory = home.join("originals");
    fs::create_dir(&directory)?;
    let write = |number| -> Result<PathBuf, Box<dyn Error>> {
        let path = directory.join(format!("{number}.jpg"));
        fs::write(&path, Original::made(number).jpeg()?)?;
        Ok(path)
    };
    (0..MADE).map(write).collect()
}

fn describe(originals: &[PathBuf]) -> Result<String, Box<dyn Error>> {
    let sizes: Vec<u64> =
        originals.iter().map(|path| Ok(fs::metadata(path)?.len())).collect::<Result<_, Box<dyn Error>>>()?;
    let (least, most) = (sizes.iter().min().copied().unwrap_or(0), sizes.iter().max().copied().unwrap_or(0));
    Ok(format!("{} photographs of {} to {} MB.", sizes.len(), tenths(least), tenths(most)))
}

/// Writes bytes in megabytes.
fn tenths(bytes: u64) -> String {
    format!("{}.{}", bytes / 1_000_000, bytes / 100_000 % 10)
}

/// A table whose first column has names, and the others numbers.
fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(header.to_vec());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// What was measured, or why it was not.
enum Measured<T> {
    Done(T),
    /// A program is missing.
    Missing(&'static str),
}

impl<T: fmt::Display> fmt::Display for Measured<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(done) => done.fmt(f),
            Self::Missing(why) => f.write_str(why),
        }
    }
}
