//! The cells of one sheet. It holds what is written, not the rectangle around it.

use crate::{
    MAX_COLUMNS, MAX_ROWS,
    unreadable::Unreadable,
    unseen::{beginning, trimmed},
};

/// How many bytes of a cell are kept. A name has at most 800, an address 254.
pub(crate) const MAX_CELL: usize = 4_096;
/// How many cells that are not blank a table may have: 20 in each of 200,000 rows.
const MAX_CELLS: usize = 4_000_000;
/// How many bytes the cells may have together.
const MAX_TEXT: usize = 64_000_000;

/// The rows that are not blank, with their cells that are not blank.
#[derive(Debug, Default)]
pub(crate) struct Table {
    text: String,
    cells: Vec<Cell>,
    rows: Vec<Start>,
    width: usize,
}

#[derive(Debug, Clone, Copy)]
struct Cell {
    column: u16,
    length: u16,
    start: u32,
}

/// Where a row begins.
#[derive(Debug, Clone, Copy)]
struct Start {
    number: u32,
    cell: u32,
}

/// A row of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// The number as a spreadsheet counts.
    pub(crate) number: u32,
    text: &'a str,
    cells: &'a [Cell],
}

impl Table {
    /// Writes into a cell of the last row, or of a new one if the number is another. Cells of a row come from left to
    /// right. A blank cell leaves no trace, nor does one that is too far to the right.
    pub(crate) fn write(&mut self, number: u32, column: usize, text: &str) -> Result<(), Unreadable> {
        let text = beginning(trimmed(text), MAX_CELL);
        if text.is_empty() || column >= MAX_COLUMNS {
            return Ok(());
        }
        if self.cells.len() >= MAX_CELLS || self.text.len() + text.len() > MAX_TEXT {
            return Err(Unreadable::TooManyCells);
        }
        let too_many = |_| Unreadable::TooManyCells;
        if self.rows.last().is_none_or(|last| last.number != number) {
            if self.rows.len() >= MAX_ROWS {
                return Err(Unreadable::TooManyRows);
            }
            self.rows.push(Start { number, cell: self.cells.len().try_into().map_err(too_many)? });
        }
        let row = self.rows.last().map_or(0, |last| last.cell as usize);
        if self.cells.get(row..).and_then(<[Cell]>::last).is_some_and(|last| usize::from(last.column) >= column) {
            // A damaged workbook names a cell twice, or goes back.
            return Ok(());
        }
        self.cells.push(Cell {
            column: column.try_into().map_err(too_many)?,
            length: text.len().try_into().map_err(too_many)?,
            start: self.text.len().try_into().map_err(too_many)?,
        });
        self.text.push_str(text);
        self.width = self.width.max(column + 1);
        Ok(())
    }

    /// Returns how many columns have something in them, and all columns before.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Returns how many rows are not blank.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns the row at an index.
    pub(crate) fn line(&self, index: usize) -> Option<Line<'_>> {
        let start = self.rows.get(index)?;
        let end = self.rows.get(index + 1).map_or(self.cells.len(), |next| next.cell as usize);
        let cells = self.cells.get(start.cell as usize..end)?;
        Some(Line { number: start.number, text: &self.text, cells })
    }

    /// Iterates over the rows from an index on.
    pub(crate) fn lines(&self, from: usize) -> impl Iterator<Item = Line<'_>> {
        (from..self.rows.len()).filter_map(|index| self.line(index))
    }
}

impl<'a> Line<'a> {
    /// Returns the text of a cell, which is empty where nothing stands.
    pub(crate) fn cell(&self, column: usize) -> &'a str {
        let found = self.cells.binary_search_by_key(&column, |cell| cell.column.into());
        found.ok().and_then(|index| self.cells.get(index)).map_or("", |cell| self.text_of(*cell))
    }

    /// Iterates over the cells that are not blank.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (usize, &'a str)> {
        self.cells.iter().map(|cell| (cell.column.into(), self.text_of(*cell)))
    }

    fn text_of(&self, cell: Cell) -> &'a str {
        let start = cell.start as usize;
        self.text.get(start..start + usize::from(cell.length)).unwrap_or_default()
    }
}
