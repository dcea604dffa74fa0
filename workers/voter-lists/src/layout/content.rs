//! What the cells of each column look like.

use std::collections::HashSet;

use crate::{address::form, layout::SAMPLE, table::Table};

/// How the first cells of each column look.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// How many rows were looked at.
    pub(crate) rows: usize,
    columns: Vec<Look>,
}

/// How the cells of a column look.
#[derive(Debug, Default, Clone)]
pub(crate) struct Look {
    /// Cells that are not blank.
    pub(crate) filled: usize,
    /// Cells with an `@`.
    pub(crate) ats: usize,
    /// Cells with a letter.
    pub(crate) letters: usize,
    /// Cells with one address.
    pub(crate) addresses: usize,
    /// Cells with two words or more that names consist of, or with letters of scripts that put no blanks between them.
    pub(crate) names: usize,
    /// Cells with one word of a name.
    pub(crate) words: usize,
    /// Different cells.
    pub(crate) different: usize,
}

impl Content {
    /// Looks at the rows from an index on. If none of the first has an address, looks for the first row that has.
    pub(crate) fn of(table: &Table, body: usize) -> Self {
        let content = Self::from(table, body);
        if content.columns.iter().any(|look| look.addresses > 0) {
            return content;
        }
        let has_address = |index: &usize| {
            let line = table.line(*index);
            line.is_some_and(|line| line.cells().any(|(_, cell)| form(cell).is_some()))
        };
        (body + SAMPLE..table.len()).find(has_address).map_or(content, |first| Self::from(table, first))
    }

    fn from(table: &Table, body: usize) -> Self {
        let mut columns = vec![Look::default(); table.width()];
        let mut different: Vec<HashSet<&str>> = vec![HashSet::new(); table.width()];
        let mut rows = 0;
        for line in table.lines(body).take(SAMPLE) {
            rows += 1;
            for (column, cell) in line.cells() {
                let (Some(look), Some(different)) = (columns.get_mut(column), different.get_mut(column)) else {
                    continue;
                };
                look.filled += 1;
                look.ats += usize::from(cell.contains('@'));
                look.letters += usize::from(cell.contains(char::is_alphabetic));
                look.addresses += usize::from(form(cell).is_some());
                match name_words(cell) {
                    0 => {}
                    1 => look.words += 1,
                    _ => look.names += 1,
                }
                different.insert(cell);
            }
        }
        for (look, different) in columns.iter_mut().zip(different) {
            look.different = different.len();
        }
        Self { rows, columns }
    }

    /// Returns the number of columns.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Returns the look of a column.
    pub(crate) fn look(&self, column: usize) -> Option<&Look> {
        self.columns.get(column)
    }

    /// Counts the cells of a column that hold an address.
    pub(crate) fn addresses(&self, column: usize) -> usize {
        self.look(column).map_or(0, |look| look.addresses)
    }
}

/// Counts the words that a name may consist of, or returns 0 if the cell is none.
fn name_words(cell: &str) -> usize {
    // A house number has no letter, and neither has a date.
    let number = |word: &str| word.contains(char::is_numeric) && !word.contains(char::is_alphabetic);
    if cell.len() > 200
        || cell.contains(['@', ':', '/', '\\', '_', '=', '<', '>'])
        || cell.split_whitespace().any(number)
    {
        return 0;
    }
    let words = cell.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic));
    let count = words.clone().count();
    // A name begins with a capital, where the script has capitals: "yes" and "voter" are none.
    let capital = words.clone().any(|word| word.chars().find(|c| c.is_alphabetic()).is_some_and(|c| !c.is_lowercase()));
    let dense = cell.chars().all(|c| c > '\u{2E80}') && cell.chars().count() > 2;
    match (count, capital) {
        (0, _) | (_, false) => 0,
        (1, true) if dense => 2,
        (count, true) => count,
    }
}
