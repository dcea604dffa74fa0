//! The header of a list, and the columns of names and addresses.

mod columns;
mod content;

use crate::{
    Chosen, Column,
    address::form,
    fold::folded,
    layout::content::Content,
    table::{Line, Table},
    unreadable::Unreadable,
    unseen::beginning,
    words::{Clarity, Kind, meaning},
};

/// A header stands among this many first rows.
const HEADER: usize = 50;
/// How many rows below the header tell what a column holds.
pub(crate) const SAMPLE: usize = 1_000;
/// In a list of so many rows without a header, one in ten must have an address. Else it is a text that mentions some.
const LONG: usize = 20;

/// How a list is to be read.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The index of the header's row.
    header: Option<usize>,
    /// The index of the first row below the header.
    pub(crate) body: usize,
    /// Whether each row must have one address only: nothing says which of several is meant.
    pub(crate) one_address: bool,
    /// The columns.
    pub(crate) chosen: Chosen,
    /// Whether the header names the column of addresses.
    pub(crate) named: bool,
    /// How many of the first rows have an address in that column.
    pub(crate) addresses: usize,
}

/// Finds header and columns, or only the header if the columns are chosen.
pub(crate) fn find(table: &Table, chosen: Option<&Chosen>) -> Result<Layout, Unreadable> {
    if table.len() == 0 {
        return Err(Unreadable::Empty);
    }
    let found = guess(table);
    let Some(chosen) = chosen else { return found };
    let columns = [Some(chosen.email), chosen.name, chosen.first_name, chosen.last_name];
    if let Some(column) = columns.into_iter().flatten().find(|column| *column >= table.width()) {
        return Err(Unreadable::NoSuchColumn { column: column.saturating_add(1) });
    }
    let header = match found {
        Ok(layout) => layout.header,
        Err(_) => unnamed_header(table, chosen.email),
    };
    let body = header.map_or(0, |header| header + 1);
    Ok(Layout { header, body, one_address: header.is_none(), chosen: chosen.clone(), named: false, addresses: 0 })
}

fn guess(table: &Table) -> Result<Layout, Unreadable> {
    let named = named_header(table);
    let body = named.map_or(0, |header| header + 1);
    let content = Content::of(table, body);
    let header = named.and_then(|header| table.line(header));
    let email = email(&content, header.as_ref());
    let Some(email) = email else {
        let nothing_below = named.is_some() && body >= table.len();
        return Err(if nothing_below { Unreadable::NoRows } else { Unreadable::NoAddresses });
    };
    let addresses = content.addresses(email);
    let found = named.or_else(|| unnamed_header(table, email));
    if named.is_none() && content.rows >= LONG && addresses * 10 < content.rows {
        return Err(Unreadable::NoAddresses);
    }
    let body = found.map_or(0, |header| header + 1);
    let content = if named.is_some() { content } else { Content::of(table, body) };
    let header = found.and_then(|header| table.line(header));
    let columns = columns::of_names(table, body, &content, header.as_ref(), email, named.is_some());
    let named = named.is_some();
    Ok(Layout { header: found, body, one_address: found.is_none(), chosen: columns, named, addresses })
}

/// Finds the row that names most columns, one of them that of addresses, with addresses below it.
fn named_header(table: &Table) -> Option<usize> {
    let mut best: Option<(usize, usize)> = None;
    let mut earlier = 0;
    for (index, line) in (0..HEADER).map_while(|index| Some((index, table.line(index)?))) {
        let has_address = line.cells().any(|(_, cell)| form(cell).is_some());
        let meanings: Vec<_> = line.cells().filter_map(|(column, cell)| Some((column, meaning(cell)?))).collect();
        let clear = |column: usize| {
            let below = || table.lines(index + 1).take(SAMPLE).any(|line| form(line.cell(column)).is_some());
            let filled = || table.lines(index + 1).take(SAMPLE).any(|line| !line.cell(column).is_empty());
            below() || !filled() && index + 1 == table.len()
        };
        let emails = || meanings.iter().filter(|(_, meaning)| meaning.kind == Kind::Email);
        let named = !has_address
            && (emails().any(|(column, _)| clear(*column))
                || emails().any(|(_, m)| m.clarity == Clarity::Exact) && no_address_below(table, index));
        if named && best.is_none_or(|(_, count)| meanings.len() > count) {
            best = Some((index, meanings.len()));
        }
        // Where several rows above have addresses, the list has no header.
        earlier += usize::from(has_address);
        if earlier > 1 {
            break;
        }
    }
    best.map(|(index, _)| index)
}

fn no_address_below(table: &Table, header: usize) -> bool {
    let mut lines = table.lines(header + 1).take(SAMPLE);
    !lines.any(|line| line.cells().any(|(_, cell)| form(cell).is_some()))
}

/// Finds a header in words that are not known: the row above the first address, if something without `@` stands over it.
fn unnamed_header(table: &Table, email: usize) -> Option<usize> {
    let first = (0..table.len().min(SAMPLE)).find(|index| {
        let line = table.line(*index);
        line.is_some_and(|line| form(line.cell(email)).is_some())
    })?;
    let above = first.checked_sub(1)?;
    let line = table.line(above)?;
    let over = line.cell(email);
    // Words of rows whose voter has no address.
    let none = ["none", "n a", "na", "no", "unknown", "keine", "nein", "aucun", "ninguno", "nessuno", "geen", "brak"];
    let named = |cell: &str| {
        !none.contains(&folded(cell).as_str())
            && !cell.contains(['@', '＠', '<'])
            && cell.chars().any(char::is_alphabetic)
    };
    let all = line.cells().all(|(_, cell)| !cell.contains('@'));
    // Titles fill fewer cells than a header. Other rows above are voters whose addresses are wrong.
    let filled = |line: Line<'_>| line.cells().count();
    let titles = (0..above).filter_map(|index| table.line(index)).all(|title| filled(title) < filled(line));
    (!over.is_empty() && named(over) && all && titles && above < HEADER).then_some(above)
}

/// Chooses the column of addresses: what the header calls so, else what holds most of them.
fn email(content: &Content, header: Option<&Line<'_>>) -> Option<usize> {
    let clarity = |column: usize| {
        let meaning = header.and_then(|header| meaning(header.cell(column)));
        meaning.filter(|meaning| meaning.kind == Kind::Email).map(|meaning| meaning.clarity)
    };
    let nowhere = (0..content.width()).all(|column| content.addresses(column) == 0);
    let candidates = (0..content.width()).filter(|column| {
        if nowhere { clarity(*column) > Some(Clarity::Secondary) } else { content.addresses(*column) > 0 }
    });
    // Of equals, the first counts.
    candidates.rev().max_by_key(|column| (clarity(*column), content.addresses(*column)))
}

impl Layout {
    /// Describes the columns, each with the first different cells below the header.
    pub(crate) fn columns(&self, table: &Table) -> Vec<Column> {
        const SAMPLES: usize = 3;
        let header = self.header.and_then(|header| table.line(header));
        let name = |column: usize| header.map_or("", |header| header.cell(column));
        let mut columns: Vec<_> = (0..table.width())
            .map(|column| {
                let name = short(name(column), 200);
                Column { name: if name.is_empty() { letters(column) } else { name }, samples: Vec::new() }
            })
            .collect();
        for line in table.lines(self.body).take(SAMPLE) {
            for (index, cell) in line.cells() {
                if let Some(column) = columns.get_mut(index).filter(|column| column.samples.len() < SAMPLES) {
                    let sample = short(cell, 60);
                    if !column.samples.contains(&sample) {
                        column.samples.push(sample);
                    }
                }
            }
        }
        columns
    }
}

/// Returns the first characters of a cell on one line.
fn short(cell: &str, limit: usize) -> String {
    let start = beginning(cell, 4 * limit);
    start.chars().map(|c| if c.is_control() { ' ' } else { c }).take(limit).collect()
}

/// Returns the letters by which spreadsheets call a column.
fn letters(column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or_default()));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::letters;

    #[test]
    fn columns_without_a_header_have_letters() {
        assert_eq!([0, 25, 26, 27, 701, 702].map(letters), ["A", "Z", "AA", "AB", "ZZ", "AAA"]);
    }
}
