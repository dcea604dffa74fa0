//! The format of a file by its content, and the reader for it.

use crate::{
    archive::Archive,
    encoding,
    foreign::{self, Foreign},
    opendocument, separated,
    sheet::Sheet,
    spreadsheetml,
    unreadable::Unreadable,
    unseen::{beginning, trimmed},
    workbook,
};

/// The beginning of the containers that Office used until 2003, and uses for encrypted workbooks.
const COMPOUND: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

/// Reads all visible sheets of a file. A text is one sheet.
pub(crate) fn sheets(bytes: &[u8]) -> Result<Vec<Sheet>, Unreadable> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") || bytes.starts_with(b"PK\x07\x08") {
        return packed(bytes);
    }
    if bytes.starts_with(COMPOUND) {
        return Err(compound(bytes));
    }
    if let Some(foreign) = foreign::of_bytes(bytes) {
        return Err(Unreadable::UnsupportedFormat(foreign));
    }
    let text = encoding::text(bytes)?;
    if trimmed(&text).is_empty() {
        return Err(Unreadable::Empty);
    }
    if text.trim_start().starts_with('<') {
        let start = beginning(&text, 4_096);
        if start.contains("urn:schemas-microsoft-com:office:spreadsheet") && start.contains("Workbook") {
            return spreadsheetml::sheets(&text);
        }
        if start.contains("urn:oasis:names:tc:opendocument") && start.contains("opendocument.spreadsheet") {
            return opendocument::flat(&text);
        }
    }
    if let Some(foreign) = foreign::of_text(&text) {
        return Err(Unreadable::UnsupportedFormat(foreign));
    }
    Ok(vec![Sheet { name: None, table: separated::table(&text)? }])
}

/// Reads a ZIP archive, which a workbook is.
fn packed(bytes: &[u8]) -> Result<Vec<Sheet>, Unreadable> {
    let mut archive = Archive::open(bytes)?;
    let refused = |foreign: Foreign| Err(Unreadable::UnsupportedFormat(foreign));
    if archive.has("xl/workbook.bin") {
        return refused(foreign::BINARY_EXCEL);
    }
    if archive.has("[content_types].xml") {
        if archive.has_below("word/") {
            return refused(foreign::WORD);
        }
        if archive.has_below("ppt/") {
            return refused(foreign::POWERPOINT);
        }
        return workbook::sheets(&mut archive);
    }
    if archive.has("content.xml") {
        return opendocument::packed(&mut archive);
    }
    if archive.has_below("index/") && archive.has_ending(".iwa") || archive.has("index.zip") {
        return refused(foreign::NUMBERS);
    }
    refused(foreign::ZIP)
}

/// Tells what a compound file holds by the names of its streams, which are UTF-16.
fn compound(bytes: &[u8]) -> Unreadable {
    let has = |name: &str| {
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        bytes.windows(name.len()).any(|window| window == name)
    };
    if has("EncryptedPackage") {
        Unreadable::PasswordProtected
    } else if has("WordDocument") {
        Unreadable::UnsupportedFormat(foreign::WORD)
    } else if has("PowerPoint Document") {
        Unreadable::UnsupportedFormat(foreign::POWERPOINT)
    } else if has("Workbook") || has("Book") {
        Unreadable::UnsupportedFormat(foreign::OLD_EXCEL)
    } else {
        Unreadable::UnsupportedFormat(foreign::OFFICE)
    }
}
