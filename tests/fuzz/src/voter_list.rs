//! Lists of voters as people have them.

use std::collections::BTreeSet;

use photovote_voter_lists::{MAX_COLUMNS, MAX_ROWS, read};

/// The bytes of a list: rows in order with each address once, or a reason. What was found can be chosen.
pub fn voter_list(data: &[u8]) {
    match read(data, None) {
        Ok(list) => {
            assert!(list.columns.len() <= MAX_COLUMNS && list.rows.len() <= MAX_ROWS);
            assert!(list.chosen.email < list.columns.len());
            assert!(list.rows.is_sorted_by(|one, next| one.number < next.number));
            let entries = || list.rows.iter().filter_map(|row| row.entry.as_ref().ok());
            let addresses: BTreeSet<_> = entries().map(|entry| entry.email.key().to_string()).collect();
            assert_eq!(addresses.len(), entries().count());
            let again = read(data, Some(&list.chosen)).map(|again| again.rows);
            assert_eq!(again.as_ref(), Ok(&list.rows));
        }
        Err(reason) => assert!(!reason.code().is_empty() && reason.to_string().ends_with('.')),
    }
}
