//! Formats that hold no list, or none that is read, by their first bytes. The name of a file is never asked.

use std::fmt;

/// A format that is recognised and refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreign {
    name: &'static str,
    advice: Advice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Advice {
    /// A program for spreadsheets opens it.
    Save,
    /// The program that wrote it exports lists as well.
    Export,
    /// The file holds files.
    Unpack,
    /// The file holds no list.
    Choose,
}

impl Foreign {
    /// Returns the name of the format as people know it, such as "a PDF document".
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "The file is {}, which PhotoVote does not read. ", self.name)?;
        f.write_str(match self.advice {
            Advice::Save => "Open it in a spreadsheet program, save it as XLSX or CSV and import the new file.",
            Advice::Export => "Export the list as CSV from the program that made it, and import the new file.",
            Advice::Unpack => "Unpack it and import the list in it.",
            Advice::Choose => "Save the list of voters as CSV or XLSX and import it.",
        })
    }
}

const fn foreign(name: &'static str, advice: Advice) -> Foreign {
    Foreign { name, advice }
}

pub(crate) const OLD_EXCEL: Foreign = foreign("a workbook of Excel 97–2003 (XLS)", Advice::Save);
pub(crate) const BINARY_EXCEL: Foreign = foreign("a binary workbook (XLSB)", Advice::Save);
pub(crate) const WORD: Foreign = foreign("a Word document", Advice::Choose);
pub(crate) const POWERPOINT: Foreign = foreign("a presentation", Advice::Choose);
pub(crate) const OPEN_TEXT: Foreign = foreign("an OpenDocument text", Advice::Choose);
pub(crate) const NUMBERS: Foreign = foreign("an Apple Numbers document", Advice::Export);
pub(crate) const OFFICE: Foreign = foreign("an old office document", Advice::Save);
pub(crate) const ZIP: Foreign = foreign("a ZIP archive", Advice::Unpack);
pub(crate) const WEB_PAGE: Foreign = foreign("a web page (HTML)", Advice::Save);
const XML: Foreign = foreign("an XML document", Advice::Export);
const JSON: Foreign = foreign("a JSON document", Advice::Export);
const VCARD: Foreign = foreign("a file of contacts (vCard)", Advice::Export);
const CALENDAR: Foreign = foreign("a calendar", Advice::Choose);
const DIRECTORY: Foreign = foreign("an export of a directory (LDIF)", Advice::Export);
const MAIL: Foreign = foreign("an email message", Advice::Choose);
const SQL: Foreign = foreign("a dump of a database", Advice::Export);
const SYLK: Foreign = foreign("a SYLK spreadsheet", Advice::Save);
const DIF: Foreign = foreign("a DIF spreadsheet", Advice::Save);

/// Formats whose first bytes tell them apart.
const BEGINNINGS: &[(&[u8], Foreign)] = &[
    (b"%PDF", foreign("a PDF document", Advice::Choose)),
    (b"%!PS", foreign("a PostScript document", Advice::Choose)),
    (b"{\\rtf", foreign("an RTF document", Advice::Choose)),
    (b"\x89PNG", foreign("a picture", Advice::Choose)),
    (b"\xFF\xD8\xFF", foreign("a picture", Advice::Choose)),
    (b"GIF8", foreign("a picture", Advice::Choose)),
    (b"II*\0", foreign("a picture", Advice::Choose)),
    (b"MM\0*", foreign("a picture", Advice::Choose)),
    (b"8BPS", foreign("a picture", Advice::Choose)),
    (b"RIFF", foreign("a picture, sound or video", Advice::Choose)),
    (b"OggS", foreign("a sound or video", Advice::Choose)),
    (b"ID3", foreign("a sound", Advice::Choose)),
    (b"Rar!\x1A\x07", foreign("a RAR archive", Advice::Unpack)),
    (b"7z\xBC\xAF\x27\x1C", foreign("a 7-Zip archive", Advice::Unpack)),
    (b"\x1F\x8B", foreign("a gzip archive", Advice::Unpack)),
    (b"BZh", foreign("a bzip2 archive", Advice::Unpack)),
    (b"\xFD7zXZ\x00", foreign("an XZ archive", Advice::Unpack)),
    (b"\x28\xB5\x2F\xFD", foreign("a Zstandard archive", Advice::Unpack)),
    (b"SQLite format 3\0", foreign("a database", Advice::Export)),
    (b"\0\x01\0\0Standard ACE DB", foreign("a database", Advice::Export)),
    (b"\0\x01\0\0Standard Jet DB", foreign("a database", Advice::Export)),
    (b"!BDN", foreign("an Outlook data file", Advice::Export)),
    (b"-----BEGIN ", foreign("a key or an encrypted message", Advice::Choose)),
    (b"MZ", foreign("a program", Advice::Choose)),
    (b"\x7FELF", foreign("a program", Advice::Choose)),
    (b"\x09\x08\x10\x00\x00\x06\x05\x00", OLD_EXCEL),
    (b"\x09\x08\x08\x00\x00\x05", OLD_EXCEL),
    (b"\x09\x04\x06\x00", OLD_EXCEL),
    (b"\x09\x02\x06\x00", OLD_EXCEL),
    (b"\x09\x00\x04\x00", OLD_EXCEL),
];

/// Recognises a format of bytes.
pub(crate) fn of_bytes(bytes: &[u8]) -> Option<Foreign> {
    // Two letters are few: a program has zeros near its beginning, and a list of "MZ" has none.
    let likely = |beginning: &[u8]| beginning != b"MZ" || bytes.iter().take(64).any(|byte| *byte == 0);
    if bytes.get(4..8) == Some(b"ftyp") {
        return Some(foreign("a picture or video", Advice::Choose));
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Some(foreign("a TAR archive", Advice::Unpack));
    }
    let known = BEGINNINGS.iter().find(|(beginning, _)| bytes.starts_with(beginning) && likely(beginning));
    known.map(|(_, foreign)| *foreign)
}

/// Recognises a format of text, which may begin with blanks.
pub(crate) fn of_text(text: &str) -> Option<Foreign> {
    let text = crate::unseen::trimmed(crate::unseen::beginning(text, 4_096));
    let lower = text.to_ascii_lowercase();
    let begins = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
    if begins(&["<!doctype html", "<html", "<table", "<body", "<head", "<meta", "<div"]) {
        return Some(WEB_PAGE);
    }
    if begins(&["<?xml", "<!doctype", "<!--", "<rss", "<svg"]) {
        return Some(if lower.contains("<html") { WEB_PAGE } else { XML });
    }
    if begins(&["begin:vcard"]) {
        return Some(VCARD);
    }
    if begins(&["begin:vcalendar"]) {
        return Some(CALENDAR);
    }
    if begins(&["dn:"]) || begins(&["version: 1"]) && lower.contains("\ndn:") {
        return Some(DIRECTORY);
    }
    if begins(&["id;p"]) && lower.lines().nth(1).is_some_and(|line| line.get(1..2) == Some(";")) {
        return Some(SYLK);
    }
    if lower.lines().next() == Some("table") && lower.lines().nth(1) == Some("0,1") {
        return Some(DIF);
    }
    if begins(&["insert into ", "create table "]) {
        return Some(SQL);
    }
    if is_json(text) {
        return Some(JSON);
    }
    is_mail(&lower).then_some(MAIL)
}

/// Tells JSON by its first two characters that are not blank.
fn is_json(text: &str) -> bool {
    let mut marks = text.chars().filter(|c| !c.is_whitespace());
    match (marks.next(), marks.next()) {
        (Some('{'), Some(second)) => matches!(second, '"' | '}'),
        (Some('['), Some(second)) => matches!(second, '{' | '"' | '[' | ']'),
        _ => false,
    }
}

/// Tells a message by three fields among its first lines.
fn is_mail(lower: &str) -> bool {
    const FIELDS: [&str; 10] = [
        "return-path:",
        "received:",
        "from:",
        "to:",
        "subject:",
        "date:",
        "mime-version:",
        "delivered-to:",
        "message-id:",
        "content-type:",
    ];
    let lines = lower.lines().take(20);
    lines.filter(|line| FIELDS.iter().any(|field| line.starts_with(field))).count() >= 3
}
