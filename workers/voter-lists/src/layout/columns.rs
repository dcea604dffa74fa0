//! The columns of names: by the words of the header, else by what the cells look like.

use crate::{
    Chosen,
    layout::{
        SAMPLE,
        content::{Content, Look},
    },
    table::{Line, Table},
    words::{Clarity, Kind, meaning},
};

/// Finds the columns of names beside the one of addresses.
pub(crate) fn of_names(
    table: &Table,
    body: usize,
    content: &Content,
    header: Option<&Line<'_>>,
    email: usize,
    named: bool,
) -> Chosen {
    let mut chosen = Chosen { sheet: None, name: None, first_name: None, last_name: None, email };
    if let Some(header) = header {
        by_words(&mut chosen, table, body, content, header);
    }
    if (chosen.name, chosen.first_name, chosen.last_name) == (None, None, None) {
        by_content(&mut chosen, content, header, named);
    }
    chosen
}

fn by_words(chosen: &mut Chosen, table: &Table, body: usize, content: &Content, header: &Line<'_>) {
    let email = chosen.email;
    let best = |kind: Kind| {
        let candidates = header.cells().filter_map(|(column, cell)| {
            let meaning = meaning(cell).filter(|meaning| meaning.kind == kind)?;
            let look = content.look(column)?;
            // Addresses are no names, and an empty column helps only where there is nothing else.
            let usable = column != email && look.addresses * 2 <= look.filled;
            // Numbers are names only where the list has no others.
            usable.then_some((column, (look.letters * 2 > look.filled, meaning.clarity, look.filled > 0)))
        });
        let candidates: Vec<_> = candidates.collect();
        candidates.into_iter().rev().max_by_key(|(_, rank)| *rank)
    };
    let column = |found: Option<(usize, _)>| found.map(|(column, _)| column);
    let (full, some) = (best(Kind::FullName), best(Kind::SomeName));
    (chosen.first_name, chosen.last_name) = (column(best(Kind::FirstName)), column(best(Kind::LastName)));
    // A nickname counts only where there is no other name.
    let clear = full.filter(|(_, (letters, clarity, _))| *letters && *clarity > Clarity::Secondary);
    chosen.name = column(clear);
    let parted = chosen.first_name.is_some() || chosen.last_name.is_some();
    if let (None, Some((some, (_, clarity, _)))) = (chosen.name, some) {
        let part = chosen.first_name.or(chosen.last_name);
        match (chosen.first_name, chosen.last_name) {
            _ if part.is_some_and(|part| holds(table, body, some, part)) => chosen.name = Some(some),
            (None, None) => chosen.name = Some(some),
            (Some(_), None) if clarity == Clarity::Exact => chosen.last_name = Some(some),
            (None, Some(_)) if clarity == Clarity::Exact => chosen.first_name = Some(some),
            // Beside both parts stand whole names, or the word means something else.
            _ => {}
        }
    }
    if chosen.name.is_none() && !parted {
        chosen.name = column(full);
    }
}

/// Whether most cells of a column hold what stands in another: whole names beside first names.
fn holds(table: &Table, body: usize, whole: usize, part: usize) -> bool {
    let both =
        table.lines(body).take(SAMPLE).filter(|line| !line.cell(part).is_empty() && !line.cell(whole).is_empty());
    let (mut held, mut all) = (0_usize, 0_usize);
    for line in both {
        all += 1;
        let (whole, part) = (line.cell(whole), line.cell(part));
        held += usize::from(whole.contains(part) && whole != part);
    }
    held * 2 > all
}

fn by_content(chosen: &mut Chosen, content: &Content, header: Option<&Line<'_>>, named: bool) {
    let email = chosen.email;
    let unknown = |column: usize| {
        let cell = header.map_or("", |header| header.cell(column));
        column != email && !crate::words::is_of_others(cell)
    };
    let most = |part: usize, look: &Look| part * 2 > look.filled && look.filled * 2 >= content.rows;
    let various = |look: &Look| look.different * 2 > look.filled;
    let columns = || {
        (0..content.width())
            .filter(|column| unknown(*column))
            .filter_map(|column| Some((column, content.look(column)?)))
    };
    let whole = columns().filter(|(_, look)| most(look.names, look) && various(look));
    if let Some((column, _)) = whole.rev().max_by_key(|(column, look)| (look.names, column.abs_diff(email) == 1)) {
        chosen.name = Some(column);
        return;
    }
    // In a header with words for addresses, names in other words than ours are rare: a column of cities is likelier.
    if named {
        return;
    }
    let words: Vec<_> = columns()
        .filter(|(_, look)| most(look.words + look.names, look) && various(look))
        .map(|(column, _)| column)
        .collect();
    match words.as_slice() {
        [first, second, ..] if first + 1 == *second => {
            (chosen.first_name, chosen.last_name) = (Some(*first), Some(*second));
        }
        [only, ..] => chosen.name = Some(*only),
        [] => {
            let filled: Vec<_> = columns().filter(|(_, look)| look.filled > 0 && look.ats == 0).collect();
            if let [(only, _)] = filled.as_slice() {
                chosen.name = Some(*only);
            }
        }
    }
}
