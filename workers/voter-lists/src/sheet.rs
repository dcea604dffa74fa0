//! The sheets of a workbook, and which of them holds the voters.

use crate::{Chosen, layout, table::Table, unreadable::Unreadable};

/// A sheet.
#[derive(Debug)]
pub(crate) struct Sheet {
    /// The name, which a text does not have.
    pub(crate) name: Option<String>,
    pub(crate) table: Table,
}

/// Returns the index of the sheet that was chosen, or of the first with a header and addresses below it, or of the first
/// with addresses.
pub(crate) fn pick(sheets: &[Sheet], chosen: Option<&Chosen>) -> Result<usize, Unreadable> {
    if let Some(sheet) = chosen.and_then(|chosen| chosen.sheet) {
        return if sheet < sheets.len() {
            Ok(sheet)
        } else {
            Err(Unreadable::NoSuchSheet { sheet: sheet.saturating_add(1) })
        };
    }
    let Some(filled) = sheets.iter().position(|sheet| sheet.table.len() > 0) else {
        return Err(Unreadable::Empty);
    };
    let mut with_addresses = None;
    for (index, sheet) in sheets.iter().enumerate() {
        let Ok(layout) = layout::find(&sheet.table, None) else { continue };
        if layout.addresses == 0 {
            continue;
        }
        if layout.named {
            return Ok(index);
        }
        with_addresses = with_addresses.or(Some(index));
    }
    Ok(with_addresses.unwrap_or(filled))
}
