//! How well a text reads with a separator.

use std::{borrow::Cow, collections::HashMap};

use crate::{
    address::{self, Form},
    unseen::trimmed,
};

/// What speaks for a separator, the weightiest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Opinion {
    /// Rows with an address in a cell: 2 for one that stands alone, 1 for one with a name.
    pub(crate) addresses: usize,
    /// Rows that begin with a name and its address in one cell.
    together: usize,
    /// Rows with as many cells as most have, where those are several.
    regular: usize,
}

/// Reads the first rows of a text.
pub(crate) fn of(rows: &[Vec<Cow<'_, str>>]) -> Opinion {
    let mut opinion = Opinion::default();
    let mut widths = HashMap::new();
    for cells in rows.iter().filter(|cells| !cells.iter().all(|cell| trimmed(cell).is_empty())) {
        *widths.entry(cells.len()).or_insert(0_usize) += 1;
        let forms = cells.iter().map(|cell| address::form(cell));
        match forms.flatten().max() {
            Some(Form::Alone) => opinion.addresses += 2,
            Some(Form::WithName) => opinion.addresses += 1,
            None => {}
        }
        if cells.first().is_some_and(|cell| address::form(cell) == Some(Form::WithName)) {
            opinion.together += 1;
        }
    }
    let most = widths.into_iter().max_by_key(|(width, count)| (*count, *width));
    opinion.regular = most.filter(|(width, _)| *width > 1).map_or(0, |(_, count)| count);
    opinion
}
