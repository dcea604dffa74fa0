//! What every crate of the workspace has in common, and what is excepted from a rule, and why.

use std::{fs, path::Path};

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The folders that the workspace names as its members, the pattern's resolved.
fn members(root: &Path, manifest: &str) -> Vec<std::path::PathBuf> {
    let list =
        manifest.split_once("\nmembers = [").and_then(|(_, rest)| rest.split_once(']')).expect("there are members").0;
    let mut members = Vec::new();
    for name in list.split(',').map(|name| name.trim().trim_matches('"')) {
        match name.strip_suffix("/*") {
            Some(folder) => {
                let folders = fs::read_dir(root.join(folder)).expect("the folder can be read");
                let folders = folders.map(|member| member.expect("it can be read").path());
                members.extend(folders.filter(|member| member.is_dir()));
            }
            None => members.push(root.join(name)),
        }
    }
    members
}

#[test]
fn no_crate_may_hold_unsafe_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let manifest = read(&root.join("Cargo.toml"));
    assert!(manifest.contains("\nunsafe_code = \"forbid\"\n"));
    let members = members(&root, &manifest);
    assert!(members.len() >= 20, "{members:?}");
    for member in members {
        let manifest = read(&member.join("Cargo.toml"));
        assert!(manifest.contains("\n[lints]\nworkspace = true\n"), "{} has lints of its own", member.display());
    }
}

/// Every exception has its reason: a comment of its own above, or `reason = "…"` in it.
#[test]
fn every_exception_in_deny_toml_is_explained() {
    let rules = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deny.toml"));
    let mut explained = false;
    let mut inside = false;
    for line in rules.lines().map(str::trim) {
        let exception = ["ignore", "skip", "skip-tree", "exceptions", "clarify", "allow-git", "deny"]
            .iter()
            .any(|key| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('=')));
        if exception || inside {
            let empty = line.ends_with("[]") || matches!(line, "]" | "},");
            assert!(explained || empty || line.contains("reason ="), "deny.toml: `{line}` is not explained");
            inside = !line.ends_with(']');
        }
        explained = line.starts_with('#') || inside && explained;
    }
}

/// The files that name packages of Python's, wherever they are.
fn requirements(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("it can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
            requirements(&path, found);
        } else if name.starts_with("requirements") && path.extension().is_some_and(|kind| kind == "txt") {
            found.push(path);
        }
    }
}

#[test]
fn every_python_package_has_a_version_and_hashes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    requirements(&root, &mut files);
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        let text = read(&file).replace("\\\n", " ");
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let package = line.split_whitespace().next().unwrap_or_default();
            assert!(package.contains("=="), "{}: `{package}` has no version", file.display());
            assert!(line.contains(" --hash=sha256:"), "{}: `{package}` has no hash", file.display());
        }
    }
    for script in ["Makefile", "docs/operate/deploy.md"] {
        let text = read(&root.join(script));
        for line in text.lines().filter(|line| line.contains("pip install") || line.contains("pip\" install")) {
            assert!(line.contains("--require-hashes"), "{script}: `{}` takes any file", line.trim());
        }
    }
}
