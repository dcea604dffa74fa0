//! The documents name tests and files: every one of them exists.
//!
//! `UPDATE_DOCS=1` writes the files of `docs/trust/tests.md` anew.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

/// The page that lists the claims, each with its tests and their files.
const PAGE: &str = "docs/trust/tests.md";
/// The folders whose paths documents name.
const FOLDERS: [&str; 12] = [
    "api/",
    "docs/",
    "documents/",
    "domain/",
    "examples/",
    "functions/",
    "local/",
    "page/",
    "storage/",
    "tests/",
    "workers/",
    ".github/",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Lists the files below a folder that have this extension, relative to the root, sorted. Skips build output.
fn files(folder: &Path, extension: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).expect("the folder can be read") {
        let name = entry.expect("the entry can be read").file_name().to_string_lossy().into_owned();
        let path = folder.join(&name);
        if root().join(&path).is_dir() {
            if name != "target" && name != "node_modules" && !name.starts_with('.') {
                found.extend(files(&path, extension));
            }
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(path.to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}

/// Maps the names of all functions, in Rust and in Python, to the first file that holds one.
fn functions() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (extension, keyword) in [("rs", "fn "), ("py", "def ")] {
        for file in files(Path::new(""), extension) {
            for after in text(&file).split(keyword).skip(1) {
                if let Some((name, _)) = after.split_once('(') {
                    all.entry(name.to_owned()).or_insert_with(|| file.clone());
                }
            }
        }
    }
    all
}

/// A row of the page: the claim, the test and its file.
fn row(line: &str) -> Option<(&str, &str, &str)> {
    let cells: Vec<_> = line.strip_prefix('|')?.strip_suffix(" |")?.splitn(3, '|').map(str::trim).collect();
    let [claim, test, file] = cells[..] else { return None };
    Some((claim, test.strip_prefix('`')?.strip_suffix('`')?, file.strip_prefix('`')?.strip_suffix('`')?))
}

#[test]
fn every_claim_names_its_test_and_file() {
    let functions = functions();
    let page = text(PAGE);
    let (mut rows, mut wrong, mut updated) = (0, Vec::new(), Vec::new());
    for line in page.lines() {
        let Some((claim, test, file)) = row(line) else {
            updated.push(line.to_owned());
            continue;
        };
        rows += 1;
        let Some(actual) = functions.get(test) else {
            wrong.push(format!("{test} does not exist"));
            continue;
        };
        let actual = if holds(file, test) { file } else { actual };
        if actual != file {
            wrong.push(format!("{test} is in {actual}, not in {file}"));
        }
        let claim = if claim.is_empty() { String::new() } else { format!("{claim} ") };
        updated.push(format!("| {claim}| `{test}` | `{actual}` |"));
    }
    assert!(rows > 100, "{PAGE} has {rows} rows");
    if env::var_os("UPDATE_DOCS").is_some() && updated.len() == page.lines().count() {
        fs::write(root().join(PAGE), updated.join("\n") + "\n").expect("the page can be written");
    } else {
        assert!(wrong.is_empty(), "{PAGE}:\n{}\nUPDATE_DOCS=1 writes the files anew", wrong.join("\n"));
    }
}

#[test]
fn no_function_has_a_name_of_over_50_characters() {
    let is_name = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let long: Vec<_> = functions().into_keys().filter(|name| name.len() > 50 && is_name(name)).collect();
    assert!(long.is_empty(), "{long:#?}");
}

/// Whether the file exists and holds the function.
fn holds(file: &str, function: &str) -> bool {
    fs::read_to_string(root().join(file)).is_ok_and(|text| text.contains(&format!("fn {function}(")))
}

/// Lists the inline code of a document.
fn code(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    for (index, part) in text.split("```").enumerate() {
        if index % 2 == 0 {
            pieces.extend(part.lines().flat_map(|line| line.split('`').skip(1).step_by(2)));
        }
    }
    pieces
}

#[test]
fn documents_name_only_tests_and_files_that_exist() {
    let functions = functions();
    let mut wrong = Vec::new();
    for document in files(Path::new(""), "md") {
        // A changelog names what there was.
        if document == "CHANGELOG.md" {
            continue;
        }
        let text = text(&document);
        for piece in code(&text) {
            let named =
                piece.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
            if named && piece.matches('_').count() >= 4 && !functions.contains_key(piece) {
                wrong.push(format!("{document}: there is no test {piece}"));
            }
            let is_path = FOLDERS.iter().any(|folder| piece.starts_with(folder));
            if is_path && !piece.contains(['<', '*', '{', ' ', '…']) && !root().join(piece).exists() {
                wrong.push(format!("{document}: there is no {piece}"));
            }
        }
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            let path = link.split('#').next().unwrap_or_default();
            let folder = Path::new(&document).parent().unwrap_or(Path::new(""));
            if !link.contains(':') && !link.contains(' ') && !root().join(folder).join(path).exists() {
                wrong.push(format!("{document}: the link {link} leads nowhere"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
