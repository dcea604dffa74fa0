//! XML workbooks of Excel 2003, which programs for clubs and web pages export under the name XLS.

use std::cell::Cell;

use quick_xml::events::Event;

use crate::{
    markup::{self, Markup, attribute},
    sheet::Sheet,
    table::Table,
    unreadable::Unreadable,
};

/// How many sheets are read.
const MAX_SHEETS: usize = 100;

/// Reads all visible sheets, or all if none is visible.
pub(crate) fn sheets(text: &str) -> Result<Vec<Sheet>, Unreadable> {
    let left = Cell::new(u64::MAX);
    let mut markup = Markup::new(text.trim_start().as_bytes(), &left);
    let (mut visible, mut hidden) = (Vec::new(), Vec::new());
    loop {
        match markup.next()? {
            Event::Start(element) if element.local_name().as_ref() == "Worksheet" => {
                if visible.len() + hidden.len() >= MAX_SHEETS {
                    break;
                }
                let name = Some(attribute(&element, "Name").unwrap_or_default());
                let (table, is_hidden) = table(&mut markup)?;
                if is_hidden { &mut hidden } else { &mut visible }.push(Sheet { name, table });
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let sheets = if visible.is_empty() { hidden } else { visible };
    if sheets.is_empty() { Err(Unreadable::Empty) } else { Ok(sheets) }
}

/// Reads the cells of a sheet up to its end, and whether the sheet is hidden.
fn table(markup: &mut Markup<'_, &[u8]>) -> Result<(Table, bool), Unreadable> {
    let mut table = Table::default();
    let (mut row, mut column) = (0_u32, 0_u32);
    let (mut text, mut inside) = (String::new(), false);
    let (mut visibility, mut hidden) = (false, false);
    // How many columns the cell covers beside its own.
    let mut covered = 0;
    loop {
        let event = markup.next()?;
        match &event {
            Event::Start(element) | Event::Empty(element) => match element.local_name().as_ref() {
                "Row" => {
                    row = markup::number(element, "Index").unwrap_or(row.saturating_add(1));
                    column = 0;
                    covered = 0;
                }
                "Cell" => {
                    let next = column.saturating_add(1).saturating_add(covered);
                    column = markup::number(element, "Index").unwrap_or(next);
                    covered = markup::number(element, "MergeAcross").unwrap_or(0);
                    text.clear();
                }
                "Data" => inside = matches!(event, Event::Start(_)),
                "Visible" => visibility = matches!(event, Event::Start(_)),
                "Comment" | "PhoneticText" if matches!(event, Event::Start(_)) => markup.skip()?,
                _ => {}
            },
            Event::End(element) => match element.local_name().as_ref() {
                "Data" => inside = false,
                "Visible" => visibility = false,
                "Cell" => table.write(row, column.saturating_sub(1) as usize, &text)?,
                "Worksheet" => return Ok((table, hidden)),
                _ => {}
            },
            Event::Text(value) if visibility => hidden |= value.trim() != "SheetVisible",
            Event::Eof => return Err(Unreadable::Damaged),
            event if inside => markup::append(&mut text, event),
            _ => {}
        }
    }
}
