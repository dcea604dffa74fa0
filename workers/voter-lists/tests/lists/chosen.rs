//! Columns that the organiser chooses.

use photovote_voter_lists::{Chosen, Column, read};

use crate::opened::lines;

const TEXT: &[u8] =
    b"Name;Work;Home;Nick\nAda Byron;w1@example.org;h1@example.org;Countess\nBob Smith;w2@example.org;;Lens\n";

fn chosen(email: usize) -> Chosen {
    Chosen { sheet: None, name: None, first_name: None, last_name: None, email }
}

#[test]
fn columns_are_described_with_samples() {
    let list = read(TEXT, None).unwrap();
    let column = |name: &str, samples: &[&str]| Column {
        name: name.to_owned(),
        samples: samples.iter().map(|sample| (*sample).to_owned()).collect(),
    };
    assert_eq!(
        list.columns,
        [
            column("Name", &["Ada Byron", "Bob Smith"]),
            column("Work", &["w1@example.org", "w2@example.org"]),
            column("Home", &["h1@example.org"]),
            column("Nick", &["Countess", "Lens"]),
        ]
    );
    assert_eq!(list.chosen, Chosen { name: Some(0), ..chosen(1) });
    let list = read(b"ada@example.org,Ada\nbob@example.org,Bob\n", None).unwrap();
    assert_eq!(list.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["A", "B"]);
}

#[test]
fn chosen_columns_are_read_instead() {
    let list = read(TEXT, Some(&Chosen { first_name: Some(3), last_name: Some(0), ..chosen(2) })).unwrap();
    assert_eq!(lines(&list), ["2 Countess Ada Byron <h1@example.org>", "3 no_address"]);
    let written = list.rows[1].written.as_deref().unwrap();
    assert_eq!((written.name.as_str(), written.email.as_str()), ("Lens Bob Smith", ""));
    assert!(list.rows[0].written.is_none());
}

#[test]
fn what_was_found_can_be_chosen_again() {
    let list = read(TEXT, None).unwrap();
    assert_eq!(read(TEXT, Some(&list.chosen)).unwrap(), list);
    let json = serde_json::to_string(&list.chosen).unwrap();
    assert_eq!(json, r#"{"name":0,"email":1}"#);
    assert_eq!(serde_json::from_str::<Chosen>(&json).unwrap(), list.chosen);
}

#[test]
fn a_column_that_is_not_there_is_refused() {
    for wrong in [chosen(4), chosen(usize::MAX), Chosen { name: Some(9), ..chosen(1) }] {
        assert_eq!(read(TEXT, Some(&wrong)).unwrap_err().code(), "no_such_column");
    }
    let sheet = Chosen { sheet: Some(1), ..chosen(1) };
    assert_eq!(read(TEXT, Some(&sheet)).unwrap_err().code(), "no_such_sheet");
}
