//! ZIP archives, which workbooks are, within a budget for what they hold.

use std::{
    cell::Cell,
    collections::HashMap,
    io::{BufReader, Cursor},
};

use zip::{ZipArchive, read::ZipFile};

use crate::{markup::Markup, unreadable::Unreadable};

/// How many bytes all parts that are read may have together when they are unpacked.
const MAX_UNPACKED: u64 = 200_000_000;

/// A part as it is unpacked.
pub(crate) type Part<'part, 'a> = BufReader<ZipFile<'part, Cursor<&'a [u8]>>>;

/// An archive in memory.
pub(crate) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// The parts by their names in small letters, with `/` between folders.
    names: HashMap<String, usize>,
    left: Cell<u64>,
}

impl<'a> Archive<'a> {
    /// Reads the directory of an archive.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Unreadable::Damaged)?;
        let names = zip.file_names_raw().enumerate();
        let names = names.map(|(index, name)| (normal(&String::from_utf8_lossy(name)), index)).collect();
        Ok(Self { zip, names, left: Cell::new(MAX_UNPACKED) })
    }

    /// Whether there is a part of this name in small letters.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Whether there is a part in this folder.
    pub(crate) fn has_below(&self, folder: &str) -> bool {
        self.names.keys().any(|name| name.starts_with(folder))
    }

    /// Whether there is a part with this ending.
    pub(crate) fn has_ending(&self, ending: &str) -> bool {
        self.names.keys().any(|name| name.ends_with(ending))
    }

    /// Opens a part as XML, if there is one of this name.
    pub(crate) fn markup(&mut self, name: &str) -> Result<Option<Markup<'_, Part<'_, 'a>>>, Unreadable> {
        let Some(index) = self.names.get(&normal(name)) else { return Ok(None) };
        let part = self.zip.by_index(*index).map_err(|_| Unreadable::Damaged)?;
        if part.encrypted() {
            return Err(Unreadable::PasswordProtected);
        }
        Ok(Some(Markup::new(BufReader::with_capacity(32_768, part), &self.left)))
    }
}

fn normal(name: &str) -> String {
    name.replace('\\', "/").trim_start_matches('/').to_lowercase()
}
