//! XLSX workbooks: each sheet as a stream of cells. The size that a sheet claims is never asked.

use std::{collections::HashMap, io::BufRead};

use quick_xml::events::{BytesStart, Event};

use crate::{
    archive::Archive,
    foreign,
    markup::{self, Markup, attribute},
    sheet::Sheet,
    strings::{self, Strings},
    table::Table,
    unreadable::Unreadable,
};

/// How many sheets are read.
const MAX_SHEETS: usize = 100;
/// How many parts or sheets a workbook may list.
const MAX_LISTED: usize = 10_000;

/// Reads all visible sheets, or all if none is visible.
pub(crate) fn sheets(archive: &mut Archive<'_>) -> Result<Vec<Sheet>, Unreadable> {
    let book = relations(archive, "_rels/.rels")?.into_iter().find(|relation| relation.is("officeDocument"));
    let book = book.map_or_else(|| "xl/workbook.xml".to_owned(), |relation| resolved("", &relation.target));
    let (folder, file) = book.rsplit_once('/').unwrap_or(("", &book));
    if std::path::Path::new(file).extension().is_some_and(|extension| extension == "bin") {
        return Err(Unreadable::UnsupportedFormat(foreign::BINARY_EXCEL));
    }
    let parts = relations(archive, &format!("{folder}/_rels/{file}.rels"))?;
    let listed = listed(archive, &book)?;
    let strings = match parts.iter().find(|part| part.is("sharedStrings")) {
        Some(part) => match archive.markup(&resolved(folder, &part.target))? {
            Some(markup) => Strings::read(markup)?,
            None => Strings::default(),
        },
        None => Strings::default(),
    };
    let parts: HashMap<_, _> =
        parts.iter().filter(|part| part.is("worksheet")).map(|part| (&part.id, &part.target)).collect();
    let any_visible = listed.iter().any(|sheet| !sheet.hidden && parts.contains_key(&sheet.part));
    let mut sheets = Vec::new();
    for sheet in listed.into_iter().filter(|sheet| !any_visible || !sheet.hidden).take(MAX_SHEETS) {
        let Some(target) = parts.get(&sheet.part) else { continue };
        let markup = archive.markup(&resolved(folder, target))?.ok_or(Unreadable::Damaged)?;
        sheets.push(Sheet { name: Some(sheet.name), table: table(markup, &strings)? });
    }
    if sheets.is_empty() { Err(Unreadable::Damaged) } else { Ok(sheets) }
}

/// A sheet as the workbook lists it.
struct Listed {
    name: String,
    part: String,
    hidden: bool,
}

fn listed(archive: &mut Archive<'_>, book: &str) -> Result<Vec<Listed>, Unreadable> {
    let mut markup = archive.markup(book)?.ok_or(Unreadable::Damaged)?;
    let mut sheets = Vec::new();
    loop {
        match markup.next()? {
            Event::Start(element) | Event::Empty(element) if element.local_name().as_ref() == "sheet" => {
                let hidden = attribute(&element, "state").is_some_and(|state| state != "visible");
                let (name, part) = (attribute(&element, "name"), attribute(&element, "id"));
                sheets.push(Listed { name: name.unwrap_or_default(), part: part.unwrap_or_default(), hidden });
            }
            Event::Eof => return Ok(sheets),
            _ if sheets.len() > MAX_LISTED => return Err(Unreadable::TooManyCells),
            _ => {}
        }
    }
}

/// A part of the workbook that another names.
struct Relation {
    id: String,
    kind: String,
    target: String,
}

impl Relation {
    fn is(&self, kind: &str) -> bool {
        self.kind.rsplit('/').next() == Some(kind)
    }
}

fn relations(archive: &mut Archive<'_>, part: &str) -> Result<Vec<Relation>, Unreadable> {
    let Some(mut markup) = archive.markup(part)? else { return Ok(Vec::new()) };
    let mut relations = Vec::new();
    loop {
        match markup.next()? {
            Event::Start(element) | Event::Empty(element) if element.local_name().as_ref() == "Relationship" => {
                let value = |name| attribute(&element, name).unwrap_or_default();
                relations.push(Relation { id: value("Id"), kind: value("Type"), target: value("Target") });
            }
            Event::Eof => return Ok(relations),
            _ if relations.len() > MAX_LISTED => return Err(Unreadable::TooManyCells),
            _ => {}
        }
    }
}

/// Returns the name of a part that is named from within a folder.
fn resolved(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut path: Vec<_> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            "." | "" => {}
            ".." => {
                path.pop();
            }
            step => path.push(step),
        }
    }
    path.join("/")
}

/// Reads the cells of a sheet.
fn table<R: BufRead>(mut markup: Markup<'_, R>, strings: &Strings) -> Result<Table, Unreadable> {
    let mut table = Table::default();
    let (mut row, mut column) = (0_u32, 0_usize);
    loop {
        match markup.next()? {
            Event::Start(element) | Event::Empty(element) if element.local_name().as_ref() == "row" => {
                row = markup::number(&element, "r").unwrap_or(row.saturating_add(1));
                column = 0;
            }
            Event::Empty(element) if element.local_name().as_ref() == "c" => {
                column = column_of(&element).unwrap_or(column).saturating_add(1);
            }
            Event::Start(element) if element.local_name().as_ref() == "c" => {
                let at = column_of(&element).unwrap_or(column);
                let kind = attribute(&element, "t");
                let text = value(&mut markup, kind.as_deref(), strings)?;
                table.write(row, at, &text)?;
                column = at.saturating_add(1);
            }
            Event::Eof => return Ok(table),
            _ => {}
        }
    }
}

/// Returns the index of the column in a reference such as `AB12`.
fn column_of(cell: &BytesStart<'_>) -> Option<usize> {
    let reference = attribute(cell, "r")?;
    let letters = reference.bytes().take_while(u8::is_ascii_alphabetic).take(8);
    let number =
        letters.fold(0_usize, |number, letter| number * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1);
    number.checked_sub(1)
}

/// Reads the value of a cell up to its end. Of a formula, it is the result that the workbook holds.
fn value<R: BufRead>(markup: &mut Markup<'_, R>, kind: Option<&str>, strings: &Strings) -> Result<String, Unreadable> {
    let (mut text, mut inside) = (String::new(), false);
    loop {
        match markup.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "v" => inside = true,
                "is" => text = strings::rich_text(markup, "is")?,
                _ => markup.skip()?,
            },
            Event::End(element) => match element.local_name().as_ref() {
                "v" => inside = false,
                "c" => break,
                _ => {}
            },
            Event::Eof => return Err(Unreadable::Damaged),
            event if inside => markup::append(&mut text, &event),
            _ => {}
        }
    }
    Ok(match kind {
        Some("s") => text.trim().parse().ok().and_then(|index| strings.get(index)).unwrap_or_default().to_owned(),
        Some("str") => strings::unescaped(text),
        Some("b") => if text.trim() == "0" { "FALSE" } else { "TRUE" }.to_owned(),
        _ => text,
    })
}
