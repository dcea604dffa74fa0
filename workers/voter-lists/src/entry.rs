//! Rows of cells become voters.

use std::collections::{HashMap, hash_map::Entry as Slot};

use photovote_domain::{Digest, Email};

use crate::{
    Entry, Row, Written, address,
    layout::Layout,
    names,
    rejected::Rejected,
    table::{Line, Table},
    unreadable::Unreadable,
};

/// Reads all rows below the header.
pub(crate) fn rows(table: &Table, layout: &Layout) -> Result<Vec<Row>, Unreadable> {
    let mut seen: HashMap<Digest, u32> = HashMap::new();
    let rows: Vec<_> = table.lines(layout.body).map(|line| row(&line, layout, &mut seen)).collect();
    if rows.is_empty() { Err(Unreadable::NoRows) } else { Ok(rows) }
}

fn row(line: &Line<'_>, layout: &Layout, seen: &mut HashMap<Digest, u32>) -> Row {
    let name = names::written(line, &layout.chosen);
    let cell = line.cell(layout.chosen.email);
    let entry = entry(&name, cell).and_then(|entry| {
        let other = |(column, cell)| column != layout.chosen.email && is_another(cell, &entry.email);
        if layout.one_address && line.cells().any(other) { Err(Rejected::SeveralAddresses) } else { Ok(entry) }
    });
    let entry = entry.and_then(|entry| match seen.entry(entry.email.key()) {
        Slot::Occupied(first) => Err(Rejected::Duplicate { first: *first.get() }),
        Slot::Vacant(slot) => {
            slot.insert(line.number);
            Ok(entry)
        }
    });
    let refused = entry.is_err();
    let written = refused.then(|| Box::new(Written { name: name.into_owned(), email: cell.to_owned() }));
    Row { number: line.number, entry, written }
}

/// Whether a cell holds addresses, and not only this one.
fn is_another(cell: &str, email: &Email) -> bool {
    match address::parse(cell) {
        Ok(found) => found.email.key() != email.key(),
        Err(reason) => reason == Rejected::SeveralAddresses,
    }
}

fn entry(name: &str, cell: &str) -> Result<Entry, Rejected> {
    let found = address::parse(cell)?;
    let name = match names::parse(name)? {
        Some(name) => Some(name),
        None => found.name.map(names::parse).transpose()?.flatten(),
    };
    let name = match name {
        Some(name) => name,
        None => names::parse(found.email.as_str())?.ok_or(Rejected::NameNotReadable)?,
    };
    Ok(Entry { name, email: found.email })
}
