//! Spreadsheets of `OpenDocument`: ODS, which is packed, and FODS, which is plain XML.

use std::{cell::Cell, io::BufRead};

use quick_xml::events::{BytesStart, Event};

use crate::{
    MAX_COLUMNS,
    archive::Archive,
    foreign,
    markup::{self, Markup, attribute},
    sheet::Sheet,
    table::{MAX_CELL, Table},
    unreadable::Unreadable,
    unseen::beginning,
};

/// How many sheets are read.
const MAX_SHEETS: usize = 100;

/// Reads all visible sheets of an ODS file.
pub(crate) fn packed(archive: &mut Archive<'_>) -> Result<Vec<Sheet>, Unreadable> {
    if is_encrypted(archive)? {
        return Err(Unreadable::PasswordProtected);
    }
    sheets(archive.markup("content.xml")?.ok_or(Unreadable::Damaged)?)
}

/// Reads all visible sheets of a FODS file.
pub(crate) fn flat(text: &str) -> Result<Vec<Sheet>, Unreadable> {
    let left = Cell::new(u64::MAX);
    sheets(Markup::new(text.trim_start().as_bytes(), &left))
}

fn is_encrypted(archive: &mut Archive<'_>) -> Result<bool, Unreadable> {
    let Some(mut manifest) = archive.markup("meta-inf/manifest.xml")? else { return Ok(false) };
    loop {
        match manifest.next() {
            Ok(Event::Start(element) | Event::Empty(element)) if element.local_name().as_ref() == "encryption-data" => {
                return Ok(true);
            }
            // Old manifests declare a document type, and say nothing that a list needs.
            Ok(Event::Eof) | Err(Unreadable::Damaged) => return Ok(false),
            Ok(_) => {}
            Err(error) => return Err(error),
        }
    }
}

fn sheets<R: BufRead>(mut markup: Markup<'_, R>) -> Result<Vec<Sheet>, Unreadable> {
    let (mut visible, mut hidden) = (Vec::new(), Vec::new());
    let (mut style, mut hiding) = (String::new(), Vec::new());
    let mut found = false;
    loop {
        match markup.next()? {
            Event::Start(element) | Event::Empty(element) if element.local_name().as_ref() == "style" => {
                beginning(&attribute(&element, "name").unwrap_or_default(), 200).clone_into(&mut style);
            }
            Event::Start(element) | Event::Empty(element)
                if element.local_name().as_ref() == "table-properties"
                    && attribute(&element, "display").as_deref() == Some("false")
                    && hiding.len() < MAX_SHEETS =>
            {
                hiding.push(style.clone());
            }
            Event::Start(element) if element.local_name().as_ref() == "spreadsheet" => found = true,
            Event::Start(element) if found && element.local_name().as_ref() == "table" => {
                if visible.len() + hidden.len() >= MAX_SHEETS {
                    break;
                }
                let name = Some(attribute(&element, "name").unwrap_or_default());
                let style = attribute(&element, "style-name").unwrap_or_default();
                let sheet = Sheet { name, table: table(&mut markup)? };
                if hiding.contains(&style) { &mut hidden } else { &mut visible }.push(sheet);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if !found {
        return Err(Unreadable::UnsupportedFormat(foreign::OPEN_TEXT));
    }
    let sheets = if visible.is_empty() { hidden } else { visible };
    if sheets.is_empty() { Err(Unreadable::Empty) } else { Ok(sheets) }
}

/// Reads the rows of a sheet up to its end.
fn table<R: BufRead>(markup: &mut Markup<'_, R>) -> Result<Table, Unreadable> {
    let mut table = Table::default();
    let mut number = 1_u32;
    loop {
        match markup.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "table-row" => {
                    let times = repeated(&element, "number-rows-repeated");
                    let cells = row(markup)?;
                    // Blank rows fill the sheet up to its end.
                    for time in 0..if cells.is_empty() { 0 } else { times } {
                        for (column, text) in &cells {
                            table.write(number.saturating_add(time), *column, text)?;
                        }
                    }
                    number = number.saturating_add(times);
                }
                "table" | "shapes" | "forms" | "named-expressions" => markup.skip()?,
                _ => {}
            },
            Event::Empty(element) if element.local_name().as_ref() == "table-row" => {
                number = number.saturating_add(repeated(&element, "number-rows-repeated"));
            }
            Event::End(element) if element.local_name().as_ref() == "table" => return Ok(table),
            Event::Eof => return Err(Unreadable::Damaged),
            _ => {}
        }
    }
}

/// Reads the cells of a row that are not blank, up to its end.
fn row<R: BufRead>(markup: &mut Markup<'_, R>) -> Result<Vec<(usize, String)>, Unreadable> {
    let mut cells = Vec::new();
    let mut column = 0_usize;
    loop {
        match markup.next()? {
            Event::Start(element) => {
                let covered = element.local_name().as_ref() == "covered-table-cell";
                if !covered && element.local_name().as_ref() != "table-cell" {
                    markup.skip()?;
                    continue;
                }
                let times = repeated(&element, "number-columns-repeated") as usize;
                let value = attribute(&element, "string-value").or_else(|| attribute(&element, "value"));
                let text = text(markup)?;
                let text = if text.is_empty() { value.unwrap_or_default() } else { text };
                if !covered && !text.trim().is_empty() {
                    let end = column.saturating_add(times).min(MAX_COLUMNS);
                    cells.extend((column..end).map(|column| (column, text.clone())));
                }
                column = column.saturating_add(times);
            }
            Event::Empty(element) => {
                column = column.saturating_add(repeated(&element, "number-columns-repeated") as usize);
            }
            Event::End(element) if element.local_name().as_ref() == "table-row" => return Ok(cells),
            Event::Eof => return Err(Unreadable::Damaged),
            _ => {}
        }
    }
}

/// Reads the text of a cell up to its end. Comments, drawings and reading aids are no part of it.
fn text<R: BufRead>(markup: &mut Markup<'_, R>) -> Result<String, Unreadable> {
    let (mut text, mut open) = (String::new(), 0_usize);
    loop {
        match markup.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "annotation" | "ruby-text" | "frame" | "shape" | "custom-shape" | "g" => markup.skip()?,
                name => {
                    if name == "p" && !text.is_empty() {
                        text.push('\n');
                    }
                    open += 1;
                }
            },
            Event::Empty(element) => match element.local_name().as_ref() {
                "s" if text.len() < MAX_CELL => {
                    let count = markup::number(&element, "c").unwrap_or(1) as usize;
                    text.push_str(&" ".repeat(count.min(MAX_CELL)));
                }
                "tab" => text.push(' '),
                "line-break" => text.push('\n'),
                _ => {}
            },
            Event::End(_) if open == 0 => return Ok(beginning(&text, 4 * MAX_CELL).to_owned()),
            Event::End(_) => open -= 1,
            Event::Eof => return Err(Unreadable::Damaged),
            event if open > 0 => markup::append(&mut text, &event),
            _ => {}
        }
    }
}

fn repeated(element: &BytesStart<'_>, name: &str) -> u32 {
    markup::number(element, name).unwrap_or(1).max(1)
}
