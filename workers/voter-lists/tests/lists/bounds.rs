//! Files that claim more than they hold, and bytes of any kind.

use std::fmt::Write as _;

use photovote_voter_lists::{MAX_BYTES, MAX_COLUMNS, MAX_ROWS, read};
use proptest::prelude::*;

use crate::{
    opened::{becomes, refused},
    workbooks::{Book, ods, packed},
};

#[test]
fn a_file_has_at_most_20_megabytes() {
    refused(vec![b'a'; MAX_BYTES + 1], "too_many_bytes");
}

#[test]
fn a_list_has_at_most_200_000_rows() {
    let rows = |count: usize| (0..count).map(|index| format!("v{index}@example.org\n")).collect::<Vec<_>>().concat();
    assert_eq!(read(rows(MAX_ROWS).as_bytes(), None).unwrap().rows.len(), MAX_ROWS);
    refused(rows(MAX_ROWS + 1), "too_many_rows");
}

#[test]
fn columns_far_to_the_right_are_ignored() {
    let wide = |first: &str| {
        format!("{first},{}\n", (0..20_000).map(|index| format!("c{index}")).collect::<Vec<_>>().join(","))
    };
    let text = wide("name,email") + &wide("Ada,ada@example.org");
    becomes(&text, &["2 Ada <ada@example.org>"]);
    assert_eq!(read(text.as_bytes(), None).unwrap().columns.len(), MAX_COLUMNS);
}

#[test]
fn long_cells_are_cut() {
    let long = "x".repeat(1_000_000);
    becomes(
        format!("name,email,notes\nAda,ada@example.org,{long}\n{long},bob@example.org,\nCy,{long}@example.org\n"),
        &["2 Ada <ada@example.org>", "3 name_too_long", "4 not_an_address"],
    );
}

#[test]
fn repeated_cells_and_rows_do_not_fill_the_memory() {
    let cell =
        |times: &str, text: &str| format!("<table:table-cell {times}><text:p>{text}</text:p></table:table-cell>");
    let wide = cell("table:number-columns-repeated='1000000000'", "x");
    let rows = format!("<table:table-row>{}</table:table-row>", cell("", "ada@example.org"));
    becomes(
        ods(&format!("{rows}<table:table-row table:number-rows-repeated='4294967295'/>")),
        &["1 ada@example.org <ada@example.org>"],
    );
    becomes(
        ods(&format!("<table:table-row>{}{wide}</table:table-row>", cell("", "ada@example.org"))),
        &["1 ada@example.org <ada@example.org>"],
    );
    refused(
        ods(&format!("{rows}<table:table-row table:number-rows-repeated='1048575'>{wide}</table:table-row>")),
        "too_many_cells",
    );
    let spaces = "<text:s text:c='4294967295'/>".repeat(100_000);
    becomes(
        ods(&format!("{rows}<table:table-row>{}</table:table-row>", cell("", &spaces))),
        &["1 ada@example.org <ada@example.org>"],
    );
    let tall = cell("", "b@example.org");
    refused(
        ods(&format!("{rows}<table:table-row table:number-rows-repeated='1048575'>{tall}</table:table-row>")),
        "too_many_rows",
    );
}

#[test]
fn archives_that_unpack_without_end_are_refused() {
    let blank = " ".repeat(1_100_000);
    refused(Book::default().raw("Bomb", false, &blank).bytes(), "too_many_cells");
    let mut cells = String::new();
    for _ in 0..4_100 {
        cells.push_str("<row>");
        for _ in 0..1_000 {
            cells.push_str("<c><v>1</v></c>");
        }
        cells.push_str("</row>");
    }
    refused(Book::default().raw("Many", false, &cells).bytes(), "too_many_cells");
    refused(Book::default().raw("Deep", false, &"<row>".repeat(100_000)).bytes(), "damaged");
    let doctype = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><workbook/>";
    refused(packed(&[("[Content_Types].xml", ""), ("xl/workbook.xml", doctype)]), "damaged");
}

#[test]
fn quotation_marks_do_not_take_the_square_of_the_time() {
    for line in ["\"a\n", "\"\"\"a\n", "a,\"\"b\"\n", "\"a\"\"\n", "\" \"\"\"\"a,\n"] {
        let _ = read(line.repeat(150_000).as_bytes(), None);
    }
}

#[test]
fn refused_names_have_their_text_beside_the_reason() {
    let mut text = "name,email\nAda,ada@example.org\n".to_owned();
    writeln!(text, "=1+1,nowhere").unwrap();
    let list = read(text.as_bytes(), None).unwrap();
    let written = list.rows[1].written.as_deref().unwrap();
    assert_eq!((written.name.as_str(), written.email.as_str()), ("=1+1", "nowhere"));
}

/// Pieces of which lists and workbooks consist.
const PIECES: &[&str] = &[
    "name",
    "email",
    "Vorname",
    "ada@example.org",
    "bob@example.org",
    "Ada",
    "Müller",
    "\"",
    "\"\"",
    ",",
    ";",
    "\t",
    "|",
    "\n",
    "\r\n",
    "\r",
    "<",
    ">",
    "sep=;",
    "\u{feff}",
    "\0",
    "@",
    "mailto:",
    " ",
    "=",
    "&amp;",
    "<row>",
    "</row>",
    "<c r=\"ZZZZZZZZ9\">",
    "<v>",
    "<?xml",
    "&#0;",
    "ä",
    "\u{200b}",
    "a@b.c; d@e.f",
];

proptest! {
    #[test]
    fn any_bytes_have_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        check(&bytes);
    }

    #[test]
    fn any_text_has_an_answer(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..80)) {
        check(pieces.concat().as_bytes());
    }

    #[test]
    fn any_sheet_has_an_answer(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40)) {
        check(&Book::default().raw("S", false, &pieces.concat()).bytes());
        check(&ods(&pieces.concat()));
    }

    #[test]
    fn any_changed_byte_has_an_answer(at in any::<proptest::sample::Index>(), bits in 1_u8..) {
        let mut bytes = Book::default().sheet("S", &[&["Name", "Email"], &["Ada", "ada@example.org"]]).bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= bits;
        check(&bytes);
    }
}

/// Checks what holds for every file: rows in order, each address once, and the same answer again.
fn check(bytes: &[u8]) {
    match read(bytes, None) {
        Ok(list) => {
            assert!(list.columns.len() <= MAX_COLUMNS && list.rows.len() <= bytes.len().max(1));
            assert!(list.chosen.email < list.columns.len());
            assert!(list.rows.windows(2).all(|rows| rows[0].number < rows[1].number), "{:?}", list.rows);
            let mut keys: Vec<_> = list
                .rows
                .iter()
                .filter_map(|row| row.entry.as_ref().ok())
                .map(|entry| entry.email.key().to_string())
                .collect();
            let count = keys.len();
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), count);
            assert_eq!(read(bytes, Some(&list.chosen)).map(|again| again.rows), Ok(list.rows));
        }
        Err(reason) => assert!(!reason.code().is_empty() && reason.to_string().ends_with('.')),
    }
}
