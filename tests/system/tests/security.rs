//! `docs/trust/security.md` names the tests that hold its promises: they are there.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All Rust source below a directory, apart from what is built.
fn sources(directory: &Path, text: &mut String) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let hidden = path.file_name().is_some_and(|name| name == "target" || name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *text += &fs::read_to_string(&path).expect("a source file");
        }
    }
}

#[test]
fn every_test_that_security_rests_on_exists() {
    let page = fs::read_to_string(root().join("docs/trust/security.md")).expect("the page");
    // The third column of the tables of attacks.
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.splitn(3, " | ").nth(2));
    let named: BTreeSet<_> = rows.flat_map(|tests| tests.split('`').skip(1).step_by(2)).collect();
    assert!(named.len() > 30, "{} tests", named.len());
    let mut text = String::new();
    sources(&root(), &mut text);
    let missing: Vec<_> = named.iter().filter(|test| !text.contains(&format!("fn {test}("))).collect();
    assert!(missing.is_empty(), "nothing tests {missing:?}");
}
